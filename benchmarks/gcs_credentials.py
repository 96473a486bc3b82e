"""Google credentials that sign with an RSA key and ask no token server."""

from pathlib import Path
from typing import Any

from google.auth.credentials import Credentials, Signing
from google.auth.crypt import RSASigner, Signer


class KeyCredentials(Signing, Credentials):
    """A token that never expires, and the private key (PEM) in a file."""

    def __init__(self, key: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._signer: Signer = RSASigner.from_string(key.read_text(), "benchmark")  # type: ignore[no-untyped-call]
        self.token = "benchmark"

    def refresh(self, request: Any) -> None:
        raise AssertionError("this token is for ever")

    def sign_bytes(self, message: bytes) -> bytes:
        signature: bytes = self._signer.sign(message)  # type: ignore[no-untyped-call]
        return signature

    @property
    def signer(self) -> Signer:
        return self._signer

    @property
    def signer_email(self) -> str:
        return "bench@benchmark.iam.gserviceaccount.com"
