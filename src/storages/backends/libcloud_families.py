"""What Libcloud's drivers can do, and what is to be known of their services."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from storages.entry import Entry
from storages.headers import (
    TOKEN,
    by_headers,
    decoded_text,
    metadata_by_headers,
    serve_like,
    told_text,
)

Additions = tuple[dict[str, str], dict[str, str]]
"""Headers and parameters to add to a request."""

FAMILIES = {
    "BaseS3StorageDriver": "s3",
    "GoogleStorageDriver": "google",
    "AzureBlobsStorageDriver": "azure",
    "CloudFilesStorageDriver": "swift",
    "OSSStorageDriver": "oss",
    "BackblazeB2StorageDriver": "b2",
}
"""What a driver is, by the first of its classes that is here."""

LISTS_BY_PREFIX = ("s3", "google", "azure", "swift", "oss")
TELLS_BY_HEADERS = ("s3", "google", "azure", "swift")
DELETES_BY_NAME = ("s3", "google", "azure", "swift", "oss")
QUOTES_NO_NAMES = ("swift", "b2")
"""Libcloud's drivers forget to quote names in the addresses that they read from."""

PAGE = {"s3": "max-keys", "google": "max-keys", "azure": "maxresults", "swift": "limit"}
"""The parameter for the length of a page."""

LONGEST = {"azure": 5000}
"""Objects on a page, where Libcloud asks for far fewer than the service would list at once."""


def _create_on_s3(method: str, params: Mapping[str, Any]) -> Additions:
    """The condition is for what makes the object, not for its parts."""
    completes = method == "POST" and "uploadId" in params
    makes = completes or (method == "PUT" and "partNumber" not in params)
    return ({"If-None-Match": "*"} if makes else {}), {}


def _create_on_azure(method: str, params: Mapping[str, Any]) -> Additions:
    makes = method == "PUT" and params.get("comp", "blocklist") == "blocklist"
    return ({"If-None-Match": "*"} if makes else {}), {}


def _create_on_swift(method: str, params: Mapping[str, Any]) -> Additions:
    return ({"If-None-Match": "*"} if method == "PUT" else {}), {}


def _create_on_google(method: str, params: Mapping[str, Any]) -> Additions:
    """https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch"""
    return ({"x-goog-if-generation-match": "0"} if method == "PUT" else {}), {}


CREATES = {
    "s3": _create_on_s3,
    "azure": _create_on_azure,
    "swift": _create_on_swift,
    "google": _create_on_google,
}
"""What makes a request refuse to replace an object."""


SERVED = {
    "encoding": "content-encoding",
    "cache_control": "cache-control",
    "disposition": "content-disposition",
    "language": "content-language",
}
"""The headers for what `Entry` tells; Libcloud itself sends the content type."""

OF_BLOBS = {"azure": "x-ms-blob-"}
"""What comes before them in a request, where they would else be about the request."""

METADATA = {
    "s3": "x-amz-meta-",
    "google": "x-goog-meta-",
    "azure": "x-ms-meta-",
    "swift": "x-object-meta-",
}
"""What comes before the names of metadata."""

NAMES = {
    "azure": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "swift": re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+"),
}
"""The names that metadata has, where that is fewer than headers may have.

Swift's server drops headers with an underscore, as most that speak WSGI.
"""

TELLS_DEFAULTS = {"google": ("cache_control",)}
"""What answers tell also of objects that have none."""


def apply(family: str, entry: Entry, key: str, params: dict[str, Any]) -> None:
    """Let the object that is stored as `key` with `params` be served as `entry` is."""
    if family not in METADATA:
        params["content_type"] = entry.content_type or params["content_type"]
        return
    entry = by_headers(entry, key)
    serve_like(entry, key, params, {"content_type": "content_type", **{n: n for n in SERVED}})
    if entry.metadata:
        names = NAMES.get(family, TOKEN)
        params["metadata"] = metadata_by_headers(key, entry.metadata, "this service", names)


def served_headers(family: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Headers for what an object with these parameters is served with."""
    before, prefix = OF_BLOBS.get(family, ""), METADATA.get(family, "")
    found = {before + header: params[name] for name, header in SERVED.items() if params.get(name)}
    return found | {prefix + name: text for name, text in params.get("metadata", {}).items()}


def told_headers(family: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an `Entry` by the headers of an answer."""
    if family not in METADATA:
        return {"encoding": headers.get("content-encoding") or None}
    unsure = TELLS_DEFAULTS.get(family, ())
    found: dict[str, Any] = {
        name: told_text(headers.get(header, "")) or None
        for name, header in SERVED.items()
        if name not in unsure
    }
    prefix = METADATA[family]
    found["metadata"] = {
        name.lower().removeprefix(prefix): decoded_text(text)
        for name, text in headers.items()
        if name.lower().startswith(prefix)
    }
    return found


def _describes(family: str, method: str, params: Mapping[str, Any]) -> bool:
    """Whether a request says what an object is like: the one that makes it, or begins to."""
    if family == "azure":
        return method == "PUT" and params.get("comp", "blocklist") == "blocklist"
    if family == "s3" and method == "POST":
        return "uploads" in params
    return method == "PUT" and "partNumber" not in params


def additions(
    family: str, params: Mapping[str, Any], *, exclusive: bool
) -> Callable[[str, Mapping[str, Any]], Additions]:
    """What an upload with these parameters adds to each of its requests."""
    served = served_headers(family, params)
    create = CREATES.get(family) if exclusive else None

    def add(method: str, query: Mapping[str, Any]) -> Additions:
        headers, more = create(method, query) if create else ({}, {})
        return headers | (served if _describes(family, method, query) else {}), more

    return add


def family_of(cls: Any) -> str:
    """The family of a driver's class; empty for one that is not known."""
    names = (each.__name__ for each in cls.__mro__)
    return next((FAMILIES[name] for name in names if name in FAMILIES), "")
