"""How many requests each operation costs: the promise of the README, counted on the wire."""

import io
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from tests.servers import Moto, count_requests

KiB = 1024
MiB = 1024 * KiB


class Counted:
    """A storage behind a proxy that counts."""

    def __init__(self, moto: Moto, bucket: str, proxy: Any) -> None:
        self.options = moto.options(bucket, via=proxy)
        self.storage = S3Storage(**self.options)
        self.proxy = proxy
        self.storage.exists("warm-up")

    @contextmanager
    def costs(self, *expected: str) -> Iterator[None]:
        """The block sends just these requests, given by method and how the target begins."""
        with count_requests(self.proxy) as seen:
            yield
        bucket = f"/{self.options['bucket_name']}"
        found = [each.replace(bucket, "", 1) for each in seen]
        assert len(found) == len(expected), found
        for one, wanted in zip(found, expected, strict=True):
            assert one.startswith(wanted), found


@pytest.fixture
def counted(moto: Moto, moto_bucket: str, fault_proxy: Any) -> Counted:
    return Counted(moto, moto_bucket, fault_proxy(moto))


@pytest.fixture
def storage(counted: Counted) -> S3Storage:
    return counted.storage


@pytest.mark.parametrize("size", [0, 1, 256 * KiB])
def test_save(counted: Counted, storage: S3Storage, size: int) -> None:
    with counted.costs("PUT /a.bin"):
        storage.save("a.bin", ContentFile(bytes(size)))


def test_save_of_one_whole_part(counted: Counted, storage: S3Storage) -> None:
    with counted.costs("PUT /a.bin"):
        storage.save("a.bin", ContentFile(bytes(8 * MiB)))


def test_save_of_parts(counted: Counted, storage: S3Storage) -> None:
    with count_requests(counted.proxy) as seen:
        storage.save("a.bin", ContentFile(bytes(20 * MiB)))
    assert len(seen) == 2 + 3
    assert seen[0].endswith("a.bin?uploads")
    assert seen[-1].startswith("POST ")


def test_exclusive_save_on_a_custom_endpoint(counted: Counted) -> None:
    storage = S3Storage(**counted.options, file_overwrite=False)
    with counted.costs("HEAD /a.bin", "PUT /a.bin"):
        storage.save("a.bin", ContentFile(b"x"))


def test_writing(counted: Counted, storage: S3Storage) -> None:
    with counted.costs("PUT /a.txt"), storage.open("a.txt", "w") as file:
        file.write("a")
        file.write("b")


@pytest.mark.parametrize("size", [1, 10 * KiB, 256 * KiB])
def test_open_and_read(counted: Counted, storage: S3Storage, size: int) -> None:
    storage.save("a.bin", ContentFile(bytes(size)))
    with counted.costs("GET /a.bin"), storage.open("a.bin") as file:
        assert len(file.read()) == size


def test_open_and_read_in_pieces(counted: Counted, storage: S3Storage) -> None:
    storage.save("a.bin", ContentFile(bytes(200 * KiB)))
    with counted.costs("GET /a.bin"), storage.open("a.bin") as file:
        file.seek(100 * KiB)
        file.read(10)
        file.seek(0)
        assert len(list(file.chunks())) == 4
        assert file.size == 200 * KiB


def test_facts_of_a_file(counted: Counted, storage: S3Storage) -> None:
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


def test_exists_of_a_missing_file(counted: Counted, storage: S3Storage) -> None:
    with counted.costs("HEAD /no", "GET ?list-type=2&prefix=no%2F&max-keys=1"):
        assert not storage.exists("no")


def test_exists_of_the_root(counted: Counted, storage: S3Storage) -> None:
    with counted.costs():
        assert storage.exists("")


def test_delete(counted: Counted, storage: S3Storage) -> None:
    with counted.costs("DELETE /a.bin"):
        storage.delete("a.bin")


def test_links(counted: Counted, storage: S3Storage) -> None:
    with counted.costs():
        storage.url("a.bin")


def test_copy_and_move(counted: Counted, storage: S3Storage) -> None:
    storage.save("a.bin", ContentFile(b"x"))
    with counted.costs("HEAD /a.bin", "PUT /b.bin"):
        storage.copy("a.bin", "b.bin")
    with counted.costs("HEAD /b.bin", "PUT /c.bin", "DELETE /b.bin"):
        storage.move("b.bin", "c.bin")


def test_listings_and_deletions_go_by_the_thousand(
    counted: Counted, storage: S3Storage, moto: Moto, moto_bucket: str
) -> None:
    client = moto.client()
    for number in range(2001):
        client.put_object(Bucket=moto_bucket, Key=f"d/{number:04}.txt", Body=b"")
    with counted.costs(*["GET ?list-type=2"] * 3):
        assert len(storage.listdir("d")[1]) == 2001
    with counted.costs(*["GET ?list-type=2"] * 3):
        names = [entry.name for entry in storage.scan("d")]
    assert len(names) == 2001
    with counted.costs(*["POST ?delete"] * 2):
        storage.delete_many(names[:1001])
    with counted.costs("GET ?list-type=2", "POST ?delete"):
        assert storage.delete_tree("d") == 1000


def test_a_member_of_an_archive(
    counted: Counted, storage: S3Storage, moto: Moto, moto_bucket: str
) -> None:
    """512 MB would only take longer: what is read does not depend on the size of the archive."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for number in range(8):
            archive.writestr(f"{number}.bin", random.Random(number).randbytes(8 * MiB))
        archive.writestr("small.txt", b"found" * 100)
    client = moto.client()
    client.put_object(Bucket=moto_bucket, Key="a.zip", Body=whole.getvalue())
    before = counted.proxy.bytes_down
    with count_requests(counted.proxy) as seen, zipfile.ZipFile(storage.open("a.zip")) as archive:
        assert archive.read("small.txt") == b"found" * 100
    assert counted.proxy.bytes_down - before <= 1 * MiB
    assert len(seen) <= 4


def test_no_second_round_trip_before_a_body(counted: Counted, storage: S3Storage) -> None:
    with count_requests(counted.proxy) as seen:
        storage.save("a.bin", ContentFile(bytes(9 * MiB)))
    assert [each for each in seen if "expect" in each.headers] == []
