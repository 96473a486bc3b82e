"""A session of requests that leaves out what our requests do not need: a quarter of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from google.auth.transport.requests import AuthorizedSession
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from storages.counting import request_sent
from storages.transfer import WORKERS

POOL = 2 * WORKERS
"""Connections that are kept open: the shared threads' and as many of the project's own."""

NO_BODY = frozenset({"GET", "HEAD", "DELETE"})


class Session(AuthorizedSession):
    """Sends requests whose address is quoted already and whose body is bytes.

    It has neither cookies nor the passwords of .netrc, which would take the place of the token,
    and asks the environment only once per host for proxies and certificate authorities.
    """

    def __init__(self, credentials: Any) -> None:
        super().__init__(credentials)  # type: ignore[no-untyped-call]  # google-auth has no types
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=POOL)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)
        self._settings: dict[tuple[Any, ...], dict[str, Any]] = {}

    def prepare_request(self, request: Any) -> PreparedRequest:
        prepared = PreparedRequest()
        prepared.method, prepared.url = request.method, request.url
        if request.params:
            prepared.url = f"{request.url}?{urlencode(request.params)}"
        headers: CaseInsensitiveDict[str | bytes] = CaseInsensitiveDict(self.headers)
        headers.update(request.headers)
        body = request.data or None
        if body is not None or request.method not in NO_BODY:
            headers["Content-Length"] = str(len(body or b""))
        prepared.headers, prepared.body = headers, body
        return prepared

    def send(self, *args: Any, **more: Any) -> Any:
        request_sent()
        return super().send(*args, **more)

    def resolve_redirects(self, *_: Any, **__: Any) -> Any:
        """None is followed: the service sends none, and others get no token."""
        return iter(())

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> dict[str, Any]:
        key = (*url.split("/", 3)[:3], stream, verify, cert)
        found = self._settings.get(key)
        if found is None:
            found = dict(super().merge_environment_settings(url, proxies, stream, verify, cert))
            self._settings[key] = found
        return dict(found)
