"""Signature Version 2 in the query string: what boto3 still signs links with unless told.

That is the case without a `signature_version` in every region that ever knew it, with an
endpoint of one's own too. https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from .sigv4 import Credentials, encode_query, quote_key


class SigV2Presigner:
    """Signs links to the objects of one bucket. It holds no credentials; threads may share it.

    `endpoint` is all of a URL that comes before the slash and the key. The signature covers the
    bucket and the key, but not the host.
    """

    __slots__ = ("_resource", "endpoint")

    def __init__(self, endpoint: str, *, bucket: str) -> None:
        self.endpoint = endpoint
        self._resource = "/" + quote(bucket, safe="-_.~")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}>"

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

        `query` comes from `query_for`; `now` is in seconds since the epoch.
        """
        path = quote_key(key)
        until = int((time.time() if now is None else now) + expires)
        resource, extra = f"{self._resource}/{path}", ""
        if query:
            query = list(query)
            extra = encode_query(query) + "&"
            resource += "?" + "&".join(map("=".join, sorted(query)))
        access_key, header, token = _quoted(credentials)
        mac = _keyed(credentials).copy()
        mac.update(f"{method.upper()}\n\n\n{until}\n{header}{resource}".encode())
        signature = base64.b64encode(mac.digest()).decode()
        signature = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        return (
            f"{self.endpoint}/{path}?{extra}AWSAccessKeyId={access_key}&Signature={signature}"
            f"{token}&Expires={until}"
        )


@lru_cache(maxsize=64)
def _keyed(credentials: Credentials) -> hmac.HMAC:
    """The keyed hash of the secret, ready to be copied."""
    return hmac.new(credentials.secret_key.encode(), digestmod=hashlib.sha1)


@lru_cache(maxsize=64)
def _quoted(credentials: Credentials) -> tuple[str, str, str]:
    """The access key for the URL, and the session token as it is signed and for the URL."""
    access_key = quote(credentials.access_key, safe="-_.~")
    if not credentials.token:
        return access_key, "", ""
    token = credentials.token
    header = f"x-amz-security-token:{token.strip()}\n"
    return access_key, header, f"&x-amz-security-token={quote(token, safe='-_.~')}"
