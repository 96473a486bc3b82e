"""How many requests each operation on an object store costs, counted on the wire."""

import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from math import ceil
from typing import Any, ClassVar

import pytest
from django.core.files.base import ContentFile

from storages.testing.conformance.suite import noise
from tests.servers import FaultProxy, count_requests

KiB = 1024
MiB = 1024 * KiB

Costs = Callable[..., AbstractContextManager[None]]
"""`with costs(*requests)`: the block sends just these, in this order."""

upload_sizes = pytest.mark.parametrize("size", [0, 1, 256 * KiB, 8 * MiB])


def fill(storage: Any, count: int) -> list[str]:
    """Store as many files in `d`; their names in order."""
    names = [f"d/{number:04}.txt" for number in range(count)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: storage.save(name, ContentFile(b"")), names))
    return names


class ObjectStoreBudgets:
    """The operations. A backend names the requests that they are made of, and three fixtures.

    A request is its method and how its target begins, without `home`. It is about the file
    `a.txt`, where nothing else is said.

    proxy: stands before the server, and counts.
    home: how the targets begin that lead to the bucket.
    make_storage: a function of options; a storage of an empty bucket behind the proxy.
    """

    stat: ClassVar[str]
    read: ClassVar[str]
    read_empty: ClassVar[tuple[str, ...]]
    """All that it takes for a file of no bytes."""
    save: ClassVar[str]
    create: ClassVar[tuple[str, ...]]
    """All that it takes to save what may replace nothing."""
    copy: ClassVar[str]
    """To `b.txt`."""
    delete: ClassVar[str]
    look: ClassVar[str]
    """Whether anything is in the directory `a.txt`."""
    page: ClassVar[str]
    """Of a listing of the directory `d`."""
    batch: ClassVar[str]
    """Of deletions."""
    rest: ClassVar[str]
    """Of the deletion of one file more than a batch holds."""

    page_size: ClassVar[int]
    batch_size: ClassVar[int]
    many: ClassVar[int]
    """Files to list in pages and to delete in batches."""

    overwrite_option: ClassVar[str] = "file_overwrite"

    @pytest.fixture
    def storage(self, make_storage: Any) -> Any:
        return make_storage(**{self.overwrite_option: True})

    @pytest.fixture
    def keeping(self, make_storage: Any) -> Any:
        return make_storage(**{self.overwrite_option: False})

    @pytest.fixture
    def costs(self, proxy: FaultProxy, home: str) -> Costs:
        @contextmanager
        def costs(*expected: str) -> Iterator[None]:
            with count_requests(proxy) as seen:
                yield
            found = [each.replace(home, "", 1) for each in seen]
            assert len(found) == len(expected), found
            for one, wanted in zip(found, expected, strict=True):
                assert one.startswith(wanted), found

        return costs

    @upload_sizes
    def test_save(self, storage: Any, costs: Costs, size: int) -> None:
        with costs(self.save):
            storage.save("a.txt", ContentFile(bytes(size)))

    @upload_sizes
    def test_exclusive_save(self, keeping: Any, costs: Costs, size: int) -> None:
        with costs(*self.create):
            keeping.save("a.txt", ContentFile(bytes(size)))

    def test_writing(self, storage: Any, costs: Costs) -> None:
        with costs(self.save), storage.open("a.txt", "w") as file:
            file.write("a")
            file.write("b")

    @pytest.mark.parametrize("size", [1, 10 * KiB, 256 * KiB])
    def test_open_and_read(self, storage: Any, costs: Costs, size: int) -> None:
        storage.save("a.txt", ContentFile(bytes(size)))
        with costs(self.read), storage.open("a.txt") as file:
            assert len(file.read()) == size

    def test_open_an_empty_file(self, storage: Any, costs: Costs) -> None:
        storage.save("a.txt", ContentFile(b""))
        with costs(*self.read_empty), storage.open("a.txt") as file:
            assert file.read() == b""

    def test_open_and_read_in_pieces(self, storage: Any, costs: Costs) -> None:
        storage.save("a.txt", ContentFile(bytes(200 * KiB)))
        with costs(self.read), storage.open("a.txt") as file:
            file.seek(100 * KiB)
            file.read(10)
            file.seek(0)
            assert len(list(file.chunks())) == 4
            assert file.size == 200 * KiB

    def test_a_member_of_an_archive(self, storage: Any, proxy: FaultProxy) -> None:
        """512 MB would only take longer: what is read does not depend on the archive's size."""
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            for number in range(8):
                archive.writestr(f"{number}.bin", noise(8 * MiB, number))
            archive.writestr("small.txt", b"found" * 100)
        storage.save("a.zip", ContentFile(whole.getvalue()))
        before = proxy.bytes_down
        with count_requests(proxy) as seen, zipfile.ZipFile(storage.open("a.zip")) as archive:
            assert archive.read("small.txt") == b"found" * 100
        assert proxy.bytes_down - before <= 1 * MiB
        assert len(seen) <= 4

    def test_facts_of_a_file(self, storage: Any, costs: Costs) -> None:
        storage.save("a.txt", ContentFile(b"x"))
        for fact in (
            storage.exists,
            storage.size,
            storage.get_modified_time,
            storage.get_created_time,
            storage.stat,
        ):
            with costs(self.stat):
                fact("a.txt")

    def test_exists_of_a_missing_file(self, storage: Any, costs: Costs) -> None:
        with costs(self.stat, self.look):
            assert not storage.exists("a.txt")

    def test_exists_of_the_root(self, storage: Any, costs: Costs) -> None:
        with costs():
            assert storage.exists("")

    def test_links(self, storage: Any, costs: Costs) -> None:
        with costs():
            storage.url("a.txt")

    def test_copy(self, storage: Any, costs: Costs) -> None:
        storage.save("a.txt", ContentFile(b"x"))
        with costs(self.stat, self.copy):
            storage.copy("a.txt", "b.txt")

    def test_move(self, storage: Any, costs: Costs) -> None:
        storage.save("a.txt", ContentFile(b"x"))
        with costs(self.stat, self.copy, self.delete):
            storage.move("a.txt", "b.txt")

    def test_delete(self, storage: Any, costs: Costs) -> None:
        with costs(self.delete):
            storage.delete("a.txt")

    def test_listings_go_by_pages_and_deletions_by_batches(
        self, storage: Any, costs: Costs
    ) -> None:
        names = fill(storage, self.many)
        pages = [self.page] * ceil(self.many / self.page_size)
        with costs(*pages):
            assert len(storage.listdir("d")[1]) == self.many
        with costs(*pages):
            assert [entry.name for entry in storage.scan("d")] == names
        with costs(self.batch, self.rest):
            storage.delete_many(names[: self.batch_size + 1])
        left = self.many - self.batch_size - 1
        with costs(self.page, *[self.batch] * ceil(left / self.batch_size)):
            assert storage.delete_tree("d") == left
        with costs():
            storage.delete_many([])
