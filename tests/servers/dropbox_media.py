"""How the fake of Dropbox sends a file: all of it, a range, or nothing that one has already."""

import json
import mimetypes
import re
import time

from .dropbox_errors import Fields
from .dropbox_store import Link
from .dropbox_tree import Revision
from .wire import Answer, Call


def media(revision: Revision, call: Call, kind: str = "application/octet-stream") -> Answer:
    """The reference says that ranges work and not how they fail, so here it is as in RFC 9110.

    That is 416 for a range that begins at the end or behind it, as any range of an empty file
    does, and the whole for several ranges or for what is none.
    """
    size = len(revision.data)
    etag = f'W/"{revision.rev}"'
    headers = {"Content-Type": kind, "Accept-Ranges": "bytes", "ETag": etag}
    if call.headers.get("if-none-match") == etag:
        return Answer(304, headers=headers)
    data = memoryview(revision.data)
    if (wanted := _range(call.headers.get("range", ""), size)) is None:
        return Answer(200, data, headers)
    start, stop = wanted
    if start >= stop:
        headers |= {"Content-Range": f"bytes */{size}", "Content-Type": "text/plain"}
        return Answer(416, b"", headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(206, data[start:stop], headers)


def _range(header: str, size: int) -> tuple[int, int] | None:
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    if not match or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def linked(link: Link | None, call: Call) -> Answer:
    """What a temporary link leads to, until it ends."""
    if not link or link.ends <= time.time():
        return Answer(410, b"Gone", {"Content-Type": "text/plain"})
    kind = mimetypes.guess_type(link.name)[0] or "application/octet-stream"
    return media(link.revision, call, kind)


def safe(fields: Fields) -> str:
    """JSON for a header: nothing but printable ASCII."""
    return json.dumps(fields).replace("\x7f", "\\u007f")
