"""HTTP below Libcloud's: answers that are cut in their headers are no answers."""

from __future__ import annotations

import http.client
import io
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from libcloud.common.types import LibcloudError
from requests.adapters import HTTPAdapter

from storages.counting import request_sent


class Head(io.BufferedReader):
    """Knows the last line that was read."""

    line = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        self.line = super().readline(size)
        return self.line


class WholeResponse(http.client.HTTPResponse):
    """A connection that ends in the headers breaks; Python would take what came for all."""

    def __init__(self, sock: Any, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self._head = Head(sock.makefile("rb", buffering=0))
        self.fp = self._head

    def begin(self) -> None:
        super().begin()
        if self._head.line not in (b"\r\n", b"\n"):
            self.close()
            raise http.client.RemoteDisconnected("The connection ended in the headers")


@lru_cache
def _careful(cls: Any) -> type:
    """A class of connections that count the requests, and whose answers are as above."""

    class Careful(cls):  # type: ignore[misc]  # urllib3 chooses it
        response_class = WholeResponse

        def request(self, *args: Any, **more: Any) -> None:
            request_sent()
            super().request(*args, **more)

    return Careful


class CarefulAdapter(HTTPAdapter):
    """Makes connections whose answers are whole, and follows no redirects."""

    def get_connection_with_tls_context(self, *args: Any, **more: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **more)
        if not hasattr(pool, "storehouse"):
            pool.ConnectionCls, pool.storehouse = _careful(pool.ConnectionCls), True  # type: ignore[attr-defined]  # per pool
        return pool


def refuse_redirect(response: Any) -> None:
    """LibcloudError for an answer that leads elsewhere.

    requests would follow it by a GET or without the content, and with all that the headers tell:
    the page there, such as that of a login, would count as success.
    """
    if not 300 <= response.status_code < 400 or response.status_code == 304:
        return
    there = urlsplit(response.headers.get("Location") or "")
    where = f"{there.scheme}://{there.netloc.rpartition('@')[2]}" if there.netloc else "elsewhere"
    response.close()
    raise LibcloudError(f"the server redirects to {where}")
