"""What Libcloud's drivers can do, and what is to be known of their services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def family_of(cls: Any) -> str:
    """The family of a driver's class; empty for one that is not known."""
    names = (each.__name__ for each in cls.__mro__)
    return next((FAMILIES[name] for name in names if name in FAMILIES), "")
