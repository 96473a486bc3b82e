"""What Azurite does not know of Azure's tokens, done before it.

Azurite takes any token that looks like one, answers those that ended with 403, and knows the
signatures of user delegation keys only as they were until 2025. Here a token is checked, keys are
made, and a URL that was signed by one is signed anew with the account's key, for Azurite.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import secrets
import ssl
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from .wire import HOST, Answer, Call

AUDIENCE = "https://storage.azure.com"
TENANT = "6f1a6d0e-3c55-4b0c-9a3e-0d5c5d1f2a77"
OBJECT = "0b6c2f0a-52b8-4f7e-8f5e-3f4f7a6f9d11"  # who asks
ISSUER = f"https://sts.windows.net/{TENANT}/"
LONGEST = timedelta(days=7)  # of a user delegation key
KEY_FIELDS = ("skoid", "sktid", "skt", "ske", "sks", "skv")
FIELDS = ("sig", "sv", "sp", "se", "sr")
DELEGATES = ("saoid", "suoid", "scid")
DELEGATED_SINCE, DELEGATED = "2025-07-05", ("skdutid", "sduoid")
REQUEST_SINCE, REQUEST = "2026-04-06", ("srh", "srq")
OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
OF_THE_HOP = ("connection", "keep-alive", "transfer-encoding")


class Denied(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Directory:
    """Gives out tokens and user delegation keys, and knows its own again."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, lifetime: float, secret: bytes | None = None) -> str:
        now = int(time.time())
        times = {"iat": now - 60, "nbf": now - 60, "exp": int(now + lifetime)}
        claims = {"aud": AUDIENCE, "iss": ISSUER, "oid": OBJECT, "tid": TENANT, **times}
        text = ".".join(_encode(json.dumps(part)) for part in ({"alg": "HS256"}, claims))
        return f"{text}.{_mac(secret or self._secret, text)}"

    def check(self, authorization: str) -> None:
        text, _, mac = authorization.partition(" ")[2].rpartition(".")
        if not hmac.compare_digest(mac, _mac(self._secret, text)):
            raise Denied(401, "InvalidAuthenticationInfo", "Signature validation failed.")
        if json.loads(_decode(text.split(".")[1]))["exp"] <= time.time():
            raise Denied(401, "InvalidAuthenticationInfo", "Lifetime validation failed.")

    def key(self, values: Mapping[str, str]) -> str:
        """The user delegation key of these values, in base 64."""
        text = "\n".join(values[name] for name in KEY_FIELDS)
        return base64.b64encode(hmac.digest(self._secret, text.encode(), "sha256")).decode()


class Front:
    """Answers every call, mostly by what Azurite says."""

    def __init__(self, account: str, account_key: str, upstream: int, ca_file: str) -> None:
        self.calls: list[str] = []
        self.directory = Directory()
        self._account, self._key, self._upstream = account, account_key, upstream
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._idle: queue.LifoQueue[http.client.HTTPSConnection] = queue.LifoQueue()

    def handle(self, call: Call) -> Answer:
        self.calls.append(f"{call.method} {call.target}")
        try:
            authorization = call.headers.get("authorization", "")
            if authorization.startswith("Bearer "):
                self.directory.check(authorization)
                if call.query.get("comp") == "userdelegationkey":
                    return self._delegate(call)
            elif "skoid" in call.query:
                call = self._signed_anew(call)
            elif call.query.get("comp") == "userdelegationkey":
                raise Denied(403, "AuthenticationFailed", "Only a token gets such a key.")
        except Denied as denied:
            return _denied(denied)
        return self._forward(call)

    def close(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _delegate(self, call: Call) -> Answer:
        asked = ElementTree.fromstring(call.body)
        start, expiry = asked.findtext("Start") or "", asked.findtext("Expiry") or ""
        now = datetime.now(UTC)
        if not _time(start or now.isoformat()) < _time(expiry) <= now + LONGEST:
            raise Denied(400, "InvalidXmlNodeValue", "The value of Expiry is out of range.")
        version = call.headers["x-ms-version"]
        values = dict(zip(KEY_FIELDS, (OBJECT, TENANT, start, expiry, "b", version), strict=True))
        said = {
            "SignedOid": OBJECT,
            "SignedTid": TENANT,
            "SignedStart": start,
            "SignedExpiry": expiry,
            "SignedService": "b",
            "SignedVersion": version,
            "Value": self.directory.key(values),
        }
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in said.items())
        return _xml(200, f"<UserDelegationKey>{inner}</UserDelegationKey>")

    def _signed_anew(self, call: Call) -> Call:
        """Check the signature by a user delegation key, and replace it by the account key's."""
        query = call.query
        absent = [
            name for name in (*KEY_FIELDS, "sig", "sv", "sp", "se", "sr") if name not in query
        ]
        if absent:
            raise Denied(403, "AuthenticationFailed", f"The URL lacks {', '.join(absent)}.")
        key = self.directory.key(query)
        wanted = _sign(key, [*self._what(call, query), *_of_key(query), *_tail(query, key=True)])
        if not hmac.compare_digest(wanted, query["sig"]):
            raise Denied(403, "AuthenticationFailed", "Signature did not match.")
        if not _time(query["skt"]) <= datetime.now(UTC) <= _time(query["ske"]):
            raise Denied(403, "AuthenticationFailed", "The key of the signature has ended.")
        dropped = {*KEY_FIELDS, *DELEGATES, *DELEGATED, *REQUEST, "sig"}
        kept = {name: value for name, value in query.items() if name not in dropped}
        fields = [*self._what(call, kept), "", *_tail(kept, key=False)]
        kept["sig"] = _sign(self._key, fields)
        text = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
        return Call(call.method, f"{call.path}?{text}", call.headers, call.body)

    def _what(self, call: Call, query: Mapping[str, str]) -> Iterator[str]:
        """The first fields of what is signed, up to the resource."""
        path = unquote(call.path)
        if not call.headers["host"].startswith(f"{self._account}."):
            path = path.removeprefix(f"/{self._account}")
        if query["sr"] == "c":
            path = "/" + path.split("/")[1]
        yield from (query.get(name, "") for name in ("sp", "st", "se"))
        yield f"/blob/{self._account}{path}"

    def _forward(self, call: Call) -> Answer:
        connection = self._connection()
        try:
            answer = _ask(connection, call)
        except (http.client.HTTPException, OSError):  # it was idle for too long
            connection.close()
            connection = http.client.HTTPSConnection(HOST, self._upstream, context=self._tls)
            with contextlib.ExitStack() as failing:
                failing.callback(connection.close)
                answer = _ask(connection, call)
                failing.pop_all()
        self._idle.put(connection)
        return answer

    def _connection(self) -> http.client.HTTPSConnection:
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        return http.client.HTTPSConnection(HOST, self._upstream, context=self._tls)


def _ask(connection: http.client.HTTPSConnection, call: Call) -> Answer:
    connection.putrequest(call.method, call.target, skip_host=True, skip_accept_encoding=True)
    for name, value in call.headers.items():
        if name not in (*OF_THE_HOP, "expect", "content-length"):
            connection.putheader(name, value)
    connection.putheader("content-length", str(len(call.body)))
    connection.endheaders(call.body or None)
    with connection.getresponse() as answer:
        body = answer.read()
        headers = {k: v for k, v in answer.getheaders() if k.lower() not in OF_THE_HOP}
        return Answer(answer.status, body, headers)


def _of_key(query: Mapping[str, str]) -> Iterator[str]:
    names = [*KEY_FIELDS, *DELEGATES]
    if query["sv"] >= DELEGATED_SINCE:
        names += DELEGATED
    yield from (query.get(name, "") for name in names)


def _tail(query: Mapping[str, str], *, key: bool) -> Iterator[str]:
    """The last fields of what is signed; what the request has to hold is said for a key only."""
    names = ["sip", "spr", "sv", "sr", "snapshot", "ses"]
    if key and query["sv"] >= REQUEST_SINCE:
        names += REQUEST
    yield from (query.get(name, "") for name in (*names, *OVERRIDES))


def _sign(key: str, fields: list[str]) -> str:
    digest = hmac.digest(base64.b64decode(key), "\n".join(fields).encode(), "sha256")
    return base64.b64encode(digest).decode()


def _denied(denied: Denied) -> Answer:
    said = f"<Code>{denied.code}</Code><Message>{escape(denied.message)}</Message>"
    answer = _xml(denied.status, f"<Error>{said}</Error>")
    answer.headers["x-ms-error-code"] = denied.code
    if denied.status == 401:
        place = f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize"
        challenge = f"Bearer authorization_uri={place} resource_id={AUDIENCE}"
        answer.headers["WWW-Authenticate"] = challenge
    return answer


def _xml(status: int, text: str) -> Answer:
    content = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
    return Answer(status, content, {"Content-Type": "application/xml"})


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Denied(400, "InvalidXmlNodeValue", f"{text!r} is no time.") from None


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(secret: bytes, text: str) -> str:
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
