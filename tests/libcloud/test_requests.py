"""What goes over the wire: how many requests, what they hold, and what comes of odd answers."""

import gzip
import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from libcloud.common.types import InvalidCredsError
from libcloud.storage.base import StorageDriver
from libcloud.storage.drivers.minio import MinIOStorageDriver
from libcloud.storage.types import ContainerDoesNotExistError, ObjectDoesNotExistError

from storages.backends import libcloud_drivers, libcloud_service
from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import get, noise, put
from tests.servers import Azurite, FaultProxy, Moto
from tests.servers.counting import count_requests

MiB = 1024 * 1024


def on_moto(moto: Moto, bucket: str, via: Any = None, **more: Any) -> dict[str, Any]:
    """A provider's entry."""
    return {
        "type": "libcloud.storage.types.Provider.MINIO",
        "user": moto.access_key,
        "key": moto.secret_key,
        "bucket": bucket,
        "host": "127.0.0.1",
        "port": (via or moto).port,
        "secure": False,
        **more,
    }


def on_azurite(azurite: Azurite, container: str, via: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "azure_blobs",
        "user": azurite.account_name,
        "key": azurite.account_key,
        "bucket": container,
        "host": "127.0.0.1",
        "port": (via or azurite).port,
        "secure": False,
        **more,
    }


@pytest.fixture
def proxy(moto: Moto, fault_proxy: Callable[..., FaultProxy]) -> FaultProxy:
    return fault_proxy(moto)


@pytest.fixture
def storage(moto: Moto, moto_bucket: str, proxy: FaultProxy) -> LibCloudStorage:
    """One that has asked for its container before."""
    found = LibCloudStorage(provider=on_moto(moto, moto_bucket, proxy))
    assert not found.exists("none.txt")
    return found


# -- budgets


def verbs(seen: list[Any]) -> list[str]:
    return [each.partition(" ")[0] for each in seen]


def test_budgets(storage: LibCloudStorage, proxy: FaultProxy) -> None:
    with count_requests(proxy) as saving:
        put(storage, "d/a.txt")
    with count_requests(proxy) as replacing, storage.open("d/a.txt", "wb") as file:
        file.write(b"content")
    with count_requests(proxy) as reading:
        assert get(storage, "d/a.txt") == b"content"
    with count_requests(proxy) as looking:
        assert storage.exists("d/a.txt")
        assert storage.size("d/a.txt") == 7
    with count_requests(proxy) as listing:
        assert storage.listdir("d") == ([], ["a.txt"])
    with count_requests(proxy) as linking:
        storage.url("d/a.txt")
    with count_requests(proxy) as deleting:
        storage.delete("d/a.txt")
    assert verbs(saving) == ["HEAD", "PUT"]  # the look is for services that know no condition
    assert saving[1].headers["if-none-match"] == "*"
    assert verbs(replacing) == ["PUT"]
    assert "if-none-match" not in replacing[0].headers
    assert verbs(reading) == ["GET"]
    assert verbs(looking) == ["HEAD", "HEAD"]
    assert verbs(listing) == ["GET"]
    assert "prefix=d%2F" in listing[0]
    assert linking == []
    assert verbs(deleting) == ["DELETE"]


def test_only_amazon_itself_is_known_to_obey_the_condition(moto: Moto, moto_bucket: str) -> None:
    entry = on_moto(moto, moto_bucket, type="s3", region="us-east-1")
    storage = LibCloudStorage(provider=entry)
    assert not storage._service().is_exclusive
    del entry["host"], entry["port"]
    assert LibCloudStorage(provider=entry)._service().is_exclusive
    put(storage, "a.txt")
    assert storage.save("a.txt", ContentFile(b"x")) != "a.txt"


def test_opening_a_large_file_reads_ranges(storage: LibCloudStorage, proxy: FaultProxy) -> None:
    put(storage, "a.bin", noise(12 * MiB))
    with count_requests(proxy) as seen, storage.open("a.bin") as file:
        file.seek(-10, 2)
        assert file.read() == noise(12 * MiB)[-10:]
    assert verbs(seen) == ["GET", "GET"]
    assert [each.headers["range"] for each in seen] == [
        "bytes=0-262143",
        f"bytes={12 * MiB - 65536}-{12 * MiB - 1}",
    ]


def test_listing_asks_for_pages(storage: LibCloudStorage, proxy: FaultProxy) -> None:
    for number in range(5):
        put(storage, f"d/{number}.txt")
    storage.page_size = 2
    with count_requests(proxy) as seen:
        assert len(storage.listdir("d")[1]) == 5
    assert verbs(seen) == ["GET"] * 3
    with count_requests(proxy) as seen:
        assert next(storage.scan()).name == "d/0.txt"
    assert verbs(seen) == ["GET"]


def test_a_name_with_spaces_asks_for_one_page(storage: LibCloudStorage, proxy: FaultProxy) -> None:
    for number in range(3):
        put(storage, f"{number}.txt")
    put(storage, " d/a.txt")
    with count_requests(proxy) as seen:
        assert storage.exists(" d")
        assert not storage.exists(" e")
    assert verbs(seen) == ["HEAD", "GET"] * 2


def test_drivers_beyond_those_kept_end_their_connections(
    storage: LibCloudStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libcloud_drivers, "KEPT", 1)
    closed: list[Any] = []
    close = libcloud_drivers.Lent.close
    monkeypatch.setattr(libcloud_drivers.Lent, "close", lambda lent: closed.append(close(lent)))
    put(storage, "a.txt")
    drivers = storage._service()._drivers
    with drivers.lend() as one, drivers.lend() as two:
        assert one is not two
    assert len(closed) == 1


def test_azure_lists_long_pages(
    azurite: Azurite, azure_container: str, fault_proxy: Callable[..., FaultProxy]
) -> None:
    proxy = fault_proxy(azurite)
    storage = LibCloudStorage(provider=on_azurite(azurite, azure_container, proxy))
    with count_requests(proxy) as seen:
        storage.listdir("")
    assert "maxresults=5000" in seen[-1]


# -- content


@pytest.mark.parametrize("size", [0, 1, 5 * MiB, 5 * MiB + 1, 12 * MiB])
def test_every_size_comes_back_whole(storage: LibCloudStorage, size: int) -> None:
    put(storage, "a.bin", noise(size))
    assert storage.size("a.bin") == size
    assert hashlib.md5(get(storage, "a.bin")).digest() == hashlib.md5(noise(size)).digest()


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_largest_files_go_in_parts(
    storage: LibCloudStorage,
    moto: Moto,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    exclusive: bool,
) -> None:
    monkeypatch.setattr(libcloud_service, "SINGLE_PUT", 9 * MiB)
    put(storage, "taken.bin", b"old")
    with count_requests(proxy) as seen:
        storage.write("a.bin", ContentFile(noise(11 * MiB)), overwrite=not exclusive)
    assert verbs(seen)[-5:] == ["POST", "PUT", "PUT", "PUT", "POST"]
    assert ("if-none-match" in seen[-1].headers) == exclusive
    assert not any("if-none-match" in each.headers for each in seen[:-1])
    assert hashlib.md5(get(storage, "a.bin")).digest() == hashlib.md5(noise(11 * MiB)).digest()
    if exclusive:
        with pytest.raises(FileExistsError):
            storage.write("taken.bin", ContentFile(noise(11 * MiB)))
        assert get(storage, "taken.bin") == b"old"
    assert moto.unfinished(storage.bucket) == []


def test_what_is_stored_gzipped_is_read_as_it_is(
    storage: LibCloudStorage, moto: Moto, moto_bucket: str
) -> None:
    packed = gzip.compress(noise(600_000))
    client = moto.client()
    client.put_object(Bucket=moto_bucket, Key="a.bin", Body=packed, ContentEncoding="gzip")
    client.close()
    assert storage.stat("a.bin").encoding == "gzip"
    with storage.open("a.bin") as file:
        assert file.read(10) == packed[:10]
        file.seek(len(packed) - 5)
        assert file.read() == packed[-5:]
    assert hashlib.md5(get(storage, "a.bin")).digest() == hashlib.md5(packed).digest()


def test_entries(storage: LibCloudStorage, moto: Moto, moto_bucket: str) -> None:
    put(storage, "a.txt", b"content")
    entry = storage.stat("a.txt")
    assert (entry.size, entry.content_type) == (7, "text/plain")
    assert entry.digest == f"md5:{hashlib.md5(b'content').hexdigest()}"
    (listed,) = storage.scan()
    assert (listed.etag, listed.size) == (entry.etag, 7)
    assert listed.digest is None  # a listing does not tell whether the ETag is an MD5
    client = moto.client()
    client.put_object(
        Bucket=moto_bucket, Key="k.txt", Body=b"content", ServerSideEncryption="aws:kms"
    )
    client.close()
    assert storage.stat("k.txt").digest is None


class NoRanges(MinIOStorageDriver):
    """As the drivers of some services."""

    download_object_range_as_stream = StorageDriver.download_object_range_as_stream


def test_a_driver_without_ranges_downloads_once(
    moto: Moto, moto_bucket: str, proxy: FaultProxy
) -> None:
    storage = LibCloudStorage(provider=on_moto(moto, moto_bucket, proxy, type=NoRanges))
    content = noise(3 * MiB)
    put(storage, "a.bin", content)
    with count_requests(proxy) as seen, storage.open("a.bin") as file:
        path = file.entry.path
        for place in (2 * MiB, 0, MiB, 2 * MiB, 5):
            file.seek(place)
            assert file.read(100) == content[place : place + 100]
    assert verbs(seen) == ["HEAD", "GET"]
    with pytest.raises(FileNotFoundError):
        storage.open("none.bin")
    with count_requests(proxy) as seen:
        storage.copy("a.bin", "b.bin")
    assert verbs(seen).count("GET") == 1
    assert hashlib.md5(get(storage, "b.bin")).digest() == hashlib.md5(content).digest()
    put(storage, "empty.bin", b"")
    assert get(storage, "empty.bin") == b""
    del file
    assert not os.path.exists(path)


# -- refusals


def test_a_missing_container_is_told_with_the_cure(moto: Moto) -> None:
    storage = LibCloudStorage(provider=on_moto(moto, "no-such-bucket"))
    for call in (storage.exists, storage.open, storage.delete, storage.listdir, storage.size):
        with pytest.raises(ImproperlyConfigured, match="create_container") as caught:
            call("a.txt")
        assert isinstance(caught.value, ContainerDoesNotExistError)
    with pytest.raises(ImproperlyConfigured):
        storage.save("a.txt", ContentFile(b"x"))
    storage.driver.create_container("no-such-bucket")
    try:
        put(storage, "a.txt")
        assert storage.exists("a.txt")
    finally:
        storage.delete("a.txt")
        storage.driver.delete_container(storage.driver.get_container("no-such-bucket"))
    with pytest.raises(ImproperlyConfigured, match="does not exist"):
        storage.save("a.txt", ContentFile(b"x"))


def test_missing_files_are_errors_of_libcloud_too(storage: LibCloudStorage) -> None:
    for call in (storage.size, storage.open, storage.get_modified_time):
        with pytest.raises(FileNotFoundError, match=r"'none\.txt'") as caught:
            call("none.txt")
        assert isinstance(caught.value, ObjectDoesNotExistError)
        assert caught.value.object_name == "none.txt"


def test_wrong_keys(azurite: Azurite, azure_container: str) -> None:
    entry = on_azurite(azurite, azure_container, key="c2VjcmV0LXRoYXQtaXMtd3Jvbmc=")
    storage = LibCloudStorage(provider=entry)
    for call in (storage.exists, storage.open, storage.listdir, storage.delete):
        with pytest.raises(PermissionError, match="Check 'user' and 'key'") as caught:
            call("a.txt")
        assert isinstance(caught.value, InvalidCredsError)
        assert "c2VjcmV0" not in str(caught.value) + repr(caught.value)


def test_nobody_is_there(moto: Moto, moto_bucket: str) -> None:
    entry = on_moto(moto, moto_bucket, port=9, timeout=5)
    with pytest.raises(ConnectionError, match=r"to read 'a.txt'.*refused") as caught:
        LibCloudStorage(provider=entry).size("a.txt")
    assert moto.secret_key not in str(caught.value)
