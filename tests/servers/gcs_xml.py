"""The XML API of the fake of Google Cloud Storage: an object at a URL, public or signed.

https://cloud.google.com/storage/docs/xml-api/reference-headers
"""

from collections.abc import Mapping
from urllib.parse import unquote
from xml.sax.saxutils import escape

from .gcs_media import media
from .gcs_signing import ServiceAccount, Unsigned
from .gcs_store import Fields, Refused, Store
from .wire import Answer, Call

APIS = ("storage", "upload", "download", "batch", "token")
CODES = {304: "NotModified", 400: "InvalidArgument", 404: "NoSuchKey", 412: "PreconditionFailed"}
CONDITION = "x-goog-if-"
CONDITIONS = {
    f"{CONDITION}generation-match": "ifGenerationMatch",
    f"{CONDITION}metageneration-match": "ifMetagenerationMatch",
}
FIELDS = {
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
    "content-type": "contentType",
}
ACLS = {"public-read": "publicRead", "authenticated-read": "authenticatedRead"}
METADATA = "x-goog-meta-"
INSTEAD = {
    "response-content-disposition": "Content-Disposition",
    "response-content-type": "Content-Type",
}


class XmlApi:
    def __init__(self, store: Store, account: ServiceAccount) -> None:
        self._store = store
        self._account = account

    def bucket_of(self, call: Call) -> str | None:
        """The bucket of a URL, by its host or else its path; None of a call to the JSON API."""
        host = call.headers.get("host", "").partition(":")[0]
        for name in (host, host.partition(".")[0]):
            if name in self._store.buckets:
                return name
        first = call.parts[0]
        return None if first in APIS else first

    def answer(self, call: Call, bucket: str) -> Answer:
        try:
            return self._serve(call, bucket, _name(call, bucket))
        except Unsigned as refused:
            return _error(refused.status, refused.code, refused.message)
        except Refused as refused:
            code = CODES.get(refused.status, "InvalidRequest")
            return _error(refused.status, code, refused.message)

    def _serve(self, call: Call, bucket: str, name: str) -> Answer:
        query = call.query
        signed = any(key.startswith("X-Goog-") for key in query)
        if signed:
            self._account.check_url(call)
        elif not (call.method in ("GET", "HEAD") and self._public(bucket, name)):
            raise Unsigned(403, "AccessDenied", "Access denied.")
        conditions = {
            CONDITIONS[key]: call.headers[key] for key in CONDITIONS if key in call.headers
        }
        if "generation" in query:
            conditions["generation"] = query["generation"]
        match call.method:
            case "GET" | "HEAD":
                found = self._store.find(bucket, name, conditions)
                return media(found, call, xml=True, instead=_instead(query) if signed else {})
            case "PUT":
                return self._put(call, bucket, name, conditions)
            case "DELETE":
                self._store.delete(bucket, name, conditions)
                return Answer(204)
        raise Unsigned(405, "MethodNotAllowed", "The method is not allowed.")

    def _put(self, call: Call, bucket: str, name: str, conditions: dict[str, str]) -> Answer:
        if acl := ACLS.get(call.headers.get("x-goog-acl", "")):
            conditions["predefinedAcl"] = acl
        fields: Fields = {
            key: call.headers[header] for header, key in FIELDS.items() if header in call.headers
        }
        fields["metadata"] = {
            key.removeprefix(METADATA): value
            for key, value in call.headers.items()
            if key.startswith(METADATA)
        } or None
        made = self._store.write(bucket, name, call.body, fields, conditions)
        headers = {
            "ETag": f'"{made.fields["etag"]}"',
            "X-Goog-Generation": made.fields["generation"],
        }
        return Answer(200, headers=headers)

    def _public(self, bucket: str, name: str) -> bool:
        box = self._store.bucket(bucket)
        return box.public or (name in box.objects and box.objects[name].public)


def _name(call: Call, bucket: str) -> str:
    """The path, without the bucket unless that is in the host."""
    host = call.headers.get("host", "").partition(":")[0]
    path = unquote(call.path[1:])
    return path if bucket in (host, host.partition(".")[0]) else path.partition("/")[2]


def _instead(query: Mapping[str, str]) -> dict[str, str]:
    return {INSTEAD[key]: query[key] for key in INSTEAD if key in query}


def _error(status: int, code: str, message: str) -> Answer:
    said = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error>{said}</Error>"
    return Answer(status, text.encode(), {"Content-Type": "application/xml; charset=UTF-8"})
