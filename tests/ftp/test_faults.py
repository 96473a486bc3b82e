"""FTP when the wire is cut, the server restarts, or nobody answers: the old file or the new one."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends.ftp import FTPStorage
from storages.testing.conformance.suite import noise
from tests.servers import Ftpd, FtpFaultProxy, FtpServer, Vsftpd

KiB = 1024
OLD, NEW = noise(300 * KiB, 1), noise(600 * KiB, 2)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0, 0))


@pytest.fixture
def proxy(ftp_server: FtpServer, ftp_fault_proxy: Callable[..., FtpFaultProxy]) -> FtpFaultProxy:
    return ftp_fault_proxy(ftp_server)


@pytest.fixture
def local(ftp_server: FtpServer, ftp_server_directory: str) -> Path:
    return ftp_server.local(ftp_server_directory)


@pytest.fixture
def storage(
    ftp_server: FtpServer, ftp_server_directory: str, proxy: FtpFaultProxy
) -> Iterator[FTPStorage]:
    options = ftp_server.options(ftp_server_directory, via=proxy, allow_overwrite=True)
    storage = FTPStorage(**options, timeout=10)
    yield storage
    storage.close()


def found(local: Path) -> dict[str, bytes]:
    """All that is on the server, hidden or not."""
    return {
        str(path.relative_to(local)): path.read_bytes() if path.is_file() else b""
        for path in local.rglob("*")
    }


def save_surely(storage: FTPStorage, local: Path) -> None:
    """The next operation works, and nothing is left of the one before."""
    storage.save("a.bin", ContentFile(b"next"))
    assert found(local) == {"a.bin": b"next"}


# -- uploads


@pytest.mark.parametrize("whole", [False, True], ids=["data", "all"])
@pytest.mark.parametrize("clean", [False, True], ids=["reset", "closed"])
@pytest.mark.parametrize("up", [10 * KiB, len(NEW) - 1])
def test_an_upload_is_cut(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy, up: int, clean: bool, whole: bool
) -> None:
    storage.save("a.bin", ContentFile(OLD))
    proxy.cut(up=up, clean=clean, whole=whole)
    with pytest.raises(OSError, match="part"):
        storage.save("a.bin", ContentFile(NEW))
    proxy.heal()
    assert found(local) == {"a.bin": OLD}
    save_surely(storage, local)


def test_an_upload_is_cut_before_it_begins(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    """Without TLS the first bytes are on their way by then; with it, it begins once more."""
    storage.save("a.bin", ContentFile(OLD))
    proxy.cut(up=0)
    try:
        storage.save("a.bin", ContentFile(NEW))
        expected = NEW
    except OSError:
        expected = OLD
    assert found(local) == {"a.bin": expected}
    save_surely(storage, local)


def test_an_upload_of_several_parts_is_cut(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    storage.part_size = storage.put_limit = 100 * KiB
    storage.save("a.bin", ContentFile(OLD))
    proxy.cut(up=350 * KiB)
    with pytest.raises(OSError, match="part"), storage.open("a.bin", "wb") as file:
        for place in range(0, len(NEW), 50 * KiB):
            file.write(NEW[place : place + 50 * KiB])
    assert found(local) == {"a.bin": OLD}
    save_surely(storage, local)


def test_a_new_directory_goes_with_the_upload_that_was_cut(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    proxy.cut(up=1000)
    with pytest.raises(OSError, match="part"):
        storage.save("new/deep/a.bin", ContentFile(NEW))
    assert found(local) == {}
    save_surely(storage, local)


@pytest.mark.parametrize("down", range(0, 400, 23))
def test_the_answers_break_off_at_any_place(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy, down: int
) -> None:
    storage.save("a.bin", ContentFile(OLD))
    proxy.control.cut(down=down)
    try:
        storage.save("a.bin", ContentFile(NEW))
        expected = {"a.bin": NEW}
    except OSError:
        expected = {"a.bin": OLD}
    proxy.heal()
    assert found(local) == expected
    save_surely(storage, local)


# -- downloads


@pytest.mark.parametrize("whole", [False, True], ids=["data", "all"])
@pytest.mark.parametrize("clean", [False, True], ids=["reset", "closed"])
@pytest.mark.parametrize("down", [0, 10 * KiB, len(NEW) - 1])
def test_a_download_that_is_cut_goes_on(
    storage: FTPStorage, proxy: FtpFaultProxy, down: int, clean: bool, whole: bool
) -> None:
    storage.save("a.bin", ContentFile(NEW))
    proxy.cut(down=down, clean=clean, whole=whole)
    with storage.open("a.bin") as file:
        assert file.read() == NEW
    assert storage.listdir("") == ([], ["a.bin"])


def test_a_download_never_mixes_two_versions(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    """Not even if the new one has the size of the old one."""
    storage.save("a.bin", ContentFile(NEW))
    proxy.data.stall_after = 100 * KiB
    with storage.open("a.bin") as file:
        assert file.read(10) == NEW[:10]
        other = local / "other"
        other.write_bytes(NEW[::-1])
        os.utime(other, (1, 1))
        other.replace(local / "a.bin")
        proxy.data.cut_now()
        proxy.heal()
        with pytest.raises(OSError, match="replaced"):
            file.read()
    assert storage.open("a.bin").read() == NEW[::-1]


@pytest.mark.parametrize("place", [0, 10, 300 * KiB, len(NEW) - 1, len(NEW)])
def test_after_half_a_download_the_connection_serves_on(
    storage: FTPStorage, proxy: FtpFaultProxy, place: int
) -> None:
    storage.save("a.bin", ContentFile(NEW))
    before = proxy.control.connections
    for _ in range(3):
        with storage.open("a.bin") as file:
            assert file.read(place) == NEW[:place]
        assert storage.exists("a.bin")
        assert storage.listdir("") == ([], ["a.bin"])
    assert proxy.control.connections == before


def test_a_listing_that_is_cut_is_no_short_listing(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    names = sorted(f"{number}-{'x' * 100}.txt" for number in range(300))
    for name in names:
        (local / name).write_bytes(b"x")
    storage.listdir("")
    proxy.cut(down=20_000, times=5)
    with contextlib.suppress(OSError):
        assert sorted(storage.listdir("")[1]) == names
    proxy.heal()
    assert sorted(storage.listdir("")[1]) == names


# -- connections


def test_a_connection_that_died_at_rest_is_replaced(
    storage: FTPStorage, local: Path, proxy: FtpFaultProxy
) -> None:
    for do in (
        lambda: storage.save("a.bin", ContentFile(NEW)),
        lambda: storage.exists("a.bin"),
        lambda: storage.listdir(""),
        lambda: storage.open("a.bin").read(),
        lambda: storage.delete("a.bin"),
    ):
        do()
        proxy.cut_now()
    save_surely(storage, local)


def test_the_server_restarts(start: Callable[..., Any]) -> None:
    server = start(Ftpd)
    with server.directory() as directory:
        storage = FTPStorage(**server.options(directory))
        storage.save("a.bin", ContentFile(NEW))
        file = storage.open("a.bin")
        assert file.read(10) == NEW[:10]
        server.restart()
        assert file.read() == NEW[10:]
        assert storage.save("b.bin", ContentFile(OLD)) == "b.bin"
        server.restart()
        storage.delete("b.bin")
        assert found(server.local(directory)) == {"a.bin": NEW}
        storage.close()


def test_the_server_hangs_up_on_who_is_idle(start: Callable[..., Any]) -> None:
    for server in (start(Ftpd, idle=0.2), start(Vsftpd, idle_session_timeout="1")):
        with server.directory() as directory:
            storage = FTPStorage(**server.options(directory))
            storage.save("a.bin", ContentFile(b"content"))
            wire = storage._pool()._idle[0][1]._client._wire
            wire.sock.settimeout(20)
            assert wire.getmultiline().startswith("421")  # it is about to hang up
            assert storage.open("a.bin").read() == b"content"
            storage.close()


def test_nobody_answers(
    ftpd: FtpServer, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy), timeout=0.3)
    storage.save("a.bin", ContentFile(OLD))
    proxy.stall = True
    with pytest.raises(TimeoutError, match="did not answer in time"):
        storage.exists("a.bin")
    with pytest.raises(TimeoutError, match="answer"):
        storage.save("b.bin", ContentFile(NEW))
    proxy.heal()
    assert storage.open("a.bin").read() == OLD
    storage.close()


def test_an_upload_stalls(
    ftpd: FtpServer, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy), timeout=0.5)
    proxy.data.stall_up_after = 100 * KiB
    with pytest.raises(OSError, match="part"):
        storage.save("a.bin", ContentFile(noise(32 * KiB * KiB)))
    proxy.heal()
    assert found(ftpd.local(ftp_directory)) == {}
    save_surely(storage, ftpd.local(ftp_directory))
    storage.close()


def test_a_download_stalls(
    ftpd: FtpServer, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy), timeout=0.5)
    storage.save("a.bin", ContentFile(NEW))
    proxy.data.stall_after = 300 * KiB
    with storage.open("a.bin") as file:
        assert file.read(100) == NEW[:100]
        proxy.stall = True
        with pytest.raises(TimeoutError):
            file.read()
        proxy.heal()
        file.seek(100)
        assert file.read() == NEW[100:]
    storage.close()


def test_the_server_cannot_be_reached(
    ftpd: FtpServer, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy))
    proxy.refuse()
    with pytest.raises(ConnectionError, match=f"127.0.0.1:{proxy.port}"):
        storage.exists("a.bin")
    proxy.heal()
    assert storage.exists("a.bin") is False
    storage.close()


def test_the_data_ports_cannot_be_reached(
    ftpd: FtpServer, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy))
    proxy.data.refuse()
    with pytest.raises(ConnectionError, match="aftp"):
        storage.listdir("")
    proxy.heal()
    assert storage.listdir("") == ([], [])
    storage.close()
