"""The fake of Google Cloud Storage as it is called: the JSON API, batches, the XML API of objects.

https://cloud.google.com/storage/docs/json_api/v1
https://cloud.google.com/storage/docs/batch
"""

import http
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from .gcs_faults import Faults
from .gcs_fields import select
from .gcs_media import media
from .gcs_signing import ServiceAccount, Unsigned
from .gcs_store import UNIFORM, Bucket, Fields, Refused, Store, Stored
from .gcs_uploads import Uploads, headers_of, split
from .gcs_xml import XmlApi
from .wire import Answer, Call

BATCH = 100  # calls
BATCH_SIZE = 10_000_000  # bytes


class Gcs:
    """Answers every call. Nobody has to say who he is, but a token that is sent is checked."""

    def __init__(self, account: ServiceAccount) -> None:
        self.store = Store()
        self.uploads = Uploads(self.store)
        self.faults = Faults()
        self._account = account
        self._xml = XmlApi(self.store, account)

    def handle(self, call: Call) -> Answer:
        if call.path.startswith("/_control/"):
            return self._control(call)
        fault = self.faults.of(call)
        keep = fault.keep if fault else None
        if fault and keep is None:
            return error(Refused(fault.status, "Try again.", "backendError"))
        answer = self._answer(call, keep)
        if fault and fault.status != 308:
            return error(Refused(fault.status, "Try again.", "backendError"))
        return answer

    def _answer(self, call: Call, keep: int | None = None) -> Answer:
        if not call.complete and "upload_id" not in call.query:
            return Answer(400)  # nobody is left to read it
        try:
            if (bucket := self._xml.bucket_of(call)) is not None:
                return self._xml.answer(call, bucket)
            if "authorization" in call.headers and call.path != "/token":
                self._account.check_token(call.headers["authorization"])
            return self._json(call, keep)
        except Unsigned as refused:
            return error(Refused(refused.status, refused.message, refused.code))
        except Refused as refused:
            return error(refused)

    def _json(self, call: Call, keep: int | None) -> Answer:
        match call.parts:
            case ["upload", "storage", "v1", "b", bucket, "o"]:
                return self._upload(bucket, call, keep)
            case ["download", "storage", "v1", "b", bucket, "o", name] if _reads(call):
                return media(self.store.find(bucket, name, call.query), call)
            case ["storage", "v1", "b", *rest]:
                return self._resource(rest, call)
            case ["batch", "storage", "v1"] if call.method == "POST":
                return self._batch(call)
            case ["token"] if call.method == "POST":
                form = Call("GET", "/?" + call.body.decode())
                return Answer(body=self._account.grant(form.query.get("assertion", "")))
        raise Refused(404, "Not Found", "notFound")

    def _upload(self, bucket: str, call: Call, keep: int | None) -> Answer:
        query = call.query
        done: Stored | Answer
        if "upload_id" in query:
            done = self.uploads.go_on(call, keep)
        elif query.get("uploadType") == "resumable":
            done = self.uploads.begin(bucket, call)
        elif query.get("uploadType") == "multipart":
            done = self.uploads.multipart(bucket, call)
        else:
            done = self.uploads.media(bucket, call)
        return done if isinstance(done, Answer) else self._show(call, done)

    def _resource(self, rest: list[str], call: Call) -> Answer:
        match rest:
            case [] | [_] | [_, "iam"]:
                return self._bucket(rest, call)
            case [bucket, "o"] if _reads(call):
                query = call.query
                page = self.store.list(bucket, query)
                if "items" in page:
                    page["items"] = [_linked(item, call, query) for item in page["items"]]
                return Answer(body=select(page, query.get("fields")))
            case [bucket, "o", name]:
                return self._object(bucket, name, call)
            case [bucket, "o", name, "acl"] if _reads(call):
                if self.store.bucket(bucket).uniform:
                    raise Refused(400, UNIFORM.format("Cannot get legacy ACL for an object"))
                return Answer(body={"items": self.store.find(bucket, name).fields["acl"]})
            case [bucket, "o", name, "compose"] if call.method == "POST":
                return self._show(call, self.store.compose(bucket, name, call.json(), call.query))
            case [bucket, "o", name, ("copyTo" | "rewriteTo") as verb, "b", target, "o", new]:
                return self._copy(call, verb, (bucket, name), (target, new))
        raise Refused(404, "Not Found", "notFound")

    def _object(self, bucket: str, name: str, call: Call) -> Answer:
        query = call.query
        match call.method:
            case "GET" | "HEAD":
                found = self.store.find(bucket, name, query)
                return (
                    media(found, call) if query.get("alt") == "media" else self._show(call, found)
                )
            case "PATCH" | "PUT":
                return self._show(call, self.store.patch(bucket, name, call.json(), query))
            case "DELETE":
                self.store.delete(bucket, name, query)
                return Answer(204)
        raise Refused(405, "Method not allowed.", "methodNotAllowed")

    def _copy(
        self, call: Call, verb: str, source: tuple[str, str], target: tuple[str, str]
    ) -> Answer:
        """Its body, if it says anything of the object, replaces all that the source says."""
        query, body = call.query, call.json()
        with self.store.lock:
            found = self.store.find(*source, query, "ifSource")
            self.store.may_write(*target, query)
            if verb == "rewriteTo" and (waiting := self.faults.rewrite(call, found, target)):
                return Answer(body=waiting)
            fields = {key: body[key] for key in body if key not in ("name", "bucket", "kind")}
            made = self.store.write(*target, found.data, fields or found.editable, query)
            if "md5Hash" not in found.fields:
                made.fields.pop("md5Hash")
        if verb == "copyTo":
            return self._show(call, made)
        size = made.fields["size"]
        done = {"kind": "storage#rewriteResponse", "done": True, "objectSize": size}
        done |= {"totalBytesRewritten": size, "resource": _linked(made.fields, call, query)}
        return Answer(body=select(done, query.get("fields")))

    def _bucket(self, rest: list[str], call: Call) -> Answer:
        store = self.store
        match call.method, rest:
            case "POST", []:
                fields = call.json()
                with store.lock:
                    if fields["name"] in store.buckets:
                        raise Refused(
                            409, "Your previous request to create it succeeded.", "conflict"
                        )
                    access = fields.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
                    made = Bucket(fields["name"], access.get("enabled", False))
                    store.buckets[made.name] = made
                return Answer(body=_shown(made))
            case "GET", []:
                items = [_shown(bucket) for bucket in store.buckets.values()]
                return Answer(body={"kind": "storage#buckets", "items": items})
            case "GET", [name]:
                return Answer(body=_shown(store.bucket(name)))
            case "DELETE", [name]:
                if store.bucket(name).objects:
                    raise Refused(409, "The bucket you tried to delete is not empty.", "conflict")
                del store.buckets[name]
                self.uploads.forget(name)
                return Answer(204)
            case (("GET" | "PUT"), [name, _]):
                bucket = store.bucket(name)
                bucket.policy = call.json() if call.method == "PUT" else bucket.policy
                return Answer(body={"kind": "storage#policy", "version": 1, **bucket.policy})
        raise Refused(405, "Method not allowed.", "methodNotAllowed")

    def _show(self, call: Call, found: Stored) -> Answer:
        query = call.query
        return Answer(body=select(_linked(found.fields, call, query), query.get("fields")))

    def _batch(self, call: Call) -> Answer:
        calls = list(split(call))
        if len(calls) > BATCH:
            raise Refused(400, f"The batch has {len(calls)} calls, the limit is {BATCH}.")
        if len(call.body) > BATCH_SIZE:
            raise Refused(413, "The batch is too large.")
        boundary = "batch_of_answers"
        parts = [self._part(call, headers, body) for headers, body in calls]
        lines = [f"--{boundary}\r\n{part}\r\n" for part in parts]
        content = "".join([*lines, f"--{boundary}--\r\n"]).encode()
        return Answer(200, content, {"Content-Type": f"multipart/mixed; boundary={boundary}"})

    def _part(self, outer: Call, part: Mapping[str, str], raw: bytes) -> str:
        """The headers of the outer request hold for every call, but for those of its content."""
        head, _, body = raw.lstrip().partition(b"\r\n\r\n")
        if not body and b"\n\n" in head:
            head, _, body = head.partition(b"\n\n")
        line, _, rest = head.partition(b"\n")
        method, url, *_ = line.decode().split()
        inherited = {k: v for k, v in outer.headers.items() if not k.startswith("content-")}
        target = urlsplit(url)._replace(scheme="", netloc="").geturl()
        call = Call(method, target, inherited | headers_of(rest), body.strip())
        if not call.path.startswith("/storage/") or call.query.get("alt") == "media":
            answer = error(Refused(400, "Uploads and downloads are not to be batched."))
        else:
            answer = self._answer(call)
        content = bytes(answer.content()).decode()
        sent = {**answer.headers, "Content-Length": str(len(content.encode()))}
        headers = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        of = (
            f"Content-ID: <response-{part['content-id'].strip('<>')}>\r\n"
            if "content-id" in part
            else ""
        )
        return (
            f"Content-Type: application/http\r\n{of}\r\n"
            f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}\r\n"
            f"{headers}\r\n{content}"
        )

    def _control(self, call: Call) -> Answer:
        """What a test asks of the server itself."""
        wanted = call.json()
        match call.parts[1]:
            case "fail":
                self.faults.add(wanted)
            case "rewrite":
                self.faults.bytes_per_rewrite = wanted["bytes"]
            case "unfinished":
                return Answer(body={"names": self.uploads.unfinished(wanted["bucket"])})
        return Answer(body={})


def error(refused: Refused) -> Answer:
    if refused.status in (304, 499):
        return Answer(refused.status)
    said = {"message": refused.message, "domain": "global", "reason": refused.reason}
    body: dict[str, Any] = {"code": refused.status, "message": refused.message, "errors": [said]}
    return Answer(refused.status, {"error": body})


def _linked(fields: Fields, call: Call, query: Mapping[str, str]) -> Fields:
    path = f"b/{fields['bucket']}/o/{quote(fields['name'], safe='')}"
    host = f"http://{call.headers['host']}"
    found = {
        **fields,
        "selfLink": f"{host}/storage/v1/{path}",
        "mediaLink": f"{host}/download/storage/v1/{path}"
        f"?generation={fields['generation']}&alt=media",
    }
    if query.get("projection", "noAcl") != "full":
        found.pop("acl", None)
    return found


def _shown(bucket: Bucket) -> Fields:
    access = {"uniformBucketLevelAccess": {"enabled": bucket.uniform}}
    known = {"kind": "storage#bucket", "id": bucket.name, "name": bucket.name, "location": "US"}
    return known | {"storageClass": "STANDARD", "iamConfiguration": access}


def _reads(call: Call) -> bool:
    return call.method in ("GET", "HEAD")
