"""Nobody leaves the home directory, touches this machine's disk, or does what the group may not."""

from __future__ import annotations

import ftplib
import io
import logging
import os
import ssl
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from pyftpdlib.filesystems import AbstractedFS

from django_ftpserver.filesystems import StorageFS
from storages import bulk
from storages.testing import MemoryStorage
from tests.ftpserver.conftest import PASSWORD

HIDDEN = b"what is not ann's"

OUTSIDE = (
    "../bob/secret",
    "../../home/bob/secret",
    "/../bob/secret",
    "/../../../../home/bob/secret",
    "x/../../bob/secret",
    "./.././bob/secret",
    "//../bob/secret",
    "..\\bob\\secret",
    "x\\..\\..\\bob\\secret",
    "/etc/passwd",
    "....//bob/secret",
    "../annex/secret",
)


def commands(name: str) -> list[list[str]]:
    """Every command that takes a name, each as a sequence that must fail at its end."""
    return [
        *([f"{verb} {name}"] for verb in ("CWD", "XCWD", "SIZE", "MDTM", "MLST", "STAT", "DELE")),
        *([f"{verb} {name}"] for verb in ("RMD", "XRMD", "SITE CHMOD 777", "MFMT 20200101000000")),
        [f"RNFR {name}"],
        *(["PASV", f"{verb} {name}"] for verb in ("RETR", "LIST", "NLST", "MLSD")),
    ]


def run(client: ftplib.FTP, sequence: list[str]) -> str:
    """The last reply, of whatever kind."""
    reply = ""
    for command in sequence:
        client.putcmd(command)
        reply = client.getmultiline()
    return reply


@pytest.fixture
def homes(storage: Any) -> Any:
    """A storage with files of bob's, of somebody whose name begins as ann's, and at its root."""
    for name in ("home/bob/secret", "home/annex/secret", "secret", "home/ann/own"):
        file = bulk.create(storage, name)
        file.write(HIDDEN)
        file.close()
    return storage


@pytest.fixture
def client(serve: Any, account: Any, homes: Any) -> ftplib.FTP:
    account(permission="elradfwT")
    client: ftplib.FTP = serve(homes).client()
    client.voidcmd("TYPE I")
    return client


def downloaded(client: ftplib.FTP, name: str) -> bytes:
    found = io.BytesIO()
    with suppress(ftplib.Error):
        client.retrbinary(f"RETR {name}", found.write)
    return found.getvalue()


def contents(storage: Any) -> dict[str, bytes]:
    found = {}
    for entry in bulk.scan(storage):
        with storage.open(entry.name) as file:
            found[entry.name] = file.read()
    return found


def test_no_command_leaves_the_home(client: Any, homes: Any) -> None:
    before = contents(homes)
    for name in OUTSIDE:
        for sequence in commands(name):
            reply = run(client, sequence)
            assert reply[:1] in "45", (sequence, reply)
        assert downloaded(client, name) == b""
    assert contents(homes) == before
    assert client.pwd() == "/"


def test_what_is_written_stays_in_the_home(client: Any, homes: Any) -> None:
    before = contents(homes)
    for name in OUTSIDE:
        for verb in ("STOR", "APPE", "STOU"):
            with suppress(ftplib.Error):
                client.storbinary(f"{verb} {name}", io.BytesIO(b"x"))
        run(client, [f"MKD {name}"])
        run(client, ["RNFR own", f"RNTO {name}"])
    after = contents(homes)
    outside = {name: after[name] for name in after if not name.startswith("home/ann/")}
    assert outside == {name: before[name] for name in before if name != "home/ann/own"}


def test_names_that_are_none(client: Any, homes: Any) -> None:
    for name in ("a\0b", "a\rb", "a\nb", "...", "d/....", " ", "a\\b"):
        client.sock.sendall(b"MKD " + name.encode() + b"\r\n")
        assert client.getmultiline().startswith("5"), name
    for raw in (b"MKD \xff\xfe\r\n", b"DELE own\xe9\r\n"):  # no UTF-8
        client.sock.sendall(raw)
        assert client.getmultiline().startswith("501")
    assert client.nlst() == ["own"]


def test_names_that_would_be_lines_are_not_listed(serve: Any) -> None:
    storage = MemoryStorage()
    storage.save("home/ann/a\r\n-rw-r--r-- 1 ftp ftp 1 Jan 01 1970 fake", ContentFile(b"x"))
    storage.save("home/ann/real", ContentFile(b"x"))
    client = serve(storage).client()
    lines: list[str] = []
    client.dir(lines.append)
    assert [line.split()[-1] for line in lines] == ["real"]
    assert client.nlst() == ["real"]
    assert [name for name, _ in client.mlsd()] == ["real"]


# -- this machine's disk

TOUCHES = {
    *("open", "os.chdir", "os.chmod", "os.chown", "os.link", "os.listdir", "os.mkdir", "os.mkfifo"),
    *("os.remove", "os.rename", "os.rmdir", "os.scandir", "os.symlink", "os.truncate", "os.utime"),
    *("tempfile.mkstemp", "tempfile.mkdtemp", "shutil.move", "shutil.rmtree", "subprocess.Popen"),
}
_touched: list[tuple[str, Any]] | None = None


def _watch(event: str, args: Any) -> None:
    """An audit hook, which stays until the end of the process: it sleeps but for its test."""
    is_watched = _touched is not None and event in TOUCHES
    if is_watched and threading.current_thread().name.startswith("ftp "):
        _touched.append((event, args))


sys.addaudithook(_watch)


def test_no_command_touches_this_machines_disk(
    serve: Any, account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    global _touched
    account(permission="elradfmw")
    account("tim", permission="elradfMT", home_dir=str(tmp_path))
    (tmp_path / "file").write_text("of this machine")
    monkeypatch.chdir(tmp_path)
    serving = serve(MemoryStorage(part_size=256 * 1024))
    everything(serving, "ann")  # what is imported at the first time is imported now
    _touched = []
    try:
        everything(serving, "ann")
        everything(serving, "tim")
        touched = _touched
    finally:
        _touched = None
    library = os.path.dirname(os.__file__)
    modules = (library, sys.prefix, str(Path(__file__).parents[2] / "src"))
    assert [each for each in touched if not str(each[1][0]).startswith(modules)] == []
    assert (tmp_path / "file").read_text() == "of this machine"
    assert os.listdir(tmp_path) == ["file"]


def everything(serving: Any, username: str) -> None:
    client = serving.client(username)
    client.voidcmd("TYPE I")
    for verb in ("STOR file", "APPE file", "STOU", "STOU file", "STOR d/e", "STOR big"):
        content = b"x" * (2_000_000 if "big" in verb else 10)
        try:
            client.storbinary(verb, io.BytesIO(content))
        except ftplib.error_perm:
            assert username == "tim"
    for sequence in [
        *commands("file"),
        *commands("d"),
        *commands("none"),
        ["MKD new"],
        ["RNFR file", "RNTO other"],
        ["RNFR d", "RNTO e"],
        ["RMD new"],
        ["CWD /"],
        ["CDUP"],
        ["PWD"],
        ["REST 1", "PASV", "RETR big"],
        ["STAT"],
        ["SITE HELP"],
        ["OPTS MLST type;size;modify;unix.mode;unix.uid;unix.gid;unique;perm;"],
        ["NOOP"],
        ["REIN"],
    ]:
        run(client, sequence)
    client.close()


def test_each_call_of_pyftpdlibs_file_system_is_our_own() -> None:
    calls = [name for name in dir(AbstractedFS) if not name.startswith("_")]
    assert len(calls) > 30
    for name in calls:
        if callable(getattr(AbstractedFS, name)):
            assert getattr(StorageFS, name) is not getattr(AbstractedFS, name), name


# -- permissions

VERBS = {
    "e": [["CWD d"], ["CDUP"]],
    "l": [["LIST"], ["NLST"], ["MLSD"], ["MLST own"], ["STAT /"], ["SIZE own"], ["MDTM own"]],
    "r": [["PASV", "RETR own"]],
    "a": [["PASV", "APPE own"]],
    "d": [["DELE own"], ["RMD d"]],
    "f": [["RNFR own"]],
    "m": [["MKD new"]],
    "w": [["PASV", "STOR own"], ["PASV", "STOU"]],
    "M": [["SITE CHMOD 644 own"]],
    "T": [["MFMT 20200101000000 own"]],
}


@pytest.mark.parametrize("letter", VERBS)
def test_what_the_group_may_not_is_refused(serve: Any, account: Any, letter: str) -> None:
    account(permission="".join(VERBS.keys() - {letter})[:8])
    account("only", permission=letter)
    storage = MemoryStorage()
    for home in ("ann", "only"):
        storage.save(f"home/{home}/own", ContentFile(b"own"))
        storage.save(f"home/{home}/d/file", ContentFile(b"file"))
    before = contents(storage)
    serving = serve(storage)
    client, only = serving.client(), serving.client("only")
    client.voidcmd("TYPE I")
    for sequence in VERBS[letter]:
        assert run(client, sequence).startswith("550 Not enough privileges"), sequence
    for other in VERBS.keys() - {letter}:
        for sequence in VERBS[other]:
            assert run(only, sequence).startswith("550 Not enough privileges"), sequence
    assert contents(storage) == before


# -- passwords


@pytest.mark.parametrize("tls", [False, True])
def test_no_password_is_logged(serve: Any, caplog: pytest.LogCaptureFixture, tls: bool) -> None:
    caplog.set_level(logging.DEBUG)
    serving = serve(tls=tls, handler_options={"auth_failed_timeout": 0})
    serving.client().nlst()
    plain = ftplib.FTP(timeout=30)
    plain.connect(serving.host, serving.port)
    plain.sendcmd("NOOP")
    for command in ("USER ann", f"PASS {PASSWORD}x", f"pass {PASSWORD}", f"\xffPASS {PASSWORD}"):
        plain.sock.sendall(command.encode("latin-1") + b"\r\n")
        plain.getmultiline()
    plain.close()
    assert "ann" in caplog.text
    assert PASSWORD not in caplog.text


# -- TLS


def test_tls_is_required_once_there_is_a_certificate(serve: Any) -> None:
    serving = serve(tls=True)
    plain = ftplib.FTP(timeout=30)
    plain.connect(serving.host, serving.port)
    for command in ("USER ann", f"PASS {PASSWORD}"):
        with pytest.raises(ftplib.error_perm, match="SSL/TLS required"):
            plain.sendcmd(command)
    plain.close()
    client = serving.connect()
    client.login("ann", PASSWORD)
    with pytest.raises(ftplib.error_perm, match="SSL/TLS required"):
        client.nlst()
    client.prot_p()
    assert client.nlst() == []
    client.sendcmd("PROT C")
    with pytest.raises(ftplib.error_perm, match="SSL/TLS required"):
        client.sendcmd("PASV")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_old_tls_is_refused(serve: Any) -> None:
    serving = serve(tls=True)
    client = serving.connect()
    client.context.set_ciphers("ALL:@SECLEVEL=0")
    client.context.minimum_version = ssl.TLSVersion.TLSv1
    client.context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        client.login("ann", PASSWORD)
    assert serving.client().nlst() == []


# -- the disk, where a project wants it


def test_without_a_file_system_the_disk_is_served(serve: Any, account: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    account(home_dir=str(home))
    client = serve(filesystem_class=None).client()
    client.storbinary("STOR a.txt", io.BytesIO(b"on disk"))
    assert (home / "a.txt").read_bytes() == b"on disk"
    assert client.nlst() == ["a.txt"]


def test_a_home_within_the_folder_of_a_file_system_storage(
    serve: Any, account: Any, tmp_path: Path
) -> None:
    """As django-ftpserver has it: the path of this machine, or one within the storage."""
    account(home_dir=f"{tmp_path}/media/{{username}}")
    account("bob", home_dir="/media/{username}")
    serving = serve(FileSystemStorage(tmp_path / "media"))
    serving.client().storbinary("STOR a.txt", io.BytesIO(b"ann's"))
    serving.client("bob").storbinary("STOR a.txt", io.BytesIO(b"bob's"))
    assert (tmp_path / "media" / "ann" / "a.txt").read_bytes() == b"ann's"
    assert (tmp_path / "media" / "media" / "bob" / "a.txt").read_bytes() == b"bob's"
