"""Directories, real ones and those that names imply: their entries, and what is done with them."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from typing import Any

import pytest

from storages.testing.conformance.suite import Suite, get, needs, put

FILES = ["d/a.txt", "d/b/c.txt", "d/b/d/e.txt", "d2/f.txt"]


def _entries(storage: Any, path: str = "") -> list[tuple[str, bool]]:
    return sorted((entry.name, entry.is_dir) for entry in storage.scandir(path))


class Directories(Suite):
    """A directory is listed once for all that is known, and renamed with all that is in it."""

    @pytest.fixture
    def nested(self, storage: Any) -> Any:
        for name in FILES:
            put(storage, name, name.encode())
        return storage

    # -- scandir

    @needs("scandir")
    def test_scandir_tells_what_is_directly_in_a_directory(self, nested: Any) -> None:
        assert _entries(nested) == [("d", True), ("d2", True)]
        for path in ("d", "d/", "./d", "d2/../d"):
            assert _entries(nested, path) == [("d/a.txt", False), ("d/b", True)]
        sizes = {entry.name: entry.size for entry in nested.scandir("d") if not entry.is_dir}
        assert sizes == {"d/a.txt": len("d/a.txt")}

    @needs("scandir", "stat")
    def test_scandir_agrees_with_stat(self, nested: Any) -> None:
        (entry,) = nested.scandir("d2")
        stat = nested.stat("d2/f.txt")
        assert (entry.size, entry.etag) == (stat.size, entry.etag and stat.etag)
        assert entry.modified is None or abs(entry.modified - stat.modified).total_seconds() < 1

    @needs("scandir")
    def test_scandir_of_what_is_no_directory(self, nested: Any) -> None:
        assert list(nested.scandir("")) != []
        for path in ("none", "d/a.txt"):
            if self.object_store:
                assert _entries(nested, path) == []
            else:
                with pytest.raises((FileNotFoundError, NotADirectoryError)):
                    _entries(nested, path)

    @needs("scandir", "location")
    def test_scandir_of_a_location_that_is_not_there_yet(self, make_storage: Any) -> None:
        assert _entries(make_storage(location="not/yet")) == []

    # -- is_dir

    @needs("is_dir")
    def test_is_dir(self, nested: Any) -> None:
        for path in ("", ".", "d", "d/", "d/b", "d/b/d", "d2"):
            assert nested.is_dir(path), path
        for path in ("d/a.txt", "none", "d/none", "d/b/d/e.txt/x"):
            assert not nested.is_dir(path), path

    # -- make_dir and remove_dir

    @needs("make_dir", "is_dir")
    def test_makes_directories_where_they_are_real(self, storage: Any) -> None:
        real = storage.make_dir("new/deep")
        assert real is not self.object_store
        assert storage.is_dir("new") is storage.is_dir("new/deep") is real
        put(storage, "new/deep/a.txt", b"a")
        assert storage.is_dir("new/deep")
        assert get(storage, "new/deep/a.txt") == b"a"

    @needs("make_dir")
    def test_makes_no_directory_where_something_is(self, nested: Any) -> None:
        if self.object_store:
            pytest.skip("nothing is made where names imply directories")
        for path in ("d", "d/b", "d/a.txt"):
            with pytest.raises(FileExistsError):
                nested.make_dir(path)
        assert get(nested, "d/a.txt") == b"d/a.txt"

    @needs("remove_dir", "make_dir", "is_dir")
    def test_removes_an_empty_directory(self, storage: Any) -> None:
        if storage.make_dir("new/deep"):
            storage.remove_dir("new/deep")
            assert storage.is_dir("new")
            storage.remove_dir("new/")
        assert not storage.is_dir("new")
        with pytest.raises(FileNotFoundError):
            storage.remove_dir("new")

    @needs("remove_dir")
    def test_removes_no_directory_that_holds_something(self, nested: Any) -> None:
        for path in ("d", "d/b", "d2"):
            with pytest.raises(OSError) as caught:
                nested.remove_dir(path)
            assert caught.value.errno == errno.ENOTEMPTY
        with pytest.raises(ValueError, match="root"):
            nested.remove_dir("")
        with pytest.raises(OSError):
            nested.remove_dir("d2/f.txt")
        assert [get(nested, name) for name in FILES] == [name.encode() for name in FILES]

    # -- move_tree

    @needs("move_tree", "scan", "is_dir")
    def test_renames_a_directory(self, nested: Any) -> None:
        nested.move_tree("d", "new/place")
        names = ["d2/f.txt", "new/place/a.txt", "new/place/b/c.txt", "new/place/b/d/e.txt"]
        assert sorted(entry.name for entry in nested.scan()) == names
        assert get(nested, "new/place/b/d/e.txt") == b"d/b/d/e.txt"
        assert not nested.is_dir("d")
        nested.move_tree("new/place/b", "b")
        assert get(nested, "b/c.txt") == b"d/b/c.txt"
        assert not nested.is_dir("new/place/b")

    @needs("move_tree", "scan")
    def test_renames_no_directory_over_something(self, nested: Any) -> None:
        for source, target, error in (
            ("d", "d2", FileExistsError),
            ("d", "d2/f.txt", FileExistsError),
            ("none", "new", FileNotFoundError),
            ("d/a.txt", "new", FileNotFoundError),
            ("d", "d/b/new", ValueError),
            ("d", "d", ValueError),
            ("", "new", ValueError),
            ("d", "", ValueError),
        ):
            with pytest.raises(error):
                nested.move_tree(source, target)
        assert sorted(entry.name for entry in nested.scan()) == FILES

    # -- set_modified_time

    @needs("stat")
    def test_sets_a_time_or_says_that_it_cannot(self, storage: Any) -> None:
        put(storage, "a.txt", b"a")
        time = datetime(2020, 2, 29, 12, 30, 15, tzinfo=UTC)
        try:
            storage.set_modified_time("a.txt", time)
        except NotImplementedError:
            return
        assert storage.stat("a.txt").modified == time
        assert get(storage, "a.txt") == b"a"
        with pytest.raises(FileNotFoundError):
            storage.set_modified_time("none.txt", time)
