"""Reads the client's half of HTTP/1.1 connections, to count and to know the requests."""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, Self

LONGEST_HEAD = 1 << 20  # bytes; what is longer is no HTTP

_REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n")
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3})")
_END_OF_HEAD = b"\r\n\r\n"


class Request(str):
    """`METHOD target`, to compare as a string; its headers are by lower-case name."""

    __slots__ = ("headers",)
    headers: dict[str, str]

    @classmethod
    def parse(cls, head: bytes) -> Self:
        first, *rest = head.removesuffix(_END_OF_HEAD).decode("latin-1").split("\r\n")
        request = cls(first.rpartition(" ")[0])
        pairs = (line.partition(":") for line in rest)
        request.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return request


class Piece(NamedTuple):
    """Bytes of one request; `begins` where they are its head, which is always whole."""

    data: bytes
    begins: Request | None = None


class Counted(Protocol):
    listeners: set[Callable[[Request], None]]


@contextlib.contextmanager
def count_requests(proxy: Counted) -> Iterator[list[Request]]:
    """The requests that pass the proxy meanwhile, in order: `["PUT /bucket/key", ...]`."""
    seen: list[Request] = []
    listener = seen.append
    proxy.listeners.add(listener)
    try:
        yield seen
    finally:
        proxy.listeners.discard(listener)


class RequestReader:
    """Splits what a client sends into pieces, none of which belongs to two requests.

    Knows connections that stay open, bodies by length and by chunks, trailers, and bodies that
    never come because the server answered `Expect: 100-continue` with its last word.
    ValueError: this is not HTTP.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._next: Callable[[], Piece | None] = self._head
        self._body = 0  # bytes of the body, or of the current chunk, still to come
        self._chunked = False
        self._expecting = False  # the client waits for the server's word before the body

    def feed(self, data: bytes) -> Iterator[Piece]:
        self._buffer += data
        while self._buffer and (piece := self._next()):
            yield piece

    def rest(self) -> bytes:
        """What came, and is no whole head."""
        rest, self._buffer = self._buffer, b""
        return rest

    def answered(self, data: bytes) -> None:
        """The server sent this while the client had said all that it says without an answer."""
        answer = _ANSWER.match(data)
        if self._expecting and answer and answer[1] != b"100":
            self._next = self._after_refusal

    def _take(self, count: int, begins: Request | None = None) -> Piece:
        piece = Piece(self._buffer[:count], begins)
        self._buffer = self._buffer[count:]
        return piece

    def _head(self) -> Piece | None:
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            if len(self._buffer) > LONGEST_HEAD:
                raise ValueError("the client does not speak HTTP/1.1")
            return None
        head = self._take(end + len(_END_OF_HEAD)).data
        request = Request.parse(head.lstrip(b"\r\n"))
        headers = request.headers
        self._chunked = headers.get("transfer-encoding", "").lower().endswith("chunked")
        self._body = 0 if self._chunked else int(headers.get("content-length") or 0)
        self._expecting = headers.get("expect", "").lower() == "100-continue"
        self._next = self._chunk_head if self._chunked else self._of_body
        return Piece(head, request)

    def _of_body(self) -> Piece | None:
        if not self._body:
            self._next = self._chunk_head if self._chunked else self._head
            return self._next()
        self._expecting = False
        piece = self._take(self._body)
        self._body -= len(piece.data)
        return piece

    def _chunk_head(self) -> Piece | None:
        """The line with a chunk's size."""
        line, found, _ = self._buffer.partition(b"\r\n")
        if not found:
            return None
        self._expecting = False
        size = int(line.partition(b";")[0], 16)
        self._body = size + len(b"\r\n") if size else 0
        self._next = self._of_body if size else self._trailer
        return self._take(len(line) + 2)

    def _trailer(self) -> Piece | None:
        """A line after the last chunk; an empty one ends the request."""
        line, found, _ = self._buffer.partition(b"\r\n")
        if not found:
            return None
        if not line:
            self._chunked = False
            self._next = self._head
        return self._take(len(line) + 2)

    def _after_refusal(self) -> Piece | None:
        """A client that heard the refusal sends its next request; one that did not, the body."""
        self._expecting = False
        if _REQUEST_LINE.match(self._buffer):
            self._body, self._chunked = 0, False
        self._next = self._chunk_head if self._chunked else self._of_body
        return self._next()
