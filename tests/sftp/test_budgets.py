"""What operations cost over SFTP: requests, as the server logs them, and round trips."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.sftpstorage import SFTPStorage
from tests.servers import Sshd, count_sftp

KiB = 1024
MiB = 1024 * KiB


@pytest.fixture
def make(sshd: Sshd, sftp_directory: str) -> Iterator[Callable[..., SFTPStorage]]:
    made: list[SFTPStorage] = []

    def storage(**options: Any) -> SFTPStorage:
        made.append(SFTPStorage(**sshd.options(sftp_directory, **options)))
        made[-1].listdir("")  # connects; its last `close` is answered before what follows
        assert made[-1]._pool().run(lambda tree: tree.is_alive())
        return made[-1]

    yield storage
    for each in made:
        each.close()


def operations(
    sshd: Sshd, directory: str, storage: SFTPStorage, use: Callable[[], Any]
) -> list[str]:
    with count_sftp(sshd, directory) as seen:
        use()
        # Nobody waits for the answer to the last `close`; the one to this comes after it.
        assert storage._pool().run(lambda tree: tree.is_alive())
    assert seen[-1].operation == "realpath"
    return [each.operation.replace("closedir", "close") for each in seen[:-1]]


WRITTEN = ["open", "write", "fstat", "close"]


def test_requests_of_a_save(sshd: Sshd, sftp_directory: str, make: Any) -> None:
    plain, replacing = make(), make(file_overwrite=True)
    owned = make(file_mode=0o640, uid=os.geteuid(), gid=os.getegid())
    plain.save("d/first.txt", ContentFile(b"x"))  # makes the directory
    for storage, name, expected in (
        (plain, "d/a.txt", [*WRITTEN, "rename"]),
        (replacing, "d/a.txt", [*WRITTEN, "stat", "stat", "posix-rename"]),  # modes and owners
        (owned, "d/b.txt", [*WRITTEN, "setstat", "rename"]),
        (plain, "e/f/a.txt", ["open", "mkdir", "mkdir", "mkdir", *WRITTEN, "rename"]),
    ):
        save = partial(storage.save, name, ContentFile(b"content"))
        assert operations(sshd, sftp_directory, storage, save) == expected


def test_requests_of_the_rest(sshd: Sshd, sftp_directory: str, make: Any) -> None:
    storage = make()
    storage.save("d/a.txt", ContentFile(b"content"))
    for use, expected in (
        (lambda: storage.exists("d/a.txt"), ["stat"]),
        (lambda: storage.size("d/a.txt"), ["stat"]),
        (lambda: storage.get_modified_time("d/a.txt"), ["stat"]),
        (lambda: storage.open("d/a.txt").read(), ["open", "fstat", "read", "close"]),
        (lambda: storage.listdir("d"), ["opendir", "readdir", "readdir", "close"]),
        (lambda: storage.move("d/a.txt", "d/b.txt"), ["stat", "stat", "rename"]),
        (lambda: storage.delete("d/b.txt"), ["remove"]),
        (lambda: storage.delete("d/b.txt"), ["remove"]),
    ):
        assert operations(sshd, sftp_directory, storage, use) == expected


def test_a_large_directory_is_listed_once(sshd: Sshd, sftp_directory: str, make: Any) -> None:
    here = sshd.local(sftp_directory)
    for number in range(10_000):
        (here / f"{number}.txt").touch()
    storage = make()
    with count_sftp(sshd, sftp_directory) as seen:
        found = {each.name: each.size for each in storage.scan("")}
    assert len(found) == 10_000
    counts = Counter(each.operation for each in seen)
    assert set(counts) <= {"opendir", "readdir", "close", "closedir"}
    assert counts["opendir"] == 1
    assert counts["readdir"] <= 10_000 / 100 + 20  # OpenSSH answers 100 names at a time


def test_reading_asks_for_little_more_than_is_read(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any]
) -> None:
    proxy = fault_proxy(sshd, http=False)
    (sshd.local(sftp_directory) / "a.bin").write_bytes(os.urandom(50 * MiB))
    with SFTPStorage(**sshd.options(sftp_directory, via=proxy)) as storage:
        storage.listdir("")
        for places in ([0], [40 * MiB, 10 * MiB, 30 * MiB]):
            before = proxy.bytes_down
            with storage.open("a.bin") as file:
                for place in places:
                    file.seek(place)
                    assert len(file.read(10)) == 10
            storage.listdir("")  # what was on its way has come
            assert proxy.bytes_down - before <= len(places) * 300 * KiB


def test_a_large_file_is_asked_for_ahead(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any]
) -> None:
    """A line on which each window were waited for would pass one only."""
    proxy = fault_proxy(sshd, http=False)
    content = os.urandom(40 * MiB)
    (sshd.local(sftp_directory) / "a.bin").write_bytes(content)
    storage = SFTPStorage(**sshd.options(sftp_directory, via=proxy))
    with storage, storage.open("a.bin") as file:
        found = file.read(15 * MiB)
        proxy.wait_for(lambda: proxy.bytes_down >= 19 * MiB)
        storage.listdir("")  # over another connection
        assert proxy.bytes_down <= 26 * MiB
        assert found + file.read() == content


def test_threads_save_side_by_side(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any]
) -> None:
    proxy = fault_proxy(sshd, http=False, rtt=0.02)
    with SFTPStorage(**sshd.options(sftp_directory, via=proxy)) as storage:
        barrier = threading.Barrier(8)

        def save(number: int) -> None:
            barrier.wait()
            storage.save(f"{number}.bin", ContentFile(os.urandom(MiB)))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(save, range(8)))
    assert 2 <= proxy.connections <= 8
    assert len(os.listdir(sshd.local(sftp_directory))) == 8
