"""HTTP/1.1 for every dialect; bodies are received straight into their final buffer."""

import asyncio
from collections.abc import Callable
from typing import cast

from fake.messages import Answer, Dialect, Request, control
from fake.store import Store

SCRATCH = 64 * 1024  # bytes for heads, chunk sizes and trailers
SLICE = 512 * 1024  # a large answer goes out in pieces of this many bytes
PACED_SLICE = 64 * 1024  # the same where a connection's speed is capped
MIN_PAUSE = 0.005  # seconds; a shorter sleep costs more than it paces

REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    304: "Not Modified",
    308: "Resume Incomplete",
}


class Connection(asyncio.BufferedProtocol):
    def __init__(self, dialect: Dialect, store: Store, loop: asyncio.AbstractEventLoop) -> None:
        self.dialect, self.store, self.loop = dialect, store, loop
        self.transport: asyncio.Transport | None = None
        self.scratch = bytearray(SCRATCH)
        self.filled = 0  # bytes of the scratch in use
        self.writable = asyncio.Event()
        self.writable.set()
        self.fresh = True  # no answer went out yet
        self.counted = False
        self.begin_request()

    def begin_request(self) -> None:
        self.state = "head"
        self.body = bytearray()
        self.got = 0  # bytes of the body received
        self.want = 0  # bytes still to come of the body, or of its current chunk

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def get_buffer(self, sizehint: int) -> memoryview:
        if self.want:
            return memoryview(self.body)[self.got : self.got + self.want]
        return memoryview(self.scratch)[self.filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self.store.totals["bytes_in"] += nbytes
        if not self.want:
            self.filled += nbytes
        else:
            self.got += nbytes
            self.want -= nbytes
            self.pace_upload()
        if not self.want:
            self.advance()

    def pace_upload(self) -> None:
        rate = self.store.knobs.conn_mb_s * 1e6
        if not rate or self.transport is None:
            return
        early = self.started + self.got / rate - self.loop.time()
        if early > MIN_PAUSE:
            self.transport.pause_reading()
            self.loop.call_later(early, self.resume_reading)

    def resume_reading(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    # Parsing

    def advance(self) -> None:
        """Parse what is there, up to a whole request; the next one waits for the answer."""
        while not self.want and self.state != "busy":
            if self.state == "fixed":
                return self.finish()
            if self.state == "chunk-end":
                if self.filled < 2:
                    return None
                self.drop(2)
                self.state = "chunk-size"
            line = self.take(b"\r\n\r\n" if self.state == "head" else b"\r\n")
            if line is None:
                return None
            if self.state == "head":
                self.parse_head(line.decode("latin-1"))
            elif self.state == "chunk-size":
                self.start_chunk(int(line.partition(b";")[0], 16))
            elif not line:  # the end of the trailer
                return self.finish()
        return None

    def take(self, end: bytes) -> bytes | None:
        """The scratch up to `end`, removed from it; None until `end` is there."""
        at = self.scratch.find(end, 0, self.filled)
        if at < 0:
            return None
        line = bytes(self.scratch[:at])
        self.drop(at + len(end))
        return line

    def drop(self, count: int) -> None:
        rest = self.filled - count
        self.scratch[:rest] = self.scratch[count : self.filled]
        self.filled = rest

    def parse_head(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        self.method, self.target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.started = self.loop.time()
        self.count_connection()
        if self.headers.get("expect", "").lower() == "100-continue":
            self.store.totals["continues"] += 1
            self.after(self.round_trips(), self.send_continue)
        if "chunked" in self.headers.get("transfer-encoding", ""):
            self.state = "chunk-size"
            known = int(self.headers.get(self.dialect.length_header, 0))
            self.body = bytearray(known + known // 1000 + 512)  # room for framing within
        else:
            self.state = "fixed"
            size = int(self.headers.get("content-length", 0))
            self.body = bytearray(size)
            self.expect(size)

    def count_connection(self) -> None:
        """Count it at its first real request: a control connection is none of the client's."""
        if not self.counted and not self.target.startswith("/_ctl"):
            self.counted = True
            self.store.totals["connections"] += 1

    def start_chunk(self, size: int) -> None:
        self.state = "chunk-end" if size else "trailer"
        self.expect(size)

    def expect(self, size: int) -> None:
        """The next `size` bytes belong to the body."""
        if len(self.body) < self.got + size:
            self.body.extend(bytes(self.got + size - len(self.body)))
        early = min(size, self.filled)
        if early:
            self.body[self.got : self.got + early] = self.scratch[:early]
            self.got += early
            self.drop(early)
        self.want = size - early

    # Answering

    def finish(self) -> None:
        del self.body[self.got :]
        self.state = "busy"
        try:
            answer = self.answer()
        except Exception as problem:  # noqa: BLE001  # a fault of this server must show at its client
            answer = Answer("Failed", 500, {}, repr(problem).encode())
        delay = 0.0
        if answer.op:
            self.store.ops[answer.op] += 1
            self.store.totals["requests"] += 1
            delay = self.round_trips() + self.store.knobs.latency_ms / 1000
        self.after(delay, self.respond, answer)

    def answer(self) -> Answer:
        pieces = self.dialect.unframe(self.headers, self.body)
        base = f"{self.scheme}://{self.headers.get('host', '')}"
        request = Request(self.method, self.target, self.headers, pieces, base)
        if request.path.startswith("/_ctl"):
            return control(self.store, request, self.dialect)
        return self.dialect.handle(self.store, request)

    def round_trips(self) -> float:
        """Seconds on the wire; a fresh connection pays its two handshakes too."""
        trips = 3 if self.fresh else 1
        self.fresh = False
        return trips * self.store.knobs.rtt_ms / 1000

    def after(self, delay: float, call: Callable[..., None], *args: object) -> None:
        if delay:
            self.loop.call_later(delay, call, *args)
        else:
            call(*args)

    def send_continue(self) -> None:
        if self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def respond(self, answer: Answer) -> None:
        if self.transport is None:
            return
        head, body = self.head_of(answer), answer.body
        if self.method == "HEAD":
            body = b""
        self.store.totals["bytes_out"] += len(head)
        if len(body) > SLICE or (body and self.store.knobs.conn_mb_s):
            self.transport.write(head)
            self.sender = self.loop.create_task(self.send_slowly(memoryview(body)))
            return
        self.store.totals["bytes_out"] += len(body)
        self.transport.write(head + body)
        self.next_request()

    def head_of(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Refused')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status not in (204, 304):
            lines.append(f"content-length: {len(answer.body)}")
        return ("\r\n".join(lines) + f"\r\n{self.dialect.headers}\r\n").encode("latin-1")

    async def send_slowly(self, body: memoryview) -> None:
        """A large body, as fast as the client takes it and the knob allows."""
        started, rate = self.loop.time(), self.store.knobs.conn_mb_s * 1e6
        step = PACED_SLICE if rate else SLICE
        for at in range(0, len(body), step):
            await self.writable.wait()
            if self.transport is None:
                return
            piece = body[at : at + step]
            self.transport.write(piece)
            self.store.totals["bytes_out"] += len(piece)
            if rate:
                early = started + (at + len(piece)) / rate - self.loop.time()
                if early > MIN_PAUSE:
                    await asyncio.sleep(early)
        self.next_request()

    def next_request(self) -> None:
        self.begin_request()
        if self.filled:
            self.advance()
