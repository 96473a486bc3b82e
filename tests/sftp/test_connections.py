"""Connections to SSH servers: shared, bounded, replaced when they die, gone when they should be."""

import gc
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import paramiko
import pytest
from django.core.files.base import ContentFile

from storages import pool
from storages.backends.sftpstorage import SFTPStorage
from tests.servers import Sshd

MiB = 1024 * 1024


NUMBERS = itertools.count(1)


@pytest.fixture
def make(make: Any) -> Any:
    """Storages with connections of their own: those of earlier tests may still be kept."""
    return partial(make, timeout=60 + next(NUMBERS))


class Connections:
    """Those made since this one was: of earlier tests, some may end at any time."""

    def __init__(self) -> None:
        self._earlier = set(threading.enumerate())

    def count(self) -> int:
        """How many are there; the thread of one that has ended must end, too."""
        transports = [
            each for each in threading.enumerate() if isinstance(each, paramiko.Transport)
        ]
        for each in transports:
            if not each.is_active():
                each.join(20)
        return len([each for each in transports if each.is_alive() and each not in self._earlier])


# -- ends


def test_a_context_manager_closes_its_connections(make: Any, sshd: Sshd) -> None:
    connections = Connections()
    with make() as storage:
        assert not storage.exists("a.txt")
        assert storage.sftp.stat(".").st_mode
        assert connections.count() == 2
    assert connections.count() == 0
    with storage:
        assert not storage.exists("a.txt")
        assert storage.sftp.stat(".").st_mode
    assert connections.count() == 0


def test_closing_what_was_never_used_connects_to_nothing() -> None:
    with SFTPStorage(host="192.0.2.1") as storage:
        storage.close()


def test_a_file_that_is_open_keeps_its_connection(make: Any, sshd: Sshd) -> None:
    content = os.urandom(3 * MiB)
    connections = Connections()
    with make() as storage:
        storage.save("a.bin", ContentFile(content))
        file = storage.open("a.bin")
        assert file.read(10) == content[:10]
    assert connections.count() == 1
    assert file.read() == content[10:]
    file.close()
    assert connections.count() == 0


def test_a_forgotten_storage_closes_its_own_connection(sshd: Sshd, sftp_directory: str) -> None:
    connections = Connections()
    storage = SFTPStorage(**sshd.options(sftp_directory))
    storage.sftp.listdir(sftp_directory)
    assert connections.count() == 1
    del storage
    gc.collect()
    assert connections.count() == 0


def test_the_client_of_paramiko_stays_and_is_replaced_when_it_dies(
    storage: SFTPStorage, sshd: Sshd, sftp_directory: str
) -> None:
    first = storage.sftp
    assert isinstance(first, paramiko.SFTPClient)
    assert storage.sftp is first
    first.mkdir(f"{sftp_directory}/d")
    assert storage.listdir("") == (["d"], [])
    first.close()
    assert storage.sftp is not first
    second = storage.sftp
    sshd.end_sessions()
    second.get_channel().get_transport().join(10)  # type: ignore[union-attr]  # it is open
    assert storage.sftp.listdir(sftp_directory) == ["d"]


# -- bounds


def test_connections_are_bounded_and_shared(make: Any, sshd: Sshd) -> None:
    storages = [make(max_connections=3) for _ in range(4)]
    before = sshd.logins()

    def use(number: int) -> None:
        storage = storages[number % 4]
        storage.save(f"d/{number}.bin", ContentFile(os.urandom(300_000)))
        with storage.open(f"d/{number}.bin") as file:
            assert len(file.read()) == 300_000
        storage.delete(f"d/{number}.bin")

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(use, range(48)))
    assert 1 <= sshd.logins() - before <= 3
    assert storages[0].listdir("") in (([], []), (["d"], []))
    assert storages[0].listdir("d") == ([], [])


def test_open_files_share_one_connection(make: Any) -> None:
    storage = make(max_connections=1)
    contents = [os.urandom(3 * MiB) for _ in range(5)]
    writers = [storage.open(f"{number}.bin", "wb") for number in range(5)]
    for part in range(3):
        for writer, content in zip(writers, contents, strict=True):
            writer.write(content[part * MiB : (part + 1) * MiB])
    for writer in writers:
        writer.close()
    readers = [storage.open(f"{number}.bin") for number in range(5)]
    found = [b""] * 5
    for _ in range(6):
        for number, reader in enumerate(readers):
            found[number] += reader.read(MiB // 2)
        assert len(storage.listdir("")[1]) == 5
    assert found == contents
    for reader in readers:
        reader.close()


# -- deaths


def test_the_next_operation_works_after_a_restart(storage: SFTPStorage, sshd: Sshd) -> None:
    storage.save("a.txt", ContentFile(b"content"))
    for use in (
        lambda: storage.exists("a.txt"),
        lambda: storage.listdir(""),
        lambda: storage.open("a.txt").read(),
        lambda: storage.save("b.txt", ContentFile(b"x")),
        lambda: storage.save("c.bin", ContentFile(os.urandom(20 * MiB))),
        lambda: storage.delete("b.txt"),
        lambda: storage.move("a.txt", "d/a.txt"),
        lambda: storage.delete_tree("d"),
    ):
        sshd.restart()
        assert use() is not False
    assert storage.listdir("") == ([], ["c.bin"])


def test_reading_goes_on_after_the_session_was_killed(storage: SFTPStorage, sshd: Sshd) -> None:
    content = os.urandom(20 * MiB)
    storage.save("a.bin", ContentFile(content))
    with storage.open("a.bin") as file:
        found = file.read(MiB)
        sshd.end_sessions()
        assert found + file.read() == content


def test_a_connection_at_rest_is_asked_whether_it_lives(
    storage: SFTPStorage, sshd: Sshd, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pool, "CHECKED_AFTER", 0)
    assert not storage.exists("a.txt")
    before = sshd.logins()
    assert not storage.exists("a.txt")
    assert sshd.logins() == before
    sshd.end_sessions()
    with storage.open("a.txt", "wb") as file:
        file.write(b"x")
    assert sshd.logins() == before + 1


def test_a_server_that_stays_away_is_a_connection_error(make: Any, start: Any) -> None:
    server = start(Sshd)
    with server.directory() as directory:
        storage = SFTPStorage(**server.options(directory))
        assert not storage.exists("a.txt")
        server.stop()
        for use in (
            storage.exists,
            storage.delete,
            lambda name: storage.save(name, ContentFile(b"")),
        ):
            with pytest.raises(ConnectionError, match=rf"127\.0\.0\.1:{server.port}"):
                use("a.txt")
        server.start()
        assert not storage.exists("a.txt")
        storage.close()


def test_a_host_without_a_name_is_a_connection_error() -> None:
    with pytest.raises(ConnectionError, match=r"sftp\.invalid:22 cannot be reached"):
        SFTPStorage(host="sftp.invalid").exists("a.txt")


def test_what_is_no_ssh_server(moto: Any) -> None:
    options = {"host": moto.address[0], "params": {"port": moto.address[1]}, "timeout": 5}
    with pytest.raises((ConnectionError, TimeoutError), match=str(moto.address[1])):
        SFTPStorage(**options).exists("a.txt")


@pytest.mark.parametrize("after", [0, 100, 2500, None])
def test_a_server_that_falls_silent_is_not_waited_for_for_ever(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any], after: int | None
) -> None:
    """At the start, in the middle of the handshake and of the login, and later."""
    proxy = fault_proxy(sshd, http=False)
    connections = Connections()
    with SFTPStorage(**sshd.options(sftp_directory, via=proxy, timeout=1.5)) as storage:
        if after is None:
            assert not storage.exists("a.txt")
            proxy.stall = True
        else:
            proxy.stall_after = after
        with pytest.raises((TimeoutError, ConnectionError)):
            storage.exists("a.txt")
        proxy.heal()
        assert not storage.exists("a.txt")
    assert connections.count() == 0


def test_an_upload_to_a_server_that_falls_silent_ends(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any]
) -> None:
    proxy = fault_proxy(sshd, http=False)
    with SFTPStorage(**sshd.options(sftp_directory, via=proxy, timeout=1.5)) as storage:
        with pytest.raises((TimeoutError, ConnectionError)), storage.open("a.bin", "wb") as file:
            file.write(os.urandom(10 * MiB))
            proxy.stall = True
            for _ in range(20):
                file.write(os.urandom(10 * MiB))
        proxy.heal()
    deadline = time.monotonic() + 60
    while list(sshd.local(sftp_directory).iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_breaking_connections_print_nothing(
    storage: SFTPStorage, sshd: Sshd, capfd: Any, caplog: Any
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert not storage.exists("a.txt")
            sshd.restart()
        assert not storage.exists("a.txt")
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
    assert capfd.readouterr().err == ""
    with caplog.at_level(logging.DEBUG, "paramiko"):
        sshd.restart()
        assert not storage.exists("a.txt")
    assert any(each.name == "paramiko.storages" for each in caplog.records)


# -- sockets


def test_a_socket_of_the_projects_own(make: Any, sshd: Sshd) -> None:
    import socket

    made: list[socket.socket] = []

    def connect() -> socket.socket:
        made.append(socket.create_connection(sshd.address))
        return made[-1]

    with make(params={**sshd.parameters(), "sock": connect}) as storage:
        assert not storage.exists("a.txt")
        sshd.end_sessions()
        assert not storage.exists("a.txt")
    assert len(made) == 2
    assert [each.fileno() for each in made] == [-1, -1]


def test_nothing_is_left_of_a_login_that_fails(
    sshd: Sshd, sftp_directory: str, tmp_path: Path
) -> None:
    connections = Connections()
    options = sshd.options(sftp_directory, known_host_file=str(tmp_path / "none"))
    for _ in range(3):
        with pytest.raises(PermissionError):
            SFTPStorage(**options).exists("a.txt")
    gc.collect()
    assert connections.count() == 0
