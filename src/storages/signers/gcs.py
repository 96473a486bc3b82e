"""Links to objects on Google Cloud Storage: V4 signatures, byte for byte as Google's SDK.

https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

ALGORITHM = "GOOG4-RSA-SHA256"

LONGEST = 7 * 24 * 3600
"""Seconds that a V4 signature can be valid."""

_is_plain = re.compile(r"[A-Za-z0-9._~/-]+").fullmatch


class Signer(Protocol):
    """What signs in the name of a service account."""

    email: str

    def sign(self, message: bytes) -> bytes: ...


class Target(NamedTuple):
    """Where a link leads: what comes before the path in it, and what comes before the key."""

    endpoint: str
    prefix: str = "/"

    def url(self, key: str) -> str:
        """The link, not signed."""
        return f"{self.endpoint}{self.prefix}{quote_key(key)}"


def quote_key(key: str) -> str:
    """`key` as Google's SDK writes it in the path of a URL."""
    return key if _is_plain(key) else quote(key, safe="/~")


def seconds_left(expiration: timedelta | datetime | int, now: float | None = None) -> int:
    """How long a link is valid from `now` (seconds since the epoch) on; a naive time is in UTC.

    TypeError for another kind of value, ValueError for more than seven days.
    """
    if isinstance(expiration, bool) or not isinstance(expiration, timedelta | datetime | int):
        raise TypeError(
            f"An expiration is a timedelta, a datetime or whole seconds, not {expiration!r}."
        )
    if isinstance(expiration, datetime):
        aware = expiration if expiration.tzinfo else expiration.replace(tzinfo=UTC)
        start = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
        expiration = aware - start
    if isinstance(expiration, timedelta):
        expiration = int(expiration.total_seconds())
    if expiration > LONGEST:
        raise ValueError(
            f"Google Cloud Storage takes no signature that is valid for more than 7 days "
            f"({LONGEST} seconds); this one would be for {expiration} seconds."
        )
    return expiration


def sign_url(
    signer: Signer,
    target: Target,
    key: str,
    seconds: int,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    now: float | None = None,
) -> str:
    """A URL that lets anyone send `method` to `key` for `seconds` from `now` (since the epoch).

    The method RESUMABLE is a POST that begins a resumable upload. `headers` must be sent along.
    """
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{date[:8]}/auto/storage/goog4_request"
    signed = dict(headers or {})
    if not any(name.lower() == "host" for name in signed):
        signed["Host"] = urlsplit(target.endpoint).netloc
    if method.upper() == "RESUMABLE":
        method, signed["x-goog-resumable"] = "POST", "start"
    lines = _canonical(signed)
    asked = {name: value or "" for name, value in (query or {}).items()}
    asked |= {
        "X-Goog-Algorithm": ALGORITHM,
        "X-Goog-Credential": f"{signer.email}/{scope}",
        "X-Goog-Date": date,
        "X-Goog-Expires": seconds,
        "X-Goog-SignedHeaders": ";".join(lines),
    }
    path, asking = f"{target.prefix}{quote_key(key)}", encode_query(asked)
    digest = _digest(method.upper(), path, asking, lines)
    signature = signer.sign(f"{ALGORITHM}\n{date}\n{scope}\n{digest}".encode("ascii")).hex()
    return f"{target.endpoint}{path}?{asking}&X-Goog-Signature={signature}"


def _digest(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    """The hash of a canonical request."""
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    payload = headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    request = f"{method}\n{path}\n{query}\n{lines}\n{';'.join(headers)}\n{payload}"
    return hashlib.sha256(request.encode("ascii")).hexdigest()


def encode_query(query: Mapping[str, Any]) -> str:
    """`query` as it is signed: quoted, and sorted as it is written."""
    return "&".join(sorted(f"{_quote(name)}={_quote(value)}" for name, value in query.items()))


def _quote(value: Any) -> str:
    return quote(value if isinstance(value, bytes) else str(value), safe="~")


def _canonical(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` by lower-case name, sorted, without surplus spaces; those of one name joined."""
    found: dict[str, list[str]] = {}
    for name, value in headers.items():
        found.setdefault(name.lower().strip(), []).append(" ".join(value.split()))
    return {name: ",".join(found[name]) for name in sorted(found)}


class KeySigner:
    """Signs by the private key in the credentials of a service account."""

    __slots__ = ("_credentials", "email", "sign")

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        self.email: str = credentials.signer_email
        self.sign: Callable[[bytes], bytes] = credentials.sign_bytes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.email}>"


class Tokens:
    """The access token of some credentials, renewed before it expires, by one thread for all."""

    __slots__ = ("_lock", "_refresh", "credentials")

    def __init__(self, credentials: Any, refresh: Callable[[Any], None]) -> None:
        self.credentials = credentials
        self._refresh = refresh
        self._lock = threading.Lock()

    def current(self) -> str:
        """A token that is valid for some minutes more."""
        if not self.credentials.valid:
            self.renew(self.credentials.token)
        return str(self.credentials.token)

    def renew(self, old: str | None) -> None:
        """Have another token than `old`, unless another thread had it meanwhile."""
        with self._lock:
            if self.credentials.token == old or not self.credentials.valid:
                self._refresh(self.credentials)


class Bearer:
    """Puts the current token in a request; no frame of a traceback has it among its variables."""

    __slots__ = ("_token", "_tokens")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._token: str | None = None

    def __call__(self, request: Any) -> Any:
        self._token = self._tokens.current()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> None:
        """Have another token than the one that was sent."""
        self._tokens.renew(self._token)


class Asks(Protocol):
    """Has IAM sign, and returns what it said; None for a token not taken, if it is not `last`."""

    def __call__(
        self, url: str, email: str, body: str, bearer: Bearer, *, last: bool
    ) -> Mapping[str, Any] | None: ...


class IamSigner:
    """Signs by the IAM Credentials API, which holds the key of the service account.

    https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
    """

    __slots__ = ("_ask", "_more", "_tokens", "_url", "email")

    def __init__(
        self, tokens: Tokens, email: str, endpoint: str, ask: Asks, delegates: Any = None
    ) -> None:
        self._tokens, self.email, self._ask = tokens, email, ask
        self._more = {"delegates": list(delegates)} if delegates else {}
        account = quote(email, safe="@")
        self._url = f"{endpoint.rstrip('/')}/v1/projects/-/serviceAccounts/{account}:signBlob"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.email}>"

    def sign(self, message: bytes) -> bytes:
        body = json.dumps({"payload": base64.b64encode(message).decode(), **self._more})
        self._tokens.current()  # its errors are not those of IAM
        bearer = Bearer(self._tokens)
        said = self._ask(self._url, self.email, body, bearer, last=False)
        if said is None:  # the token was taken back before its time
            bearer.renew()
            said = self._ask(self._url, self.email, body, bearer, last=True) or {}
        return base64.b64decode(said["signedBlob"])
