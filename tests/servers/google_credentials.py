"""Credentials for the fakes of Google's services: none of them asks Google for anything.

`google.oauth2.service_account.Credentials` do, even with a token server of one's own: they look up
in which regions the account may be used.
"""

import datetime
import json
from pathlib import Path
from typing import Any

import google.auth.exceptions
from google.auth import crypt
from google.auth.credentials import Credentials, Signing


class KeyCredentials(Credentials, Signing):
    """A service account's: they sign with its key, and have a token for good."""

    def __init__(self, key_file: Path, token: str) -> None:
        super().__init__()
        self.token = token
        self.service_account_email = json.loads(key_file.read_text())["client_email"]
        self._signer = crypt.RSASigner.from_service_account_file(str(key_file))

    def refresh(self, request: Any) -> None:
        raise google.auth.exceptions.RefreshError("The token of these credentials never ends.")

    def sign_bytes(self, message: bytes) -> bytes:
        signature: bytes = self._signer.sign(message)
        return signature

    @property
    def signer_email(self) -> str:
        email: str = self.service_account_email
        return email

    @property
    def signer(self) -> Any:
        return self._signer


class TokenCredentials(Credentials):
    """Those of a machine: they cannot sign, and fetch a new token when theirs has ended."""

    def __init__(self, token_url: str, email: str) -> None:
        super().__init__()
        self.token_url = token_url
        self.service_account_email = email

    def refresh(self, request: Any) -> None:
        answer = request(self.token_url, method="POST", body=b"grant_type=refresh_token")
        if answer.status != 200:
            raise google.auth.exceptions.RefreshError(f"The token server says {answer.status}.")
        granted = json.loads(answer.data)
        self.token = granted["access_token"]
        # As google.auth compares it: in UTC, and without saying so.
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self.expiry = now + datetime.timedelta(seconds=granted["expires_in"])
