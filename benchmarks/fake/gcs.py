"""Google Cloud Storage: its JSON API, and reading by signed or public URL.

https://cloud.google.com/storage/docs/json_api/v1
"""

import base64
import json
from typing import Any

import google_crc32c  # noqa: F401  # the store needs it; asked for now, it is missed at once

from fake import batch, gcs_uploads
from fake.gcs_resources import LISTED, checksum, listed, resource
from fake.listing import page
from fake.messages import Answer, Dialect, Request, content, date
from fake.store import Bucket, Store, Stored

PAGE = 1000  # objects and prefixes in one page of a listing, at most

REASONS = {404: "notFound", 412: "conditionNotMet", 416: "requestedRangeNotSatisfiable"}


def answer_json(op: str, found: Any, status: int = 200) -> Answer:
    body = found if isinstance(found, str) else json.dumps(found)
    return Answer(op, status, {"content-type": "application/json; charset=UTF-8"}, body.encode())


def refusal(op: str, status: int, message: str) -> Answer:
    each = {"message": message, "domain": "global", "reason": REASONS.get(status, "invalid")}
    return answer_json(
        op, {"error": {"code": status, "message": message, "errors": [each]}}, status
    )


def handle(store: Store, request: Request) -> Answer:
    path = request.path
    if path.startswith("/batch/"):
        return batch.answer(request, lambda one: handle(store, one), 200, "response-")
    if path.startswith(("/upload/", "/resumable/upload/")):
        return upload(store, request)
    if path.startswith(("/storage/v1/b", "/download/storage/v1/b")):
        path = path[path.index("/v1/b") + 5 :]
        return on_bucket(store, request) if "/o/" not in path else on_object(store, request, path)
    name, key = request.names(2)
    stored = store.bucket(name).objects.get(key)
    return read("GetByUrl", request, stored) if stored else refusal("GetByUrl", 404, "No object")


# Buckets


def on_bucket(store: Store, request: Request) -> Answer:
    _, _, _, name, rest = request.names(5)
    if not name:
        name = json.loads(request.body or b"{}").get("name", "")
    if rest == "o":
        return list_objects(store.bucket(name), name, request)
    if request.method == "DELETE":
        store.buckets.pop(name, None)
        return Answer("DeleteBucket", 204)
    store.bucket(name)
    found = {"kind": "storage#bucket", "id": name, "name": name, "location": "US"}
    return answer_json("CreateBucket" if request.method == "POST" else "GetBucket", found)


def list_objects(bucket: Bucket, name: str, request: Request) -> Answer:
    query = request.query
    token = query.get("pageToken", "")
    after = base64.urlsafe_b64decode(token).decode() if token else ""
    limit = min(int(query.get("maxResults", PAGE)), PAGE)
    found = page(bucket, query.get("prefix", ""), query.get("delimiter", ""), after, limit)
    wanted = LISTED.search(query.get("fields", ""))
    only = wanted[1] if wanted else ""
    items = ", ".join(
        listed(request.base, name, key, bucket.objects[key], only) for key in found.keys
    )
    rest = {"kind": "storage#objects", "prefixes": found.prefixes}
    if found.truncated:
        rest["nextPageToken"] = base64.urlsafe_b64encode(found.last.encode()).decode()
    text = json.dumps({key: value for key, value in rest.items() if value})
    return answer_json("ListObjects", f'{text[:-1]}, "items": [{items}]}}')


# Objects


def on_object(store: Store, request: Request, path: str) -> Answer:
    source, _, action = path.replace("/copyTo/", "/rewriteTo/").partition("/rewriteTo/")
    name, key = address(source)
    bucket = store.bucket(name)
    stored = bucket.objects.get(key)
    if stored is None:
        return refusal("Missing", 404, f"No such object: {name}/{key}")
    if failed := condition(request, stored):
        return failed
    if action:
        return rewrite(store, request, stored, action)
    if request.method == "DELETE":
        bucket.remove(key)
        return Answer("DeleteObject", 204)
    if request.method in ("PATCH", "PUT"):
        stored.headers = {**stored.headers, **json.loads(request.body or b"{}")}
        stored.listing = None
        return answer_json("PatchObject", resource(request.base, name, key, stored))
    if request.query.get("alt") == "media":
        return read("GetMedia", request, stored)
    return answer_json("GetMetadata", resource(request.base, name, key, stored))


def address(path: str) -> tuple[str, str]:
    """The bucket and key of BUCKET/o/KEY."""
    name, _, key = path.strip("/").partition("/o/")
    plain = Request("GET", f"/{name}/{key}", {}, [], "").names(2)
    return plain[0], plain[1]


def condition(request: Request, stored: Stored | None) -> Answer | None:
    """What is answered where the preconditions on the generation do not hold."""
    there = stored.serial if stored else 0
    query = request.query
    if int(query.get("ifGenerationMatch", there)) != there:
        return refusal("ConditionNotMet", 412, "At least one of the pre-conditions did not hold")
    if int(query.get("generation", there)) != there:
        return refusal("Missing", 404, "No such generation")
    if "ifGenerationNotMatch" in query and int(query["ifGenerationNotMatch"]) == there:
        return Answer("NotModified", 304)
    return None


def read(op: str, request: Request, stored: Stored) -> Answer:
    kept = stored.headers
    digests = f"crc32c={checksum(stored)}"
    if stored.md5:
        digests += f",md5={base64.b64encode(stored.md5).decode()}"
    headers = {
        "content-type": kept.get("contentType", "application/octet-stream"),
        "date": date(stored.mtime),
        "vary": "Origin, X-Origin",
        "x-goog-generation": str(stored.serial),
        "x-goog-metageneration": "1",
        "x-goog-stored-content-encoding": kept.get("contentEncoding", "identity"),
        "x-goog-stored-content-length": str(stored.size),
        "x-goog-hash": digests,
        "x-goog-storage-class": "STANDARD",
        "cache-control": kept.get("cacheControl", "no-cache, no-store, max-age=0"),
        "last-modified": date(stored.mtime),
        "etag": str(stored.serial),
        "accept-ranges": "bytes",
    }
    if "contentEncoding" in kept:
        headers["content-encoding"] = kept["contentEncoding"]
    answer = content(op, stored, request.headers.get("range", ""), headers)
    return answer or refusal(op, 416, "The requested range cannot be satisfied")


def rewrite(store: Store, request: Request, stored: Stored, target: str) -> Answer:
    name, key = address(target.removeprefix("b/"))
    if failed := condition(request, store.bucket(name).objects.get(key)):
        return failed
    changes = json.loads(request.body or b"{}")
    twin = stored.copy({**stored.headers, **changes})
    store.bucket(name).put(key, twin)
    if "/copyTo/" in request.path:
        return answer_json("Copy", resource(request.base, name, key, twin))
    done = {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(twin.size),
        "objectSize": str(twin.size),
        "done": True,
        "resource": resource(request.base, name, key, twin),
    }
    return answer_json("Rewrite", done)


# Uploads


def upload(store: Store, request: Request) -> Answer:
    """Ask the kind of upload for what to store; a name that is taken may be refused."""
    found = gcs_uploads.receive(store, request)
    if isinstance(found, Answer):
        return found
    bucket = store.bucket(found.bucket)
    if failed := condition(found.request, bucket.objects.get(found.key)):
        return failed
    bucket.put(found.key, found.stored)
    return answer_json(found.op, resource(request.base, found.bucket, found.key, found.stored))


DIALECT = Dialect(
    handle,
    headers="server: UploadServer\r\nx-guploader-uploadid: benchmark\r\n",
    prepare=lambda stored: stored.crc32c,
)
