"""ftplib's connection with what it lacks: implicit TLS, and data in the control's TLS session."""

from __future__ import annotations

import ftplib
import select
import socket
import ssl
from contextlib import suppress

from storages.backends.ftp_location import Location
from storages.counting import request_sent

CLOSED = (
    "the server's port for data is closed to us; where a firewall keeps its passive ports closed, "
    "aftp:// has it connect to us instead"
)


class Wire(ftplib.FTP):
    """A control connection; its texts are bytes, each as one character (latin-1)."""

    sock: socket.socket | ssl.SSLSocket | None

    def __init__(self, location: Location, tls: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(timeout=timeout, encoding="latin-1")
        self.passiveserver = not location.is_active
        self.host, self.port = location.host, location.port
        self._tls = tls
        self._protected = False

    def open(self, *, implicit: bool) -> None:
        """Connect; with `implicit`, by TLS from the first byte on."""
        sock = socket.create_connection((self.host, self.port), self.timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # long transfers leave it silent
        self.af = sock.family
        self._use(sock)
        if implicit:
            self._encrypt()
        self.welcome = self.getresp()

    def secure(self, *, implicit: bool) -> None:
        """Protect what follows, the password first: https://www.rfc-editor.org/rfc/rfc4217"""
        if not implicit:
            self.voidcmd("AUTH TLS")
            self._encrypt()
        self.voidcmd("PBSZ 0")
        self.voidcmd("PROT P")
        self._protected = True

    def _encrypt(self) -> None:
        if self._tls is None or self.sock is None:
            raise ValueError("no TLS context, or no connection")
        self._use(self._tls.wrap_socket(self.sock, server_hostname=self.host))

    def _use(self, sock: socket.socket) -> None:
        # Another file: what a stranger slipped in before the encryption is never read.
        if self.file is not None:
            self.file.close()
        self.sock, self.file = sock, sock.makefile("r", encoding=self.encoding)

    def putcmd(self, line: str) -> None:
        request_sent()
        super().putcmd(line)

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """As ftplib's; servers want the data to show that it comes from whoever logged in."""
        try:
            data, size = super().ntransfercmd(cmd, rest)
        except ConnectionRefusedError as error:
            raise ConnectionRefusedError(error.errno, CLOSED) from error
        if self._protected and self._tls is not None and isinstance(self.sock, ssl.SSLSocket):
            session = self.sock.session
            data = self._tls.wrap_socket(
                data, server_hostname=self.host, session=session, suppress_ragged_eofs=False
            )
        return data, size


def end_sending(data: socket.socket) -> None:
    """Tell the server that all was sent; it may still have something to say."""
    if isinstance(data, ssl.SSLSocket):
        _notify(data)
    with suppress(OSError):  # the server may have closed its side already
        data.shutdown(socket.SHUT_WR)


def _notify(data: ssl.SSLSocket) -> None:
    """Send TLS's own end, and do not wait for the server's: some never send it."""
    timeout = data.gettimeout()
    data.settimeout(0)
    while True:
        try:
            data.unwrap()
        except ssl.SSLWantWriteError:
            if not select.select([], [data], [], timeout)[1]:
                raise TimeoutError("the server took no more data") from None
            continue
        except (OSError, ValueError):
            pass  # sent, and the answer is not there yet; or the server is gone, as its reply tells
        break
    data.settimeout(timeout)


def strict(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make an end of data without TLS's own end an error: anybody could have cut it there."""
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
