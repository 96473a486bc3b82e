"""How the fake of Google Cloud Storage sends an object: ranges, and gzip undone or left alone.

https://cloud.google.com/storage/docs/transcoding
"""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from .gcs_store import NONE, Refused, Stored
from .wire import Answer, Call

SENT = {
    "cacheControl": "Cache-Control",
    "contentDisposition": "Content-Disposition",
    "contentLanguage": "Content-Language",
    "contentType": "Content-Type",
}


def media(
    found: Stored, call: Call, *, xml: bool = False, instead: Mapping[str, str] = NONE
) -> Answer:
    """The object, or the range of it that is asked for; `instead` has headers that a URL sets."""
    headers = {**_headers(found, xml), **instead}
    _check_etag(call, headers["ETag"])
    encoding = found.fields.get("contentEncoding", "")
    data = memoryview(found.data)
    if encoding == "gzip" and _is_to_be_undone(found, call):
        headers["Warning"] = "214 UploadServer gunzipped"
        return Answer(200, gzip.decompress(data), headers, chunked=True)
    if encoding:
        headers["Content-Encoding"] = encoding
    start, stop = _range(call, len(data))
    if start is None:
        return Answer(200, data, headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return Answer(206, data[start:stop], headers)


def _headers(found: Stored, xml: bool) -> dict[str, str]:
    fields = found.fields
    hashes = [f"crc32c={fields['crc32c']}"]
    if "md5Hash" in fields:  # an object that was composed has none
        hashes.append(f"md5={fields['md5Hash']}")
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": f'"{fields["etag"]}"' if xml else fields["etag"],
        "Last-Modified": format_datetime(datetime.fromisoformat(fields["updated"]), usegmt=True),
        "X-Goog-Generation": fields["generation"],
        "X-Goog-Metageneration": fields["metageneration"],
        "X-Goog-Hash": ",".join(hashes),
        "X-Goog-Storage-Class": fields["storageClass"],
        "X-Goog-Stored-Content-Encoding": fields.get("contentEncoding", "identity"),
        "X-Goog-Stored-Content-Length": fields["size"],
        "Vary": "Accept-Encoding",
    }
    headers |= {header: fields[key] for key, header in SENT.items() if key in fields}
    if xml:
        pairs = (fields.get("metadata") or {}).items()
        headers |= {f"X-Goog-Meta-{key}": value for key, value in pairs}
    return headers


def _is_to_be_undone(found: Stored, call: Call) -> bool:
    accepted = re.split(r"[,;\s]+", call.headers.get("accept-encoding", "").lower())
    return "gzip" not in accepted and "no-transform" not in found.fields.get("cacheControl", "")


def _check_etag(call: Call, etag: str) -> None:
    wanted, unwanted = call.headers.get("if-match"), call.headers.get("if-none-match")
    if wanted not in (None, "*") and etag.strip('"') not in _etags(wanted):
        message = "At least one of the pre-conditions you specified did not hold."
        raise Refused(412, message, "conditionNotMet")
    if unwanted is not None and (unwanted == "*" or etag.strip('"') in _etags(unwanted)):
        raise Refused(304)


def _etags(header: str | None) -> list[str]:
    return [item.strip().removeprefix("W/").strip('"') for item in (header or "").split(",")]


def _range(call: Call, size: int) -> tuple[int | None, int]:
    """Start and stop; several ranges at once are not served, as the service does not."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("range", ""))
    if not match or match[0] == "bytes=-":
        return None, size
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if first and last and int(last) < int(first):
        return None, size
    if start >= size:
        raise Refused(416, "Requested range not satisfiable", "requestedRangeNotSatisfiable")
    return start, stop
