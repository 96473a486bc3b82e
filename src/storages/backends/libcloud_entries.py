"""What Libcloud's drivers and their servers tell of an object, as entries."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from storages.backends.libcloud_families import told_headers
from storages.entry import Entry

_is_md5 = re.compile(r"[0-9a-f]{32}").fullmatch
_is_sha1 = re.compile(r"[0-9a-f]{40}").fullmatch

# Where any of these is, the ETag is no MD5 of the bytes.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
# https://docs.openstack.org/swift/latest/overview_large_objects.html
NO_MD5 = (
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-static-large-object",
    "x-object-manifest",
)


def of_headers(key: str, headers: Mapping[str, str], family: str) -> Entry:
    """An object by the headers of an answer to HEAD, or to GET of a range."""
    whole = headers.get("content-range", "").rpartition("/")[2]
    whole = whole or headers.get("x-goog-stored-content-length", "")
    whole = whole or headers.get("content-length", "")
    if not whole.isdecimal():
        raise ConnectionError(f"The server does not tell how large {key!r} is.")
    return Entry(
        key,
        int(whole),
        modified=time_of(headers.get("last-modified")),
        created=time_of(headers.get("x-ms-creation-time")),
        etag=version_of(headers.get("etag")),
        digest=_digest(headers, family),
        content_type=headers.get("content-type") or None,
        **told_headers(family, headers),
    )


def of_object(found: Any) -> Entry:
    """An object as a driver lists it, or finds it without HTTP."""
    extra = found.extra
    sha1 = str(found.hash or "")
    etag = extra.get("etag") or extra.get("fileId") or found.hash
    modified = extra.get("last_modified") or extra.get("modify_time") or _since(extra)
    return Entry(
        found.name,
        int(found.size or 0),
        modified=time_of(modified),
        created=time_of(extra.get("creation_time")),
        accessed=time_of(extra.get("access_time")),
        etag=version_of(etag),
        digest=f"sha1:{sha1}" if _is_sha1(sha1) else None,
        encoding=extra.get("content_encoding") or None,
        content_type=extra.get("content_type") or None,
    )


def _since(extra: Mapping[str, Any]) -> float | None:
    """Backblaze's time, which counts milliseconds."""
    found = extra.get("uploadTimestamp")
    return float(found) / 1000 if found else None


def begins_at(content_range: str, start: int) -> bool:
    """Whether an answer is of the range that was asked for, as far as it tells."""
    return not content_range or content_range.startswith(f"bytes {start}-")


def version_of(etag: Any) -> str | None:
    """An ETag without its quotes, as some answers have it and others not."""
    return str(etag).removeprefix("W/").strip('"') or None if etag else None


def time_of(value: Any) -> datetime | None:
    """An aware time: from seconds since the epoch, an HTTP date or ISO 8601, in UTC if unsaid."""
    if not value:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        try:
            found = parsedate_to_datetime(str(value))
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _digest(headers: Mapping[str, str], family: str) -> str | None:
    """The MD5 of the stored bytes, where the service says so."""
    if family in ("s3", "swift"):
        etag = version_of(headers.get("etag")) or ""
        kms = headers.get("x-amz-server-side-encryption", "AES256") != "AES256"
        told = etag if _is_md5(etag) and not kms and not any(h in headers for h in NO_MD5) else ""
    elif family == "azure":
        told = _hex(headers.get("x-ms-blob-content-md5") or _whole_md5(headers))
    elif family == "google":
        found = re.search(r"md5=([\w+/=]+)", headers.get("x-goog-hash", ""))
        told = _hex(found[1] if found else None)
    else:
        told = ""
    return f"md5:{told}" if told else None


def _whole_md5(headers: Mapping[str, str]) -> str | None:
    """The answer to a range may have the MD5 of that range there."""
    return None if "content-range" in headers else headers.get("content-md5")


def _hex(text: str | None) -> str:
    try:
        return base64.b64decode(text or "", validate=True).hex()
    except binascii.Error:
        return ""
