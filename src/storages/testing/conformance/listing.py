"""Listing: `exists`, `size`, `delete`, `listdir`, `stat` and `scan`."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation

from storages.testing.conformance.suite import Suite, get, needs, noise, put, replace

TREE = ["a.txt", "photos/b.txt", "photos/c.txt", "photos/deep/er/d.txt", "photos2/e.txt"]


class Listing(Suite):
    """What was stored is found, once each, level by level or all of it."""

    @pytest.fixture
    def tree(self, storage: Any) -> Any:
        for name in TREE:
            put(storage, name, name.encode())
        return storage

    # -- exists, size, delete

    def test_exists(self, tree: Any) -> None:
        for name in (*TREE, "photos", "photos/", "photos/deep", "photos/deep/er/", "", "."):
            assert tree.exists(name) is True, name
        for name in ("b.txt", "photo", "photos/deep/e", "photos3", "photos3/", "a.txt/b.txt"):
            assert tree.exists(name) is False, name

    @needs("remote")
    def test_there_is_no_local_path(self, tree: Any) -> None:
        with pytest.raises(NotImplementedError):
            tree.path("a.txt")

    def test_an_empty_storage_exists(self, storage: Any) -> None:
        assert storage.exists("") is True
        assert storage.exists("a.txt") is False
        assert storage.listdir("") == ([], [])

    def test_size(self, storage: Any) -> None:
        put(storage, "empty.txt", b"")
        put(storage, "d/a.bin", noise(12_345))
        assert storage.size("empty.txt") == 0
        assert storage.size("d/a.bin") == 12_345
        replace(storage, "d/a.bin", b"short")
        assert storage.size("d/a.bin") == 5

    def test_size_of_a_missing_file(self, storage: Any) -> None:
        put(storage, "a.txt")
        for name in ("none.txt", "no/such/none.txt", "a.tx"):
            with pytest.raises(FileNotFoundError) as caught:
                storage.size(name)
            assert name in str(caught.value)

    def test_deletes(self, tree: Any) -> None:
        for name in ("a.txt", "photos/b.txt", "photos/deep/er/d.txt"):
            tree.delete(name)
            assert not tree.exists(name)
            with pytest.raises(FileNotFoundError):
                tree.open(name)
        assert tree.listdir("photos")[1] == ["c.txt"]
        assert get(tree, "photos2/e.txt") == b"photos2/e.txt"

    def test_deleting_a_missing_file_is_fine(self, tree: Any) -> None:
        tree.delete("none.txt")
        tree.delete("no/such/none.txt")
        tree.delete("a.txt")
        tree.delete("a.txt")
        dirs, files = tree.listdir("")
        assert (sorted(dirs), files) == (["photos", "photos2"], [])

    def test_deleting_nothing_is_an_error(self, tree: Any) -> None:
        with pytest.raises(ValueError, match="name"):
            tree.delete("")
        self._untouched(tree)

    @needs("remote")
    @pytest.mark.parametrize("name", [".", "./", "photos/..", "/", "//", ".\\"])
    def test_deleting_what_cleans_to_nothing_is_an_error(self, tree: Any, name: str) -> None:
        with pytest.raises((ValueError, SuspiciousFileOperation)):
            tree.delete(name)
        self._untouched(tree)

    @needs("location", "remote")
    @pytest.mark.parametrize("name", ["", ".", "./", "photos/..", "/inside", "/inside/"])
    def test_deleting_the_location_is_an_error(self, make_storage: Any, name: str) -> None:
        storage = make_storage(location="inside")
        put(storage, "photos/a.txt")
        with pytest.raises(ValueError, match="name"):
            storage.delete(name)
        assert get(storage, "photos/a.txt") == b"content"

    @pytest.mark.parametrize("name", ["photos", "photos/", "photos/deep"])
    def test_deleting_a_directory_deletes_no_file(self, tree: Any, name: str) -> None:
        with contextlib.suppress(OSError):
            tree.delete(name)
        self._untouched(tree)

    def _untouched(self, tree: Any) -> None:
        for name in TREE:
            assert get(tree, name) == name.encode()

    # -- listdir

    def test_listdir_is_one_level(self, tree: Any) -> None:
        for path, dirs, files in (
            ("", ["photos", "photos2"], ["a.txt"]),
            (".", ["photos", "photos2"], ["a.txt"]),
            ("photos", ["deep"], ["b.txt", "c.txt"]),
            ("photos/", ["deep"], ["b.txt", "c.txt"]),
            ("./photos//", ["deep"], ["b.txt", "c.txt"]),
            ("photos/deep", ["er"], []),
            ("photos/deep/er/", [], ["d.txt"]),
            ("photos2", [], ["e.txt"]),
        ):
            found = tree.listdir(path)
            assert (sorted(found[0]), sorted(found[1])) == (dirs, files), path

    def test_listdir_of_a_missing_directory(self, tree: Any) -> None:
        for path in ("none", "phot", "photos/none/", "no/such"):
            if self.object_store:
                assert tree.listdir(path) == ([], [])
            else:
                with pytest.raises(FileNotFoundError):
                    tree.listdir(path)

    def test_listdir_gives_two_lists_of_str(self, tree: Any) -> None:
        dirs, files = tree.listdir("")
        assert isinstance(dirs, list)
        assert isinstance(files, list)
        assert {type(name) for name in [*dirs, *files]} == {str}

    def test_listdir_follows_changes(self, storage: Any) -> None:
        put(storage, "d/a.txt")
        assert storage.listdir("d") == ([], ["a.txt"])
        put(storage, "d/b.txt")
        assert sorted(storage.listdir("d")[1]) == ["a.txt", "b.txt"]
        storage.delete("d/a.txt")
        assert storage.listdir("d") == ([], ["b.txt"])

    @needs("key-and-prefix")
    def test_a_name_can_be_a_file_and_a_directory(self, storage: Any) -> None:
        put(storage, "a/b.txt", b"below")
        put(storage, "a", b"itself")
        assert get(storage, "a") == b"itself"
        assert get(storage, "a/b.txt") == b"below"
        assert storage.listdir("") == (["a"], ["a"])
        assert storage.listdir("a") == ([], ["b.txt"])
        storage.delete("a")
        assert storage.exists("a")
        assert get(storage, "a/b.txt") == b"below"

    def test_a_directory_goes_with_its_last_file(self, storage: Any) -> None:
        if not self.object_store:
            pytest.skip("directories are real: an empty one stays")
        put(storage, "d/e/a.txt")
        storage.delete("d/e/a.txt")
        assert not storage.exists("d")
        assert storage.listdir("") == ([], [])

    # -- stat and scan

    @needs("stat")
    def test_stat(self, tree: Any) -> None:
        entry = tree.stat("photos/b.txt")
        assert (entry.key, entry.name) == ("photos/b.txt", "photos/b.txt")
        assert entry.size == len("photos/b.txt")
        assert entry.is_dir is False
        assert entry.encoding is None

    @needs("stat")
    def test_stat_of_a_missing_file(self, tree: Any) -> None:
        for name in ("none.txt", "no/such/none.txt", "photo", "photos/"):
            with pytest.raises(FileNotFoundError) as caught:
                tree.stat(name)
            assert name.rstrip("/") in str(caught.value)

    @needs("stat", "remote")
    def test_stat_tells_versions_apart(self, storage: Any) -> None:
        put(storage, "a.txt", b"content")
        one, again = storage.stat("a.txt"), storage.stat("a.txt")
        assert one == again
        replace(storage, "a.txt", b"other content")
        assert storage.stat("a.txt") != one
        if one.etag is not None:
            assert storage.stat("a.txt").etag != one.etag

    @needs("scan")
    def test_scan_finds_everything_below(self, tree: Any) -> None:
        for path, names in (
            ("", TREE),
            (".", TREE),
            ("photos", TREE[1:4]),
            ("photos/", TREE[1:4]),
            ("./photos//deep", TREE[3:4]),
            ("photos2", TREE[4:]),
            ("none", []),
            ("phot", []),
            ("a.txt", []),
        ):
            entries = list(tree.scan(path))
            assert sorted(entry.name for entry in entries) == sorted(names), path
            assert all(entry.size == len(entry.name) for entry in entries)
            assert not any(entry.is_dir for entry in entries)

    @needs("scan", "stat")
    def test_scan_agrees_with_stat(self, tree: Any) -> None:
        for entry in tree.scan():
            stat = tree.stat(entry.name)
            assert entry.key == stat.key
            assert entry.size == stat.size
            assert entry.modified is None or abs(entry.modified - stat.modified).total_seconds() < 1
            assert entry.etag in (None, stat.etag)
            assert entry.digest in (None, stat.digest)

    @needs("scan")
    def test_a_digest_is_of_what_is_stored(self, tree: Any) -> None:
        hasher_of = getattr(tree, "_hasher", lambda kind: None)
        for entry in tree.scan():
            kind, _, digest = (entry.digest or "").partition(":")
            if (hasher := hasher_of(kind)) is not None:
                hasher.update(entry.name.encode())
                assert hasher.hexdigest() == digest

    # -- location

    @needs("location")
    @pytest.mark.parametrize("location", ["one", "one/", "one/two", "odd location/100% é+#?"])
    def test_a_location_holds_its_own_files(self, make_storage: Any, location: str) -> None:
        storage, around = make_storage(location=location), make_storage()
        put(around, "a.txt", b"around")
        put(around, f"{location.rstrip('/')}2/a.txt", b"beside")
        assert not storage.exists("a.txt")
        assert storage.listdir("") == ([], [])
        assert storage.exists("")
        put(storage, "d/a.txt", b"inside")
        assert storage.listdir("") == (["d"], [])
        assert storage.listdir("d") == ([], ["a.txt"])
        assert get(storage, "d/a.txt") == b"inside"
        assert get(around, f"{location.rstrip('/')}/d/a.txt") == b"inside"
        storage.delete("a.txt")
        storage.delete("d/a.txt")
        assert get(around, "a.txt") == b"around"
        assert get(around, f"{location.rstrip('/')}2/a.txt") == b"beside"

    @needs("location", "scan", "stat", "delete_tree")
    @pytest.mark.parametrize("location", ["one", "one/", "one/two"])
    def test_a_location_is_not_in_the_names(self, make_storage: Any, location: str) -> None:
        storage, around = make_storage(location=location), make_storage()
        put(storage, "one/a.txt")
        put(around, "one2/a.txt")
        assert [entry.name for entry in storage.scan()] == ["one/a.txt"]
        assert [entry.name for entry in storage.scan("one")] == ["one/a.txt"]
        assert storage.stat("one/a.txt").name == "one/a.txt"
        with pytest.raises(ValueError, match="everything"):
            storage.delete_tree("")
        assert storage.delete_tree("", everything=True) == 1
        assert [entry.name for entry in around.scan()] == ["one2/a.txt"]
