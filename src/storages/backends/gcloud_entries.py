"""Objects as Google Cloud Storage describes them, and the names that it has for it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from storages.entry import Entry, is_marker
from storages.headers import told_text

HEADERS = {
    "content_type": "content_type",
    "encoding": "content_encoding",
    "cache_control": "cache_control",
    "disposition": "content_disposition",
    "language": "content_language",
    "metadata": "metadata",
}
"""The object parameters for what `Entry` tells."""


def entry_of(found: Mapping[str, Any]) -> Entry:
    """An object as the JSON API describes it."""
    return Entry(
        found["name"],
        int(found["size"]),
        modified=datetime.fromisoformat(found["updated"]),
        created=datetime.fromisoformat(found["timeCreated"]),
        etag=found["generation"],
        digest=_digest(found.get("md5Hash"), found.get("crc32c")),
        encoding=found.get("contentEncoding") or None,
        content_type=found.get("contentType"),
        cache_control=found.get("cacheControl") or None,
        disposition=found.get("contentDisposition") or None,
        language=found.get("contentLanguage") or None,
        metadata=found.get("metadata") or {},
        is_dir=is_marker(found["name"], int(found["size"])),
    )


def entry_read(key: str, headers: Mapping[str, str], count: int) -> Entry:
    """An object as the headers of its content describe it.

    They tell neither when it was made nor its metadata, and a cache control that is not the
    object's own where that has none.
    """
    total = re.fullmatch(r"bytes \d+-\d+/(\d+)", headers.get("Content-Range", ""))
    stored = headers.get("X-Goog-Stored-Content-Length", count)
    sums = dict(re.findall(r"(crc32c|md5)=([\w+/]+=*)", headers.get("X-Goog-Hash", "")))
    changed = headers.get("Last-Modified")
    encoding = headers.get("X-Goog-Stored-Content-Encoding") or headers.get("Content-Encoding")
    return Entry(
        key,
        int(total[1] if total else stored),
        modified=parsedate_to_datetime(changed).astimezone(UTC) if changed else None,
        etag=headers.get("X-Goog-Generation"),
        digest=_digest(sums.get("md5"), sums.get("crc32c")),
        encoding=encoding if encoding != "identity" else None,
        content_type=headers.get("Content-Type"),
        disposition=told_text(headers.get("Content-Disposition", "")) or None,
        language=headers.get("Content-Language"),
    )


def _digest(md5: str | None, crc32c: str | None) -> str | None:
    """The digest of what is stored; a composed object has no MD5."""
    for name, value in (("md5", md5), ("crc32c", crc32c)):
        if value:
            return f"{name}:{base64.b64decode(value).hex()}"
    return None
