"""S3, as boto3, rclone and other clients speak it, path-style."""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.sax.saxutils import escape

from fake import s3_xml as xml
from fake.messages import Answer, Dialect, Request, content, date, span
from fake.store import Bucket, Buffer, Store, Stored, new_id

KEPT_HEADERS = {
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
}
PROBES = ("location", "versioning", "uploads")  # of a bucket; their answer is empty


class Address:
    """A request with the bucket and key that its path names."""

    def __init__(self, request: Request) -> None:
        self.name, self.key = request.names(2)
        self.method, self.query, self.headers = request.method, request.query, request.headers
        self.request = request

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


def unframe(headers: Mapping[str, str], body: bytearray) -> list[Buffer]:
    """The pieces of an aws-chunked body, not copied; signatures and trailers are ignored.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
    """
    if not headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return [body]
    pieces: list[Buffer] = []
    at, view = 0, memoryview(body)
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].partition(b";")[0], 16)
        if not size:
            return pieces
        pieces.append(view[end + 2 : end + 2 + size])
        at = end + 2 + size + 2


def answer_xml(op: str, body: bytes, status: int = 200) -> Answer:
    return Answer(op, status, {"content-type": "application/xml"}, body)


def refusal(op: str, status: int, code: str) -> Answer:
    return answer_xml(op, xml.error(code), status)


def handle(store: Store, plain: Request) -> Answer:
    request = Address(plain)
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


# Buckets


def on_bucket(store: Store, request: Address) -> Answer:
    if request.method == "POST" and "delete" in request.query:
        return delete_objects(store.bucket(request.name), request.request.body)
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
    wanted = ET.fromstring(body)
    keys = [found.text or "" for found in wanted.iter() if found.tag.endswith("Key")]
    for key in keys:
        bucket.remove(key)
    quiet = any(found.tag.endswith("Quiet") and found.text == "true" for found in wanted)
    gone = [] if quiet else [f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys]
    return answer_xml("DeleteObjects", xml.document("DeleteResult", *gone))


# Objects


def put_object(store: Store, bucket: Bucket, request: Address) -> Answer:
    if "x-amz-copy-source" in request.headers:
        return copy_object(store, bucket, request)
    if "tagging" in request.query or "acl" in request.query:
        return Answer("PutOther")
    if request.headers.get("if-none-match") == "*" and request.key in bucket.objects:
        return refusal("PutObject", 412, "PreconditionFailed")
    stored = Stored(request.request.pieces, request.kept_headers())
    bucket.put(request.key, stored)
    return Answer("PutObject", headers={"etag": stored.etag})


def copy_source(store: Store, request: Address) -> Stored | None:
    source = unquote(request.headers["x-amz-copy-source"]).lstrip("/")
    name, _, key = source.partition("?versionId=")[0].partition("/")
    return store.bucket(name).objects.get(key)


def copy_object(store: Store, bucket: Bucket, request: Address) -> Answer:
    found = copy_source(store, request)
    if found is None:
        return refusal("CopyObject", 404, "NoSuchKey")
    replaced = request.headers.get("x-amz-metadata-directive") == "REPLACE"
    headers = request.kept_headers() if replaced else found.headers
    stored = found.copy(headers)
    bucket.put(request.key, stored)
    return answer_xml("CopyObject", xml.copied("CopyObjectResult", stored))


def read_object(bucket: Bucket, request: Address) -> Answer:
    op = "HeadObject" if request.method == "HEAD" else "GetObject"
    stored = bucket.objects.get(request.key)
    if stored is None:
        return refusal(op, 404, "NoSuchKey")
    headers = {
        "content-type": "application/octet-stream",
        **stored.headers,
        "etag": stored.etag,
        "last-modified": date(stored.mtime),
        "accept-ranges": "bytes",
    }
    if request.headers.get("if-match", stored.etag) != stored.etag:
        return refusal(op, 412, "PreconditionFailed")
    if request.headers.get("if-none-match") == stored.etag:
        return Answer(op, 304, headers)
    answer = content(op, stored, request.headers.get("range", ""), headers)
    return answer or refusal(op, 416, "InvalidRange")


# Multipart uploads


@dataclass
class Upload:
    key: str
    headers: dict[str, str]
    parts: dict[int, Stored] = field(default_factory=dict)


def on_upload(store: Store, request: Address) -> Answer:
    if "uploads" in request.query:
        return start_upload(store, request)
    upload: Upload | None = store.uploads.get(request.query["uploadId"])
    if upload is None:
        return refusal("UploadPart", 404, "NoSuchUpload")
    if request.method == "PUT":
        return put_part(store, upload, request)
    del store.uploads[request.query["uploadId"]]
    if request.method == "DELETE":
        return Answer("AbortMultipartUpload", 204)
    return complete(store, upload, request)


def start_upload(store: Store, request: Address) -> Answer:
    name = new_id()
    store.uploads[name] = Upload(request.key, request.kept_headers())
    body = xml.document(
        "InitiateMultipartUploadResult",
        xml.tag("Bucket", request.name),
        xml.tag("Key", request.key),
        xml.tag("UploadId", name),
    )
    return answer_xml("CreateMultipartUpload", body)


def put_part(store: Store, upload: Upload, request: Address) -> Answer:
    number = int(request.query["partNumber"])
    if "x-amz-copy-source" not in request.headers:
        part = upload.parts[number] = Stored(request.request.pieces)
        return Answer("UploadPart", headers={"etag": part.etag})
    found = copy_source(store, request)
    if found is None:
        return refusal("UploadPartCopy", 404, "NoSuchKey")
    start, stop = span(request.headers.get("x-amz-copy-source-range", "bytes=0-"), found.size)
    part = upload.parts[number] = Stored([memoryview(found.data)[start:stop]])
    return answer_xml("UploadPartCopy", xml.copied("CopyPartResult", part))


def complete(store: Store, upload: Upload, request: Address) -> Answer:
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


DIALECT = Dialect(handle, "x-amz-request-id: 1\r\n", "x-amz-decoded-content-length", unframe)
