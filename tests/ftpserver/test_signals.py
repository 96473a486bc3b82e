"""Signals: each once, with what belongs to it, and only for what was done."""

from __future__ import annotations

import ftplib
import io
from typing import Any

import pytest
from pyftpdlib.handlers import FTPHandler

from django_ftpserver import signals
from django_ftpserver.handlers import DjangoFTPHandler, DjangoTLS_FTPHandler
from django_ftpserver.server import FTPServerConfig, FTPServerRunner
from storages.testing import MemoryStorage


def named(sent: list[Any], *names: str) -> list[Any]:
    return [about for name, about in sent if name in names]


@pytest.mark.parametrize("tls", [False, True])
def test_a_whole_session(serve: Any, sent: list[Any], tls: bool) -> None:
    serving = serve(tls=tls)
    client = serving.connect()
    address = {"remote_ip": "127.0.0.1"}
    address["sender"] = DjangoTLS_FTPHandler if tls else DjangoFTPHandler
    serving.wait_until(lambda: bool(named(sent, "ftp_client_connected")))
    assert sent == [
        ("ftp_client_connected", address | {"remote_port": client.sock.getsockname()[1]})
    ]
    sent.clear()
    client = serving.client()
    client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    client.retrbinary("RETR a.txt", lambda data: None)
    client.mkd("d")
    client.rename("a.txt", "d/b.txt")
    client.delete("d/b.txt")
    client.rmd("d")
    client.quit()
    ann = address | {"username": "ann"}
    serving.wait_until(lambda: bool(named(sent, "ftp_client_disconnected")))
    sent = [(name, about) for name, about in sent if name != "ftp_client_connected"]
    assert sent == [
        ("ftp_login", ann),
        ("ftp_file_received", ann | {"path": "/home/ann/a.txt"}),
        ("ftp_file_sent", ann | {"path": "/home/ann/a.txt"}),
        ("ftp_directory_created", ann | {"path": "/home/ann/d"}),
        (
            "ftp_file_renamed",
            ann | {"path_from": "/home/ann/a.txt", "path_to": "/home/ann/d/b.txt"},
        ),
        ("ftp_file_deleted", ann | {"path": "/home/ann/d/b.txt"}),
        ("ftp_directory_deleted", ann | {"path": "/home/ann/d"}),
        ("ftp_logout", ann),
        ("ftp_client_disconnected", ann),
    ]


def test_nothing_is_sent_for_what_was_not_done(serve: Any, account: Any, sent: list[Any]) -> None:
    account(permission="elradfm")
    client = serve().client()
    client.mkd("d")
    client.mkd("d/e")
    client.sendcmd("NOOP")  # signals follow the reply
    sent.clear()
    for do in (
        lambda: client.storbinary("STOR a.txt", io.BytesIO(b"a")),
        lambda: client.retrbinary("RETR none", lambda data: None),
        lambda: client.delete("none"),
        lambda: client.delete("d"),
        lambda: client.mkd("d"),
        lambda: client.rmd("d"),
        lambda: client.rmd("none"),
        lambda: client.rename("none", "x"),
        lambda: client.sendcmd("RNTO x"),
    ):
        with pytest.raises(ftplib.error_perm):
            do()
    assert sent == []


def test_a_failed_login(serve: Any, sent: list[Any]) -> None:
    serving = serve(handler_options={"auth_failed_timeout": 0})
    client = serving.connect()
    with pytest.raises(ftplib.error_perm):
        client.login("ann", "wrong")
    serving.wait_until(lambda: bool(named(sent, "ftp_login_failed")))
    assert named(sent, "ftp_login_failed") == [
        {"remote_ip": "127.0.0.1", "username": "ann", "sender": DjangoFTPHandler}
    ]
    client.close()
    serving.wait_until(lambda: bool(named(sent, "ftp_client_disconnected")))
    assert named(sent, "ftp_client_disconnected")[0]["username"] is None
    assert named(sent, "ftp_login", "ftp_logout") == []


def test_a_receiver_that_fails_ends_no_session(serve: Any, caplog: Any) -> None:
    def fail(**about: Any) -> None:
        raise ZeroDivisionError("of a receiver")

    every = [getattr(signals, name) for name in dir(signals) if name.startswith("ftp_")]
    for signal in every:
        signal.connect(fail)
    try:
        storage = MemoryStorage()
        client = serve(storage).client()
        assert client.storbinary("STOR a.txt", io.BytesIO(b"a")).startswith("226")
        client.delete("a.txt")
        assert client.nlst() == []
    finally:
        for signal in every:
            signal.disconnect(fail)
    assert "ZeroDivisionError" in caplog.text


def test_start_and_stop(account: Any, sent: list[Any]) -> None:
    runner = FTPServerRunner(FTPServerConfig("127.0.0.1", 0))
    server = runner.create_server()
    host, port = server.address

    def interrupt() -> None:
        assert [name for name, _ in sent] == ["ftp_server_started"]
        raise KeyboardInterrupt

    server.ioloop.call_later(0, interrupt)
    runner.run(sender="the command")
    about = {"server": server, "host": host, "port": port, "sender": "the command"}
    assert sent == [("ftp_server_started", about), ("ftp_server_stopped", about)]


def test_handlers_of_pyftpdlib_store_files_too(serve: Any, sent: list[Any]) -> None:
    """As older projects configure them; they send no signals."""
    storage = MemoryStorage()
    client = serve(storage, handler_class="pyftpdlib.handlers.FTPHandler").client()
    assert client.storbinary("STOR a.txt", io.BytesIO(b"a")).startswith("226")
    assert client.nlst() == ["a.txt"]
    storage.assert_exists("home/ann/a.txt", b"a")
    assert sent == []
    assert FTPHandler.abstracted_fs.__name__ == "AbstractedFS"  # servers share nothing
