"""A small HTTP/1.1 server of threads, for the services that have to be imitated.

It keeps connections open and sends an answer in one piece. What it is sent it hands on as it came:
targets are not unquoted, and a body that ended early is marked as such.
"""

import contextlib
import http
import json
import socket
import socketserver
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, unquote

HOST = "127.0.0.1"
BACKLOG = 128
SMALL = 1 << 16  # bytes; a body up to this size is sent together with its headers
IDLE = 120.0  # seconds that a connection may be silent


@dataclass(slots=True)
class Call:
    """A request; the names of its headers are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = True  # False: the connection ended before the body did

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def parts(self) -> list[str]:
        """The path, split at its slashes and then unquoted."""
        return [unquote(part) for part in self.path.split("/")[1:]]

    def json(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.body) if self.body else {}
        return fields


@dataclass(slots=True)
class Answer:
    """A dict as the body is sent as JSON. `chunked` sends the body without its length."""

    status: int = 200
    body: bytes | memoryview | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False

    def content(self) -> bytes | memoryview:
        if not isinstance(self.body, dict):
            return self.body
        self.headers.setdefault("Content-Type", "application/json; charset=UTF-8")
        return json.dumps(self.body).encode()


Handle = Callable[[Call], Answer]


class WireServer(socketserver.ThreadingTCPServer):
    """Gives every call to `handle`, on a free port; TLS where it has a context."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG

    def __init__(self, handle: Handle, tls: ssl.SSLContext | None = None) -> None:
        self.handle = handle
        self.tls = tls
        super().__init__((HOST, 0), _Connection)

    @property
    def port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    def handle_error(self, *_: Any) -> None:
        """A client that went away is none of the server's business; what else fails is."""
        import sys
        import traceback

        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class _Connection(socketserver.BaseRequestHandler):
    server: WireServer
    request: socket.socket

    def handle(self) -> None:
        connection = self.request
        connection.settimeout(IDLE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.tls:
            connection = self.server.tls.wrap_socket(connection, server_side=True)
        with contextlib.closing(connection), connection.makefile("rb", SMALL) as stream:
            while (call := _read(cast(BinaryIO, stream), connection)) and self._reply(
                connection, call
            ):
                pass

    def _reply(self, connection: socket.socket, call: Call) -> bool:
        """Whether the connection stays open."""
        answer = self.server.handle(call)
        if not call.complete:
            return False
        _send(connection, call, answer)
        return call.headers.get("connection", "").lower() != "close"


def _read(stream: BinaryIO, connection: socket.socket) -> Call | None:
    """The next request of a connection; None when it ends."""
    try:
        if not (words := stream.readline().decode("latin-1").split()):
            return None
        method, target = words[:2]
        headers = read_headers(stream)
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, complete = _read_chunks(stream)
        else:
            length = int(headers.get("content-length") or 0)
            body = _read_exactly(stream, length)
            complete = len(body) == length
    except (OSError, ValueError):
        return None
    return Call(method, target, headers, body, complete)


def read_headers(stream: BinaryIO) -> dict[str, str]:
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    """What came, if the connection breaks before there is all."""
    data = bytearray()
    with contextlib.suppress(OSError):
        while len(data) < length and (piece := stream.read(min(length - len(data), 1 << 20))):
            data += piece
    return bytes(data)


def _read_chunks(stream: BinaryIO) -> tuple[bytes, bool]:
    data = bytearray()
    while line := stream.readline():
        if not (size := int(line.partition(b";")[0], 16)):
            read_headers(stream)
            return bytes(data), True
        data += _read_exactly(stream, size)
        stream.readline()
    return bytes(data), False


def _send(connection: socket.socket, call: Call, answer: Answer) -> None:
    content = answer.content()
    bodiless = answer.status in (204, 304)
    headers, said = dict(answer.headers), {name.lower() for name in answer.headers}
    if "date" not in said:
        headers["Date"] = formatdate(time.time(), usegmt=True)
    if answer.chunked:
        headers["Transfer-Encoding"] = "chunked"
        ends = (f"{len(content):x}\r\n".encode(), b"\r\n0\r\n\r\n") if content else (b"0\r\n\r\n",)
        content = ends[0] + bytes(content) + b"".join(ends[1:])
    elif not bodiless and "content-length" not in said:
        headers["Content-Length"] = str(len(content))
    head = f"HTTP/1.1 {answer.status} {_phrase(answer.status)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    if bodiless or call.method == "HEAD":
        content = b""
    if len(content) <= SMALL:
        connection.sendall(head.encode("latin-1", "replace") + content)
        return
    connection.sendall(head.encode("latin-1", "replace"))
    connection.sendall(content)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
