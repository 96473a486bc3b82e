"""Signature Version 4 in the Authorization header, byte for byte as botocore's for S3.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from .sigv4 import ALGORITHM, Credentials, host_header, signing_key


class SigV4Signer:
    """Signs requests for the objects of one bucket. It holds no credentials; threads may share it.

    `endpoint` is all of a URL that comes before the slash and the key.
    """

    __slots__ = ("_host", "_path", "_region", "_service")

    def __init__(self, endpoint: str, *, region: str, service: str = "s3") -> None:
        self._host = host_header(endpoint)
        self._path = urlsplit(endpoint).path
        self._region = region
        self._service = service

    def sign(
        self, method: str, key: str, headers: Mapping[str, str], credentials: Credentials
    ) -> str:
        """The Authorization of a request for a quoted key, with all of `headers` signed.

        Among these are X-Amz-Date and X-Amz-Content-SHA256. No value begins or ends with a space
        or has two in a row.
        """
        given = {name.lower(): value for name, value in headers.items()}
        given["host"] = self._host
        names = sorted(given)
        signed = ";".join(names)
        lines = "".join([f"{name}:{given[name]}\n" for name in names])
        date, payload = given["x-amz-date"], given["x-amz-content-sha256"]
        request = f"{method}\n{self._path}/{key}\n\n{lines}\n{signed}\n{payload}"
        scope = f"{date[:8]}/{self._region}/{self._service}/aws4_request"
        mac = signing_key(credentials, scope).copy()
        digest = hashlib.sha256(request.encode()).hexdigest()
        mac.update(f"{ALGORITHM}\n{date}\n{scope}\n{digest}".encode())
        return (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={mac.hexdigest()}"
        )
