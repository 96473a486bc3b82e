"""Blobs as Azure describes them, and how it takes what is served beside the content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storages.entry import Entry, is_marker
from storages.headers import by_headers, decoded_text, encoded_text, serve_like, told_text

HEADERS = {
    "content_type": "content_type",
    "encoding": "content_encoding",
    "cache_control": "cache_control",
    "disposition": "content_disposition",
    "language": "content_language",
}
"""The object parameters for what `Entry` tells."""

# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata#metadata-names
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The names that AzCopy gives to metadata whose own Azure does not take:
# https://learn.microsoft.com/azure/storage/common/storage-use-azcopy-s3#handle-object-metadata
RENAMED = "rename_"
"""What has the text begins with it."""
RENAMED_KEY = "rename_key_"
"""What has the name begins with it."""


def entry_of(key: str, found: Any, *, size: int | None = None, md5: Any = None) -> Entry:
    """A blob by its properties; its `size` and `md5` from elsewhere, where they are of a range."""
    settings = found.content_settings
    served: Any = {
        field: told_text(getattr(settings, name) or "") or None for field, name in HEADERS.items()
    }
    return Entry(
        key,
        found.size if size is None else size,
        modified=found.last_modified,
        created=found.creation_time,
        accessed=found.last_accessed_on,
        etag=_quoted(found.etag),
        digest=f"md5:{bytes(md5).hex()}" if md5 else None,
        metadata=_own_names(found.metadata or {}),
        is_dir=is_marker(key, found.size) or is_stub(found),
        **served,
    )


def is_stub(found: Any) -> bool:
    """Whether a blob stands for a directory, as in accounts with a hierarchical namespace."""
    return str((found.metadata or {}).get("hdi_isfolder", "")).lower() == "true"


def _quoted(etag: str | None) -> str | None:
    """An ETag as HTTP wants it; listings have it without quotes."""
    return f'"{etag}"' if etag and etag[0] not in '"W' else etag


def apply(entry: Entry, key: str, params: dict[str, Any]) -> None:
    """Let the blob that is stored as `key` with `params` be served as `entry` is."""
    serve_like(by_headers(entry, key), key, params, HEADERS)
    if entry.metadata:
        params["metadata"] = _azure_names(key, entry.metadata)


def _azure_names(key: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata by names that Azure takes, which are those of C# without regard to case."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for name, text in metadata.items():
        pairs = {name: text}
        if not NAME.fullmatch(name):
            valid = re.sub(r"[^A-Za-z0-9_]", "_", name)
            pairs = {RENAMED + valid: text, RENAMED_KEY + valid: name}
        if not seen.isdisjoint(each.lower() for each in pairs):
            raise ValueError(
                f"{key!r} cannot have the metadata {name!r} on Azure: another one has the same "
                "name there, where case does not count."
            )
        seen.update(each.lower() for each in pairs)
        found.update((each, encoded_text(value)) for each, value in pairs.items())
    return found


def _own_names(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata that Azure has by names of its own."""
    found = {name: decoded_text(text) for name, text in metadata.items()}
    for renamed in [name for name in found if name.startswith(RENAMED_KEY)]:
        holder = RENAMED + renamed.removeprefix(RENAMED_KEY)
        if holder in found:
            found[found.pop(renamed)] = found.pop(holder)
    return found
