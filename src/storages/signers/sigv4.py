"""Signature Version 4 in the query string: links to S3 objects, byte for byte as botocore's.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
DEFAULT_PORTS = {"http": 80, "https": 443}

PARAMETERS = {
    "ResponseCacheControl": "response-cache-control",
    "ResponseContentDisposition": "response-content-disposition",
    "ResponseContentEncoding": "response-content-encoding",
    "ResponseContentLanguage": "response-content-language",
    "ResponseContentType": "response-content-type",
    "VersionId": "versionId",
}
"""boto3's name of each GetObject parameter that the presigners sign, and its name in a URL."""

_is_plain = re.compile(r"[A-Za-z0-9._~/-]+").fullmatch


class Credentials(NamedTuple):
    """A key pair, with a session token where it is temporary; what prints it shows no secret."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"<credentials {self.access_key}>"


def quote_key(key: str) -> str:
    """`key` as botocore writes it in the path of a URL; ValueError if it is empty."""
    if _is_plain(key):
        return key
    if not key:
        raise ValueError("an object key cannot be empty")
    return quote(key, safe="/~")


def query_for(parameters: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """The `query` of `sign()` for boto3's `parameters`; None if only botocore can serialize one."""
    query = []
    for name, value in parameters.items():
        if name not in PARAMETERS or not isinstance(value, str):
            return None
        query.append((PARAMETERS[name], value))
    return query


def encode_query(query: Iterable[tuple[str, str]]) -> str:
    """`query` in its order, percent-encoded as AWS wants it: a space is %20."""
    return "&".join(
        [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query]
    )


def host_header(endpoint: str) -> str:
    """The Host header that a client sends to `endpoint`: lower case, without a default port."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


class SigV4Presigner:
    """Signs links to the objects of one bucket. It holds no credentials; threads may share it.

    `endpoint` is all of a URL that comes before the slash and the key: with the bucket in the host
    or in the path.
    """

    __slots__ = ("_host", "_path", "_region", "_service", "endpoint")

    def __init__(self, endpoint: str, *, region: str, service: str = "s3") -> None:
        self.endpoint = endpoint
        self._host = host_header(endpoint)
        self._path = urlsplit(endpoint).path
        self._region = region
        self._service = service

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint} {self._region}>"

    def sign(
        self,
        key: str,
        credentials: Credentials,
        expires: int,
        *,
        method: str = "GET",
        query: Iterable[tuple[str, str]] = (),
        now: float | None = None,
    ) -> str:
        """A URL that lets anyone send `method` to `key` for `expires` seconds from `now`.

        `query` comes from `query_for`; `now` is in seconds since the epoch. AWS refuses more than
        7 days, other services may not, so no limit is checked here.
        """
        path = quote_key(key)
        second = int(time.time() if now is None else now)
        auth, canonical, mac = _moment(
            second, credentials, expires, self._region, self._service, self._host
        )
        if query:
            extra = encode_query(query)
            auth, canonical = f"{extra}&{auth}", _sort_into(canonical, extra)
        request = f"{method.upper()}\n{self._path}/{path}\n{canonical}"
        mac = mac.copy()
        mac.update(hashlib.sha256(request.encode()).hexdigest().encode())
        return f"{self.endpoint}/{path}?{auth}&X-Amz-Signature={mac.hexdigest()}"


# Every link of one second with the same credentials shares all but key and query, so a page of
# links pays for this once. Bounded, and keyed by the whole credentials, hence safe to rotate.
@lru_cache(maxsize=64)
def _moment(
    second: int, credentials: Credentials, expires: int, region: str, service: str, host: str
) -> tuple[str, str, hmac.HMAC]:
    """What to put into the URL, the canonical request from its query on, and the keyed hash."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    credential, token, key = _day(credentials, scope)
    auth = f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={date}"
    auth += f"&X-Amz-Expires={expires}"
    # In the URL the token is the last of them, in what is signed it has its place by name.
    query = f"{auth}&X-Amz-SignedHeaders=host{token}"
    canonical = f"{auth}{token}&X-Amz-SignedHeaders=host\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    mac = key.copy()
    mac.update(f"{ALGORITHM}\n{date}\n{scope}\n".encode())
    return query, canonical, mac


@lru_cache(maxsize=64)
def _day(credentials: Credentials, scope: str) -> tuple[str, str, hmac.HMAC]:
    """The credential and the token for the URL, and the signing key of that day, to be copied."""
    credential = quote(f"{credentials.access_key}/{scope}", safe="-_.~")
    token = ""
    if credentials.token is not None:
        token = f"&X-Amz-Security-Token={quote(credentials.token, safe='-_.~')}"
    return credential, token, signing_key(credentials, scope)


@lru_cache(maxsize=64)
def signing_key(credentials: Credentials, scope: str) -> hmac.HMAC:
    """The keyed hash of that day, region and service, to be copied."""
    key = b"AWS4" + credentials.secret_key.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, digestmod=hashlib.sha256)


def _sort_into(canonical: str, extra: str) -> str:
    """`canonical` with the pairs of `extra` in its query, sorted by encoded name, then value."""
    auth, _, rest = canonical.partition("\n")
    pairs = sorted(pair.split("=", 1) for pair in f"{auth}&{extra}".split("&"))
    return "&".join(map("=".join, pairs)) + "\n" + rest
