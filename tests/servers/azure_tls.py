"""Azure Blob Storage over TLS, with bearer tokens and user delegation keys."""

import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .azure_front import Front
from .azurite import Azurite
from .base import installed
from .wire import WireServer

if TYPE_CHECKING:
    import requests
    from azure.core.credentials import AccessToken
    from azure.storage.blob import BlobServiceClient

HOSTS = ("*.blob.core.windows.net", "*.blob.core.chinacloudapi.cn")


class TokenCredential:
    """What azure-identity gives: a token that ends after `lifetime` seconds, and then a new one.

    A stale token has ended though the credential does not say so; a forged one was never given
    out. `scopes` has what each token was asked for.
    """

    def __init__(self, front: Front, lifetime: float, *, stale: bool, forged: bool) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self._front, self._lifetime, self._stale = front, lifetime, stale
        self._secret = b"somebody else" if forged else None

    def get_token(self, *scopes: str, **_: Any) -> "AccessToken":
        from azure.core.credentials import AccessToken

        self.scopes.append(scopes)
        ends = -1 if self._stale else self._lifetime
        token = self._front.directory.token(ends, self._secret)
        return AccessToken(token, int(time.time() + self._lifetime))


class AzureTls(Azurite):
    """Azurite behind what checks the tokens; `url` and the port are that one's.

    The account can be reached by its name on the internet: `options`, `service` and `get` do.
    """

    name = "azure_tls"
    scheme = "https"
    lacks = (Azurite.lacks - {"tokens"}) | {"copy-source-sas"}

    _front: Front | None = None
    _server: WireServer | None = None

    @classmethod
    def missing(cls) -> str | None:
        if not installed("cryptography"):
            return "cryptography is not installed"
        return super().missing()

    def command(self) -> list[str | Path]:
        from .certificates import certify

        _, certificate, key = certify(self.folder, *HOSTS)
        tls = ("--cert", certificate, "--key", key, "--oauth", "basic")
        return [*super().command(), *tls]

    def prepare(self) -> None:
        self._front = Front(self.account_name, self.account_key, self.port, self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        self._server = WireServer(self._front.handle, tls)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        if self._server and self._front:
            self._server.shutdown()
            self._server.server_close()
            self._front.close()
        super().__exit__()

    @property
    def ca_file(self) -> str:
        return str(self.folder / "authority.pem")

    @property
    def front(self) -> Front:
        assert self._front, "azure_tls is not running"
        return self._front

    @property
    def calls(self) -> list[str]:
        """Method and target of every request so far; may be cleared."""
        return self.front.calls

    @property
    def host(self) -> str:
        return f"{self.account_name}.blob.core.windows.net"

    def credential(
        self, *, lifetime: float = 3600, stale: bool = False, forged: bool = False
    ) -> TokenCredential:
        return TokenCredential(self.front, lifetime, stale=stale, forged=forged)

    def transport(self, via: Any = None) -> Any:
        from .azure_transport import LocalTransport

        return LocalTransport((via or self).port, self.ca_file)

    def options(self, container: str, *, via: Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage that has a token and no key."""
        return {
            "account_name": self.account_name,
            "azure_container": container,
            "token_credential": self.credential(),
            "client_options": {"transport": self.transport(via)},
            **more,
        }

    def service(self, via: Any = None, **more: Any) -> "BlobServiceClient":
        from azure.storage.blob import BlobServiceClient

        settings = {"credential": self.credential(), "transport": self.transport(via), **more}
        return BlobServiceClient(f"https://{self.host}", **settings)

    def get(self, url: str, **headers: str) -> "requests.Response":
        """What a browser gets from a URL of the account."""
        from .azure_transport import get

        return get(url, self.port, self.ca_file, headers)
