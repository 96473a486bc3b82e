"""What S3 serves beside the content of an object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storages.entry import Entry
from storages.headers import decoded_text, encoded_text, serve_like

HEADERS = {
    "content_type": "ContentType",
    "encoding": "ContentEncoding",
    "cache_control": "CacheControl",
    "disposition": "ContentDisposition",
    "language": "ContentLanguage",
}
"""The service's names for what `Entry` tells."""

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Entry` that the answer to a request for an object tells."""
    found = {field: answer.get(name) or None for field, name in HEADERS.items()}
    metadata = answer.get("Metadata") or {}
    texts = {name.lower(): decoded_text(value) for name, value in metadata.items()}
    return {**found, "metadata": texts}


def apply(entry: Entry, key: str, params: dict[str, Any]) -> None:
    """Let the object that is stored as `key` with `params` be served as `entry` is."""
    serve_like(entry, key, params, HEADERS)
    if entry.metadata:
        params["Metadata"] = _metadata(key, entry.metadata)


def _metadata(key: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata as S3 takes it: names in lower case, texts by RFC 2047.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    """
    found: dict[str, str] = {}
    for name, text in metadata.items():
        if not TOKEN.fullmatch(name):
            raise ValueError(
                f"{key!r} cannot have the metadata {name!r} on S3, where names are made of ASCII "
                "letters, digits, - and _."
            )
        if found.setdefault(name.lower(), encoded_text(text)) != encoded_text(text):
            raise ValueError(
                f"{key!r} cannot have the metadata {name!r} on S3: another one has the same name "
                "in lower case."
            )
    return found
