"""Listings of Dropbox: page by page, while things change, and broken off."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import dropbox_tries
from storages.backends.dropbox import DropboxStorage, DropboxStorageException
from tests.servers import Dropbox


class Paged(DropboxStorage):
    page_size = 10


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., Paged]:
    found = dropbox_server.options(dropbox_root)
    return lambda **options: Paged(**(found | options))


@pytest.fixture
def storage(make: Callable[..., Paged]) -> Paged:
    storage = make()
    for number in range(35):
        storage.save(f"d/{number:02}.txt", ContentFile(b"x" * number))
    return storage


NAMES = [f"d/{number:02}.txt" for number in range(35)]


def names(entries: Any) -> list[str]:
    return sorted(entry.key.partition("/")[2] for entry in entries if not entry.is_dir)


def test_pages_are_fetched_as_they_are_needed(storage: Paged, dropbox_server: Dropbox) -> None:
    for listing in (storage._list(storage._prefix("d")), storage._scan(storage._prefix(""))):
        with dropbox_server.counting() as seen:
            assert len(list(islice(listing, 5))) == 5
        assert [each.route for each in seen] == ["files/list_folder"]
        with dropbox_server.counting() as seen:
            assert len(names(listing)) == 30
        assert {each.route for each in seen} == {"files/list_folder/continue"}
        assert len(seen) == 3


def test_pages_of_dropboxs_size_at_most(storage: Paged, dropbox_server: Dropbox) -> None:
    storage.page_size = 10_000
    with dropbox_server.counting() as seen:
        assert len(storage.listdir("d")[1]) == 35
    assert len(seen) == 1


def test_what_changes_meanwhile(storage: Paged, make: Callable[..., Paged]) -> None:
    """What is gone is left out, what was there is listed once, what comes may be."""
    for listing in (storage._list(storage._prefix("d")), storage._scan(storage._prefix(""))):
        found = list(islice(listing, 5))
        listed = names(found)
        gone, kept = [name for name in NAMES if name not in listed][:20:10]
        make().delete(gone)
        make().write(kept, ContentFile(b"changed"), overwrite=True)
        make().write("d/new.txt", ContentFile(b"new"), overwrite=True)
        all_names = names([*found, *listing])
        assert len(set(all_names)) == len(all_names)
        assert set(NAMES) - {gone} <= set(all_names)
        assert gone not in all_names
        make().write(gone, ContentFile(b"again"))


def test_entries_that_come_again_or_were_deleted(storage: Paged, dropbox_server: Dropbox) -> None:
    """Dropbox tells changes in later pages, in the form of entries."""
    one = storage._metadata(storage._key("d/00.txt"))
    gone = {".tag": "deleted", "name": "01.txt", "path_lower": one["path_lower"]}
    pages = [
        {"entries": [one], "cursor": "c1", "has_more": True},
        {"entries": [one, gone], "cursor": "c2", "has_more": False},
    ]
    for route, page in zip(("list_folder", "list_folder/continue"), pages, strict=True):
        dropbox_server.fail(f"files/{route}", status=200, body=page)
    assert storage.listdir("d") == ([], ["00.txt"])


def test_a_listing_that_dropbox_broke_off(storage: Paged, dropbox_server: Dropbox) -> None:
    for listing in (storage._list(storage._prefix("d")), storage._scan(storage._prefix(""))):
        next(listing)
        dropbox_server.forget_cursors()
        with pytest.raises(DropboxStorageException, match="broken off by Dropbox") as caught:
            list(listing)
        assert not isinstance(caught.value, FileNotFoundError)


def test_a_tree_that_is_not_deleted_whole_says_so(
    storage: Paged, dropbox_server: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropbox_server.fail("files/list_folder/continue", error=["reset"], skip=1)
    with pytest.raises(DropboxStorageException, match="broken off by Dropbox"):
        storage.delete_tree("d")
    assert storage.delete_tree("d") > 0
    assert storage.listdir("") == ([], [])


def test_a_folder_that_goes_meanwhile(storage: Paged, make: Callable[..., Paged]) -> None:
    listing = storage._list(storage._prefix("d"))
    next(listing)
    make().delete_tree("d")
    with pytest.raises(FileNotFoundError, match="/d/"):
        list(listing)


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 500}, {"cut": 20}], ids=str)
def test_a_page_is_asked_for_again(
    storage: Paged, dropbox_server: Dropbox, fault: dict[str, Any]
) -> None:
    dropbox_server.fail("files/list_folder", **fault)
    dropbox_server.fail("files/list_folder/continue", **fault)
    assert names(storage.scan()) == [name.partition("/")[2] for name in NAMES]


def test_a_deep_tree_is_one_listing(make: Callable[..., Paged], dropbox_server: Dropbox) -> None:
    storage = make()
    name = "/".join(["deep"] * 8) + "/a.txt"
    storage.save(name, ContentFile(b"x"))
    with dropbox_server.counting() as seen:
        assert [entry.name for entry in storage.scan()] == [name]
        folders = [entry.key for entry in storage._scan(storage._prefix("")) if entry.is_dir]
    assert len(seen) == 2
    assert folders == [storage._key("deep")]  # those below go with it
