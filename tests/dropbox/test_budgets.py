"""How many requests each operation on Dropbox costs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile

from storages.backends.dropbox import DropboxStorage
from tests.request_budgets import KiB, MiB, fill
from tests.servers import Dropbox


class Counted:
    """A storage, and the calls that reach the server."""

    def __init__(self, server: Dropbox, root: str) -> None:
        self.server, self.root = server, root
        self.options = server.options(root)
        self.storage = DropboxStorage(**self.options, write_mode="overwrite")

    @contextmanager
    def costs(self, *expected: str) -> Iterator[None]:
        """The block sends just these calls of `files/`, in any order."""
        with self.server.counting() as seen:
            yield
        assert sorted(each.route.removeprefix("files/") for each in seen) == sorted(expected)


@pytest.fixture
def counted(dropbox_server: Dropbox, dropbox_root: str) -> Counted:
    return Counted(dropbox_server, dropbox_root)


@pytest.fixture
def storage(counted: Counted) -> DropboxStorage:
    return counted.storage


@pytest.mark.parametrize("size", [0, 1, 8 * MiB])
@pytest.mark.parametrize("mode", ["add", "overwrite", "update"])
def test_save(counted: Counted, size: int, mode: str) -> None:
    storage = DropboxStorage(**counted.options, write_mode=mode)
    with counted.costs("upload"):
        storage.save("a.bin", ContentFile(bytes(size)))


def test_save_under_a_name_that_is_taken(counted: Counted) -> None:
    storage = DropboxStorage(**counted.options)
    storage.save("a.bin", ContentFile(b"x"))
    with counted.costs("upload", "upload"):
        storage.save("a.bin", ContentFile(b"x"))


def test_save_of_parts(counted: Counted, storage: DropboxStorage) -> None:
    session = [f"upload_session/{each}" for each in ("start", *["append_v2"] * 3, "finish")]
    with counted.costs(*session):
        storage.save("a.bin", ContentFile(bytes(20 * MiB)))
    with counted.costs("get_metadata", *session):  # to know early that the name is free
        DropboxStorage(**counted.options).save("b.bin", ContentFile(bytes(20 * MiB)))


@pytest.mark.parametrize("size", [1, 256 * KiB])
def test_open_and_read(counted: Counted, storage: DropboxStorage, size: int) -> None:
    storage.save("a.bin", ContentFile(bytes(size)))
    with counted.costs("download"), storage.open("a.bin") as file:
        file.read()


def test_open_an_empty_file(counted: Counted, storage: DropboxStorage) -> None:
    storage.save("a.bin", ContentFile(b""))
    with counted.costs("download", "get_metadata"), storage.open("a.bin") as file:
        file.read()


def test_reading_the_end_of_a_large_file(counted: Counted, storage: DropboxStorage) -> None:
    storage.save("a.bin", ContentFile(bytes(20 * MiB)))
    with counted.server.counting() as seen, storage.open("a.bin") as file:
        file.seek(-100, 2)
        file.read()
    assert len(seen) == 2
    assert sum(each.down for each in seen) <= 320 * KiB


def test_one_request_each(counted: Counted, storage: DropboxStorage) -> None:
    storage.save("d/a.txt", ContentFile(b"x"))
    for call in (storage.exists, storage.size, storage.stat, storage.get_modified_time):
        with counted.costs("get_metadata"):
            call("d/a.txt")
    with counted.costs("get_metadata"):
        assert not storage.exists("none.txt")
    with counted.costs("get_temporary_link"):
        storage.url("d/a.txt")
    with counted.costs("list_folder"):
        storage.listdir("d")
    with counted.costs("list_folder"):
        list(storage.scan())
    with counted.costs():
        storage.exists("")


def test_delete(counted: Counted, storage: DropboxStorage) -> None:
    storage.save("a.txt", ContentFile(b"x"))
    with counted.costs("get_metadata", "delete_v2"):
        storage.delete("a.txt")
    with counted.costs("get_metadata"):
        storage.delete("a.txt")


@pytest.mark.parametrize(("do", "route"), [("copy", "copy_v2"), ("move", "move_v2")])
def test_copy_and_move(counted: Counted, storage: DropboxStorage, do: str, route: str) -> None:
    storage.save("a.txt", ContentFile(b"x"))
    with counted.costs("get_metadata", route):
        getattr(storage, do)("a.txt", "b.txt")


def test_many_files(counted: Counted, storage: DropboxStorage) -> None:
    """A listing has a request per 2000 entries, a deletion a batch per 1000 files."""
    names = fill(storage, 2100)
    with counted.costs("list_folder", "list_folder/continue"):
        assert len(storage.listdir("d")[1]) == 2100
    pages = ["list_folder", "list_folder/continue"]
    with counted.costs(*pages, "delete_batch", *["delete_batch/check"] * 2):
        storage.delete_many(names[:200])
    batches = ["delete_batch", *["delete_batch/check"] * 2] * 2
    with counted.costs("list_folder", *batches, "list_folder", "delete_v2"):
        assert storage.delete_tree("d") == 1900


def test_deleting_some_by_name(counted: Counted, storage: DropboxStorage) -> None:
    names = fill(storage, 3)
    with counted.costs(*["get_metadata"] * 4, "delete_batch", *["delete_batch/check"] * 2):
        storage.delete_many([*names, "none.txt"])
    assert storage.listdir("d") == ([], [])
