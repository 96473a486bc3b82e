"""An invented service account: what Google knows of it, and how Google checks its signatures.

V4 signed URLs: https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth import crypt, jwt

from .wire import Call

PROJECT = "storehouse"
EMAIL = f"tests@{PROJECT}.iam.gserviceaccount.com"
LONGEST = 604_800  # seconds, seven days
SKEW = timedelta(minutes=15)
LIFETIME = 3600  # seconds of an access token


class Unsigned(Exception):
    """A signature or a token that does not do; the status, code and reason of the answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class ServiceAccount:
    """A key pair, and what it has signed. Safe for threads."""

    def __init__(self, key: rsa.RSAPrivateKey, email: str = EMAIL) -> None:
        self.email = email
        self._key = key
        self._public = key.public_key()
        self._signer = crypt.RSASigner(key, key_id="1")
        self._certificate = self._public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._known: dict[str, float] = {}  # tokens that were checked, and when they end

    @classmethod
    def invent(cls) -> "ServiceAccount":
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def load(cls, path: Path) -> "ServiceAccount":
        stored = json.loads(path.read_text())
        key = serialization.load_pem_private_key(stored["private_key"].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return cls(key, stored["client_email"])

    def save(self, path: Path, token_uri: str) -> None:
        """Write the file that Google's console gives out."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        fields = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": self.email,
            "client_id": "1",
            "token_uri": token_uri,
        }
        path.write_text(json.dumps(fields))

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def token(self, lifetime: float = LIFETIME) -> str:
        """An access token; the server that checks it needs no list of those given out."""
        now = int(time.time())
        claims = {"iss": self.email, "iat": now, "exp": int(now + lifetime)}
        encoded: bytes = jwt.encode(self._signer, claims)
        return encoded.decode()

    def grant(self, assertion: str) -> dict[str, Any]:
        """The answer to a service account that asks for a token."""
        self._decode(assertion)
        return {"access_token": self.token(), "expires_in": LIFETIME, "token_type": "Bearer"}

    def check_token(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if token not in self._known:
            if scheme.lower() != "bearer":
                raise Unsigned(401, "authError", "Invalid Credentials")
            self._known[token] = self._decode(token)["exp"]
        if time.time() > self._known[token]:
            raise Unsigned(401, "authError", "Invalid Credentials")

    def _decode(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(token, certs=self._certificate)
        except ValueError:  # and all of google.auth that says why
            raise Unsigned(401, "authError", "Invalid Credentials") from None
        return claims

    def check_url(self, call: Call) -> None:
        """Whether the call was signed, in its URL, by this account, and when."""
        query = call.query
        try:
            email, *scope = query["X-Goog-Credential"].split("/")
            signed = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            lifetime = int(query["X-Goog-Expires"])
            signature = bytes.fromhex(query["X-Goog-Signature"])
            names = query["X-Goog-SignedHeaders"].split(";")
        except (KeyError, ValueError):
            raise Unsigned(400, "InvalidArgument", "Invalid argument.") from None
        if lifetime > LONGEST:
            raise Unsigned(400, "InvalidArgument", "X-Goog-Expires must be at most 604800.")
        now = datetime.now(UTC)
        if now > signed + timedelta(seconds=lifetime):
            raise Unsigned(400, "ExpiredToken", "The provided token has expired.")
        if now < signed - SKEW:
            raise Unsigned(403, "RequestTimeTooSkewed", "The request is of the future.")
        text = _string_to_sign(call, names, query["X-Goog-Date"], "/".join(scope))
        try:
            self._public.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            email = ""
        if email != self.email or "host" not in names:
            message = "The signature does not match the request."
            raise Unsigned(403, "SignatureDoesNotMatch", message)


def _string_to_sign(call: Call, names: list[str], date: str, scope: str) -> str:
    pairs = (pair for pair in call.raw_query.split("&") if pair)
    headers = (f"{name}:{' '.join(call.headers.get(name, '').split())}" for name in names)
    canonical = [
        call.method,
        call.path,
        "&".join(sorted(pair for pair in pairs if not pair.startswith("X-Goog-Signature="))),
        *headers,
        "",
        ";".join(names),
        call.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
    ]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    return "\n".join(["GOOG4-RSA-SHA256", date, scope, digest])
