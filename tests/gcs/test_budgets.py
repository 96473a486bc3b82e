"""How many requests each operation costs on Google Cloud Storage, counted on the wire."""

import io
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.base import ContentFile

from storages.backends.gcloud import GoogleCloudStorage
from tests.servers import Gcs, count_requests

KiB = 1024
MiB = 1024 * KiB


class Counted:
    """A storage behind a proxy that counts."""

    def __init__(self, gcs: Gcs, bucket: str, proxy: Any) -> None:
        self.options = gcs.options(bucket, via=proxy)
        self.storage = GoogleCloudStorage(**self.options)
        self.proxy = proxy
        self.storage.exists("warm-up")

    @contextmanager
    def costs(self, *expected: str) -> Iterator[None]:
        """The block sends just these requests, given by method and how the target begins.

        STAT, READ, MAKE, LIST and DELETE stand for the addresses that they have here.
        """
        with count_requests(self.proxy) as seen:
            yield
        objects = f"/storage/v1/b/{self.options['bucket_name']}/o"
        places = {
            "STAT ": f"GET {objects}/",
            "READ ": f"GET /download{objects}/",
            "MAKE": f"POST /upload{objects}?uploadType=multipart",
            "LIST ": f"GET {objects}?prefix=",
            "DELETE ": f"DELETE {objects}/",
            "COPY ": f"POST {objects}/",
        }
        found = [unquote(each) for each in seen]
        assert len(found) == len(expected), found
        for one, wanted in zip(found, expected, strict=True):
            for short, place in places.items():
                wanted = wanted.replace(short, place, 1) if wanted.startswith(short) else wanted
            assert one.startswith(wanted), found


@pytest.fixture
def counted(gcs: Gcs, gcs_bucket: str, fault_proxy: Any) -> Counted:
    return Counted(gcs, gcs_bucket, fault_proxy(gcs))


@pytest.fixture
def storage(counted: Counted) -> GoogleCloudStorage:
    return counted.storage


@pytest.mark.parametrize("size", [0, 1, 256 * KiB, 16 * MiB])
def test_save(counted: Counted, storage: GoogleCloudStorage, size: int) -> None:
    with counted.costs("MAKE"):
        storage.save("a.bin", ContentFile(bytes(size)))


@pytest.mark.parametrize(("size", "parts"), [(16 * MiB + 1, 2), (32 * MiB, 2)])
def test_save_of_parts(
    counted: Counted, storage: GoogleCloudStorage, size: int, parts: int
) -> None:
    """A last part that could be any other one needs a word that it was the last."""
    with count_requests(counted.proxy) as seen:
        storage.save("a.bin", ContentFile(bytes(size)))
    assert seen[0].startswith("POST ")
    assert "uploadType=resumable" in seen[0]
    ranges = [each.headers["content-range"] for each in seen[1:]]
    end = [f"bytes {16 * MiB}-{size - 1}/{size}"]
    if size == 32 * MiB:
        end = [f"bytes {16 * MiB}-{size - 1}/*", f"bytes */{size}"]
    assert ranges == [f"bytes 0-{16 * MiB - 1}/*", *end]


def test_exclusive_save(counted: Counted, monkeypatch: Any) -> None:
    """Google checks the condition by itself; what emulates it may not."""
    storage = GoogleCloudStorage(**counted.options, file_overwrite=False)
    with counted.costs("STAT a.bin", "MAKE"):
        storage.save("a.bin", ContentFile(b"x"))
    monkeypatch.setattr(storage._connection, "emulated", False)
    with counted.costs("MAKE", "MAKE"):
        assert storage.save("a.bin", ContentFile(b"x")) != "a.bin"


def test_writing(counted: Counted, storage: GoogleCloudStorage) -> None:
    with counted.costs("MAKE"), storage.open("a.txt", "w") as file:
        file.write("a")
        file.write("b")


@pytest.mark.parametrize("size", [0, 1, 10 * KiB, 256 * KiB])
def test_open_and_read(counted: Counted, storage: GoogleCloudStorage, size: int) -> None:
    storage.save("a.bin", ContentFile(bytes(size)))
    known = ["READ a.bin"] if size else ["READ a.bin", "STAT a.bin"]  # a 416 tells nothing
    with counted.costs(*known), storage.open("a.bin") as file:
        assert len(file.read()) == size


def test_open_and_read_in_pieces(counted: Counted, storage: GoogleCloudStorage) -> None:
    storage.save("a.bin", ContentFile(bytes(200 * KiB)))
    with counted.costs("READ a.bin"), storage.open("a.bin") as file:
        file.seek(100 * KiB)
        file.read(10)
        file.seek(0)
        assert len(list(file.chunks())) == 4
        assert file.size == 200 * KiB


def test_open_and_read_what_is_compressed(counted: Counted) -> None:
    storage = GoogleCloudStorage(**counted.options, gzip=True)
    storage.save("a.css", ContentFile(b"a {}" * 1000))
    with counted.costs("READ a.css"), storage.open("a.css") as file:
        assert file.read() == b"a {}" * 1000


def test_facts_of_a_file(counted: Counted, storage: GoogleCloudStorage) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    for fact in (
        storage.exists,
        storage.size,
        storage.get_modified_time,
        storage.get_created_time,
        storage.stat,
    ):
        with counted.costs("STAT a.bin"):
            fact("a.bin")


def test_exists_of_a_missing_file(counted: Counted, storage: GoogleCloudStorage) -> None:
    with counted.costs("STAT no", "LIST no/&prettyPrint=false&maxResults=1&"):
        assert not storage.exists("no")


def test_what_needs_no_request(counted: Counted, storage: GoogleCloudStorage) -> None:
    with counted.costs():
        assert storage.exists("")
        storage.url("a.bin")
        assert storage.bucket.name == counted.options["bucket_name"]


def test_delete(counted: Counted, storage: GoogleCloudStorage) -> None:
    with counted.costs("DELETE a.bin"):
        storage.delete("a.bin")


def test_copy_and_move(counted: Counted, storage: GoogleCloudStorage) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    with counted.costs("STAT a.bin", "COPY a.bin/rewriteTo/b/"):
        storage.copy("a.bin", "b.bin")
    with counted.costs("STAT b.bin", "COPY b.bin/rewriteTo/b/", "DELETE b.bin"):
        storage.move("b.bin", "c.bin")


def test_listings_go_by_the_thousand_and_deletions_by_the_hundred(
    counted: Counted, storage: GoogleCloudStorage
) -> None:
    for number in range(1101):
        storage._put(f"d/{number:04}.txt", b"", {"content_type": "text/plain"})
    with counted.costs(*["LIST d/"] * 2):
        assert len(storage.listdir("d")[1]) == 1101
    with counted.costs(*["LIST d/"] * 2):
        names = [entry.name for entry in storage.scan("d")]
    assert len(names) == 1101
    with counted.costs(*["POST /batch/storage/v1"] * 2):
        storage.delete_many(names[:101])
    with counted.costs("LIST d/", *["POST /batch/storage/v1"] * 10):
        assert storage.delete_tree("d") == 1000
    with counted.costs():
        storage.delete_many([])


def test_a_listing_asks_for_no_more_than_it_needs(
    counted: Counted, storage: GoogleCloudStorage
) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    with count_requests(counted.proxy) as seen:
        storage.listdir("")
    assert "fields=nextPageToken,prefixes,items(name," in unquote(seen[0])


def test_a_member_of_an_archive(counted: Counted, storage: GoogleCloudStorage) -> None:
    """512 MB would only take longer: what is read does not depend on the size of the archive."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for number in range(8):
            archive.writestr(f"{number}.bin", random.Random(number).randbytes(8 * MiB))
        archive.writestr("small.txt", b"found" * 100)
    storage.save("a.zip", ContentFile(whole.getvalue()))
    before = counted.proxy.bytes_down
    with count_requests(counted.proxy) as seen, zipfile.ZipFile(storage.open("a.zip")) as archive:
        assert archive.read("small.txt") == b"found" * 100
    assert counted.proxy.bytes_down - before <= 1 * MiB
    assert len(seen) <= 4
