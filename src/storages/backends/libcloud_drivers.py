"""Libcloud's drivers: one thread at a time uses one, and what the server answers is noted.

https://libcloud.readthedocs.io/en/stable/other/using-libcloud-in-multithreaded-and-async-environments.html
"""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from libcloud.common.base import Connection
from libcloud.common.types import LibcloudError
from libcloud.http import LibcloudConnection
from libcloud.storage.base import Container
from requests.utils import super_len
from urllib3.util.retry import Retry

from storages.backends.libcloud_errors import first_line
from storages.backends.libcloud_families import Additions, family_of
from storages.backends.libcloud_http import CarefulAdapter, refuse_redirect

TOKEN_LIFE = timedelta(minutes=15)
"""How long a token is used whose server does not tell; Swift's own live for a day."""

KEPT = 32
"""Drivers that are kept for later; each has a connection or two."""

AGAIN = Retry(
    total=2,
    redirect=False,
    allowed_methods=("HEAD", "GET", "PUT", "DELETE"),
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.1,
    raise_on_status=False,
    respect_retry_after_header=False,  # it may ask for hours
)
"""What is sent again at once: a server may be busy, or have closed a connection that rested."""

ONCE = AGAIN.new(connect=1, read=False, status=False, other=False)
"""For what must not be done twice, such as creating a file."""


class Answer(NamedTuple):
    """What a server answered to a request."""

    method: str
    status: int
    headers: Mapping[str, str]


class Lent:
    """A driver while one piece of work has it."""

    def __init__(self, driver: Any, bucket: str) -> None:
        self.driver = driver
        self.bucket = bucket
        self.family = family_of(type(driver))
        self.container: Any = None
        self.born = 0  # the generation
        self._hook_in()
        self.begin()

    def begin(self) -> None:
        """Forget the work before."""
        self.last: Answer | None = None
        self.failed: Answer | None = None  # the first answer that refused something
        self.adds: Callable[[str, Mapping[str, Any]], Additions] | None = None
        self.again = True  # what broke may be sent again
        self._streamed: Any = None

    def end(self) -> None:
        """Let go of an answer whose end nobody has read, and of its connection with it."""
        if self._streamed is not None:
            self._streamed.close()

    def close(self) -> None:
        """End the connections of a driver that nobody needs any more."""
        connection = getattr(self.driver, "connection", None)
        for each in (connection, getattr(connection, "get_auth_class", lambda: None)()):
            session = getattr(getattr(each, "connection", None), "session", None)
            if session is not None:
                session.close()

    def note(self, answer: Answer, response: Any, streamed: bool) -> None:
        self.last = answer
        if answer.status >= 300 and self.failed is None:
            self.failed = answer
        if streamed:
            self._streamed = response

    def use_container(self, extra: Mapping[str, Any]) -> None:
        """The driver is told once what the container is, and does not ask for it any more."""
        self.container = Container(self.bucket, dict(extra), self.driver)
        self.driver.get_container = lambda container_name: self.container

    def _hook_in(self) -> None:
        """Have each request pass by here, before it is signed and on its way."""
        connection = getattr(self.driver, "connection", None)
        if connection is None:
            return
        inner = connection.pre_connect_hook

        def pre_connect_hook(params: Any, headers: Any) -> Any:
            # What was stored gzipped would else be unpacked on its way, and its ranges could not.
            headers = {**headers, "Accept-Encoding": "identity"}
            if self.adds is not None:
                more, wanted = self.adds(connection.method, params)
                headers, params = {**headers, **more}, {**params, **wanted}
            return inner(params, headers)

        connection.pre_connect_hook = pre_connect_hook
        connection.conn_class = lambda *args, **more: Wire(self, *args, **more)
        # A driver's own would log in, which has been done.
        Connection.connect(connection)  # type: ignore[no-untyped-call]  # Libcloud's are in part
        if hasattr(connection, "get_auth_class"):
            _keep_token(connection.get_auth_class())


def _keep_token(identity: Any) -> None:
    """Login of version 1 tells no expiry, and Libcloud would log in for each request."""
    inner = identity.authenticate

    def authenticate(*args: Any, **more: Any) -> Any:
        found = inner(*args, **more)
        if identity.auth_token_expires is None:
            identity.auth_token_expires = datetime.now(UTC) + TOKEN_LIFE
        return found

    identity.authenticate = authenticate


class Wire(LibcloudConnection):
    """Libcloud's HTTP, with a timeout for each request and without reading files at once."""

    session: Any

    def __init__(self, lent: Lent, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)  # type: ignore[no-untyped-call]  # Libcloud's are in part
        self._lent = lent
        self.session.auth = lambda request: request  # else ~/.netrc would have a say
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, Adapter(lent, self.session.timeout))

    def prepared_request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        raw: bool = False,
        stream: bool = False,
    ) -> None:
        """As it is called for what is stored: some drivers would have all of it in memory."""
        stream = stream or method == "GET"
        if self._lent.family == "google" and method == "GET":
            headers = {**headers, "Accept-Encoding": "gzip"}  # else Google itself would unpack it
        super().prepared_request(method, url, body, headers, raw, stream)  # type: ignore[no-untyped-call]  # see above


class Adapter(CarefulAdapter):
    """Sends requests, and notes the answers."""

    def __init__(self, lent: Lent, timeout: float) -> None:
        super().__init__()
        self._lent, self._timeout = lent, timeout

    def send(
        self, request: Any, stream: bool = False, timeout: Any = None, *args: Any, **more: Any
    ) -> Any:
        if isinstance(request.body, io.IOBase) and not super_len(request.body):
            # An empty file would be sent in chunks, which hardly any service takes.
            request.body = b""
            request.headers.pop("Transfer-Encoding", None)
            request.headers["Content-Length"] = "0"
        self.max_retries = AGAIN if self._lent.again else ONCE
        response = super().send(request, stream, timeout or self._timeout, *args, **more)
        if response.status_code == 200 and "Content-Range" in response.headers:
            response.status_code = 206  # rclone and some Azures forget to say so
        answer = Answer(request.method, response.status_code, response.headers)
        response.raw.headers.pop("Content-Encoding", None)  # the file's own: it stays packed
        response.encoding = response.encoding or "utf-8"  # rather than guess it, at great cost
        self._lent.note(answer, response, stream)
        refuse_redirect(response)
        return response


class Drivers:
    """As many drivers as are used at once, kept for later; `make` gives a new one."""

    def __init__(self, make: Callable[[], Any], bucket: str) -> None:
        self._make, self._bucket = make, bucket
        self._free: deque[Lent] = deque()
        self._generation = 0  # how often tokens came to their end
        self._lock = threading.RLock()
        self._public: Any = None

    @property
    def public(self) -> Any:
        """The one that the project may use."""
        with self._lock:
            if self._public is None:
                self._public = self._make()
            return self._public

    @contextmanager
    def lend(self) -> Iterator[Lent]:
        """A driver for one piece of work of one thread."""
        try:
            lent = self._free.pop()
        except IndexError:
            born = self._generation
            lent = self._new()
            lent.born = born
        lent.begin()
        try:
            yield lent
        finally:
            lent.end()
            if lent.failed is not None and lent.failed.status == 401:
                self._forget(lent)
            elif len(self._free) < KEPT and lent.born == self._generation:
                self._free.append(lent)
            else:
                lent.close()

    def _new(self) -> Lent:
        driver = self._make()
        try:
            return Lent(driver, self._bucket)
        except LibcloudError as error:
            complaint = first_line(error)
        except ValueError:  # whose text may be part of an address, and of a password in it
            complaint = "'auth_url' or another address is none"
        # Raised here, where Libcloud's variables are not seen any more.
        raise ImproperlyConfigured(f"Libcloud's driver cannot be used: {complaint}.")

    def _forget(self, lent: Lent) -> None:
        """Its token has come to its end, and that of the others too, those at work included."""
        self._generation += lent.born == self._generation
        lent.close()
        while self._free:
            with suppress(IndexError):
                self._free.pop().close()
