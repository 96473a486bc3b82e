"""The three kinds of uploads of Google Cloud Storage.

https://cloud.google.com/storage/docs/uploads-downloads#uploads
"""

import json
from dataclasses import dataclass, field
from typing import Any

from fake import batch
from fake.messages import Answer, Request
from fake.store import Buffer, Store, Stored, new_id


@dataclass
class Received:
    """A complete upload; `request` has its preconditions."""

    op: str
    bucket: str
    key: str
    stored: Stored
    request: Request


@dataclass
class Session:
    """A resumable upload in progress, with the request that began it."""

    key: str
    headers: dict[str, Any]
    request: Request
    pieces: list[Buffer] = field(default_factory=list)


def receive(store: Store, request: Request) -> Received | Answer:
    """What is to be stored, or the answer to what is only a step towards it."""
    bucket = request.path.partition("/b/")[2].partition("/")[0]
    if "upload_id" in request.query:
        return proceed(store, request, bucket)
    kind = request.query.get("uploadType", "media")
    if kind == "resumable":
        return begin(store, request)
    metadata: dict[str, Any] = {"contentType": request.headers.get("content-type")}
    pieces = request.pieces
    if kind == "multipart":
        metadata, piece = related(request)
        pieces = [piece]
    key = request.query.get("name") or metadata.pop("name")
    metadata.pop("name", None)
    return Received("Insert", bucket, key, Stored(pieces, metadata), request)


def related(request: Request) -> tuple[dict[str, Any], Buffer]:
    """The metadata and the content of a multipart/related body; the content is not copied."""
    mark = b"--" + batch.boundary(request.headers)
    body = request.pieces[0]
    assert isinstance(body, bytearray)
    second = body.index(mark, len(mark))
    metadata = json.loads(body[body.index(b"\r\n\r\n") : second])
    start = body.index(b"\r\n\r\n", second) + 4
    head = batch.fields(body[second + len(mark) : start - 4].decode().strip().split("\r\n"))
    metadata.setdefault("contentType", head.get("content-type", "application/octet-stream"))
    return metadata, memoryview(body)[start : body.rindex(b"\r\n" + mark)]


def begin(store: Store, request: Request) -> Answer:
    metadata = json.loads(request.body or b"{}")
    kind = request.headers.get("x-upload-content-type")
    metadata.setdefault("contentType", kind or "application/octet-stream")
    name = new_id()
    key = request.query.get("name") or metadata["name"]
    metadata.pop("name", None)
    store.uploads[name] = Session(key, metadata, request)
    query = f"uploadType=resumable&upload_id={name}"
    return Answer("BeginUpload", 200, {"location": f"{request.base}{request.path}?{query}"})


def proceed(store: Store, request: Request, bucket: str) -> Received | Answer:
    """Take "bytes FIRST-LAST/TOTAL"; it is complete once all of a known total is there."""
    name = request.query["upload_id"]
    session: Session | None = store.uploads.get(name)
    if session is None:
        return Answer("UploadPart", 404)
    if request.method == "DELETE":
        del store.uploads[name]
        return Answer("CancelUpload", 499)
    session.pieces += request.pieces
    got = sum(map(len, session.pieces))
    total = request.headers.get("content-range", f"/{got}").partition("/")[2]
    if total == "*" or got < int(total):
        return Answer("UploadPart", 308, {"range": f"bytes=0-{got - 1}"} if got else {})
    del store.uploads[name]
    stored = Stored(session.pieces, session.headers)
    return Received("FinishUpload", bucket, session.key, stored, session.request)
