"""Google's IAM Credentials API, imitated: it signs for those who have a token but no key.

https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
"""

import base64
import binascii
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .base import HOST
from .wire import Answer, Call, WireServer

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SIGN = ":signBlob"
NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}
NAMES |= {404: "NOT_FOUND", 503: "UNAVAILABLE"}


class GoogleIam:
    """Signs with the key of this account, in threads of this process; `calls` has every request.

    `delay`, in seconds, makes it slow; `fail` makes it fail.
    """

    name = "google_iam"

    def __init__(self, key_file: Path) -> None:
        from .gcs_signing import ServiceAccount

        self.calls: list[str] = []
        self.delay = 0.0
        self._account = ServiceAccount.load(key_file)
        self._failing: list[tuple[int, str]] = []
        self._server = WireServer(self._handle)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def email(self) -> str:
        """The account that it signs for."""
        return self._account.email

    def credentials(self, *, lifetime: int = 3600) -> "Credentials":
        """Credentials that cannot sign, and that ask for every token here.

        google-auth takes a token for ended some minutes before it is.
        """
        from .google_credentials import TokenCredentials

        return TokenCredentials(f"{self.url}/token?lifetime={lifetime}", self.email)

    def options(self, **more: Any) -> dict[str, Any]:
        """What of the OPTIONS of a storage makes it sign here."""
        return {"credentials": self.credentials(), "iam_endpoint": self.url, **more}

    def fail(self, status: int, *, times: int = 1, containing: str = SIGN) -> None:
        """Answer the next calls of this kind so: `:signBlob`, or `token`."""
        self._failing += [(status, containing)] * times

    def _handle(self, call: Call) -> Answer:
        self.calls.append(f"{call.method} {call.target}")
        time.sleep(self.delay)
        for each in self._failing:
            if each[1] in call.target:
                self._failing.remove(each)
                return _error(each[0], "It fails because a test wants it to.")
        match call.method, call.parts:
            case "POST", ["token"]:
                lifetime = int(call.query.get("lifetime", 3600))
                token = self._account.token(lifetime)
                return Answer(
                    body={"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
                )
            case "POST", ["v1", "projects", "-", "serviceAccounts", who] if who.endswith(SIGN):
                return self._sign(call, who.removesuffix(SIGN))
        return _error(404, "Method not found.")

    def _sign(self, call: Call, email: str) -> Answer:
        from .gcs_signing import Unsigned

        try:
            self._account.check_token(call.headers.get("authorization", ""))
        except Unsigned:
            return _error(401, "Request had invalid authentication credentials.")
        if email != self.email:
            return _error(404, f"Not found; Gaia id not found for email {email}")
        try:
            payload = base64.b64decode(call.json()["payload"], validate=True)
        except (KeyError, ValueError, binascii.Error):
            return _error(400, "Invalid value at 'payload' (TYPE_BYTES)")
        signed = base64.b64encode(self._account.sign(payload)).decode()
        return Answer(body={"keyId": "1", "signedBlob": signed})


def _error(status: int, message: str) -> Answer:
    said = {"code": status, "message": message, "status": NAMES.get(status, "UNKNOWN")}
    return Answer(status, {"error": said})
