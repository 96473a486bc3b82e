"""Copying, moving, and deleting many."""

from __future__ import annotations

import errno
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from storages.testing.conformance.suite import Suite, get, needs, noise, put, replace

DO = pytest.mark.parametrize("do", ["copy", "move"])


def _names(storage: Any) -> list[str]:
    return sorted(entry.name for entry in storage.scan())


class Bulk(Suite):
    """Copies are whole, nothing is replaced unasked, and deleting keeps to its directory."""

    # -- copy and move

    @needs("copy", "move")
    @DO
    def test_copies_and_moves(self, parted: Any, size: int, do: str) -> None:
        content = noise(size)
        put(parted, "a.bin", content)
        assert getattr(parted, do)("a.bin", "new/dir/b.bin") is None
        assert get(parted, "new/dir/b.bin") == content
        assert parted.exists("a.bin") is (do == "copy")
        if do == "copy":
            assert get(parted, "a.bin") == content

    @needs("copy", "move")
    @DO
    def test_copies_and_moves_an_empty_file(self, storage: Any, do: str) -> None:
        put(storage, "a.txt", b"")
        getattr(storage, do)("a.txt", "b.txt")
        assert get(storage, "b.txt") == b""
        assert storage.exists("a.txt") is (do == "copy")

    @needs("copy", "move", "scan", "file_overwrite")
    @DO
    @pytest.mark.parametrize("rule", [True, False])
    @pytest.mark.parametrize("overwrite", [None, True, False])
    def test_replaces_by_the_rule_or_as_told(
        self, make_storage: Any, do: str, rule: bool, overwrite: bool | None
    ) -> None:
        storage = make_storage(**self.overwriting(rule))
        put(storage, "a.txt", b"source")
        put(storage, "b.txt", b"target")
        if rule if overwrite is None else overwrite:
            getattr(storage, do)("a.txt", "b.txt", overwrite=overwrite)
            assert get(storage, "b.txt") == b"source"
            assert _names(storage) == (["a.txt", "b.txt"] if do == "copy" else ["b.txt"])
        else:
            with pytest.raises(FileExistsError):
                getattr(storage, do)("a.txt", "b.txt", overwrite=overwrite)
            assert get(storage, "a.txt") == b"source"
            assert get(storage, "b.txt") == b"target"

    @needs("copy", "move", "file_overwrite")
    @DO
    @pytest.mark.parametrize("rule", [True, False])
    @pytest.mark.parametrize("overwrite", [None, True, False])
    @pytest.mark.parametrize("same", ["d/a.txt", "./d//a.txt", "d/../d/a.txt"])
    def test_onto_itself_nothing_happens(
        self, make_storage: Any, do: str, rule: bool, overwrite: bool | None, same: str
    ) -> None:
        storage = make_storage(**self.overwriting(rule))
        put(storage, "d/a.txt", b"content")
        getattr(storage, do)("d/a.txt", same, overwrite=overwrite)
        getattr(storage, do)(same, "d/a.txt", overwrite=overwrite)
        assert get(storage, "d/a.txt") == b"content"
        assert storage.listdir("d") == ([], ["a.txt"])

    @needs("copy", "move", "scan")
    @DO
    def test_a_missing_source_changes_nothing(self, storage: Any, do: str) -> None:
        put(storage, "b.txt", b"target")
        put(storage, "d/c.txt")
        for source, target in itertools.product(
            ("none.txt", "no/such.txt", "d/", ""), ("b.txt", "new.txt", "none.txt")
        ):
            with pytest.raises(FileNotFoundError):
                getattr(storage, do)(source, target, overwrite=True)
        assert get(storage, "b.txt") == b"target"
        assert _names(storage) == ["b.txt", "d/c.txt"]

    @needs("copy", "move", "scan")
    @DO
    @pytest.mark.parametrize("source", ["d", "d/", "d/e"])
    def test_a_directory_is_no_source(self, storage: Any, do: str, source: str) -> None:
        put(storage, "d/e/a.txt")
        for target in ("new", "d2/b.txt", "d"):
            with pytest.raises(OSError):
                getattr(storage, do)(source, target, overwrite=True)
        assert _names(storage) == ["d/e/a.txt"]

    @needs("copy", "move", "scan")
    @DO
    @pytest.mark.parametrize("target", ["", ".", "d/", "new/"])
    def test_a_directory_is_no_target(self, storage: Any, do: str, target: str) -> None:
        put(storage, "a.txt")
        put(storage, "d/b.txt")
        with pytest.raises((OSError, ValueError)):
            getattr(storage, do)("a.txt", target, overwrite=True)
        assert _names(storage) == ["a.txt", "d/b.txt"]

    @needs("copy", "move", "stat", "remote", "content-type")
    @DO
    def test_the_content_type_goes_along(self, storage: Any, do: str) -> None:
        kind = "application/x-conformance"
        storage.save("a.bin", SimpleUploadedFile("a.bin", b"content", content_type=kind))
        getattr(storage, do)("a.bin", "b.css")
        assert storage.stat("b.css").content_type == kind

    @needs("copy")
    def test_a_copy_is_a_file_of_its_own(self, storage: Any) -> None:
        put(storage, "a.txt", b"old")
        storage.copy("a.txt", "b.txt")
        with storage.open("a.txt", "wb") as file:
            file.write(b"new")
        assert get(storage, "b.txt") == b"old"
        storage.delete("a.txt")
        assert get(storage, "b.txt") == b"old"

    @needs("move", "pinned-moves")
    def test_a_source_that_is_replaced_while_it_moves_stays(
        self, storage: Any, monkeypatch: Any
    ) -> None:
        put(storage, "a.txt", b"old")
        copy = storage._copy

        def copy_slowly(*args: Any, **options: Any) -> None:
            copy(*args, **options)
            replace(storage, "a.txt", b"new")

        monkeypatch.setattr(storage, "_copy", copy_slowly)
        with pytest.raises(OSError, match=r"a\.txt") as caught:
            storage.move("a.txt", "b.txt")
        assert caught.value.errno == errno.ESTALE
        assert (get(storage, "a.txt"), get(storage, "b.txt")) == (b"new", b"old")

    @needs("copy", "move", "location")
    def test_copies_within_the_location(self, make_storage: Any) -> None:
        storage, around = make_storage(location="inside"), make_storage()
        put(storage, "a.txt")
        storage.copy("a.txt", "b.txt")
        storage.move("a.txt", "c.txt")
        assert around.listdir("") == (["inside"], [])
        assert sorted(around.listdir("inside")[1]) == ["b.txt", "c.txt"]

    # -- delete_many

    @needs("delete_many", "scan")
    def test_deletes_many(self, storage: Any) -> None:
        for name in ("a.txt", "b.txt", "d/c.txt", "d/e.txt"):
            put(storage, name)
        storage.delete_many(["a.txt", "none.txt", "./d//c.txt", "a.txt", "no/such.txt"])
        assert _names(storage) == ["b.txt", "d/e.txt"]
        storage.delete_many([])
        storage.delete_many(name for name in ["b.txt"])
        assert _names(storage) == ["d/e.txt"]

    @needs("delete_many", "scan")
    @pytest.mark.parametrize("name", ["", ".", "d/.."])
    def test_deleting_many_with_an_empty_name_deletes_none(self, storage: Any, name: str) -> None:
        put(storage, "a.txt")
        put(storage, "d/b.txt")
        with pytest.raises(ValueError, match="name"):
            storage.delete_many(["a.txt", name, "d/b.txt"])
        assert _names(storage) == ["a.txt", "d/b.txt"]

    # -- delete_tree

    @needs("delete_tree", "scan")
    @pytest.mark.parametrize("path", ["photos", "photos/", "./photos//", "photos/deep/.."])
    def test_deletes_a_tree_and_nothing_beside_it(self, storage: Any, path: str) -> None:
        inside = ["photos/a.txt", "photos/b.txt", "photos/deep/er/c.txt", "photos/.hidden"]
        beside = ["photos.txt", "photos2/a.txt", "photo/a.txt", "other/photos/a.txt"]
        if not self.ignores_case:
            beside.append("Photos/a")
        for name in [*inside, *beside]:
            put(storage, name)
        assert storage.delete_tree(path) == len(inside)
        assert _names(storage) == sorted(beside)
        assert not storage.exists("photos")
        assert "photos" not in storage.listdir("")[0]
        assert storage.delete_tree(path) == 0

    @needs("delete_tree", "scan", "key-and-prefix")
    def test_deleting_a_tree_keeps_the_file_of_that_name(self, storage: Any) -> None:
        put(storage, "photos/a.txt")
        put(storage, "photos")
        assert storage.delete_tree("photos") == 1
        assert _names(storage) == ["photos"]

    @needs("delete_tree", "scan")
    def test_deleting_a_tree_that_is_a_file_deletes_nothing(self, storage: Any) -> None:
        put(storage, "a.txt")
        assert storage.delete_tree("a.txt") == 0
        assert _names(storage) == ["a.txt"]

    @needs("delete_tree", "scan")
    @pytest.mark.parametrize("path", ["", ".", "./", "photos/.."])
    def test_deletes_everything_only_when_told(self, storage: Any, path: str) -> None:
        put(storage, "a.txt")
        put(storage, "photos/b.txt")
        with pytest.raises(ValueError, match="everything"):
            storage.delete_tree(path)
        assert _names(storage) == ["a.txt", "photos/b.txt"]
        assert storage.delete_tree(path, everything=True) == 2
        assert storage.listdir("") == ([], [])
        put(storage, "a.txt")

    @needs("delete_tree", "scan", "location")
    def test_deletes_everything_of_the_location_only(self, make_storage: Any) -> None:
        storage, around = make_storage(location="inside"), make_storage()
        for name in ("a.txt", "inside2/a.txt", "inside/b.txt"):
            put(around, name)
        put(storage, "inside/c.txt")
        with pytest.raises(ValueError, match="everything"):
            storage.delete_tree("")
        assert storage.delete_tree("inside") == 1
        assert storage.delete_tree("", everything=True) == 1
        assert _names(around) == ["a.txt", "inside2/a.txt"]

    # -- more than a page

    def test_more_files_and_directories_than_a_page(self, storage: Any) -> None:
        half = self.many // 2
        files = [f"many/file-{number:05}" for number in range(half)]
        dirs = [f"many/dir-{number:05}" for number in range(self.many - half)]
        names = [*files, *(f"{path}/a" for path in dirs)]
        with ThreadPoolExecutor(8) as pool:
            saved = pool.map(lambda name: storage.save(name, ContentFile(name.encode())), names)
            assert list(saved) == names
        found = storage.listdir("many")
        assert sorted(found[0]) == [path.removeprefix("many/") for path in dirs]
        assert sorted(found[1]) == [name.removeprefix("many/") for name in files]
        if not self.has_feature(storage, "remote"):
            return
        assert _names(storage) == sorted(names)
        put(storage, "kept.txt")
        storage.delete_many(names[1:-1])
        assert _names(storage) == sorted([names[0], names[-1], "kept.txt"])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: storage.save(name, ContentFile(b"")), names[1:-1]))
        assert storage.delete_tree("many") == self.many
        assert _names(storage) == ["kept.txt"]
