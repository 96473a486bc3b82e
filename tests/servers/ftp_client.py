"""FTP clients without Django, to see and to do what a storage cannot."""

import contextlib
import ftplib
import io
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from .ftp import FtpServer


class ReusingTls(ftplib.FTP_TLS):
    """Its data connections go on with the TLS session of the control connection."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> tuple[socket.socket, int | None]:
        sock, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        return self.context.wrap_socket(sock, server_hostname=self.host, session=session), size


@contextlib.contextmanager
def client(
    server: FtpServer, *, via: Any = None, user: str = "", password: str = "", timeout: float = 20
) -> Iterator[ftplib.FTP]:
    """A session that is logged in, with TLS for data where the server wants TLS."""
    ftp: ftplib.FTP = ftplib.FTP(timeout=timeout, encoding="utf-8")
    if server.scheme == "ftpes":
        context = ssl.create_default_context(cafile=server.ca_cert)
        ftp = ReusingTls(timeout=timeout, context=context)
    with contextlib.closing(ftp):
        _connect(ftp, (via or server).address, server.implicit)
        ftp.login(user or server.user, password or server.password)
        if isinstance(ftp, ftplib.FTP_TLS):
            ftp.prot_p()
        yield ftp


def _connect(ftp: ftplib.FTP, address: tuple[str, int], implicit: bool) -> None:
    """ftplib knows no TLS from the first byte on, so its `connect` is done here."""
    if not (implicit and isinstance(ftp, ftplib.FTP_TLS)):
        ftp.connect(*address)
        return
    sock = socket.create_connection(address, timeout=ftp.timeout)
    ftp.host, ftp.af = address[0], sock.family
    ftp.sock = ftp.context.wrap_socket(sock, server_hostname=ftp.host)
    ftp.file = ftp.sock.makefile("r", encoding=ftp.encoding)
    ftp.welcome = ftp.getresp()


def put(ftp: ftplib.FTP, path: str, content: bytes) -> str:
    return ftp.storbinary(f"STOR {path}", io.BytesIO(content))


def get(ftp: ftplib.FTP, path: str) -> bytes:
    got: list[bytes] = []
    ftp.retrbinary(f"RETR {path}", got.append)
    return b"".join(got)


def lines(ftp: ftplib.FTP, command: str) -> list[str]:
    """What LIST, NLST or MLSD answers."""
    got: list[str] = []
    ftp.retrlines(command, got.append)
    return got
