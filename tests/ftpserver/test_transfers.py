"""Transfers that break: what was stored stays, nothing half is seen, and the client can go on."""

from __future__ import annotations

import ftplib
import io
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import bulk
from storages.testing import MemoryStorage

MiB = 1024 * 1024
OLD = b"what was there before"
SENT = os.urandom(300_000)


def names(storage: Any) -> list[str]:
    return sorted(entry.name for entry in bulk.scan(storage))


def read(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        content: bytes = file.read()
    return content


def reset(data: socket.socket) -> None:
    """Close so that the other side is told that the connection is broken."""
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    data.close()


@pytest.fixture
def filled(storage: Any) -> Any:
    """A storage of each kind, with one file."""
    file = bulk.create(storage, "home/ann/old.bin")
    file.write(OLD)
    file.close()
    return storage


def check_nothing_changed(storage: Any) -> None:
    assert names(storage) == ["home/ann/old.bin"]
    assert read(storage, "home/ann/old.bin") == OLD
    if root := getattr(storage, "root_path", None) or getattr(storage, "base_location", None):
        found = [each for _, dirs, files in os.walk(root) for each in dirs + files]
        assert sorted(found) == ["ann", "home", "old.bin"]  # what listings hide is not there


@pytest.fixture
def settle(serving: Any, sent: list[Any]) -> Callable[[str], None]:
    """Waits until the server has sent a signal."""

    def wait(name: str) -> None:
        serving.wait_until(lambda: name in [each for each, _ in sent])

    return wait


@pytest.fixture
def serving(serve: Any, filled: Any) -> Any:
    return serve(filled)


@pytest.mark.parametrize("name", ["old.bin", "new.bin", "new/deep.bin"])
@pytest.mark.parametrize("command", ["STOR", "APPE"])
@pytest.mark.parametrize("early", [True, False])
def test_an_upload_that_is_reset(
    serving: Any, filled: Any, settle: Any, sent: Any, command: str, name: str, early: bool
) -> None:
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd(f"{command} {name}")
    data.sendall(SENT)
    if not early:
        serving.wait_until(lambda: serving.bytes_received() > 0)
    reset(data)
    with pytest.raises(ftplib.error_temp, match=r"^426 Connection lost"):
        client.voidresp()
    settle("ftp_file_received_incomplete")
    check_nothing_changed(filled)
    assert "ftp_file_received" not in [each for each, _ in sent]
    assert client.storbinary("STOR old.bin", io.BytesIO(b"new")).startswith("226")
    assert read(filled, "home/ann/old.bin") == b"new"
    assert client.nlst() == ["old.bin"]


@pytest.mark.parametrize("name", ["old.bin", "new.bin"])
def test_an_upload_that_is_aborted(serving: Any, filled: Any, settle: Any, name: str) -> None:
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd(f"STOR {name}")
    data.sendall(SENT)
    serving.wait_until(lambda: serving.bytes_received() > 0)
    client.putcmd("ABOR")
    assert client.getmultiline().startswith("426")
    assert client.getmultiline().startswith("226")
    data.close()
    settle("ftp_file_received_incomplete")
    check_nothing_changed(filled)
    assert client.nlst() == ["old.bin"]


@pytest.mark.parametrize("name", ["old.bin", "new.bin"])
def test_a_client_that_goes_away(serving: Any, filled: Any, settle: Any, name: str) -> None:
    """Its process has ended: both connections are closed, in the order in which it opened them."""
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd(f"STOR {name}")
    data.sendall(SENT)
    client.close()
    data.close()
    settle("ftp_client_disconnected")
    check_nothing_changed(filled)


@pytest.mark.parametrize("name", ["old.bin", "new.bin"])
def test_a_control_connection_that_is_lost(
    serving: Any, filled: Any, settle: Any, name: str
) -> None:
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd(f"STOR {name}")
    data.sendall(SENT)
    client.close()
    settle("ftp_client_disconnected")
    data.close()
    check_nothing_changed(filled)


def test_a_client_that_says_goodbye_at_once(serving: Any, filled: Any, settle: Any) -> None:
    """It closed the data connection first, so the file is whole; it does not wait for the reply."""
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR new.bin")
    data.sendall(SENT)
    data.close()
    client.putcmd("QUIT")
    settle("ftp_file_received")
    assert read(filled, "home/ann/new.bin") == SENT


def test_an_upload_that_stalls(serve: Any, make_storage: Any, sent: Any) -> None:
    storage = make_storage("memory")
    serving = serve(storage, timeout=60, handler_options={"dtp_handler": _impatient()})
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR new.bin")
    data.sendall(SENT)
    with pytest.raises(ftplib.error_temp, match="421"):
        client.voidresp()
    data.close()
    serving.wait_until(lambda: "ftp_file_received_incomplete" in [each for each, _ in sent])
    assert names(storage) == []


def _impatient() -> type:
    from pyftpdlib.handlers import DTPHandler

    return type("Impatient", (DTPHandler,), {"timeout": 0.3})


def test_a_data_connection_that_never_comes(serving: Any, filled: Any, settle: Any) -> None:
    client = serving.client()
    client.voidcmd("TYPE I")
    client.makepasv()
    assert client.sendcmd("STOR old.bin").startswith("150")
    client.close()
    settle("ftp_client_disconnected")
    check_nothing_changed(filled)


def test_tls_that_is_cut(serve: Any, make_storage: Any, sent: Any) -> None:
    """Without TLS's own farewell anybody on the way may have cut the file."""
    storage = make_storage("memory")
    serving = serve(storage, tls=True)
    client = serving.client()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR new.bin")
    data.sendall(SENT)
    socket.socket(fileno=data.detach()).close()
    with pytest.raises(ftplib.error_temp, match="426"):
        client.voidresp()
    assert names(storage) == []
    assert client.storbinary("STOR new.bin", io.BytesIO(SENT)).startswith("226")
    assert read(storage, "home/ann/new.bin") == SENT
    assert isinstance(client.sock, ssl.SSLSocket)


# -- storages that fail


class Failing(MemoryStorage):
    """Fails where it is told to."""

    where = ""
    error: Exception = ConnectionError("the service at secret.example:9 is gone")

    def _fail(self, where: str) -> None:
        if where in self.where:
            raise self.error

    def _put(self, *args: Any, **kwargs: Any) -> None:
        self._fail("put")
        super()._put(*args, **kwargs)

    def _start_upload(self, *args: Any, **kwargs: Any) -> Any:
        self._fail("start")
        return super()._start_upload(*args, **kwargs)

    def _fetch(self, entry: Any, start: int, stop: int) -> bytes:
        if start:
            self._fail("fetch")
        return super()._fetch(entry, start, stop)

    def _list(self, prefix: str) -> Any:
        self._fail("list")
        return super()._list(prefix)

    def _stat(self, key: str) -> Any:
        self._fail("stat")
        return super()._stat(key)

    def _delete(self, key: str) -> None:
        self._fail("delete")
        super()._delete(key)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("where", ["put", "start"])
@pytest.mark.parametrize("error", [ConnectionError("secret.example"), KeyError("secret.example")])
def test_a_storage_that_takes_no_upload(
    serve: Any, sent: Any, where: str, error: Exception, tls: bool
) -> None:
    storage = Failing(part_size=MiB)
    storage.save("home/ann/old.bin", ContentFile(OLD))
    storage.where, storage.error = where, error
    client = serve(storage, tls=tls).client()
    content = SENT if where == "put" else SENT * 12
    with pytest.raises((ftplib.error_temp, OSError)) as caught:
        client.storbinary("STOR old.bin", io.BytesIO(content))
    if not isinstance(caught.value, ftplib.error_temp):  # it was cut while the client still sent
        with pytest.raises(ftplib.error_temp, match=r"^451 The storage"):
            client.voidresp()
    else:
        assert str(caught.value).startswith("451 The storage")
    assert "secret" not in str(caught.value)
    storage.where = ""
    assert read(storage, "home/ann/old.bin") == OLD
    assert client.nlst() == ["old.bin"]
    assert "ftp_file_received" not in [each for each, _ in sent]


@pytest.mark.parametrize("tls", [False, True])
def test_a_storage_that_breaks_while_it_is_read(serve: Any, sent: Any, tls: bool) -> None:
    storage = Failing()
    storage.save("home/ann/a.bin", ContentFile(os.urandom(3 * MiB)))
    storage.where, storage.error = "fetch", OSError("secret.example")
    serving = serve(storage, tls=tls)
    client = serving.client()
    client.voidcmd("TYPE I")
    with pytest.raises((ftplib.error_temp, ssl.SSLError)) as caught:
        client.retrbinary("RETR a.bin", lambda data: None)
    if isinstance(caught.value, ssl.SSLError):  # the server does not say TLS's farewell then
        with pytest.raises(ftplib.error_temp) as caught:
            client.voidresp()
    assert str(caught.value).startswith("451 The storage")
    assert "secret" not in str(caught.value)
    serving.wait_until(lambda: "ftp_file_sent_incomplete" in [each for each, _ in sent])
    assert "ftp_file_sent" not in [each for each, _ in sent]
    assert client.nlst() == ["a.bin"]


COMMANDS = {
    "list": ["NLST", "LIST", "MLSD", "STAT /", "CWD d", "MKD x", "RMD d"],
    "stat": ["SIZE a", "MDTM a", "MLST a", "DELE a", "MFMT 20200101000000 a"],
    "delete": ["DELE a"],
}


@pytest.mark.parametrize("error", [TimeoutError("secret"), ValueError("secret"), OSError("secret")])
@pytest.mark.parametrize("where", COMMANDS)
def test_a_storage_that_fails_is_told(
    serve: Any, account: Any, where: str, error: Exception
) -> None:
    account(permission="elrdfmwT")
    storage = Failing()
    storage.save("home/ann/a", ContentFile(OLD))
    storage.save("home/ann/d/b", ContentFile(OLD))
    client = serve(storage).client()
    client.voidcmd("TYPE I")
    storage.where, storage.error = where, error
    for command in COMMANDS[where]:
        if command in ("NLST", "LIST", "MLSD"):
            client.makepasv()
        with pytest.raises(ftplib.Error) as caught:
            client.sendcmd(command)
        assert str(caught.value)[0] in "45", command
        assert "secret" not in str(caught.value)
    if where == "stat":
        client.sendcmd("RNFR a")
        with pytest.raises(ftplib.Error, match=r"^550 The storage"):
            client.sendcmd("RNTO b")
    storage.where = ""
    assert client.nlst() == ["a", "d"]
