"""Compression: with the option `gzip`, listed types are stored small and read as written."""

from __future__ import annotations

import gzip
import io
from contextlib import closing
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile

from storages.testing.conformance.suite import KiB, Suite, get, needs, noise, one_way, put
from storages.transfer import stream_whole


def stored(storage: Any, name: str) -> bytes:
    """The bytes of a file as the service has them."""
    with closing(stream_whole(storage, storage._stat(storage._key(name)), 0)) as chunks:
        return b"".join(chunks)


CSS = b"".join(b".class-%06d { color: #%06x }\n" % (each, each) for each in range(20_000))


class Compressed(Suite):
    """Whoever reads through the storage never notices, but the bytes stored are fewer."""

    @pytest.fixture
    def zipping(self, make_storage: Any, part_options: Any) -> Any:
        return make_storage(gzip=True, **part_options)

    @needs("gzip", "content-encoding")
    @pytest.mark.parametrize("content", [b"", b"a {}", CSS], ids=len)
    def test_reads_as_it_was_written(self, zipping: Any, content: bytes) -> None:
        put(zipping, "a.css", content)
        with zipping.open("b.css", "wb") as file:
            for start in range(0, len(content), 10_000):
                file.write(content[start : start + 10_000])
        for name in ("a.css", "b.css"):
            assert get(zipping, name) == content
            assert zipping.stat(name).encoding == "gzip"
            with zipping.open(name) as file:
                assert file.size == len(content)
                assert b"".join(file.chunks()) == content

    @needs("gzip")
    def test_what_is_stored_is_gzip_and_smaller(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        packed = stored(zipping, "a.css")
        assert zipping.size("a.css") == len(packed) < len(CSS) // 2
        assert gzip.decompress(packed) == CSS

    @needs("gzip")
    def test_the_same_content_gives_the_same_bytes(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        put(zipping, "other/name.css", CSS)
        zipping.save("c.css", File(one_way(CSS)))
        assert len({stored(zipping, name) for name in ("a.css", "other/name.css", "c.css")}) == 1

    @needs("gzip", "content-encoding")
    def test_seeks_in_compressed_content(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        with zipping.open("a.css") as file:
            assert file.seek(123_456) == 123_456
            assert file.read(100) == CSS[123_456:123_556]
            assert file.tell() == 123_556
            file.seek(7)
            assert file.readline() == b"000000 { color: #000000 }\n"
            file.seek(-5, io.SEEK_END)
            assert file.read() == CSS[-5:]
            file.seek(0)
            assert list(file) == CSS.splitlines(keepends=True)

    @needs("gzip", "content-encoding")
    def test_text_in_compressed_files(self, zipping: Any) -> None:
        with zipping.open("a.css", "w") as file:
            file.write("é { content: '☕' }\n")
        with zipping.open("a.css", "r") as file:
            assert file.size == len("é { content: '☕' }\n".encode())
            assert file.read() == "é { content: '☕' }\n"
        put(zipping, "b.css", "é { content: '☕' }\n")
        assert get(zipping, "b.css") == "é { content: '☕' }\n".encode()
        assert zipping.stat("a.css").encoding == zipping.stat("b.css").encoding == "gzip"

    @needs("gzip", "content-encoding")
    def test_appends_to_compressed_files(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        with zipping.open("a.css", "ab") as file:
            file.write(b"end {}")
        assert get(zipping, "a.css") == CSS + b"end {}"

    @needs("gzip", "content-encoding")
    def test_large_compressed_files(self, zipping: Any, large: int) -> None:
        content = noise(large)
        put(zipping, "a.css", content)
        assert get(zipping, "a.css") == content
        with zipping.open("b.css", "wb") as file:
            file.write(content)
        assert get(zipping, "b.css") == content

    @needs("gzip")
    @pytest.mark.parametrize("name", ["a.png", "a.bin", "none", "a.html"])
    def test_other_types_are_stored_as_they_are(self, zipping: Any, name: str) -> None:
        put(zipping, name, CSS)
        assert zipping.size(name) == len(CSS)
        assert zipping.stat(name).encoding is None
        assert get(zipping, name) == CSS

    @needs("gzip")
    @pytest.mark.parametrize("name", ["a.css.gz", "a.svgz", "a.tar.gz"])
    def test_compressed_names_are_stored_as_they_are(self, zipping: Any, name: str) -> None:
        packed = gzip.compress(CSS)
        put(zipping, name, packed)
        with zipping.open(f"b/{name}", "wb") as file:
            file.write(packed)
        for each in (name, f"b/{name}"):
            assert get(zipping, each) == packed
            assert zipping.size(each) == len(packed)

    @needs("gzip", "content-encoding")
    def test_the_content_type_of_an_upload_decides(self, zipping: Any) -> None:
        upload = SimpleUploadedFile("a.css", CSS, content_type="image/svg+xml; charset=utf-8")
        zipping.save("a.css", upload)
        assert zipping.stat("a.css").encoding == "gzip"
        upload = SimpleUploadedFile("b.css", CSS, content_type="application/x-conformance")
        zipping.save("b.css", upload)
        assert zipping.stat("b.css").encoding is None
        assert get(zipping, "a.css") == get(zipping, "b.css") == CSS

    @needs("gzip")
    def test_without_the_option_nothing_is_compressed(self, make_storage: Any) -> None:
        storage = make_storage(gzip=False)
        put(storage, "a.css", CSS)
        assert storage.stat("a.css").encoding is None
        assert storage.size("a.css") == len(CSS)

    @needs("gzip", "content-encoding")
    def test_the_listed_types_can_be_chosen(self, make_storage: Any) -> None:
        storage = make_storage(gzip=True, gzip_content_types=("text/plain",))
        put(storage, "a.css", CSS)
        put(storage, "a.txt", CSS)
        assert storage.stat("a.css").encoding is None
        assert storage.stat("a.txt").encoding == "gzip"
        assert get(storage, "a.css") == get(storage, "a.txt") == CSS

    @needs("gzip", "content-encoding")
    @pytest.mark.parametrize("do", ["copy", "move"])
    def test_copies_stay_compressed(self, zipping: Any, do: str) -> None:
        put(zipping, "a.css", CSS)
        getattr(zipping, do)("a.css", "d/b.css")
        assert zipping.stat("d/b.css").encoding == "gzip"
        assert zipping.size("d/b.css") < len(CSS)
        assert get(zipping, "d/b.css") == CSS

    @needs("gzip", "content-encoding")
    def test_saves_an_opened_compressed_file(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        with zipping.open("a.css") as source:
            zipping.save("b.css", source)
        with zipping.open("a.css") as source:
            zipping.save("c.bin", source)
        assert get(zipping, "b.css") == get(zipping, "c.bin") == CSS

    @needs("gzip", "content-encoding", "file_overwrite")
    @pytest.mark.parametrize("seekable", [True, False])
    def test_taken_names_with_compressed_content(self, make_storage: Any, seekable: bool) -> None:
        storage = make_storage(gzip=True, **self.overwriting(False))
        names = [
            storage.save("a.css", ContentFile(CSS) if seekable else File(one_way(CSS)))
            for _ in range(2)
        ]
        assert len(set(names)) == 2
        for name in names:
            assert get(storage, name) == CSS
            assert storage.stat(name).encoding == "gzip"

    @needs("gzip", "content-encoding")
    def test_an_exception_leaves_the_old_compressed_file(self, zipping: Any) -> None:
        put(zipping, "a.css", CSS)
        with pytest.raises(ZeroDivisionError), zipping.open("a.css", "wb") as file:
            file.write(noise(300 * KiB))
            raise ZeroDivisionError
        assert get(zipping, "a.css") == CSS

    @needs("gzip")
    def test_content_stays_open_when_compressed(self, zipping: Any) -> None:
        content = ContentFile(CSS)
        zipping.save("a.css", content)
        assert not content.closed
        content.seek(0)
        assert content.read() == CSS
