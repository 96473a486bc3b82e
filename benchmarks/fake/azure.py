"""Azure Blob Storage, block blobs only; the account is the first segment of the path.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

import base64
import functools
import time
import xml.etree.ElementTree as ET
from urllib.parse import unquote, urlsplit

from fake import azure_xml as xml
from fake import batch
from fake.messages import Answer, Dialect, Request, content, date, span
from fake.store import Bucket, Store, Stored, new_id

# What a client sends to be given back, under that name or the one of a plain HTTP header.
KEPT_HEADERS = {
    "x-ms-blob-cache-control": "cache-control",
    "x-ms-blob-content-disposition": "content-disposition",
    "x-ms-blob-content-encoding": "content-encoding",
    "x-ms-blob-content-language": "content-language",
    "x-ms-blob-content-md5": "content-md5",
    "x-ms-blob-content-type": "content-type",
}


def answer_xml(op: str, body: bytes, status: int = 200) -> Answer:
    return Answer(op, status, {"content-type": "application/xml"}, body)


def refusal(op: str, status: int, code: str) -> Answer:
    headers = {"content-type": "application/xml", "x-ms-error-code": code}
    return Answer(op, status, headers, xml.error(code))


def handle(store: Store, request: Request) -> Answer:
    _, name, key = request.names(3)
    if request.query.get("comp") == "batch":
        return batch.answer(request, functools.partial(handle, store), 202, "")
    if not key:
        return on_container(store, request, name)
    bucket = store.bucket(name)
    stored = bucket.objects.get(key)
    if request.method == "PUT":
        return put(store, request, bucket, name, key)
    if stored is None:
        return refusal("Missing", 404, "BlobNotFound")
    if failed := condition(request, stored):
        return failed
    if request.method == "DELETE":
        bucket.remove(key)
        return Answer("DeleteBlob", 202)
    return read(request, stored)


def on_container(store: Store, request: Request, name: str) -> Answer:
    if request.query.get("comp") == "list":
        return answer_xml("ListBlobs", xml.listing(store.bucket(name), request.query))
    if request.method == "DELETE":
        store.buckets.pop(name, None)
        return Answer("DeleteContainer", 202)
    headers = {"etag": '"0x8D0"', "last-modified": date(0)}
    store.bucket(name)
    if request.method == "PUT":
        return Answer("CreateContainer", 201, headers)
    return Answer("GetContainer", 200, headers)


def condition(request: Request, stored: Stored | None) -> Answer | None:
    """What is answered where If-Match or If-None-Match do not hold."""
    match, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
    if none_match == "*" and stored:
        return refusal("ConditionNotMet", 409, "BlobAlreadyExists")
    if match and (stored is None or match not in ("*", tag_of(stored))):
        return refusal("ConditionNotMet", 412, "ConditionNotMet")
    if stored and none_match == tag_of(stored):
        return Answer("NotModified", 304, {"x-ms-error-code": "ConditionNotMet"})
    return None


def tag_of(stored: Stored) -> str:
    return f'"0x8D{stored.serial:014X}"'


def version_of(stored: Stored) -> dict[str, str]:
    return {"etag": tag_of(stored), "last-modified": date(stored.mtime)}


def md5_of(stored: Stored) -> dict[str, str]:
    """Under the name of a plain header, where it is known."""
    return {"content-md5": base64.b64encode(stored.md5).decode()} if stored.md5 else {}


def read(request: Request, stored: Stored) -> Answer:
    op = "GetProperties" if request.method == "HEAD" else "GetBlob"
    digest = md5_of(stored)
    wanted = request.headers.get("x-ms-range") or request.headers.get("range", "")
    if wanted and digest:  # that of the range would be its name
        digest = {"x-ms-blob-content-md5": digest["content-md5"]}
    headers = {
        "content-type": "application/octet-stream",
        **digest,
        **stored.headers,
        **version_of(stored),
        "accept-ranges": "bytes",
        "vary": "Origin",
        "x-ms-creation-time": date(stored.mtime),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-server-encrypted": "true",
    }
    answer = content(op, stored, "" if op == "GetProperties" else wanted, headers)
    return answer or refusal(op, 416, "InvalidRange")


# Writing


def put(store: Store, request: Request, bucket: Bucket, name: str, key: str) -> Answer:
    action = request.query.get("comp", "")
    stored = bucket.objects.get(key)
    if action == "block":
        return put_block(store, request, name, key)
    if failed := condition(request, stored):
        return failed
    if action in ("metadata", "properties"):
        if stored is None:
            return refusal("SetProperties", 404, "BlobNotFound")
        kept = kept_headers(request, meta=action == "metadata")
        other = {k: v for k, v in stored.headers.items() if is_meta(k) != (action == "metadata")}
        stored.headers, stored.listing = {**other, **kept}, None
        return Answer("SetProperties", 200, version_of(stored))
    if action == "blocklist":
        return put_block_list(store, request, bucket, name, key)
    if "x-ms-copy-source" in request.headers:
        return copy(store, request, bucket, key)
    stored = Stored(request.pieces, kept_headers(request))
    bucket.put(key, stored)
    return Answer("PutBlob", 201, {**version_of(stored), **md5_of(stored)})


def is_meta(name: str) -> bool:
    return name.startswith("x-ms-meta-")


def kept_headers(request: Request, meta: bool | None = None) -> dict[str, str]:
    """What is stored with a blob; only metadata, or all but it, where that is said."""
    found = {}
    for name, value in request.headers.items():
        if is_meta(name) and meta is not False:
            found[name] = value
        elif name in KEPT_HEADERS and not meta:
            found[KEPT_HEADERS[name]] = value
    return found


def put_block(store: Store, request: Request, name: str, key: str) -> Answer:
    blocks = store.uploads.setdefault(f"{name}/{key}", {})
    piece = request.pieces
    if "x-ms-copy-source" in request.headers:
        found = source_of(store, request)
        if found is None:
            return refusal("PutBlock", 404, "CannotVerifyCopySource")
        start, stop = span(request.headers.get("x-ms-source-range", "bytes=0-"), found.size)
        piece = [memoryview(found.data)[start:stop]]
    blocks[request.query["blockid"]] = Stored(piece)
    return Answer("PutBlock", 201)


def put_block_list(store: Store, request: Request, bucket: Bucket, name: str, key: str) -> Answer:
    wanted = [block.text or "" for block in ET.fromstring(request.body)]
    blocks = store.uploads.get(f"{name}/{key}", {})
    if missing := [block for block in wanted if block not in blocks]:
        return refusal("PutBlockList", 400, f"InvalidBlockList {missing[0]}")
    store.uploads.pop(f"{name}/{key}", None)
    pieces = [piece for block in wanted for piece in blocks[block].pieces]
    stored = Stored(pieces, kept_headers(request))
    bucket.put(key, stored)
    return Answer("PutBlockList", 201, version_of(stored))


def source_of(store: Store, request: Request) -> Stored | None:
    path = urlsplit(request.headers["x-ms-copy-source"]).path
    _, name, key = path.lstrip("/").split("/", 2)
    return store.bucket(unquote(name)).objects.get(unquote(key))


def copy(store: Store, request: Request, bucket: Bucket, key: str) -> Answer:
    found = source_of(store, request)
    if found is None:
        return refusal("CopyBlob", 404, "CannotVerifyCopySource")
    twin = found.copy(kept_headers(request, meta=True) or None)
    bucket.put(key, twin)
    state = {"x-ms-copy-id": new_id(), "x-ms-copy-status": "success"}
    return Answer("CopyBlob", 202, {**version_of(twin), **state})


DIALECT = Dialect(
    handle,
    headers="server: Blob\r\nx-ms-request-id: benchmark\r\nx-ms-version: 2021-12-02\r\n"
    f"date: {date(time.time())}\r\n",
)
