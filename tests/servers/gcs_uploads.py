"""Uploads to the fake of Google Cloud Storage: media, multipart and resumable.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .gcs_store import Fields, Refused, Store, Stored, new_id
from .wire import Answer, Call

CHUNK = 1 << 18  # bytes; what is persisted of an unfinished upload is a multiple of it
HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}


@dataclass(slots=True)
class Session:
    """A resumable upload. `stored` is set when it is finished, `refused` when it never can be."""

    bucket: str
    name: str
    fields: Fields
    query: dict[str, str]
    data: bytearray = field(default_factory=bytearray)
    stored: Stored | None = None
    refused: Refused | None = None

    @property
    def unfinished(self) -> bool:
        return self.stored is None and self.refused is None


@dataclass(frozen=True, slots=True)
class Range:
    """A Content-Range: without `start` the client only asks, without `total` it does not know."""

    start: int | None
    total: int | None


class Uploads:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, Session] = {}

    def unfinished(self, bucket: str) -> list[str]:
        """Names of the objects whose resumable uploads were neither finished nor cancelled."""
        sessions = list(self._sessions.values())
        return sorted(each.name for each in sessions if each.unfinished and each.bucket == bucket)

    def forget(self, bucket: str) -> None:
        for key, session in list(self._sessions.items()):
            if session.bucket == bucket:
                del self._sessions[key]

    def media(self, bucket: str, call: Call) -> Stored:
        fields = {"contentType": call.headers.get("content-type", "application/octet-stream")}
        query = call.query
        return self._store.write(bucket, _name(query), call.body, fields, query)

    def multipart(self, bucket: str, call: Call) -> Stored:
        parts = list(split(call))
        if len(parts) != 2:
            raise Refused(400, "Multipart must have exactly two parts.")
        (_, described), (headers, data) = parts
        fields = json.loads(described)
        fields.setdefault("contentType", headers.get("content-type") or "application/octet-stream")
        query = call.query
        return self._store.write(bucket, _name(query, fields), data, fields, query)

    def begin(self, bucket: str, call: Call) -> Answer:
        """Conditions are checked now, and again when the upload is finished."""
        fields, query = call.json(), call.query
        if kind := call.headers.get("x-upload-content-type"):
            fields.setdefault("contentType", kind)
        fields.setdefault("contentType", "application/octet-stream")
        session = Session(bucket, _name(query, fields), fields, query)
        with self._store.lock:
            self._store.may_write(bucket, session.name, query)
        key = new_id()
        self._sessions[key] = session
        place = f"http://{call.headers['host']}{call.path}?uploadType=resumable&upload_id={key}"
        return Answer(200, headers={"Location": place, "X-GUploader-UploadID": key})

    def go_on(self, call: Call, keep: int | None = None) -> Stored | Answer:
        """Take the bytes of a call, or only the first `keep` of them; ask with none."""
        session = self._sessions.get(call.query["upload_id"])
        if session is None:
            raise Refused(404, "No such upload session.", "notFound")
        with self._store.lock:
            if call.method == "DELETE":
                session.refused = session.refused or Refused(499, "The upload was cancelled.")
                return Answer(499)
            if session.refused:
                raise session.refused
            return session.stored or self._take(session, call, keep)

    def _take(self, session: Session, call: Call, keep: int | None) -> Stored | Answer:
        sent = _content_range(call)
        body = memoryview(call.body)[:keep]
        partial = not call.complete or len(body) < len(call.body)
        if sent.start is not None:
            if sent.start > len(session.data):
                raise Refused(503, "The upload offset exceeds what is uploaded.", "backendError")
            body = body[len(session.data) - sent.start :]
        final = not partial and sent.total == len(session.data) + len(body)
        if not final:
            short = sent.start is not None and not partial and len(call.body) < CHUNK
            if short:
                raise Refused(400, "Every chunk but the last must have at least 262144 bytes.")
            body = body[
                : max(0, (len(session.data) + len(body)) // CHUNK * CHUNK - len(session.data))
            ]
        session.data += body
        if final:
            return self._finish(session, call)
        persisted = len(session.data)
        return Answer(308, headers={"Range": f"bytes=0-{persisted - 1}"} if persisted else {})

    def _finish(self, session: Session, call: Call) -> Stored:
        fields = {**session.fields, **_hashes_of(call)}
        data = bytes(session.data)
        try:
            stored = self._store.write(session.bucket, session.name, data, fields, session.query)
        except Refused as error:
            session.refused = error
            raise
        session.stored, session.data = stored, bytearray()
        return stored


def split(call: Call) -> Iterator[tuple[dict[str, str], bytes]]:
    """The headers, in lower case, and the body of every part of a multipart request."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    boundary = email.message_from_bytes(head, policy=email.policy.HTTP).get_boundary()
    if not boundary:
        raise Refused(400, "The request has no boundary.")
    end = b"\r\n" if b"\r\n" in call.body[: len(boundary) + 8] else b"\n"  # as mail has it
    mark = end + f"--{boundary}".encode()
    for part in (end + call.body).split(mark)[1:]:
        if part.startswith(b"--"):
            return
        raw, _, body = part.removeprefix(end).partition(end * 2)
        yield headers_of(raw), body
    raise Refused(400, "The last boundary is missing.")


def headers_of(raw: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in raw.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name}


def _content_range(call: Call) -> Range:
    """Without one, the call has the whole object."""
    header = call.headers.get("content-range")
    if header is None:
        return Range(0, len(call.body))
    match = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", header)
    if not match:
        raise Refused(400, f"Invalid Content-Range: {header!r}")
    first, last, whole = match.groups()
    total = None if whole == "*" else int(whole)
    if first is None:
        return Range(None, total)
    length = int(last) - int(first) + 1
    if (call.complete and length != len(call.body)) or (total is not None and int(last) >= total):
        raise Refused(400, "Content-Range does not fit the body.")
    return Range(int(first), total)


def _hashes_of(call: Call) -> dict[str, str]:
    pairs = (item.strip().partition("=") for item in call.headers.get("x-goog-hash", "").split(","))
    return {HASHES[kind]: value for kind, _, value in pairs if kind in HASHES}


def _name(query: dict[str, str], fields: Fields | None = None) -> str:
    name: str = (fields or {}).get("name") or query.get("name", "")
    if not name:
        raise Refused(400, "Required", "required")
    return name
