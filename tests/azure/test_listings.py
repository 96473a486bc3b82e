"""Listings: pages, locations, and what stands for directories."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite

Make = Callable[..., AzureStorage]
STUB = {"hdi_isfolder": "true"}


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    return lambda **options: AzureStorage(**azurite.options(azure_container, **options))


@pytest.fixture
def hierarchical(make: Make) -> AzureStorage:
    """As accounts with a hierarchical namespace list: directories are blobs too."""
    storage = make()
    for name in ("d", "d/e", "empty"):
        storage.client.upload_blob(name, b"", metadata=STUB)
    for name in ("a.txt", "d/b.txt", "d/e/c.txt"):
        storage.save(name, ContentFile(b"content"))
    return storage


def test_listings_of_one_level_and_of_all(make: Make) -> None:
    for name in ("a.txt", "loc/b.txt", "loc/d/c.txt", "location.txt"):
        make().save(name, ContentFile(b"x"))
    storage = make(location="loc")
    assert storage.listdir("") == (["d"], ["b.txt"])
    assert storage.listdir("d") == storage.listdir("d/") == ([], ["c.txt"])
    assert storage.list_all() == ["loc/b.txt", "loc/d/c.txt"]
    assert storage.list_all("d") == ["loc/d/c.txt"]
    assert storage.list_all("no") == []
    assert make().list_all() == ["a.txt", "loc/b.txt", "loc/d/c.txt", "location.txt"]


@pytest.mark.parametrize("page_size", [1, 2, 5000])
def test_pages(make: Make, page_size: int) -> None:
    storage = make()
    storage.page_size = page_size
    names = ["a/1", "a/2", "b/1", "c", "d"]
    for name in names:
        storage.save(name, ContentFile(b"x"))
    assert storage.listdir("") == (["a", "b"], ["c", "d"])
    assert storage.list_all() == names


def test_directories_that_are_blobs(hierarchical: AzureStorage) -> None:
    assert hierarchical.listdir("") == (["d", "empty"], ["a.txt"])
    assert hierarchical.listdir("d") == (["e"], ["b.txt"])
    assert hierarchical.list_all() == ["a.txt", "d/b.txt", "d/e/c.txt"]
    for name in ("d", "d/e", "empty"):
        assert hierarchical.exists(name)
        with pytest.raises(IsADirectoryError):
            hierarchical.open(name)
        with pytest.raises(IsADirectoryError):
            hierarchical.copy(name, "other")
    assert hierarchical.stat("d").is_dir


def test_directories_that_are_blobs_go_with_their_tree(hierarchical: AzureStorage) -> None:
    assert hierarchical.delete_tree("d") == 2
    assert [blob.name for blob in hierarchical.client.list_blobs()] == ["a.txt", "empty"]
    assert hierarchical.delete_tree("", everything=True) == 1
    assert list(hierarchical.client.list_blobs()) == []


def test_a_file_named_like_the_tree_stays(make: Make) -> None:
    storage = make()
    for name in ("d", "d/a.txt"):
        storage.save(name, ContentFile(b"x"))
    storage.client.upload_blob("d/e", b"", metadata=STUB)
    assert storage.delete_tree("d") == 1
    assert storage.list_all() == ["d"]


def test_markers_that_end_with_a_slash(make: Make) -> None:
    storage = make()
    storage.client.upload_blob("d/", b"")
    storage.save("d/a.txt", ContentFile(b"x"))
    assert storage.listdir("") == (["d"], [])
    assert storage.listdir("d") == ([], ["a.txt"])
    assert storage.list_all() == ["d/a.txt"]
    assert storage.delete_tree("d") == 1
    assert list(storage.client.list_blobs()) == []


def test_many_deletions_name_each_blob_once(make: Make) -> None:
    storage = make()
    names = [f"d {number}+%20#?é.txt" for number in range(5)]
    for name in names:
        storage.save(name, ContentFile(b"x"))
    storage.delete_many([*names, *names, "none.txt"])
    assert storage.list_all() == []
    storage.delete_many([])


def test_times_and_digests(make: Make) -> None:
    storage: Any = make()
    storage.save("a.txt", ContentFile(b"content"))
    (listed,) = storage.scan()
    assert listed == storage.stat("a.txt")
    assert storage.get_created_time("a.txt") <= storage.get_modified_time("a.txt")
    with pytest.raises(NotImplementedError, match="does not know when it was accessed"):
        storage.get_accessed_time("a.txt")
