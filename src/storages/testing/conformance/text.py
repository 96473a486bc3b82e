"""Text: `open()` without `b`, and what the standard library makes of such files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from storages.testing.conformance.suite import KiB, Suite, get, needs, put

POEM = "Grüße aus Köln,\nnaïve café ☕,\n日本語 and 😀\n"


class Text(Suite):
    """Text files are UTF-8 unless told otherwise, and behave like Python's."""

    @pytest.mark.parametrize("mode", ["r", "rt"])
    def test_reads_text(self, storage: Any, mode: str) -> None:
        put(storage, "a.txt", POEM.encode())
        with storage.open("a.txt", mode) as file:
            assert file.read() == POEM
        with storage.open("a.txt", mode) as file:
            assert file.readline() == "Grüße aus Köln,\n"
            assert file.readlines() == POEM.splitlines(keepends=True)[1:]
        with storage.open("a.txt", mode) as file:
            assert list(file) == POEM.splitlines(keepends=True)

    @pytest.mark.parametrize("mode", ["w", "wt", "x"])
    def test_writes_text(self, storage: Any, mode: str) -> None:
        with storage.open("a.txt", mode) as file:
            for line in POEM.splitlines(keepends=True):
                assert file.write(line) == len(line)
        assert get(storage, "a.txt") == POEM.encode()

    def test_writing_text_replaces(self, storage: Any) -> None:
        put(storage, "a.txt", b"old, and longer")
        with storage.open("a.txt", "w") as file:
            file.write("new")
        assert get(storage, "a.txt") == b"new"

    @pytest.mark.parametrize("mode", ["a", "at"])
    def test_appends_text(self, storage: Any, mode: str) -> None:
        for line in POEM.splitlines(keepends=True):
            with storage.open("a.txt", mode) as file:
                file.write(line)
        assert get(storage, "a.txt") == POEM.encode()

    def test_empty_text(self, storage: Any) -> None:
        storage.open("a.txt", "w").close()
        with storage.open("a.txt", "r") as file:
            assert file.read() == ""

    def test_text_files_refuse_bytes(self, storage: Any) -> None:
        with storage.open("a.txt", "w") as file:
            with pytest.raises(TypeError):
                file.write(b"bytes")
            with pytest.raises(io.UnsupportedOperation):
                file.read()
            file.write("text")
        with storage.open("a.txt", "r") as file, pytest.raises(io.UnsupportedOperation):
            file.write("more")
        assert get(storage, "a.txt") == b"text"

    def test_text_over_several_windows(self, storage: Any) -> None:
        lines = [f"{number} é\n" for number in range(90 * KiB)]
        with storage.open("a.txt", "w") as file:
            file.writelines(lines)
        with storage.open("a.txt", "r") as file:
            assert file.read() == "".join(lines)
            file.seek(0)
            assert file.readlines() == lines

    def test_text_goes_back_to_where_it_was(self, storage: Any) -> None:
        put(storage, "a.txt", POEM.encode())
        with storage.open("a.txt", "r") as file:
            file.readline()
            place = file.tell()
            rest = file.read()
            file.seek(place)
            assert file.read() == rest == "".join(POEM.splitlines(keepends=True)[1:])

    @needs("remote")
    @pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8-sig", "utf-16", "utf-16-be"])
    def test_text_in_another_encoding(self, storage: Any, encoding: str) -> None:
        text = "Grüße,\nnaïve café\n"
        with storage.open("a.txt", "w", encoding=encoding) as file:
            file.write(text)
        assert get(storage, "a.txt") == text.encode(encoding)
        with storage.open("a.txt", "r", encoding=encoding) as file:
            assert file.read() == text
            assert file.encoding == encoding

    @needs("remote")
    @pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-16"])
    def test_appended_text_in_another_encoding(self, storage: Any, encoding: str) -> None:
        for text in ("Grüße,\n", "naïve café\n"):
            with storage.open("a.txt", "a", encoding=encoding) as file:
                file.write(text)
        assert get(storage, "a.txt") == "Grüße,\nnaïve café\n".encode(encoding)

    @needs("remote")
    def test_text_that_is_written_has_a_size(self, storage: Any) -> None:
        with storage.open("a.txt", "w") as file:
            file.write("é")
            assert file.size == 2
            assert file.tell() == 2

    @needs("remote")
    def test_text_that_cannot_be_decoded(self, storage: Any) -> None:
        put(storage, "a.txt", b"caf\xe9")
        with storage.open("a.txt", "r") as file, pytest.raises(UnicodeDecodeError):
            file.read()
        with storage.open("a.txt", "r", errors="replace") as file:
            assert file.read() == "caf\N{REPLACEMENT CHARACTER}"

    @needs("remote")
    def test_text_that_cannot_be_encoded_leaves_the_old_file(self, storage: Any) -> None:
        put(storage, "a.txt", b"old")
        with (
            pytest.raises(UnicodeEncodeError),
            storage.open("a.txt", "w", encoding="ascii") as file,
        ):
            file.write("fine so far, ")
            file.write("café")
        assert get(storage, "a.txt") == b"old"

    @needs("remote")
    def test_newlines(self, storage: Any) -> None:
        with storage.open("a.txt", "w", newline="\r\n") as file:
            file.write("one\ntwo\n")
        assert get(storage, "a.txt") == b"one\r\ntwo\r\n"
        with storage.open("a.txt", "r") as file:
            assert file.read() == "one\ntwo\n"
        with storage.open("a.txt", "r", newline="") as file:
            assert file.read() == "one\r\ntwo\r\n"

    @needs("remote")
    def test_csv(self, storage: Any) -> None:
        rows = [["name", "note"], ["Zoë", 'says "hi",\r\nand leaves'], ["", "日本語"]]
        with storage.open("a.csv", "w", newline="") as file:
            csv.writer(file).writerows(rows)
        with storage.open("a.csv", "r", newline="") as file:
            assert list(csv.reader(file)) == rows

    def test_json(self, storage: Any) -> None:
        value = {"name": "Zoë", "numbers": list(range(1000)), "nested": {"a": [None, True]}}
        with storage.open("a.json", "w") as file:
            json.dump(value, file, ensure_ascii=False)
        with storage.open("a.json", "r") as file:
            assert json.load(file) == value
        with storage.open("a.json", "rb") as file:
            assert json.load(file) == value

    def test_text_layer_of_the_caller(self, storage: Any) -> None:
        put(storage, "a.txt", POEM.encode("utf-8"))
        with storage.open("a.txt", "rb") as file:
            layer = io.TextIOWrapper(file, encoding="utf-8")
            assert layer.read() == POEM
            layer.detach()
