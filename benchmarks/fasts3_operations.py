"""The S3 operations of the fake, and the control requests that steer it."""

import email.utils
import hashlib
import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, fields
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import fasts3_xml as xml
from fasts3_store import Bucket, Buffer, Knobs, MultipartUpload, Store, Stored, new_id

KEPT_HEADERS = {
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
}
PROBES = ("location", "versioning", "uploads")  # of a bucket; their answer is empty


class Request:
    def __init__(
        self, method: str, target: str, headers: dict[str, str], pieces: list[Buffer]
    ) -> None:
        path, _, query = target.partition("?")
        name, _, key = path.lstrip("/").partition("/")
        self.method, self.name, self.key = method, name, unquote(key)
        self.query = dict(parse_qsl(query, keep_blank_values=True))
        self.headers, self.pieces = headers, pieces

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def kept_headers(self) -> dict[str, str]:
        """What is stored with an object and given back with it."""
        found = {
            name: value
            for name, value in self.headers.items()
            if name in KEPT_HEADERS or name.startswith("x-amz-meta-")
        }
        codings = [part.strip() for part in found.pop("content-encoding", "").split(",")]
        if rest := ",".join(part for part in codings if part not in ("", "aws-chunked")):
            found["content-encoding"] = rest
        return found


@dataclass
class Answer:
    op: str  # what it counts as; "" for a control request, which does not count
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Buffer = b""


def answer_xml(op: str, body: bytes, status: int = 200) -> Answer:
    return Answer(op, status, {"content-type": "application/xml"}, body)


def refusal(op: str, status: int, code: str) -> Answer:
    return answer_xml(op, xml.error(code), status)


def handle(store: Store, request: Request) -> Answer:
    if request.name == "_ctl":
        return control(store, request)
    if not request.name:
        return answer_xml("ListBuckets", xml.buckets(store.buckets))
    if not request.key:
        return on_bucket(store, request)
    if "uploadId" in request.query or "uploads" in request.query:
        return on_upload(store, request)
    bucket = store.bucket(request.name)
    if request.method in ("GET", "HEAD"):
        return read_object(bucket, request)
    if request.method == "PUT":
        return put_object(store, bucket, request)
    if request.method == "DELETE":
        bucket.remove(request.key)
        return Answer("DeleteObject", 204)
    return refusal("Unknown", 501, "NotImplemented")


def control(store: Store, request: Request) -> Answer:
    query = request.query
    if request.key == "reset":
        store.reset(data="data" in query)
    elif request.key == "fill":
        count, size = int(query["count"]), int(query.get("size", 100))
        store.bucket(query["bucket"]).fill(query.get("prefix", ""), count, size)
    elif not request.key:
        for knob in fields(Knobs):
            setattr(store.knobs, knob.name, float(query.get(knob.name, 0)))
    body = json.dumps(store.stats()).encode()
    return Answer("", headers={"content-type": "application/json"}, body=body)


# Buckets


def on_bucket(store: Store, request: Request) -> Answer:
    if request.method == "POST" and "delete" in request.query:
        return delete_objects(store.bucket(request.name), request.body)
    if request.method == "PUT":
        store.bucket(request.name)
        return Answer("CreateBucket")
    if request.method == "HEAD":
        return Answer("HeadBucket")
    if request.method == "DELETE":
        store.buckets.pop(request.name, None)
        return Answer("DeleteBucket", 204)
    if any(probe in request.query for probe in PROBES):
        return answer_xml("BucketProbe", xml.document("Result"))
    listing = xml.Listing(request.name, store.bucket(request.name), request.query)
    return answer_xml("ListObjects", listing.answer())


def delete_objects(bucket: Bucket, body: bytes) -> Answer:
    keys = [found.text or "" for found in ET.fromstring(body).iter() if found.tag.endswith("Key")]
    for key in keys:
        bucket.remove(key)
    gone = (f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
    return answer_xml("DeleteObjects", xml.document("DeleteResult", *gone))


# Objects


def put_object(store: Store, bucket: Bucket, request: Request) -> Answer:
    if "x-amz-copy-source" in request.headers:
        return copy_object(store, bucket, request)
    if "tagging" in request.query or "acl" in request.query:
        return Answer("PutOther")
    if request.headers.get("if-none-match") == "*" and request.key in bucket.objects:
        return refusal("PutObject", 412, "PreconditionFailed")
    stored = Stored(request.pieces, request.kept_headers())
    bucket.put(request.key, stored)
    return Answer("PutObject", headers={"etag": stored.etag})


def copy_source(store: Store, request: Request) -> Stored | None:
    source = unquote(request.headers["x-amz-copy-source"]).lstrip("/")
    name, _, key = source.partition("?versionId=")[0].partition("/")
    return store.bucket(name).objects.get(key)


def copy_object(store: Store, bucket: Bucket, request: Request) -> Answer:
    found = copy_source(store, request)
    if found is None:
        return refusal("CopyObject", 404, "NoSuchKey")
    replaced = request.headers.get("x-amz-metadata-directive") == "REPLACE"
    headers = request.kept_headers() if replaced else found.headers
    stored = Stored(found.pieces, headers, found.etag)
    bucket.put(request.key, stored)
    return answer_xml("CopyObject", xml.copied("CopyObjectResult", stored))


def read_object(bucket: Bucket, request: Request) -> Answer:
    op = "HeadObject" if request.method == "HEAD" else "GetObject"
    stored = bucket.objects.get(request.key)
    if stored is None:
        return refusal(op, 404, "NoSuchKey")
    headers = {
        "content-type": "application/octet-stream",
        **stored.headers,
        "etag": stored.etag,
        "last-modified": email.utils.formatdate(stored.mtime, usegmt=True),
        "accept-ranges": "bytes",
    }
    if request.headers.get("if-match", stored.etag) != stored.etag:
        return refusal(op, 412, "PreconditionFailed")
    if request.headers.get("if-none-match") == stored.etag:
        return Answer(op, 304, headers)
    wanted = request.headers.get("range", "")
    if not wanted.startswith("bytes="):
        return Answer(op, 200, headers, memoryview(stored.data))
    start, stop = span(wanted, stored.size)
    if start >= stored.size:
        return refusal(op, 416, "InvalidRange")
    headers["content-range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    return Answer(op, 206, headers, memoryview(stored.data)[start:stop])


def span(wanted: str, size: int) -> tuple[int, int]:
    """The half-open range that a Range header asks for."""
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last or size), size - 1) + 1


# Multipart uploads


def on_upload(store: Store, request: Request) -> Answer:
    if "uploads" in request.query:
        return start_upload(store, request)
    upload = store.uploads.get(request.query["uploadId"])
    if upload is None:
        return refusal("UploadPart", 404, "NoSuchUpload")
    if request.method == "PUT":
        return put_part(store, upload, request)
    del store.uploads[request.query["uploadId"]]
    if request.method == "DELETE":
        return Answer("AbortMultipartUpload", 204)
    return complete(store, upload, request)


def start_upload(store: Store, request: Request) -> Answer:
    name = new_id()
    store.uploads[name] = MultipartUpload(request.key, request.kept_headers())
    body = xml.document(
        "InitiateMultipartUploadResult",
        xml.tag("Bucket", request.name),
        xml.tag("Key", request.key),
        xml.tag("UploadId", name),
    )
    return answer_xml("CreateMultipartUpload", body)


def put_part(store: Store, upload: MultipartUpload, request: Request) -> Answer:
    number = int(request.query["partNumber"])
    if "x-amz-copy-source" not in request.headers:
        part = upload.parts[number] = Stored(request.pieces)
        return Answer("UploadPart", headers={"etag": part.etag})
    found = copy_source(store, request)
    if found is None:
        return refusal("UploadPartCopy", 404, "NoSuchKey")
    start, stop = span(request.headers.get("x-amz-copy-source-range", "bytes=0-"), found.size)
    part = upload.parts[number] = Stored([memoryview(found.data)[start:stop]])
    return answer_xml("UploadPartCopy", xml.copied("CopyPartResult", part))


def complete(store: Store, upload: MultipartUpload, request: Request) -> Answer:
    parts = [upload.parts[number] for number in sorted(upload.parts)]
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    etag = f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'
    pieces = [piece for part in parts for piece in part.pieces]
    store.bucket(request.name).put(upload.key, Stored(pieces, upload.headers, etag))
    body = xml.document(
        "CompleteMultipartUploadResult",
        xml.tag("Bucket", request.name),
        xml.tag("Key", upload.key),
        xml.tag("ETag", etag),
    )
    return answer_xml("CompleteMultipartUpload", body)
