"""Saving: `save()` of every kind of content, and the name that it returns."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    SimpleUploadedFile,
    TemporaryUploadedFile,
)

from storages.testing.conformance.suite import (
    KiB,
    Suite,
    get,
    needs,
    noise,
    one_way,
    put,
    rebuild,
)


class Saving(Suite):
    """All of the content is stored, and what the caller gave stays usable."""

    @pytest.mark.parametrize("size", [0, 1, 1000, 300 * KiB])
    def test_saves_and_returns_the_name(self, storage: Any, size: int) -> None:
        assert storage.save("d/a.bin", ContentFile(noise(size))) == "d/a.bin"
        assert get(storage, "d/a.bin") == noise(size)
        assert storage.size("d/a.bin") == size

    @pytest.mark.parametrize(("parts", "extra"), [(1, -1), (1, 0), (1, 1), (2, 7)])
    def test_saves_several_parts(self, parted: Any, part_size: int, parts: int, extra: int) -> None:
        content = noise(parts * part_size + extra)
        put(parted, "a.bin", content)
        assert parted.size("a.bin") == len(content)
        assert get(parted, "a.bin") == content

    def test_without_a_name_takes_that_of_the_content(self, storage: Any) -> None:
        assert storage.save(None, ContentFile(b"content", name="mine.txt")) == "mine.txt"
        assert get(storage, "mine.txt") == b"content"

    @pytest.mark.parametrize("text", ["", "plain", "Grüße ☕ 日本語 😀", "é" * 200_000])
    def test_text_is_stored_as_utf8(self, storage: Any, text: str) -> None:
        put(storage, "a.txt", text)
        assert get(storage, "a.txt") == text.encode()
        storage.save("b.txt", io.StringIO(text))
        assert get(storage, "b.txt") == text.encode()

    def test_names_may_be_paths(self, storage: Any) -> None:
        assert storage.save(PurePosixPath("d/a.txt"), ContentFile(b"content")) == "d/a.txt"
        assert get(storage, PurePosixPath("d/a.txt")) == b"content"
        assert storage.exists(PurePosixPath("d/a.txt"))
        assert storage.size(PurePosixPath("d/a.txt")) == 7
        assert storage.listdir(PurePosixPath("d")) == ([], ["a.txt"])
        storage.delete(PurePosixPath("d/a.txt"))
        assert not storage.exists("d/a.txt")

    def test_files_of_python(self, storage: Any, tmp_path: Path) -> None:
        (tmp_path / "source.bin").write_bytes(noise(300 * KiB))
        with (tmp_path / "source.bin").open("rb") as source:
            storage.save("plain.bin", source)
            assert not source.closed
            storage.save("wrapped.bin", File(source))
            assert not source.closed
        assert get(storage, "plain.bin") == get(storage, "wrapped.bin") == noise(300 * KiB)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: ContentFile(b"content"),
            lambda: ContentFile("content"),
            lambda: io.BytesIO(b"content"),
            lambda: File(io.BytesIO(b"content"), "other.txt"),
            lambda: SimpleUploadedFile("other.txt", b"content"),
            lambda: InMemoryUploadedFile(
                io.BytesIO(b"content"), "field", "other.txt", "text/plain", 7, "utf-8"
            ),
        ],
        ids=["bytes", "text", "BytesIO", "File", "SimpleUploadedFile", "InMemoryUploadedFile"],
    )
    def test_content_stays_open_and_can_be_saved_again(self, storage: Any, make: Any) -> None:
        content = make()
        storage.save("a.txt", content)
        assert not getattr(content, "closed", False)
        content.seek(0)
        assert content.read() in (b"content", "content")
        storage.save("b.txt", content)
        assert get(storage, "a.txt") == get(storage, "b.txt") == b"content"

    def test_content_is_read_from_its_start(self, storage: Any) -> None:
        for name, content in (
            ("a.txt", ContentFile(b"0123456789")),
            ("b.txt", io.BytesIO(b"0123456789")),
        ):
            content.read(4)
            storage.save(name, content)
            assert get(storage, name) == b"0123456789"

    def test_a_temporary_upload(self, storage: Any) -> None:
        with TemporaryUploadedFile("a.bin", "image/png", 300 * KiB, None) as upload:
            upload.write(noise(300 * KiB))
            upload.flush()
            upload.seek(0)
            put_name = storage.save("a.bin", upload)
        assert get(storage, put_name) == noise(300 * KiB)

    @needs("content-type", "stat", "remote")
    def test_an_upload_keeps_its_content_type(self, storage: Any) -> None:
        kind = "application/x-conformance"
        storage.save("a.bin", SimpleUploadedFile("a.bin", b"content", content_type=kind))
        assert storage.stat("a.bin").content_type == kind

    @pytest.mark.parametrize("most", [None, 1000])
    def test_content_that_cannot_seek(self, parted: Any, size: int, most: int | None) -> None:
        content = noise(size)
        source = one_way(content, most)
        assert parted.save("a.bin", File(source, "other.bin")) == "a.bin"
        assert not source.closed
        assert get(parted, "a.bin") == content

    @needs("file_overwrite")
    def test_content_that_cannot_seek_under_a_taken_name(
        self, make_storage: Any, part_options: Any, size: int
    ) -> None:
        storage = make_storage(**self.overwriting(False), **part_options)
        put(storage, "a.bin", b"old")
        content = noise(size)
        name = storage.save("a.bin", File(one_way(content)))
        assert name != "a.bin"
        assert get(storage, name) == content
        assert get(storage, "a.bin") == b"old"

    # -- content that is itself in the storage

    def test_saves_an_opened_file_of_its_own(self, parted: Any, size: int) -> None:
        content = noise(size)
        put(parted, "a.bin", content)
        with parted.open("a.bin") as source:
            source.read(10)
            assert parted.save("b.bin", source) == "b.bin"
            assert not source.closed
            source.seek(0)
            assert source.read() == content
        assert get(parted, "b.bin") == content

    @needs("file_overwrite", "remote")
    @pytest.mark.parametrize("size", [7, 900 * KiB])
    def test_saves_an_opened_file_over_itself(self, replacing: Any, size: int) -> None:
        put(replacing, "a.bin", noise(size))
        with replacing.open("a.bin") as source:
            assert replacing.save("a.bin", source) == "a.bin"
        assert get(replacing, "a.bin") == noise(size)
        assert replacing.listdir("") == ([], ["a.bin"])

    @needs("file_overwrite")
    def test_saves_an_opened_file_beside_itself(self, keeping: Any) -> None:
        put(keeping, "a.bin", noise(300 * KiB))
        with keeping.open("a.bin") as source:
            name = keeping.save("a.bin", source)
        assert name != "a.bin"
        assert get(keeping, "a.bin") == get(keeping, name) == noise(300 * KiB)

    # -- exactly one name

    @needs("write", "file_overwrite")
    @pytest.mark.parametrize("rule", [True, False])
    def test_writes_under_exactly_the_name(
        self, make_storage: Any, part_options: Any, size: int, rule: bool
    ) -> None:
        storage = make_storage(**self.overwriting(rule), **part_options)
        assert storage.write("./d//a.bin", ContentFile(noise(size))) is None
        assert get(storage, "d/a.bin") == noise(size)
        for content in (ContentFile(b"new"), one_way(b"new")):
            with pytest.raises(FileExistsError):
                storage.write("d/a.bin", content)
        assert get(storage, "d/a.bin") == noise(size)
        storage.write("d/a.bin", one_way(noise(size, 1)), overwrite=True)
        assert get(storage, "d/a.bin") == noise(size, 1)
        storage.write("d/b.txt", ContentFile("é"), overwrite=True)
        assert get(storage, "d/b.txt") == "é".encode()
        assert sorted(storage.listdir("d")[1]) == ["a.bin", "b.txt"]

    # -- taken names

    @needs("file_overwrite")
    def test_a_taken_name_is_kept(self, keeping: Any) -> None:
        names = [keeping.save("d/a.tar.gz", ContentFile(b"%d" % number)) for number in range(4)]
        assert names[0] == "d/a.tar.gz"
        assert len(set(names)) == 4
        for number, name in enumerate(names):
            assert get(keeping, name) == b"%d" % number
            assert name.startswith("d/a")
            assert name.endswith(".tar.gz")
        assert sorted(keeping.listdir("d")[1]) == sorted(name[2:] for name in names)

    @needs("file_overwrite")
    def test_a_taken_name_is_replaced(self, replacing: Any) -> None:
        for content in (b"first, and the longest", b"second", b"third"):
            assert replacing.save("d/a.txt", ContentFile(content)) == "d/a.txt"
        assert get(replacing, "d/a.txt") == b"third"
        assert replacing.listdir("d") == ([], ["a.txt"])

    @needs("file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    def test_what_is_deleted_is_gone_and_its_name_free(
        self, make_storage: Any, overwrite: bool
    ) -> None:
        storage = make_storage(**self.overwriting(overwrite))
        put(storage, "a.txt")
        assert storage.exists("a.txt")
        storage.delete("a.txt")
        assert not storage.exists("a.txt")
        put(storage, "a.txt", b"again")
        assert get(storage, "a.txt") == b"again"

    @needs("file_overwrite")
    def test_available_names(self, make_storage: Any) -> None:
        keeping, replacing = (make_storage(**self.overwriting(each)) for each in (False, True))
        put(keeping, "a.txt")
        assert keeping.get_available_name("b.txt") == "b.txt"
        assert keeping.get_available_name("a.txt") != "a.txt"
        assert replacing.get_available_name("a.txt") == "a.txt"
        assert replacing.get_available_name("b.txt") == "b.txt"

    @needs("file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    def test_max_length(self, make_storage: Any, overwrite: bool) -> None:
        storage = make_storage(**self.overwriting(overwrite))
        saved = set()
        for number in range(3):
            content = ContentFile(b"%d" % number)
            name = storage.save(f"d/{'n' * 50}.txt", content, max_length=20)
            assert len(name) <= 20
            assert name.startswith("d/n")
            assert name.endswith(".txt")
            assert get(storage, name) == b"%d" % number
            saved.add(name)
        assert len(saved) == (1 if overwrite else 3)

    @needs("file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    def test_max_length_that_cannot_be(self, make_storage: Any, overwrite: bool) -> None:
        storage = make_storage(**self.overwriting(overwrite))
        with pytest.raises(SuspiciousFileOperation):
            storage.save(f"d/{'n' * 50}.txt", ContentFile(b"content"), max_length=5)
        assert storage.listdir("") == ([], [])

    @needs("file_overwrite")
    def test_max_length_of_a_name_that_fits(self, keeping: Any) -> None:
        assert keeping.save("a.txt", ContentFile(b"1"), max_length=5) == "a.txt"
        assert keeping.save("b.txt", ContentFile(b"1"), max_length=100) == "b.txt"

    def test_a_subclass_may_choose_the_names(self, storage: Any) -> None:
        class Choosing(type(storage)):  # type: ignore[misc]  # a base found at run time
            def get_available_name(self, name: str, max_length: int | None = None) -> str:
                return f"chosen/{name}"

        chosen = rebuild(storage, Choosing)
        assert chosen.save("a.txt", ContentFile(b"content")) == "chosen/a.txt"
        assert get(storage, "chosen/a.txt") == b"content"

    @needs("file_overwrite")
    def test_a_subclass_may_choose_the_alternatives(self, keeping: Any) -> None:
        class Counting(type(keeping)):  # type: ignore[misc]  # a base found at run time
            def get_alternative_name(self, file_root: str, file_ext: str) -> str:
                return f"{file_root}-more{file_ext}"

        counting = rebuild(keeping, Counting)
        names = [counting.save("a.txt", ContentFile(b"content")) for _ in range(2)]
        assert names == ["a.txt", "a-more.txt"]
