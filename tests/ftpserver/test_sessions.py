"""Sessions of clients that do as they like."""

from __future__ import annotations

import ftplib
import gzip
import io
import logging
import os
import resource
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

from django_ftpserver.filesystems import StorageFS
from storages import bulk
from storages.testing import MemoryStorage
from tests.ftpserver.conftest import PASSWORD


def names(storage: Any) -> list[str]:
    return sorted(entry.name for entry in bulk.scan(storage))


def answer(client: ftplib.FTP, command: str) -> str:
    client.putcmd(command)
    return client.getmultiline()


def connect(client: ftplib.FTP) -> socket.socket:
    return socket.create_connection(client.makepasv())


# -- transfers that wait


def test_a_transfer_that_was_given_up_does_not_come_back(serve: Any) -> None:
    storage = MemoryStorage()
    storage.save("home/ann/a", ContentFile(b"content"))
    client = serve(storage).client()
    client.voidcmd("TYPE I")
    for give_up in ("ABOR", "PASV"):
        client.makepasv()
        assert answer(client, "STOR a").startswith("150")
        assert answer(client, give_up)[0] == "2"
        connect(client).close()
        assert answer(client, "NOOP").startswith("200")
    storage.assert_exists("home/ann/a", b"content")
    assert client.nlst() == ["a"]


def test_transfers_that_wait_leave_nothing(serve: Any, tmp_path: Path) -> None:
    client = serve(FileSystemStorage(tmp_path)).client()
    client.voidcmd("TYPE I")
    for number in range(5):
        client.makepasv()
        assert answer(client, f"STOR x{number}").startswith("150")
    assert answer(client, "STOR y").startswith("425")
    client.makepasv()
    assert client.nlst() == []
    assert [files for _, _, files in os.walk(tmp_path)] == [[]] * len(list(os.walk(tmp_path)))


def test_one_transfer_at_a_time(serve: Any, account: Any, sent: list[Any]) -> None:
    account()
    account("bob")
    storage = MemoryStorage()
    client = serve(storage).client()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR one")
    data.sendall(b"1" * 1000)
    for command in ("STOR two", "RETR one", "NLST", "USER bob", "REIN"):
        assert answer(client, command) == "425 A transfer is under way.", command
    data.sendall(b"2" * 500)
    data.close()
    assert client.voidresp().startswith("226")
    storage.assert_exists("home/ann/one", b"1" * 1000 + b"2" * 500)
    assert names(storage) == ["home/ann/one"]
    client.sendcmd("NOOP")
    (about,) = (about for name, about in sent if name == "ftp_file_received")
    assert about["username"] == "ann"


def test_a_transfer_without_a_data_connection(serve: Any) -> None:
    client = serve().client()
    for command in ("RETR a", "STOR a", "NLST", "LIST", "MLSD", "STOU", "APPE a"):
        assert answer(client, command) == "425 Use PASV or PORT first."


class Slow(MemoryStorage):
    """Waits with a large file until it may go on."""

    waits: threading.Event
    may_go: threading.Event

    def _start_upload(self, *args: Any, **kwargs: Any) -> Any:
        self.waits.set()
        self.may_go.wait(30)
        return super()._start_upload(*args, **kwargs)


@pytest.mark.parametrize("tls", [False, True])
def test_an_abort_that_comes_with_the_end_of_the_data(serve: Any, tls: bool) -> None:
    storage = Slow(part_size=64 * 1024)
    storage.waits, storage.may_go = threading.Event(), threading.Event()
    client = serve(storage, tls=tls).client()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR half")
    data.sendall(b"x" * 600_000)
    assert storage.waits.wait(30)
    client.putcmd("ABOR")
    if isinstance(data, ssl.SSLSocket):
        data.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            data.unwrap()
    data.close()
    storage.may_go.set()
    assert client.getmultiline().startswith("426")
    assert client.getmultiline()[:3] in ("225", "226")
    assert names(storage) == []
    assert client.nlst() == []


# -- what is sent


class Unpacking(FileSystemStorage):
    """Reads what is packed on disk."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        return File(gzip.open(self.path(name), mode))


def test_what_the_storage_reads_is_sent_and_not_what_is_on_disk(serve: Any, tmp_path: Path) -> None:
    home = tmp_path / "home/ann"
    home.mkdir(parents=True)
    (home / "a.txt").write_bytes(gzip.compress(b"plain" * 1000))
    client = serve(Unpacking(tmp_path)).client()
    client.voidcmd("TYPE I")
    found = io.BytesIO()
    client.retrbinary("RETR a.txt", found.write)
    assert found.getvalue() == b"plain" * 1000


class OnlyText(FileSystemStorage):
    """Looks at names."""

    def _save(self, name: str, content: Any) -> str:
        assert name.endswith("report.txt"), name
        return super()._save(name, content)


def test_a_storage_that_looks_at_names(serve: Any, tmp_path: Path) -> None:
    client = serve(OnlyText(tmp_path)).client()
    assert client.storbinary("STOR report.txt", io.BytesIO(b"text")).startswith("226")
    with pytest.raises(ftplib.error_temp, match="451"):
        client.storbinary("STOR report.exe", io.BytesIO(b"program"))
    assert [each for _, dirs, files in os.walk(tmp_path) for each in dirs + files] == [
        "home",
        "ann",
        "report.txt",
    ]


class DefaultFS(StorageFS):
    """The lazy object that projects know."""

    def get_storage(self) -> Any:
        return default_storage


def test_the_default_storage(serve: Any, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = serve(filesystem_class=DefaultFS).client()
    client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    assert (tmp_path / "home/ann/a.txt").read_bytes() == b"a"


@pytest.mark.parametrize("leads_to", ["link", "nothing", "a.txt/through-a-file"])
@pytest.mark.parametrize("kind", ["files", "sftp"])
def test_links_that_lead_nowhere(
    serve: Any, make_storage: Any, kind: str, leads_to: str, tmp_path: Path, request: Any
) -> None:
    """Nothing can be read there."""
    storage = make_storage(kind)
    storage.save("home/ann/a.txt", ContentFile(b"x"))
    if kind == "files":
        root = Path(storage.path(""))
    else:
        root = request.getfixturevalue("sshd").local(request.getfixturevalue("sftp_directory"))
    (root / "home/ann/link").symlink_to(leads_to)
    client = serve(storage).client()
    assert client.nlst() == ["a.txt"]
    assert [name for name, _ in client.mlsd()] == ["a.txt"]


# -- what comes in


def test_the_rest_of_a_long_line_is_no_command(serve: Any) -> None:
    storage = MemoryStorage()
    client = serve(storage).client()
    client.sock.sendall(b"SIZE " + b"x" * 3000)
    time.sleep(0.05)  # so that it comes in two pieces; either way there is one answer
    client.sock.sendall(b"MKD injected\r\n")
    assert client.getmultiline() == "500 Command too long."
    assert answer(client, "PWD").startswith("257")
    client.sock.sendall(b"SIZE " + b"x" * 3000 + b"\r\nNOOP\r\n")
    assert client.getmultiline() == "500 Command too long."
    assert client.getmultiline().startswith("200")
    assert client.nlst() == []


def test_lines_of_the_log_are_not_forged(serve: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    client = serve().connect()
    for name in (b"x\nUSER 'admin' logged in.", b"\x1b[2J", b"a\x7f"):
        client.sock.sendall(b"USER " + name + b"\r\n")
        assert client.getmultiline() == "501 A command has no control characters."
    assert "admin" not in caplog.text


def test_nothing_that_came_before_tls_counts_in_it(serve: Any) -> None:
    serving = serve(tls=True)
    plain = socket.create_connection((serving.host, serving.port), timeout=30)
    reader = plain.makefile("rb")
    assert reader.readline().startswith(b"220")
    plain.sendall(b"AUTH TLS\r\nNOOP\r\nFEA")
    assert reader.readline().startswith(b"234")
    context = ssl.create_default_context(cafile=serving.ca_cert)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
        wrapped.sendall(b"SYST\r\n")
        assert wrapped.recv(1000).startswith(b"215")
    reader.close()


def test_guesses_in_one_packet_are_no_more(serve: Any, sent: list[Any]) -> None:
    serving = serve(handler_options={"auth_failed_timeout": 0.2})
    client = serving.connect()
    guesses = b"".join(b"USER ann\r\nPASS %d\r\n" % number for number in range(8))
    client.sock.sendall(guesses)
    assert client.getmultiline().startswith("331")
    assert client.getmultiline().startswith("530")
    client.login("ann", PASSWORD)
    assert [name for name, _ in sent].count("ftp_login_failed") == 1


def test_a_client_that_reads_no_replies_is_cut(serve: Any, sent: list[Any]) -> None:
    serving = serve()
    client = serving.connect()
    client.sock.settimeout(5)
    with pytest.raises(OSError):  # noqa: PT011 - reset, broken pipe, or nothing more is taken
        for _ in range(2000):
            client.sock.sendall(b"HELP\r\n" * 1000)
    serving.wait_until(lambda: "ftp_client_disconnected" in [name for name, _ in sent])
    assert serving.client().nlst() == []


def test_tls_that_breaks_in_its_handshake_is_answered(serve: Any) -> None:
    client = serve(tls=True).client()
    client.voidcmd("TYPE I")
    for command in ("STOR a", "NLST"):
        host, port = client.makepasv()
        data = socket.create_connection((host, port))
        client.putcmd(command)
        assert client.getmultiline()[0] == "1"
        data.close()
        assert client.getmultiline()[0] in "45", command
    assert client.nlst() == []


def test_a_file_that_came_late_is_found(serve: Any) -> None:
    """However often it was asked for before."""
    storage = MemoryStorage()
    client = serve(storage).client()
    client.voidcmd("TYPE I")
    with pytest.raises(ftplib.error_perm, match="550"):
        client.size("late")
    storage.save("home/ann/late", ContentFile(b"12345"))
    assert client.size("late") == 5


def test_directories_that_would_hide_others(serve: Any, storage: Any) -> None:
    client = serve(storage).client()
    client.storbinary("STOR file", io.BytesIO(b"a"))
    client.storbinary("STOR dir/file", io.BytesIO(b"a"))
    client.mkd("empty")
    for command in ("MKD file", "MKD file/sub", "MKD dir"):
        assert answer(client, command).startswith("550"), command
    for target in ("file", "dir", "empty"):
        client.sendcmd("RNFR empty")
        assert answer(client, f"RNTO {target}")[0] in "25"
        assert client.nlst() == ["dir", "empty", "file"]
    assert client.nlst("dir") == ["file"]


# -- the server


def test_a_server_without_descriptors_goes_on(serve: Any) -> None:
    serving = serve()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    clients: list[socket.socket] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 40, limits[1]))
    try:
        with pytest.raises(OSError):  # noqa: PT011 - this process has none left either
            while True:
                clients.append(socket.create_connection((serving.host, serving.port), timeout=5))
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert serving.client().nlst() == []


class Stuck(MemoryStorage):
    """Answers nothing for a while."""

    may_go: threading.Event

    def _list(self, prefix: str) -> Any:
        self.may_go.wait(60)
        return super()._list(prefix)


def test_clients_that_hang_do_not_add_up(serve: Any, account: Any) -> None:
    storage = Stuck()
    storage.may_go = threading.Event()
    serving = serve(storage)
    serving.server.join_timeout = 0.5
    for client in [serving.client() for _ in range(4)]:
        client.makepasv()
        client.putcmd("NLST")
    began = time.monotonic()
    serving.__exit__()
    took = time.monotonic() - began
    storage.may_go.set()
    assert took < 4 * 0.5
