"""Reaches names on the internet, which are a port of this machine."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .wire import HOST


class LocalAdapter(HTTPAdapter):
    """Asks this port for every https URL; the server has to show the certificate of its name."""

    def __init__(self, port: int, connections: int = 10) -> None:
        super().__init__(pool_maxsize=connections)
        self.port, self.connections = port, connections

    def __reduce__(self) -> tuple[Any, ...]:
        return LocalAdapter, (self.port, self.connections)

    def send(self, *args: Any, **more: Any) -> requests.Response:
        return super().send(*args, **{**more, "proxies": None})

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        request.headers["Host"] = urlsplit(request.url or "").netloc

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,
        cert: str | tuple[str, str] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        place, settings = super().build_connection_pool_key_attributes(request, verify, cert)
        name = {"server_hostname": place["host"], "assert_hostname": place["host"]}
        return {**place, "host": HOST, "port": self.port}, {**settings, **name}
