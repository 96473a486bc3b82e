"""TLS of data connections, so that a client may close them as soon as it has sent its file."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from OpenSSL import SSL
from pyftpdlib.handlers import TLS_DTPHandler

HEADER = 5
"""Bytes before a record of TLS; the last two of them are its length."""


class DataConnection(SSL.Connection):
    """A server's side of TLS that sends nothing of its own accord once the handshake is done.

    TLS 1.3 has session tickets there. A client that uploads has no reason to read them, and what
    it closes with something unread is reset: the end of its file would be lost on the way. So
    they wait for the first data, or for the farewell. pyOpenSSL cannot say that there be none.
    """

    def __init__(self, context: SSL.Context, wire: socket.socket) -> None:
        super().__init__(context, None)
        self._wire = wire
        self._unsent = b""
        self._header = b""
        self._rest = 0  # bytes that a record lacks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def do_handshake(self) -> None:
        while True:
            try:
                super().do_handshake()
            except SSL.WantReadError:
                self._flush()
                self._receive()
            else:
                break
        if self.get_protocol_version_name() != "TLSv1.3":
            self._flush()  # the last word of the handshake is the server's

    def recv(self, bufsiz: int, flags: int | None = None) -> bytes:
        while True:
            try:
                return super().recv(bufsiz)
            except SSL.WantReadError:
                self._receive()

    def send(self, buf: Any, flags: int = 0) -> int:
        self._flush()
        count = super().send(buf)
        with suppress(SSL.WantWriteError):
            self._flush()
        return count

    def shutdown(self) -> bool:
        done = super().shutdown()
        self._flush()
        return done

    def _receive(self) -> None:
        """Take what is there of one record, and no more: who polls sees only what is left."""
        try:
            data = self._wire.recv(self._rest or HEADER - len(self._header))
        except BlockingIOError:
            raise SSL.WantReadError from None
        except OSError as error:
            raise SSL.SysCallError(error.errno, error.strerror) from error
        if not data:
            raise SSL.SysCallError(-1, "Unexpected EOF")
        self.bio_write(data)
        if self._rest:
            self._rest -= len(data)
            return
        self._header += data
        if len(self._header) == HEADER:
            self._rest = int.from_bytes(self._header[-2:])
            self._header = b""

    def _flush(self) -> None:
        """Send what there is to send; WantWriteError where the wire does not take all of it."""
        with suppress(SSL.WantReadError):
            while True:
                self._unsent += self.bio_read(1 << 17)
        try:
            while self._unsent:
                self._unsent = self._unsent[self._wire.send(self._unsent) :]
        except BlockingIOError:
            raise SSL.WantWriteError from None
        except OSError as error:
            raise SSL.SysCallError(error.errno, error.strerror) from error


class PatientTLS_DTPHandler(TLS_DTPHandler):  # noqa: N801 - as pyftpdlib names its own
    """pyftpdlib's data connection with TLS, over a `DataConnection`."""

    socket: Any

    def secure_connection(self, ssl_context: SSL.Context) -> None:
        wire = self.socket
        super().secure_connection(ssl_context)
        if self._ssl_accepting:
            self.socket = DataConnection(ssl_context, wire)
            self.socket.set_accept_state()
