"""A TCP proxy on 127.0.0.1 that adds latency, counts requests and injects faults.

    with FaultProxy(server.address, http=True) as proxy:
        with count_requests(proxy) as seen:
            ...                                     # against proxy.url
        assert seen == ["PUT /bucket/key"]
        proxy.cut(down=1000)                        # the next answer ends after 1000 bytes
        proxy.cut(up=70_000, match="partNumber=2")  # ... and the second part never arrives

It sees into no TLS and no SSH: there, give `http=False` and count bytes. `FtpFaultProxy` has the
data connections of FTP too.
"""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Self

from .base import HOST
from .connection import Connection
from .counting import Request

ALWAYS = 1 << 30
PATIENCE = 10  # seconds for the proxy's own thread to obey


@dataclass(eq=False)
class Cut:
    """A fault that is still to happen `times` times; bytes count from a request's first one."""

    up: int | None
    down: int | None
    match: re.Pattern[str] | None
    skip: int
    times: int
    clean: bool
    then_refuse: bool

    def claims(self, request: Request | None) -> bool:
        if self.match and not (request and self.match.search(request)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        return self.times > 0


class FaultProxy:
    """Passes connections on to `upstream`; `rtt` is in seconds, a connection's first one extra."""

    def __init__(self, upstream: tuple[str, int], *, rtt: float = 0.0, http: bool = True) -> None:
        self.upstream, self.rtt, self.http = upstream, rtt, http
        self.port = 0
        self.stall = False  # True: nothing passes, connections stay open
        self.stall_after: int | None = None  # bytes down a connection, after which it stalls
        self.stall_up_after: int | None = None  # the same for what the client sends
        self.requests: list[Request] = []
        self.listeners: set[Callable[[Request], None]] = {self.requests.append}
        self.connections = self.bytes_up = self.bytes_down = 0
        self._cuts: list[Cut] = []
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[socket.socket] = []

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def cut(
        self,
        *,
        up: int | None = None,
        down: int | None = None,
        match: str | None = None,
        skip: int = 0,
        times: int = 1,
        clean: bool = False,
        then_refuse: bool = False,
    ) -> Cut:
        """End a connection once more than `up` bytes of a request or `down` of its answer pass.

        Only requests whose line the pattern `match` is found in, after the first `skip` of them,
        and `times` times. `up=0`: the server hears nothing of the request; `down=0`: it has done
        it, and the client does not hear so. Connections are reset, or closed if `clean`;
        `then_refuse`: from then on the server cannot be reached. Without http, bytes count from
        a connection's first one, or from now on where it is open already.
        """
        if (up is None and down is None) or (not self.http and (match or skip)):
            raise ValueError("give `up` or `down`; `match` and `skip` need http")
        pattern = re.compile(match) if match else None
        cut = Cut(up, down, pattern, skip, times, clean, then_refuse)
        if self._open and not self.http:
            self._run(self._recount())
        self._cuts.append(cut)
        return cut

    def heal(self) -> None:
        """No fault any more, and the server can be reached."""
        self._cuts.clear()
        self._flow()
        self.refuse(False)

    def refuse(self, yes: bool = True) -> None:
        """Refuse new connections, or take them again; open ones go on."""
        self._run(self._listen(not yes))

    def cut_now(self) -> None:
        """Reset every open connection."""
        self._run(self._cut_open())

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.refuse(False)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Until the condition holds of what the proxy has seen; TimeoutError."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not so after {seconds} seconds; requests: {self.requests}")
            time.sleep(0.01)

    # What connections call, in the proxy's own thread.

    def begin(self, request: Request) -> Cut | None:
        """A request has begun: tell who listens, and find the fault that will befall it."""
        for listener in tuple(self.listeners):
            listener(request)
        return self.fault(request)

    def fault(self, request: Request | None = None) -> Cut | None:
        return next((cut for cut in tuple(self._cuts) if cut.claims(request)), None)

    async def suffered(self, cut: Cut) -> None:
        """A connection has been cut."""
        if cut.then_refuse:
            await self.unreachable()

    async def unreachable(self) -> None:
        await self._listen(False)
        await self._cut_open()

    # What a proxy with more than one port does otherwise.

    def _ports(self) -> Iterable[int]:
        return [self.port]

    def _behind(self, client: socket.socket) -> tuple[str, int]:
        """Where a connection goes on to."""
        return self.upstream

    async def _listen(self, yes: bool) -> None:
        while self._listeners and not yes:
            listener = self._listeners.pop()
            self._loop.remove_reader(listener)
            listener.close()
        if yes and not self._listeners:
            for port in self._ports():
                listener = socket.create_server((HOST, port), backlog=256)
                listener.setblocking(False)
                self._loop.add_reader(listener, self._accept, listener)
                self._listeners.append(listener)
            self.port = self._listeners[0].getsockname()[1]

    def _accept(self, listener: socket.socket) -> None:
        # By hand: asyncio's own server may lose a connection that comes while it is closed.
        with contextlib.suppress(BlockingIOError):
            client, _ = listener.accept()
            # asyncio does it only for sockets that say they are TCP, which accepted ones do not:
            # answers in two pieces would wait 40 ms for a delayed acknowledgement.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            task = self._loop.create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            upstream = await asyncio.open_connection(*self._behind(client))
        except OSError:
            writer.transport.abort()
            return
        connection = Connection(self, (reader, writer), upstream)
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)

    async def _cut_open(self) -> None:
        for connection in tuple(self._open):
            connection.sever()

    async def _recount(self) -> None:
        for connection in tuple(self._open):
            connection.recount()

    def _flow(self) -> None:
        self.stall, self.stall_after, self.stall_up_after = False, None, None

    async def _end(self) -> None:
        self._flow()
        await self._listen(False)
        busy = True
        while busy:
            await self._cut_open()
            await asyncio.sleep(0.01)  # a transport closes in the turn of the loop after its task's
            busy = bool(self._tasks)

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        with contextlib.closing(coroutine):
            asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)
