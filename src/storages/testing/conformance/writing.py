"""Writing: `open()` to write, create or append bytes."""

from __future__ import annotations

import contextlib
import io
import shutil
import zipfile
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation

from storages.testing.conformance.suite import KiB, Suite, get, needs, noise, put, replace


class Writing(Suite):
    """What is written is stored when the file is closed, as it would be on a disk."""

    @pytest.mark.parametrize("size", [0, 1, 1000, 256 * KiB, 700 * KiB])
    def test_writes_a_new_file(self, storage: Any, size: int) -> None:
        with storage.open("a.bin", "wb") as file:
            file.write(noise(size))
        assert get(storage, "a.bin") == noise(size)
        assert storage.size("a.bin") == size

    @needs("remote")
    def test_writes_into_a_new_directory(self, storage: Any) -> None:
        with storage.open("new/deep/a.txt", "wb") as file:
            file.write(b"content")
        assert storage.listdir("new/deep") == ([], ["a.txt"])

    def test_writing_replaces_the_file(self, storage: Any) -> None:
        put(storage, "a.txt", b"old, and longer than the new one")
        with storage.open("a.txt", "wb") as file:
            file.write(b"new")
        assert get(storage, "a.txt") == b"new"
        assert storage.listdir("") == ([], ["a.txt"])

    def test_each_write_adds_to_the_file(self, storage: Any) -> None:
        pieces = [b"first ", b"", b"second ", noise(300 * KiB), b" last"]
        with storage.open("a.bin", "wb") as file:
            for piece in pieces:
                assert file.write(piece) == len(piece)
        assert get(storage, "a.bin") == b"".join(pieces)

    def test_small_writes_add_up(self, storage: Any) -> None:
        with storage.open("a.txt", "wb") as file:
            for number in range(20_000):
                file.write(b"%06d\n" % number)
            file.writelines([b"the\n", b"end\n"])
        wanted = b"".join(b"%06d\n" % number for number in range(20_000)) + b"the\nend\n"
        assert get(storage, "a.txt") == wanted

    def test_closing_at_once_makes_an_empty_file(self, storage: Any) -> None:
        storage.open("a.txt", "wb").close()
        assert storage.exists("a.txt")
        assert storage.size("a.txt") == 0
        assert get(storage, "a.txt") == b""

    def test_closing_at_once_empties_the_file(self, storage: Any) -> None:
        put(storage, "a.txt", b"content")
        storage.open("a.txt", "wb").close()
        assert get(storage, "a.txt") == b""

    @pytest.mark.parametrize(("parts", "extra"), [(1, -1), (1, 0), (1, 1), (2, 7)])
    def test_writes_several_parts(
        self, parted: Any, part_size: int, parts: int, extra: int
    ) -> None:
        content = noise(parts * part_size + extra)
        with parted.open("a.bin", "wb") as file:
            for start in range(0, len(content), 50_001):
                file.write(content[start : start + 50_001])
        assert get(parted, "a.bin") == content

    def test_writes_one_large_piece(self, parted: Any, large: int) -> None:
        content = noise(large)
        with parted.open("a.bin", "wb") as file:
            file.write(content)
        assert get(parted, "a.bin") == content

    def test_a_buffer_may_be_used_again(self, parted: Any) -> None:
        buffer = bytearray(300 * KiB)
        with parted.open("a.bin", "wb") as file:
            for number in b"abc":
                buffer[:] = bytes([number]) * len(buffer)
                file.write(memoryview(buffer))
        with parted.open("a.bin") as file:
            assert [file.read(len(buffer)) for _ in "abc"] == [
                bytes([number]) * len(buffer) for number in b"abc"
            ]

    def test_closing_twice_publishes_once(self, storage: Any) -> None:
        file = storage.open("a.txt", "wb")
        file.write(b"first")
        file.close()
        replace(storage, "a.txt", b"later")
        file.close()
        assert get(storage, "a.txt") == b"later"

    def test_refuses_writing_after_closing(self, storage: Any) -> None:
        with storage.open("a.txt", "wb") as file:
            file.write(b"content")
        with pytest.raises(ValueError, match="closed"):
            file.write(b"more")
        assert get(storage, "a.txt") == b"content"

    def test_refuses_reading_and_text(self, storage: Any) -> None:
        with storage.open("a.txt", "wb") as file:
            with pytest.raises(io.UnsupportedOperation):
                file.read()
            with pytest.raises(io.UnsupportedOperation):
                file.readline()
            with pytest.raises(TypeError):
                file.write("text")
            file.write(b"content")
        assert get(storage, "a.txt") == b"content"

    @needs("remote")
    def test_a_writer_tells_what_it_is(self, storage: Any) -> None:
        with storage.open("d/a.txt", "wb") as file:
            assert (file.name, file.mode, file.closed) == ("d/a.txt", "wb", False)
            assert (file.readable(), file.writable(), file.seekable()) == (False, True, False)
            file.write(b"12345")
            assert file.tell() == 5
            assert file.size == 5
            with pytest.raises(io.UnsupportedOperation):
                file.seek(0)
        assert get(storage, "d/a.txt") == b"12345"

    @needs("remote")
    def test_a_writer_can_be_opened_again(self, storage: Any) -> None:
        file = storage.open("a.txt", "wb")
        file.write(b"content")
        file.close()
        with file.open("rb") as again:
            assert again.read() == b"content"

    def test_archives_are_written_in_place(self, parted: Any, large: int) -> None:
        content = noise(large)
        with parted.open("a.zip", "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr("large.bin", content)
            archive.writestr("small.txt", "small")
        with parted.open("a.zip") as file, zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
            assert archive.read("large.bin") == content
            assert archive.read("small.txt") == b"small"

    def test_writes_while_it_reads(self, storage: Any) -> None:
        put(storage, "a.bin", noise(900 * KiB))
        with storage.open("a.bin") as source, storage.open("b.bin", "wb") as target:
            shutil.copyfileobj(source, target)
        assert get(storage, "b.bin") == noise(900 * KiB)

    @pytest.mark.parametrize("name", ["", "photos/", "."])
    def test_a_directory_cannot_be_written(self, storage: Any, name: str) -> None:
        put(storage, "photos/a.txt")
        with (
            pytest.raises((OSError, ValueError, SuspiciousFileOperation)),
            storage.open(name, "wb") as file,
        ):
            file.write(b"content")
        assert storage.listdir("") == (["photos"], [])
        assert storage.listdir("photos") == ([], ["a.txt"])

    @needs("remote")
    @pytest.mark.parametrize("mode", ["wb", "xb", "ab", "w"])
    def test_a_name_with_a_slash_at_the_end_is_no_file(self, storage: Any, mode: str) -> None:
        with pytest.raises(IsADirectoryError):
            storage.open("new/", mode)
        assert storage.listdir("") == ([], [])

    # -- exclusive creation

    @pytest.mark.parametrize("mode", ["xb", "x"])
    def test_creates_exclusively(self, storage: Any, mode: str) -> None:
        with storage.open("a.txt", mode) as file:
            file.write(b"content" if mode == "xb" else "content")
        assert get(storage, "a.txt") == b"content"

    @pytest.mark.parametrize("mode", ["xb", "x"])
    def test_creating_fails_over_a_file(self, storage: Any, mode: str) -> None:
        put(storage, "a.txt", b"old")
        with pytest.raises(FileExistsError), storage.open("a.txt", mode) as file:
            file.write(b"new" if mode == "xb" else "new")
        assert get(storage, "a.txt") == b"old"

    @needs("remote")
    def test_creating_fails_over_a_file_that_came_meanwhile(self, parted: Any, size: int) -> None:
        file = parted.open("a.bin", "xb")
        file.write(noise(size))
        put(parted, "a.bin", b"other")
        with pytest.raises(FileExistsError):
            file.close()
        assert get(parted, "a.bin") == b"other"

    # -- appending

    def test_appends(self, storage: Any) -> None:
        put(storage, "a.txt", b"old, ")
        with storage.open("a.txt", "ab") as file:
            file.write(b"new, ")
        with storage.open("a.txt", "ab") as file:
            file.write(b"newer, ")
            file.write(b"newest")
        assert get(storage, "a.txt") == b"old, new, newer, newest"

    def test_appending_creates_the_file(self, storage: Any) -> None:
        with storage.open("a.txt", "ab") as file:
            file.write(b"content")
        storage.open("empty.txt", "ab").close()
        assert get(storage, "a.txt") == b"content"
        assert get(storage, "empty.txt") == b""

    def test_appending_nothing_changes_nothing(self, storage: Any) -> None:
        put(storage, "a.txt", b"old")
        storage.open("a.txt", "ab").close()
        assert get(storage, "a.txt") == b"old"

    def test_appends_to_a_large_file(self, parted: Any, large: int) -> None:
        old, new = noise(large, 1), noise(700 * KiB, 2)
        put(parted, "a.bin", old)
        with parted.open("a.bin", "ab") as file:
            file.write(new)
        assert get(parted, "a.bin") == old + new

    # -- modes that no storage can offer

    @needs("remote")
    @pytest.mark.parametrize(
        "mode",
        ["r+", "rb+", "r+b", "w+", "wb+", "w+b", "a+", "ab+", "x+", "rw", "rbt", "", "z", "b"],
    )
    def test_refuses_other_modes(self, storage: Any, mode: str) -> None:
        put(storage, "a.txt", b"old")
        for name in ("a.txt", "none.txt"):
            with pytest.raises(ValueError, match="mode") as caught, contextlib.ExitStack() as stack:
                stack.enter_context(storage.open(name, mode))
            assert repr(mode) in str(caught.value)
        assert get(storage, "a.txt") == b"old"
        assert storage.listdir("") == ([], ["a.txt"])
