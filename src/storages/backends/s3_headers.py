"""What S3 serves beside the content of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storages.entry import Entry
from storages.headers import by_headers, decoded_text, metadata_by_headers, serve_like, told_text

HEADERS = {
    "content_type": "ContentType",
    "encoding": "ContentEncoding",
    "cache_control": "CacheControl",
    "disposition": "ContentDisposition",
    "language": "ContentLanguage",
}
"""The service's names for what `Entry` tells."""


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Entry` that the answer to a request for an object tells."""
    found = {field: told_text(answer.get(name, "")) or None for field, name in HEADERS.items()}
    metadata = answer.get("Metadata") or {}
    texts = {name.lower(): decoded_text(value) for name, value in metadata.items()}
    return {**found, "metadata": texts}


def apply(entry: Entry, key: str, params: dict[str, Any]) -> None:
    """Let the object that is stored as `key` with `params` be served as `entry` is.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    """
    serve_like(by_headers(entry, key), key, params, HEADERS)
    if entry.metadata:
        params["Metadata"] = metadata_by_headers(key, entry.metadata, "S3")
