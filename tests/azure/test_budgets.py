"""How many requests each operation costs, counted on the wire."""

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite, count_requests

KiB = 1024
MiB = 1024 * KiB


class Counted:
    """A storage behind a proxy that counts."""

    def __init__(self, azurite: Azurite, container: str, proxy: Any) -> None:
        self.options = azurite.options(container, via=proxy)
        self.storage = AzureStorage(**self.options, overwrite_files=True)
        self.container = f"/{azurite.account_name}/{container}"
        self.proxy = proxy
        self.storage.exists("warm-up")

    @contextmanager
    def costs(self, *expected: str) -> Iterator[None]:
        """The block sends just these requests, given by method and how the target begins."""
        with count_requests(self.proxy) as seen:
            yield
        found = [each.replace(self.container, "", 1) for each in seen]
        assert len(found) == len(expected), found
        for one, wanted in zip(found, expected, strict=True):
            assert one.startswith(wanted), found


@pytest.fixture
def counted(azurite: Azurite, azure_container: str, fault_proxy: Any) -> Counted:
    return Counted(azurite, azure_container, fault_proxy(azurite))


@pytest.fixture
def storage(counted: Counted) -> AzureStorage:
    return counted.storage


@pytest.mark.parametrize("size", [0, 1, 256 * KiB, 8 * MiB])
@pytest.mark.parametrize("overwrite", [True, False])
def test_save(counted: Counted, size: int, overwrite: bool) -> None:
    storage = AzureStorage(**counted.options, overwrite_files=overwrite)
    with counted.costs("PUT /a.bin"):
        storage.save("a.bin", ContentFile(bytes(size)))


def test_save_under_a_name_that_is_taken(counted: Counted) -> None:
    storage = AzureStorage(**counted.options, overwrite_files=False)
    storage.save("a.bin", ContentFile(b"x"))
    with counted.costs("PUT /a.bin", "HEAD /a.bin", "PUT /a_"):
        storage.save("a.bin", ContentFile(b"x"))


def test_save_of_parts(counted: Counted, storage: AzureStorage) -> None:
    with count_requests(counted.proxy) as seen:
        storage.save("a.bin", ContentFile(bytes(20 * MiB)))
    assert sorted(each.partition("comp=")[2].partition("&")[0] for each in seen) == [
        *["block"] * 3,
        "blocklist",
    ]
    assert "comp=blocklist" in seen[-1]


def test_a_large_file_under_a_taken_name_is_not_sent_in_vain(counted: Counted) -> None:
    storage = AzureStorage(**counted.options, overwrite_files=False)
    storage.save("a.bin", ContentFile(b"x"))
    before = counted.proxy.bytes_up
    with counted.costs("HEAD /a.bin", "HEAD /a_", *["PUT /a_"] * 3):
        storage.save("a.bin", ContentFile(bytes(9 * MiB)))
    assert counted.proxy.bytes_up - before < 10 * MiB


def test_writing(counted: Counted, storage: AzureStorage) -> None:
    with counted.costs("PUT /a.txt"), storage.open("a.txt", "w") as file:
        file.write("a")
        file.write("b")


@pytest.mark.parametrize("size", [1, 10 * KiB, 256 * KiB])
def test_open_and_read(counted: Counted, storage: AzureStorage, size: int) -> None:
    storage.save("a.bin", ContentFile(bytes(size)))
    with counted.costs("GET /a.bin"), storage.open("a.bin") as file:
        assert len(file.read()) == size


def test_open_an_empty_file(counted: Counted, storage: AzureStorage) -> None:
    """No range lies in it; the second request tells its facts."""
    storage.save("a.bin", ContentFile(b""))
    with counted.costs("GET /a.bin", "HEAD /a.bin"), storage.open("a.bin") as file:
        assert file.read() == b""


def test_open_and_read_in_pieces(counted: Counted, storage: AzureStorage) -> None:
    storage.save("a.bin", ContentFile(bytes(200 * KiB)))
    with counted.costs("GET /a.bin"), storage.open("a.bin") as file:
        file.seek(100 * KiB)
        file.read(10)
        file.seek(0)
        assert len(list(file.chunks())) == 4
        assert file.size == 200 * KiB


def test_facts_of_a_file(counted: Counted, storage: AzureStorage) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    for fact in (
        storage.exists,
        storage.size,
        storage.get_modified_time,
        storage.get_created_time,
        storage.stat,
    ):
        with counted.costs("HEAD /a.bin"):
            fact("a.bin")


def test_exists_of_a_missing_file(counted: Counted, storage: AzureStorage) -> None:
    with counted.costs("HEAD /no", "GET ?restype=container&comp=list&prefix=no%2F&maxresults=1"):
        assert not storage.exists("no")


def test_exists_of_the_root(counted: Counted, storage: AzureStorage) -> None:
    with counted.costs():
        assert storage.exists("")


def test_delete(counted: Counted, storage: AzureStorage) -> None:
    with counted.costs("DELETE /a.bin"):
        storage.delete("a.bin")


def test_links(counted: Counted, storage: AzureStorage) -> None:
    with counted.costs():
        storage.url("a.bin")
        storage.url("a.bin", expire=60)


def test_copy_and_move(counted: Counted, storage: AzureStorage) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    with counted.costs("HEAD /a.bin", "PUT /b.bin"):
        storage.copy("a.bin", "b.bin")
    with counted.costs("HEAD /b.bin", "PUT /c.bin", "DELETE /b.bin"):
        storage.move("b.bin", "c.bin")


def test_listings_go_by_pages_and_deletions_by_batches(
    counted: Counted, storage: AzureStorage
) -> None:
    names = [f"d/{number:03}.txt" for number in range(270)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: storage.client.upload_blob(name, b""), names))
    with counted.costs("GET ?restype=container&comp=list"):
        assert len(storage.listdir("d")[1]) == 270
    storage.page_size = 100
    with counted.costs(*["GET ?restype=container&comp=list"] * 3):
        assert [entry.name for entry in storage.scan("d")] == names
    with counted.costs(*["POST ?restype=container&comp=batch"] * 2):
        storage.delete_many(names[:260])
    with counted.costs("GET ?restype", "POST ?restype"):
        assert storage.delete_tree("d") == 10


def test_a_member_of_an_archive(counted: Counted, storage: AzureStorage) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("large.bin", bytes(20 * MiB))
        archive.writestr("small.txt", b"found" * 100)
    storage.client.upload_blob("a.zip", whole.getvalue())
    before = counted.proxy.bytes_down
    with count_requests(counted.proxy) as seen, zipfile.ZipFile(storage.open("a.zip")) as archive:
        assert archive.read("small.txt") == b"found" * 100
    assert counted.proxy.bytes_down - before <= 1 * MiB
    assert len(seen) <= 4
