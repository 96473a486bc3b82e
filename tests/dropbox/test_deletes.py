"""Deleting on Dropbox: one file or many, never a folder with what is in it."""

import errno
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import dropbox_delete, dropbox_tries
from storages.backends.dropbox import DropboxStorage
from storages.backends.dropbox_exceptions import DropboxStorageException
from tests.looking import files
from tests.servers import Dropbox


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(dropbox_tries, "BUSY_PAUSES", (0, 0))
    monkeypatch.setattr(dropbox_delete, "CHECK_PAUSES", (0,))


def put(storage: DropboxStorage, *given: str) -> None:
    for name in given:
        assert storage.save(name, ContentFile(name.encode())) == name


def test_a_folder_with_files_stays(storage: DropboxStorage) -> None:
    put(storage, "d/e/a.txt")
    for delete in (
        storage.delete,
        lambda name: storage.delete_many([name]),
        lambda name: storage.delete_many([name, "none.txt"]),
    ):
        for name in ("d", "d/", "D", "d/e"):
            with pytest.raises(OSError, match="not empty") as caught:
                delete(name)
            assert caught.value.errno == errno.ENOTEMPTY
    assert files(storage) == ["d/e/a.txt"]


def test_an_empty_folder_goes(storage: DropboxStorage) -> None:
    put(storage, "d/e/a.txt", "f/a.txt", "g/a.txt")
    storage.delete_many(["d/e/a.txt", "f/a.txt", "g/a.txt"])
    storage.delete("f")
    storage.delete_many(["d/e", "g"])
    assert storage.listdir("") == (["d"], [])
    storage.delete("d")
    assert storage.listdir("") == ([], [])


def test_a_file_that_is_replaced_meanwhile(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted as it is then; a folder in its place is not."""
    put(storage, "a.txt")
    other, look = make(), storage._look

    def look_slowly(key: str) -> Any:
        found = look(key)
        if not found.is_dir:
            other.write("a.txt", ContentFile(b"new"), overwrite=True)
            monkeypatch.undo()
        return found

    monkeypatch.setattr(storage, "_look", look_slowly)
    storage.delete("a.txt")
    assert files(storage) == []


def test_a_file_that_becomes_a_folder(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, "a.txt")
    other, look = make(), storage._look

    def look_slowly(key: str) -> Any:
        found = look(key)
        if not found.is_dir:
            other.delete("a.txt")
            put(other, "a.txt/below.txt")
        return found

    monkeypatch.setattr(storage, "_look", look_slowly)
    with pytest.raises(OSError, match="not empty"):
        storage.delete("a.txt")
    assert files(other) == ["a.txt/below.txt"]


def test_a_file_that_is_replaced_again_and_again(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, "a.txt")
    other, look = make(), storage._look

    def look_slowly(key: str) -> Any:
        found = look(key)
        other.write("a.txt", ContentFile(b"new"), overwrite=True)
        return found

    monkeypatch.setattr(storage, "_look", look_slowly)
    with pytest.raises(DropboxStorageException, match=r"a\.txt.* again and again"):
        storage.delete("a.txt")
    assert files(other) == ["a.txt"]


def test_many_in_the_wrong_case(storage: DropboxStorage) -> None:
    given = [f"d/File-{number}.txt" for number in range(30)]
    put(storage, *given, "d/kept.txt")
    storage.delete_many([name.upper() for name in given])
    assert files(storage) == ["d/kept.txt"]


def test_many_with_a_folder_among_them(storage: DropboxStorage) -> None:
    given = [f"d/{number}.txt" for number in range(30)]
    put(storage, *given, "d/sub/a.txt", "e/a.txt")
    with pytest.raises(OSError, match="not empty"):
        storage.delete_many([*given, "d/sub", "e"])
    assert files(storage) == ["d/sub/a.txt", "e/a.txt"]


def test_many_of_which_few_are_in_a_large_folder(
    storage: DropboxStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all of the folder is listed for them."""
    monkeypatch.setattr(dropbox_delete, "LARGEST_PAGE", 10)
    monkeypatch.setattr(dropbox_delete, "LISTED_FOR_ONE", 1)
    given = [f"d/{number}.txt" for number in range(40)]
    put(storage, *given)
    storage.delete_many([*given[:20], "d/none.txt"])
    assert files(storage) == sorted(given[20:])


def test_many_below_what_is_no_folder(storage: DropboxStorage) -> None:
    put(storage, "a.txt")
    storage.delete_many([f"{folder}/{n}" for folder in ("a.txt", "none") for n in range(30)])
    assert files(storage) == ["a.txt"]


def test_a_batch_that_fails_in_part(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    """What is no error is none, what may work later does, and the rest goes nevertheless."""
    given = [f"d/{number}.txt" for number in range(30)]
    put(storage, *given)
    entry = "files/delete_batch/entry"
    dropbox_server.fail(entry, containing="/3.txt", error=["path_lookup", "not_found"])
    dropbox_server.fail(entry, containing="/4.txt", error=["too_many_write_operations"])
    dropbox_server.fail(entry, containing="/5.txt", error=["path_write", "conflict", "file"])
    dropbox_server.fail(entry, containing="/6.txt", error=["path_write", "team_folder"])
    refused = ["path_write", "team_folder"]
    dropbox_server.fail("files/delete_v2", containing="/6.txt", error=refused, times=9)
    with pytest.raises(PermissionError, match=r"d/6\.txt"):
        storage.delete_many(given)
    assert files(storage) == ["d/3.txt", "d/6.txt"]


def test_a_batch_that_fails_as_a_whole(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    given = [f"d/{number}.txt" for number in range(30)]
    put(storage, *given)
    body = {".tag": "failed", "failed": {".tag": "too_many_write_operations"}}
    dropbox_server.fail("files/delete_batch/check", status=200, body=body)
    storage.delete_many(given)
    assert files(storage) == []


def test_a_batch_whose_answer_is_lost(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    given = [f"d/{number}.txt" for number in range(30)]
    put(storage, *given)
    dropbox_server.fail("files/delete_batch", drop=True)
    dropbox_server.fail("files/delete_batch/check", drop=True)
    storage.delete_many(given)
    assert files(storage) == []


def test_a_batch_that_never_ends(
    storage: DropboxStorage, dropbox_server: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_delete, "LONGEST_BATCH", 0)
    put(storage, "a.txt", "b.txt")
    with pytest.raises(TimeoutError, match=r"a\.txt and 1 other"):
        storage.delete_many(["a.txt", "b.txt"])


def test_files_that_were_replaced_since_they_were_listed(
    storage: DropboxStorage, make: Any
) -> None:
    given = [f"d/{number}.txt" for number in range(5)]
    put(storage, *given)
    listed = list(storage._scan(storage._prefix("d")))
    for name in given[:3]:
        make().write(name, ContentFile(b"new"), overwrite=True)
    make().delete(given[3])
    storage._delete_entries([entry for entry in listed if not entry.is_dir])
    assert files(storage) == []


def test_a_tree_keeps_what_came_meanwhile(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not empty after all stays, with what was stored in it."""
    put(storage, "d/a.txt", "d/e/b.txt")
    delete_entries = storage._delete_entries

    def delete_slowly(entries: Any) -> None:
        delete_entries(entries)
        put(make(), "d/e/new.txt")

    monkeypatch.setattr(storage, "_delete_entries", delete_slowly)
    assert storage.delete_tree("d") == 2
    assert files(storage) == ["d/e/new.txt"]


def test_a_tree_of_folders_goes_at_once(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    put(storage, *(f"d/{number}/e/a.txt" for number in range(10)))
    with dropbox_server.counting() as seen:
        assert storage.delete_tree("", everything=True) == 10
    assert sum(each.route == "files/delete_v2" for each in seen) == 1
    assert storage.listdir("") == ([], [])


@pytest.mark.parametrize("lost", [{"drop": True}, {"status": 500, "after": True}])
def test_a_lost_answer(storage: DropboxStorage, dropbox_server: Dropbox, lost: Any) -> None:
    put(storage, "a.txt", "d/b.txt")
    dropbox_server.fail("files/delete_v2", **lost)
    storage.delete("a.txt")
    storage.delete("d/b.txt")
    dropbox_server.fail("files/delete_v2", **lost)
    storage.delete("d")
    assert storage.listdir("") == ([], [])


@pytest.mark.parametrize("lost", [{"drop": True}, {"status": 500, "after": True}])
def test_a_lost_answer_deletes_nothing_newer(
    storage: DropboxStorage,
    make: Any,
    dropbox_server: Dropbox,
    monkeypatch: pytest.MonkeyPatch,
    lost: Any,
) -> None:
    put(storage, "a.txt")
    other = [make()]

    def meanwhile(tries: Any, pause: float) -> bool:
        if other:
            other.pop().save("a.txt", ContentFile(b"newer"))
        return True

    monkeypatch.setattr(dropbox_tries.Tries, "_sleep", meanwhile)
    dropbox_server.fail("files/delete_v2", **lost)
    storage.delete("a.txt")
    with storage.open("a.txt") as file:
        assert file.read() == b"newer"
