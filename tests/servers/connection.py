"""One connection through the fault proxy: two directions, and the fault that befalls them."""

import array
import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from .counting import Piece, Request, RequestReader

if TYPE_CHECKING:
    from .faultproxy import Cut, FaultProxy

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Line = asyncio.Queue[tuple[float, bytes]]  # when something is due, and what; b"" ends it
Direction = Literal["up", "down"]

CHUNK = 1 << 16  # bytes
IN_FLIGHT = 256  # chunks that latency may hold
RESET = struct.pack("ii", 1, 0)  # to linger for no time: closing resets
CONTINUE = b"HTTP/1.1 100 "


class _Over(Exception):
    """The connection came to its end, or was brought to it."""


class Connection:
    def __init__(self, proxy: "FaultProxy", client: Stream, server: Stream) -> None:
        self._proxy = proxy
        self._client, self._to_client = client
        self._server, self._to_server = server
        self._opened = time.monotonic()
        self._reader = RequestReader()
        self._request: Request | None = None
        self._fault: Cut | None = None
        self._passed = {"up": 0, "down": 0}  # bytes of this request and its answer
        self._all = {"up": 0, "down": 0}

    async def run(self) -> None:
        up, down = Line(IN_FLIGHT), Line(IN_FLIGHT)
        try:
            async with asyncio.TaskGroup() as group:
                # The first bytes come after a handshake that takes a round trip of its own, and
                # half of one more until a server that speaks first knows of it.
                group.create_task(self._receive(self._client, up, self._proxy.rtt))
                group.create_task(self._receive(self._server, down, 1.5 * self._proxy.rtt))
                group.create_task(self._pass_up(up))
                group.create_task(self._pass_down(down))
        except* _Over:
            pass
        except* OSError:
            self.sever()  # a reset is passed on as a reset
        finally:
            await self._close()

    def sever(self, *, clean: bool = False) -> None:
        """End both halves: by a reset, or as a server that hangs up."""
        for writer in (self._to_client, self._to_server):
            if clean:
                writer.close()
                continue
            with contextlib.suppress(OSError):
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    def recount(self) -> None:
        """Count bytes anew, for a fault that is ordered now."""
        self._passed = {"up": 0, "down": 0}

    async def _close(self) -> None:
        for writer in (self._to_client, self._to_server):
            writer.close()
        for writer in (self._to_client, self._to_server):
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _receive(self, reader: asyncio.StreamReader, line: Line, first: float) -> None:
        """Take what comes at once, due half a round trip later: throughput stays the same."""
        while True:
            data = await reader.read(CHUNK)
            sent = max(time.monotonic(), self._opened + first)
            await line.put((sent + self._proxy.rtt / 2, data))
            if not data:
                return

    async def _pass_up(self, line: Line) -> None:
        while data := await _due(line):
            for piece in self._pieces(data):
                if piece.begins:
                    self._begin(piece.begins)
                await self._pass("up", piece.data, self._to_server)
        await self._pass("up", self._reader.rest(), self._to_server)
        self._to_server.write_eof()

    async def _pass_down(self, line: Line) -> None:
        while data := await _due(line):
            self._reader.answered(data)
            if self._request:
                data = self._pass_interim(data)
            await self._pass("down", data, self._to_client)
        raise _Over

    def _pieces(self, data: bytes) -> Iterable[Piece]:
        return self._reader.feed(data) if self._proxy.http else [Piece(data)]

    def _begin(self, request: Request) -> None:
        self._request = request
        self._passed = {"up": 0, "down": 0}
        self._fault = self._proxy.begin(request)

    def _pass_interim(self, data: bytes) -> bytes:
        """Let `100 Continue` through and return what follows: it is no part of an answer."""
        if not self._passed["down"] and data.startswith(CONTINUE):
            interim, end, data = data.partition(b"\r\n\r\n")
            self._to_client.write(interim + end)
        return data

    async def _pass(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> None:
        while self._stalled(direction, data):
            await asyncio.sleep(0.01)
        if not self._proxy.http:
            self._fault = self._proxy.fault()
        limit = self._limit(direction, data)
        data = data[:limit]
        self._count(direction, len(data))
        if data:
            writer.write(data)
            await writer.drain()
        if limit is not None and self._fault:
            await self._suffer(self._fault, writer)

    def _stalled(self, direction: Direction, data: bytes) -> bool:
        proxy = self._proxy
        after = proxy.stall_after if direction == "down" else proxy.stall_up_after
        return proxy.stall or (after is not None and self._all[direction] + len(data) > after)

    def _limit(self, direction: Direction, data: bytes) -> int | None:
        """How much of the data may still pass before the fault, claimed here if it is due."""
        if self._fault is None or self._fault.times <= 0:
            return None
        after = self._fault.up if direction == "up" else self._fault.down
        if after is None or self._passed[direction] + len(data) <= after:
            return None
        self._fault.times -= 1
        return max(0, after - self._passed[direction])

    def _count(self, direction: Direction, count: int) -> None:
        self._passed[direction] += count
        self._all[direction] += count
        if direction == "up":
            self._proxy.bytes_up += count
        else:
            self._proxy.bytes_down += count

    async def _suffer(self, cut: "Cut", writer: asyncio.StreamWriter) -> None:
        for _ in range(200):  # the last bytes arrive before the reset, if they are taken at all
            if not _unsent(writer):
                break
            await asyncio.sleep(0.005)
        self.sever(clean=cut.clean)
        await self._proxy.suffered(cut)
        raise _Over


def _unsent(writer: asyncio.StreamWriter) -> int:
    """Bytes that a reset would overtake: ours, and those of the kernel where it tells."""
    waiting = array.array("i", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(writer.get_extra_info("socket"), termios.TIOCOUTQ, waiting)
    return writer.transport.get_write_buffer_size() + waiting[0]


async def _due(line: Line) -> bytes:
    due, data = await line.get()
    if (wait := due - time.monotonic()) > 0:
        await asyncio.sleep(wait)
    return data
