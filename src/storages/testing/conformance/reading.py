"""Reading: `open()` for binary reading, and the file that it returns."""

from __future__ import annotations

import array
import io
import random
import shutil
import tarfile
import zipfile
from typing import Any

import pytest

from storages.testing.conformance.suite import KiB, MiB, Suite, get, needs, noise, put, replace

LINES = b"first\nsecond\r\n\nfourth, without an end"


class Reading(Suite):
    """A file that is there reads like a binary file of Python's, and one that is not raises."""

    @pytest.mark.parametrize(
        "size", [0, 1, 1000, 64 * KiB, 256 * KiB - 1, 256 * KiB, 256 * KiB + 1, 1 * MiB]
    )
    def test_reads_what_was_saved(self, storage: Any, size: int) -> None:
        put(storage, "a.bin", noise(size))
        with storage.open("a.bin") as file:
            assert file.read() == noise(size)
            assert file.read() == b""
            assert file.size == size
            assert len(file) == size

    @pytest.mark.parametrize("mode", ["rb", "r"])
    @pytest.mark.parametrize("name", ["none.txt", "no/such/dir/none.txt"])
    def test_opening_a_missing_file_fails_at_once(self, storage: Any, name: str, mode: str) -> None:
        with pytest.raises(FileNotFoundError):
            storage.open(name, mode)
        assert not storage.exists(name)

    @pytest.mark.parametrize("name", ["photos", "photos/", ""])
    def test_a_directory_cannot_be_opened(self, storage: Any, name: str) -> None:
        put(storage, "photos/a.txt")
        with pytest.raises(OSError):
            storage.open(name)

    def test_a_failed_open_leaves_the_storage_as_it_was(self, storage: Any) -> None:
        with pytest.raises(FileNotFoundError):
            storage.open("d/none.txt")
        put(storage, "d/x.txt", b"x")
        put(storage, "y.txt", b"y")
        assert get(storage, "d/x.txt") == b"x"
        assert storage.listdir("d") == ([], ["x.txt"])
        assert storage.listdir("") == (["d"], ["y.txt"])

    def test_reads_piece_by_piece(self, storage: Any) -> None:
        put(storage, "a.txt", b"0123456789")
        with storage.open("a.txt", "rb") as file:
            assert file.read(0) == b""
            assert file.read(3) == b"012"
            assert file.tell() == 3
            assert file.read(4) == b"3456"
            assert file.read(100) == b"789"
            assert file.read(100) == b""
            assert file.tell() == 10

    @pytest.mark.parametrize(
        ("first", "result"),
        [
            (lambda file: file.readline(), b"first\n"),
            (lambda file: file.readlines()[-1], b"fourth, without an end"),
            (lambda file: (file.seek(6), file.read(6)), (6, b"second")),
            (lambda file: (file.seek(-3, io.SEEK_END), file.read()), (len(LINES) - 3, b"end")),
            (lambda file: file.readinto(bytearray(5)), 5),
            (lambda file: next(iter(file)), b"first\n"),
            (lambda file: next(file.chunks(4)), b"firs"),
            (lambda file: file.tell(), 0),
            (lambda file: file.size, len(LINES)),
            (lambda file: (file.readable(), file.writable(), file.seekable()), (True, False, True)),
        ],
    )
    def test_anything_can_be_the_first_call(self, storage: Any, first: Any, result: Any) -> None:
        put(storage, "a.txt", LINES)
        with storage.open("a.txt") as file:
            assert first(file) == result

    def test_seeks_like_a_file(self, storage: Any) -> None:
        put(storage, "a.txt", b"0123456789")
        with storage.open("a.txt") as file:
            assert file.seek(4) == 4
            assert file.read(1) == b"4"
            assert file.seek(2, io.SEEK_CUR) == 7
            assert file.read(1) == b"7"
            assert file.seek(-10, io.SEEK_END) == 0
            assert file.read(1) == b"0"
            assert file.seek(5, io.SEEK_END) == 15
            assert file.read() == b""
            with pytest.raises((ValueError, OSError)):
                file.seek(-1)
            assert file.seek(9) == 9
            assert file.read() == b"9"

    def test_reads_lines(self, storage: Any) -> None:
        put(storage, "a.txt", LINES)
        wanted = io.BytesIO(LINES).readlines()
        with storage.open("a.txt") as file:
            assert list(file) == wanted
            file.seek(0)
            assert file.readlines() == wanted
            file.seek(0)
            assert [file.readline() for _ in range(5)] == [*wanted, b""]
            file.seek(0)
            assert file.readline(3) == b"fir"

    def test_reads_long_lines(self, storage: Any) -> None:
        lines = [b"x" * 100_000 + b"\n", b"y" * 300_000 + b"\n", b"z" * 70_000]
        put(storage, "a.txt", b"".join(lines))
        with storage.open("a.txt") as file:
            assert list(file) == lines
            file.seek(0)
            assert file.readlines() == lines

    def test_reads_into_buffers(self, storage: Any) -> None:
        put(storage, "a.bin", bytes(range(24)))
        with storage.open("a.bin") as file:
            buffer = bytearray(5)
            assert file.readinto(buffer) == 5
            assert buffer == bytes(range(5))
            assert file.readinto(memoryview(buffer)[1:3]) == 2
            assert buffer == bytes([0, 5, 6, 3, 4])
            numbers = array.array("H", [0, 0])
            assert file.readinto(numbers) == 4
            assert numbers.tobytes() == bytes([7, 8, 9, 10])
            file.seek(22)
            assert file.readinto(buffer) == 2

    def test_chunks_begin_at_the_start(self, storage: Any) -> None:
        content = noise(200_000)
        put(storage, "a.bin", content)
        with storage.open("a.bin") as file:
            file.read(77)
            assert b"".join(file.chunks()) == content
            assert [len(chunk) for chunk in file.chunks(150_000)] == [150_000, 50_000]
            assert file.multiple_chunks()
            assert not file.multiple_chunks(200_000)

    def test_with_closes_the_file(self, storage: Any) -> None:
        put(storage, "a.txt")
        with storage.open("a.txt") as file:
            assert not file.closed
        assert file.closed
        file.close()
        with pytest.raises(ValueError, match="closed"):
            file.read()

    def test_can_be_opened_again(self, storage: Any) -> None:
        put(storage, "a.txt", b"0123456789")
        file = storage.open("a.txt")
        file.read(4)
        with file.open() as again:
            assert again.read() == b"0123456789"
        assert file.closed
        with file.open("rb") as again:
            assert again.read() == b"0123456789"
        assert file.closed

    @needs("remote")
    def test_knows_its_name_and_mode(self, storage: Any) -> None:
        put(storage, "d/a.txt")
        for mode in ("rb", "r"):
            with storage.open("d/a.txt", mode) as file:
                assert (file.name, file.mode, str(file)) == ("d/a.txt", mode, "d/a.txt")
                assert bool(file)

    def test_refuses_writing(self, storage: Any) -> None:
        put(storage, "a.txt", b"content")
        with storage.open("a.txt") as file, pytest.raises(io.UnsupportedOperation):
            file.write(b"more")
        assert get(storage, "a.txt") == b"content"

    def test_random_access_agrees_with_a_file_in_memory(self, storage: Any) -> None:
        content = noise(700 * KiB).replace(b"\0", b"\n")
        put(storage, "a.bin", content)
        with storage.open("a.bin") as file:
            _act_alike(file, io.BytesIO(content), steps=150, largest=300 * KiB)

    def test_reads_a_large_file(self, storage: Any) -> None:
        content = noise(13 * MiB + 123)
        put(storage, "a.bin", content)
        with storage.open("a.bin") as file:
            assert b"".join(iter(lambda: file.read(400_000), b"")) == content
            file.seek(5 * MiB)
            assert file.read() == content[5 * MiB :]
            _act_alike(file, io.BytesIO(content), steps=30, largest=3 * MiB)

    @needs("ranges")
    def test_reads_a_little_of_a_large_file(self, storage: Any, monkeypatch: Any) -> None:
        content = noise(9 * MiB)
        put(storage, "a.bin", content)
        fetched = _count_bytes(storage, monkeypatch)
        with storage.open("a.bin") as file:
            assert file.read(10) == content[:10]
            file.seek(-10, io.SEEK_END)
            assert file.read() == content[-10:]
            file.seek(5 * MiB)
            assert file.read(10) == content[5 * MiB : 5 * MiB + 10]
        assert 0 < sum(fetched) <= 1 * MiB

    @needs("ranges")
    def test_reads_a_member_of_a_large_archive(self, storage: Any, monkeypatch: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number in range(9):
                archive.writestr(f"{number}.bin", noise(1 * MiB, number))
            archive.writestr("small.txt", b"wanted")
        put(storage, "a.zip", packed.getvalue())
        fetched = _count_bytes(storage, monkeypatch)
        with storage.open("a.zip") as file, zipfile.ZipFile(file) as archive:
            assert archive.read("small.txt") == b"wanted"
        assert 0 < sum(fetched) <= 1 * MiB

    def test_archives_open_in_place(self, storage: Any) -> None:
        members = {f"{number}.bin": noise(150 * KiB, number) for number in range(5)}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        put(storage, "a.tar", packed.getvalue())
        with storage.open("a.tar") as file, tarfile.open(fileobj=file) as archive:
            for name in reversed(members):
                member = archive.extractfile(name)
                assert member is not None
                assert member.read() == members[name]

    def test_copies_by_the_standard_library(self, storage: Any) -> None:
        put(storage, "a.bin", noise(900 * KiB))
        target = io.BytesIO()
        with storage.open("a.bin") as file:
            shutil.copyfileobj(file, target)
        assert target.getvalue() == noise(900 * KiB)

    def test_many_files_are_open_at_once(self, storage: Any) -> None:
        size = 300 * KiB
        for number in range(10):
            put(storage, f"{number}.bin", noise(size, number))
        files = [storage.open(f"{number}.bin") for number in range(10)]
        try:
            found = [[file.read(100) for file in files], [file.read(size) for file in files]]
        finally:
            for file in files:
                file.close()
        for number, (head, tail) in enumerate(zip(*found, strict=True)):
            assert head + tail == noise(size, number)

    @needs("pinned-reads")
    def test_never_mixes_two_versions(self, storage: Any) -> None:
        old, new = noise(3 * MiB, 1), noise(3 * MiB, 2)
        put(storage, "a.bin", old)
        with storage.open("a.bin") as file:
            found = file.read(100)
            replace(storage, "a.bin", new)
            try:
                found += file.read()
            except OSError:
                return
        is_old = found == old  # pytest would take minutes to show how they differ
        assert is_old

    def test_a_file_deleted_while_it_is_read_fails_or_stays_whole(self, storage: Any) -> None:
        content = noise(3 * MiB)
        put(storage, "a.bin", content)
        with storage.open("a.bin") as file:
            found = file.read(100)
            storage.delete("a.bin")
            try:
                found += file.read()
            except OSError:
                return
        assert found == content


def _act_alike(file: Any, model: io.BytesIO, *, steps: int, largest: int) -> None:
    """Do the same random reads and seeks on both, and compare every result."""
    chance = random.Random(largest)
    size = len(model.getvalue())
    for _ in range(steps):
        action = chance.choice(["read", "read", "seek", "readline", "readinto", "near"])
        if action == "read":
            count = chance.choice([0, 1, 100, chance.randrange(largest)])
            assert file.read(count) == model.read(count)
        elif action == "seek":
            place = chance.randrange(size + 10)
            assert file.seek(place) == model.seek(place)
        elif action == "near":
            place = max(0, model.tell() + chance.randrange(-2000, 2000))
            assert file.seek(place) == model.seek(place)
        elif action == "readline":
            assert file.readline() == model.readline()
        else:
            ours, theirs = bytearray(chance.randrange(1, 5000)), bytearray(5000)
            count = model.readinto(memoryview(theirs)[: len(ours)])
            assert file.readinto(ours) == count
            assert ours[:count] == theirs[:count]
        assert file.tell() == model.tell()


def _count_bytes(storage: Any, monkeypatch: Any) -> list[int]:
    """The sizes of all ranges that the storage fetches from now on."""
    counts: list[int] = []
    fetch, fetch_first = storage._fetch, storage._fetch_first

    def counted(entry: Any, start: int, stop: int) -> Any:
        data = fetch(entry, start, stop)
        counts.append(len(data))
        return data

    def counted_first(key: str, count: int) -> Any:
        before = len(counts)
        entry, data = fetch_first(key, count)
        if len(counts) == before:
            counts.append(len(data))
        return entry, data

    monkeypatch.setattr(storage, "_fetch", counted)
    monkeypatch.setattr(storage, "_fetch_first", counted_first)
    return counts
