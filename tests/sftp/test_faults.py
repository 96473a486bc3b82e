"""Wires that break over SFTP: the old file or the new one, nothing beside it, and on it goes."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends.sftpstorage import SFTPStorage
from tests.servers import RcloneSftp, SftpServer, Sshd

KiB = 1024
MiB = 1024 * KiB
SIZE = 8 * MiB  # several parts, and several windows


class Line:
    """A storage whose connections go through a proxy, and the directory as it really is."""

    def __init__(self, server: SftpServer, directory: str, proxy: Any) -> None:
        self.proxy = proxy
        self.here: Path = server.local(directory)
        self._options = server.options(directory, via=proxy, timeout=10)
        self.storages: list[SFTPStorage] = []

    def storage(self, **options: Any) -> SFTPStorage:
        self.storages.append(SFTPStorage(**(self._options | options)))
        return self.storages[-1]

    def wait_for(self, *names: str) -> None:
        """Until nothing else is there; what was left is deleted in the background."""
        deadline = time.monotonic() + 30
        while (found := sorted(os.listdir(self.here))) != sorted(names):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)


@pytest.fixture
def line(
    sshd: Sshd, sftp_directory: str, fault_proxy: Callable[..., Any], monkeypatch: Any
) -> Iterator[Line]:
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(transfer, "ABORT_PAUSES", (0.1,) * 100)
    found = Line(sshd, sftp_directory, fault_proxy(sshd, http=False))
    yield found
    found.proxy.heal()
    for storage in found.storages:
        storage.close()


@pytest.fixture
def rclone_line(
    rclone_sftp: RcloneSftp, rclone_sftp_directory: str, fault_proxy: Callable[..., Any], line: Line
) -> Line:
    """The same to a server that is not OpenSSH."""
    found = Line(rclone_sftp, rclone_sftp_directory, fault_proxy(rclone_sftp, http=False))
    found.storages = line.storages  # which closes them
    return found


UP = [0, 100, 1000, 3000, 5000, 50_000, 500_000, 2 * MiB, 4 * MiB, SIZE - 300 * KiB]
DOWN = [0, 100, 1000, 2000, 3000, 3500, 4000, 4500]


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("cut", [*({"up": n} for n in UP), *({"down": n} for n in DOWN)])
def test_an_upload_that_is_cut_leaves_the_old_file_or_the_new_one(
    line: Line, cut: dict[str, int], warm: bool
) -> None:
    """At each place once: whatever was on its way is either all there or was never."""
    storage = line.storage(file_overwrite=True)
    old, new = b"old content", os.urandom(SIZE)
    (line.here / "a.bin").write_bytes(old)
    if warm:
        assert storage.exists("a.bin")
    line.proxy.cut(**cut)
    try:
        storage.save("a.bin", ContentFile(new))
    except (ConnectionError, TimeoutError):
        assert (line.here / "a.bin").read_bytes() == old
    else:
        assert (line.here / "a.bin").read_bytes() == new
    line.proxy.heal()
    assert storage.save("b.bin", ContentFile(new)) == "b.bin"
    assert (line.here / "b.bin").read_bytes() == new
    line.wait_for("a.bin", "b.bin")


@pytest.mark.parametrize("cut", [{"up": 5000}, {"up": 2 * MiB}, {"up": UP[-1]}, {"down": 3500}])
def test_an_upload_to_another_server_that_is_cut(rclone_line: Line, cut: dict[str, int]) -> None:
    test_an_upload_that_is_cut_leaves_the_old_file_or_the_new_one(rclone_line, cut, warm=False)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("down", range(0, 700, 50))
def test_each_answer_to_a_small_save_may_be_lost(line: Line, down: int, overwrite: bool) -> None:
    """An answer has some 60 to 90 bytes; the server has done what it answers."""
    storage = line.storage(file_overwrite=overwrite, file_mode=0o600)
    assert not storage.exists("x")
    line.proxy.cut(down=down)
    try:
        name = storage.save("d/a.txt", ContentFile(b"content"))
    except (ConnectionError, TimeoutError):
        line.proxy.heal()
        line.wait_for()
    else:
        line.proxy.heal()
        assert name == "d/a.txt"
        line.wait_for("d")
        assert os.listdir(line.here / "d") == ["a.txt"]
        assert (line.here / "d" / "a.txt").read_bytes() == b"content"
    assert storage.save("d/b.txt", ContentFile(b"b")) == "d/b.txt"


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(
    "cut",
    [
        *({"down": n} for n in (0, 1000, 3000, 100_000, MiB, 4 * MiB, SIZE - 300 * KiB)),
        {"up": 0},
        {"up": 3000},
    ],
)
def test_a_download_that_is_cut_goes_on(line: Line, cut: dict[str, int], warm: bool) -> None:
    content = os.urandom(SIZE)
    (line.here / "a.bin").write_bytes(content)
    storage = line.storage()
    if warm:
        assert storage.exists("a.bin")
    fault = line.proxy.cut(**cut)
    with storage.open("a.bin") as file:
        assert file.read() == content
    assert fault.times == 0 or "up" in cut
    assert storage.listdir("") == ([], ["a.bin"])


def test_a_download_that_is_cut_again_and_again_is_an_error(line: Line) -> None:
    content = os.urandom(20 * MiB)  # more than is read ahead
    (line.here / "a.bin").write_bytes(content)
    storage = line.storage()
    with storage.open("a.bin") as file:
        found = file.read(MiB)
        line.proxy.refuse()
        line.proxy.cut_now()
        with pytest.raises(ConnectionError, match=r"127\.0\.0\.1"):
            while chunk := file.read(MiB):
                found += chunk
        line.proxy.heal()
        file.seek(len(found))  # what the buffer had of the piece that failed is gone
        assert found + file.read() == content


@pytest.mark.parametrize("cut", [{"down": 0}, {"up": 0}, {"down": 50}])
def test_other_operations_on_a_connection_that_broke(line: Line, cut: dict[str, int]) -> None:
    storage = line.storage()
    for use, check in (
        (lambda: storage.exists("a.txt"), True),
        (lambda: storage.size("a.txt"), 1),
        (lambda: storage.listdir(""), ([], ["a.txt"])),
        (lambda: storage.move("a.txt", "d/b.txt"), None),
        (lambda: storage.delete_tree("d"), 1),
        (lambda: storage.listdir(""), ([], [])),
        (lambda: storage.delete("a.txt"), None),
    ):
        if check is True:
            (line.here / "a.txt").write_text("x")
        storage.listdir("")
        line.proxy.cut(**cut)
        assert use() == check
        line.proxy.heal()
    assert os.listdir(line.here) == []


def test_a_server_that_goes_away_in_an_upload_leaves_nothing_when_it_is_back(line: Line) -> None:
    storage = line.storage()
    line.proxy.cut(up=4 * MiB, then_refuse=True)
    with pytest.raises(ConnectionError):
        storage.save("d/a.bin", ContentFile(os.urandom(SIZE)))
    assert [name.startswith(".storehouse-") for name in os.listdir(line.here / "d")] == [True]
    assert (line.here / "d").exists()
    line.proxy.heal()
    assert list(storage.scan()) == []
    line.wait_for()


def test_litter_of_a_process_that_was_killed_is_swept(line: Line) -> None:
    (line.here / "d").mkdir()
    stale = line.here / "d" / ".storehouse-0123456789abcdef01234567.part"
    fresh = line.here / "d" / ".storehouse-0123456789abcdef01234568.part"
    for each in (stale, fresh):
        each.write_bytes(b"half")
    os.utime(stale, (0, time.time() - 100_000))
    storage = line.storage()
    assert storage.listdir("d") == ([], [])
    storage.save("d/a.txt", ContentFile(b"x"))
    assert sorted(os.listdir(line.here / "d")) == [fresh.name, "a.txt"]
