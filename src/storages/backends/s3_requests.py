"""Requests for single objects, written, signed and read as botocore does it, at little cost."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from botocore.awsrequest import AWSPreparedRequest
from botocore.response import StreamingBody

from storages.backends.s3_listing import PARSES
from storages.options import GivenOptions
from storages.signers import Credentials, SigV4Signer, is_usual_bucket, quote_key

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

MOST = 256 * 1024
"""Bytes of a body that goes out in one piece, within the time that the connection has for one."""

USUAL = {"user-agent", "amz-sdk-request", "x-amz-checksum-mode"}
"""Headers that botocore adds, and that are the same in all requests of a kind."""
OWN = {
    "authorization",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "amz-sdk-invocation-id",
    "content-length",
}
"""Headers that each request has its own of, whatever it asks for."""

META = "x-amz-meta-"

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^,]+/\d{8}/([^/,]+)/([^/,]+)/aws4_request, "
    r"SignedHeaders=([^,]+), Signature=\w+"
)

_is_plain = re.compile(r"[!-~]+(?: [!-~]+)*").fullmatch
"""Whether a text can stand as it is in a header, and in what is signed."""


class Wanted(NamedTuple):
    """What the parameters of a call ask for."""

    key: str
    headers: dict[str, str]
    body: bytes


def wanted(model: Any, params: Mapping[str, Any]) -> Wanted | None:
    """What `params` of an operation ask for; None if that is not said by plain headers alone."""
    bucket, key, body = params.get("Bucket"), params.get("Key"), params.get("Body", b"")
    if type(bucket) is not str or type(key) is not str or not key:
        return None
    if type(body) is not bytes or len(body) > MOST:
        return None
    names, headers = _header_names(model), GivenOptions()
    for name, value in params.items():
        if name in names:
            headers[names[name]] = value
        elif name == "Metadata" and type(value) is dict:
            headers.update({f"{META}{each}": text for each, text in value.items()})
            if len({each.lower() for each in headers}) < len(headers):
                return None  # of two headers with one name, botocore sends the last
        elif name == "CopySource" and _is_usual_source(value):
            source = f"{value['Bucket']}/{value['Key']}"
            headers["x-amz-copy-source"] = quote(source, safe="/-._~")
        elif name not in ("Bucket", "Key", "Body"):
            return None
    if all(type(each) is str and _is_plain(each) for pair in headers.items() for each in pair):
        return Wanted(key, headers, body)
    return None


def _is_usual_source(source: Any) -> bool:
    return (
        type(source) is dict
        and source.keys() == {"Bucket", "Key"}
        and type(source["Key"]) is str
        and is_usual_bucket(source["Bucket"])
    )


@lru_cache(maxsize=64)
def _header_names(model: Any) -> dict[str, str]:
    """The header of each of an operation's parameters that is a text in one."""
    return {
        name: shape.serialization["name"]
        for name, shape in model.input_shape.members.items()
        if shape.serialization.get("location") == "header"
        and shape.type_name == "string"
        and name != "CopySource"  # which botocore quotes
    }


class Moment(NamedTuple):
    """What makes two equal requests different."""

    date: str
    invocation: str
    credentials: Credentials


class Plan(NamedTuple):
    """How requests of one kind are written: all that their parameters do not say."""

    method: str
    endpoint: str
    """All of a URL that comes before the slash and the key."""
    signer: SigV4Signer
    signed: dict[str, str]
    unsigned: dict[str, str]
    signs_body: bool
    tells_length: bool
    is_streamed: bool

    def write(self, wanted: Wanted, moment: Moment) -> AWSPreparedRequest:
        """The request, signed and ready to be sent."""
        key = quote_key(wanted.key)
        digest = hashlib.sha256(wanted.body).hexdigest() if self.signs_body else UNSIGNED_PAYLOAD
        headers: Any = {**self.signed, **wanted.headers}
        headers["X-Amz-Date"] = moment.date
        headers["X-Amz-Content-SHA256"] = digest
        if moment.credentials.token is not None:
            headers["X-Amz-Security-Token"] = moment.credentials.token
        signature = self.signer.sign(self.method, key, headers, moment.credentials)
        headers.update(self.unsigned)
        headers["Authorization"] = signature
        headers["amz-sdk-invocation-id"] = moment.invocation
        if self.tells_length:
            headers["Content-Length"] = str(len(wanted.body))
        return AWSPreparedRequest(
            self.method, f"{self.endpoint}/{key}", headers, wanted.body or None, self.is_streamed
        )


def plan_like(request: Any, wanted: Wanted, credentials: Credentials) -> Plan | None:
    """The plan by which `wanted` becomes just botocore's own `request`; None if there is none."""
    found = _text_headers(request)
    scope = AUTHORIZATION.fullmatch(found.get("authorization", ""))
    endpoint = request.url.removesuffix("/" + quote_key(wanted.key))
    asked = {name.lower() for name in wanted.headers}
    added = {name: text for name, text in found.items() if name not in OWN | asked}
    if scope is None or endpoint == request.url or not added.keys() <= USUAL:
        return None
    signed = scope[3].split(";")
    plan = Plan(
        method=request.method,
        endpoint=endpoint,
        signer=SigV4Signer(endpoint, region=scope[1], service=scope[2]),
        signed={name: text for name, text in added.items() if name in signed},
        unsigned={name: text for name, text in added.items() if name not in signed},
        signs_body=found.get("x-amz-content-sha256") != UNSIGNED_PAYLOAD,
        tells_length="content-length" in found,
        is_streamed=request.stream_output,
    )
    moment = Moment(
        found.get("x-amz-date", ""), found.get("amz-sdk-invocation-id", ""), credentials
    )
    return plan if _is_same(plan.write(wanted, moment), request) else None


def _text_headers(request: Any) -> dict[str, str]:
    return {
        name.lower(): text if isinstance(text, str) else text.decode()
        for name, text in request.headers.items()
    }


def _is_same(ours: Any, theirs: Any) -> bool:
    body = theirs.body if isinstance(theirs.body, bytes | None) else theirs.body.read()
    return (
        ours.method == theirs.method
        and ours.url == theirs.url
        and (ours.body or b"") == (body or b"")
        and _text_headers(ours) == _text_headers(theirs)
    )


def read(model: Any, response: Any) -> dict[str, Any] | None:
    """What an answer says, as botocore puts it; None if that is no plain success.

    Of the answer to CopyObject the body is only checked.
    """
    headers = {name.lower(): text for name, text in response.headers.items()}
    members = _members(model)
    if response.status_code not in (200, 204, 206) or not _is_whole(model, response, headers):
        return None
    found: dict[str, Any] = {"ResponseMetadata": _about(response, headers)}
    for name in headers.keys() & members.keys():
        member, parse = members[name]
        if parse is None:
            return None
        found[member] = parse(headers[name])
    if "Metadata" in model.output_shape.members:
        found["Metadata"] = {
            name[len(META) :]: text
            for name, text in response.headers.items()
            if name.lower().startswith(META)
        }
    if model.has_streaming_output:
        length: Any = headers.get("content-length")  # as botocore has it, which is wise with it
        found["Body"] = StreamingBody(response.raw, length)
    return found


def _is_whole(model: Any, response: Any, headers: Mapping[str, str]) -> bool:
    """Whether the body needs no look of botocore's: an error, or a checksum to be compared."""
    if model.has_streaming_output:
        return not any(name.startswith("x-amz-checksum-") for name in headers)
    if model.name == "CopyObject":
        return bool(response.content.rstrip().endswith(b"</CopyObjectResult>"))
    return not response.content


def _about(response: Any, headers: dict[str, str]) -> dict[str, Any]:
    found = {"HTTPStatusCode": response.status_code, "HTTPHeaders": headers, "RetryAttempts": 0}
    if "x-amz-request-id" in headers:
        found["RequestId"] = headers["x-amz-request-id"]
        found["HostId"] = headers.get("x-amz-id-2", "")
    return found


@lru_cache(maxsize=64)
def _members(model: Any) -> dict[str, tuple[str, Callable[[str], Any] | None]]:
    """What the headers of an answer are, and how they are parsed; None if botocore must."""
    parses = {**PARSES, "boolean": "true".__eq__}
    return {
        shape.serialization["name"].lower(): (
            name,
            None if name == "Expires" else parses.get(shape.type_name),
        )
        for name, shape in model.output_shape.members.items()
        if shape.serialization.get("location") == "header"
    }
