"""The data connections of TLS, where the client does as it likes."""

from __future__ import annotations

import ftplib
import io
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import PASSWORD
from .programs import contents

HOST = "127.0.0.1"
MiB = 1024 * 1024
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Client(ftplib.FTP_TLS):
    """One that takes the session of the commands for the data too, as careful clients do."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session
        return self.context.wrap_socket(connection, server_hostname=HOST, session=session), size


@pytest.fixture
def serving(serve: Callable[..., Any]) -> Any:
    return serve(tls=True)


@pytest.fixture(params=VERSIONS, ids=["TLS 1.2", "TLS 1.3"])
def client(request: pytest.FixtureRequest, serving: Any) -> Iterator[Any]:
    context = ssl.create_default_context(cafile=serving.ca_cert)
    context.minimum_version = context.maximum_version = request.param
    with Client(timeout=30, context=context) as client:
        client.connect(serving.host, serving.port)
        client.login("ann", PASSWORD)
        client.prot_p()
        client.voidcmd("TYPE I")
        yield client


def unread(connection: ssl.SSLSocket) -> bytes:
    """What has come that nobody has read."""
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as wire:
        try:
            return wire.recv(MiB, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


def part(connection: ssl.SSLSocket) -> None:
    """Say farewell and close, as clients do that do not wait for the server's farewell."""
    connection.setblocking(False)
    with pytest.raises(ssl.SSLWantReadError):
        connection.unwrap()
    connection.close()


@pytest.mark.parametrize("size", [0, 1, 300_000, 9 * MiB])
def test_what_is_sent_is_stored_and_comes_back(serving: Any, client: Any, size: int) -> None:
    content = os.urandom(size)
    assert client.storbinary("STOR a.bin", io.BytesIO(content)).startswith("226")
    assert contents(serving.storage) == {"a.bin": content}
    found = io.BytesIO()
    assert client.retrbinary("RETR a.bin", found.write).startswith("226")
    assert found.getvalue() == content


def test_a_client_that_uploads_is_sent_nothing(serving: Any, client: Any) -> None:
    """What it leaves unread would reset the connection, before its file has arrived."""
    content = os.urandom(16 * MiB)  # more than all that is between the two can hold
    data = client.transfercmd("STOR a.bin")
    data.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    data.sendall(content)
    assert unread(data) == b""
    part(data)
    assert client.voidresp().startswith("226")
    assert contents(serving.storage) == {"a.bin": content}


def test_a_connection_that_is_cut_stores_nothing(serving: Any, client: Any) -> None:
    data = client.transfercmd("STOR a.bin")
    data.sendall(b"the beginning")
    data.close()
    with pytest.raises(ftplib.error_temp, match="426"):
        client.voidresp()
    assert contents(serving.storage) == {}


def test_a_slow_reader_gets_everything(serving: Any, client: Any) -> None:
    content = os.urandom(12 * MiB)
    client.storbinary("STOR a.bin", io.BytesIO(content))
    data = client.transfercmd("RETR a.bin")
    found = [data.recv(1)]
    client.sendcmd("STAT")  # while the server has to wait with the rest
    while chunk := data.recv(16 * 1024):
        found.append(chunk)
    data.close()
    assert client.voidresp().startswith("226")
    assert b"".join(found) == content


def test_sessions_are_resumed(serving: Any, client: Any) -> None:
    """Some clients warn of servers where the data's session is not that of the commands."""
    for name in ("a.txt", "b.txt"):
        data = client.transfercmd(f"STOR {name}")
        data.sendall(b"content")
        assert data.session_reused
        part(data)
        assert client.voidresp().startswith("226")
    assert contents(serving.storage) == {"a.txt": b"content", "b.txt": b"content"}
