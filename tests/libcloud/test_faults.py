"""Wires that break, and many threads: the old file or the new one, whole, and on it goes."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends import libcloud_drivers
from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import get, noise, put
from tests.libcloud.test_requests import on_azurite, on_moto
from tests.servers import Azurite, FaultProxy, Moto, Swift

KiB = 1024
MiB = 1024 * KiB


@pytest.fixture(
    params=[
        "moto",
        *(pytest.param(name, marks=pytest.mark.variant) for name in ("azurite", "swift")),
    ]
)
def line(
    request: pytest.FixtureRequest,
    fault_proxy: Callable[..., FaultProxy],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[LibCloudStorage, LibCloudStorage, FaultProxy]]:
    """A storage whose connections go through a proxy, one beside it, and the proxy."""
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(libcloud_drivers, "AGAIN", libcloud_drivers.AGAIN.new(backoff_factor=0))
    server = request.getfixturevalue(request.param)
    place = {"moto": "moto_bucket", "azurite": "azure_container", "swift": "swift_container"}
    bucket = request.getfixturevalue(place[request.param])

    def entry(via: Any = None) -> dict[str, Any]:
        if isinstance(server, Moto):
            return on_moto(server, bucket, via)
        if isinstance(server, Azurite):
            return on_azurite(server, bucket, via)
        assert isinstance(server, Swift)
        return server.provider(bucket, via=via)

    proxy = fault_proxy(server)
    yield (
        LibCloudStorage(provider=entry(proxy), file_overwrite=True),
        LibCloudStorage(provider=entry()),
        proxy,
    )
    proxy.heal()


def digest(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("size", [1 * MiB, 9 * MiB])
@pytest.mark.parametrize("cut", [{"up": 500}, {"up": 400 * KiB}, {"down": 0}, {"down": 20}])
def test_an_upload_that_is_cut_leaves_the_old_file_or_the_new_one(
    line: Any, cut: dict[str, int], size: int
) -> None:
    storage, beside, proxy = line
    old, new = b"old content", os.urandom(size)
    put(beside, "a.bin", old)
    assert storage.exists("a.bin")
    proxy.cut(**cut, match="^(PUT|POST) ", times=1000)
    with pytest.raises(ConnectionError):
        storage.save("a.bin", ContentFile(new))
    proxy.heal()
    kept = digest(get(beside, "a.bin"))
    if "up" in cut:
        assert kept == digest(old)
    assert kept in (digest(old), digest(new))
    assert beside.listdir("") == ([], ["a.bin"])
    storage.save("a.bin", ContentFile(new))
    assert digest(get(beside, "a.bin")) == digest(new)


@pytest.mark.parametrize("size", [100, 9 * MiB])
def test_a_new_file_is_whole_or_not_there(line: Any, size: int) -> None:
    storage, beside, proxy = line
    new = os.urandom(size)
    assert not storage.exists("a.bin")
    proxy.cut(up=300, match="^PUT ")
    with pytest.raises(ConnectionError):
        storage.write("a.bin", ContentFile(new))
    assert beside.listdir("") == ([], [])
    storage.write("a.bin", ContentFile(new))
    with pytest.raises(FileExistsError):
        storage.write("a.bin", ContentFile(b"other"))
    assert digest(get(beside, "a.bin")) == digest(new)


def test_replacing_is_tried_again(line: Any) -> None:
    storage, beside, proxy = line
    put(storage, "a.bin", b"old")
    proxy.cut(up=100 * KiB, match="^PUT ")
    new = os.urandom(200 * KiB)
    storage.save("a.bin", ContentFile(new))
    assert digest(get(beside, "a.bin")) == digest(new)


@pytest.mark.parametrize("down", [0, 100, 100_000, 1 * MiB])
def test_a_download_that_is_cut_goes_on(line: Any, down: int) -> None:
    storage, beside, proxy = line
    content = noise(4 * MiB)
    put(beside, "a.bin", content)
    assert storage.exists("a.bin")
    proxy.cut(down=down, match="^GET ", times=3)
    assert digest(get(storage, "a.bin")) == digest(content)


@pytest.mark.parametrize("down", [30, 250, 600])
def test_a_listing_that_is_cut_is_whole_or_an_error(line: Any, down: int) -> None:
    storage, beside, proxy = line
    names = [f"{number}.txt" for number in range(5)]
    for name in names:
        put(beside, name)
    assert storage.exists(names[0])
    proxy.cut(down=down, match="^GET ", times=1000, clean=True)
    with pytest.raises(ConnectionError):
        storage.listdir("")
    proxy.heal()
    assert sorted(storage.listdir("")[1]) == names


def test_looking_is_tried_again(line: Any) -> None:
    storage, beside, proxy = line
    put(beside, "a.bin")
    assert storage.exists("a.bin")
    proxy.cut(down=0)
    assert storage.size("a.bin") == 7
    proxy.cut(down=0)
    assert storage.listdir("") == ([], ["a.bin"])


def test_a_server_that_falls_silent_is_not_waited_for(
    moto: Moto, moto_bucket: str, fault_proxy: Callable[..., FaultProxy]
) -> None:
    """Libcloud itself would wait for ever for what it uploads or downloads."""
    proxy = fault_proxy(moto)
    storage = LibCloudStorage(provider=on_moto(moto, moto_bucket, proxy, timeout=0.2))
    assert not storage.exists("a.txt")
    proxy.stall = True
    with pytest.raises((TimeoutError, ConnectionError), match=r"in time|timed out"):
        storage.save("a.txt", ContentFile(b"x"))
    proxy.stall = False
    proxy.cut_now()
    assert not storage.exists("a.txt")


def test_threads_share_a_storage(line: Any) -> None:
    storage, beside, _ = line
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        content = noise(600 * KiB, seed=number)
        for turn in range(3):
            name = f"{number}/{turn}.bin"
            put(storage, name, content)
            with storage.open(name) as file:
                file.seek(300 * KiB)
                assert digest(file.read()) == digest(content[300 * KiB :])
            assert storage.listdir(str(number))[1][-1] == f"{turn}.bin"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(list(beside.scan())) == 24


def test_a_listing_that_stays_open_hinders_nobody(line: Any) -> None:
    storage, _, _ = line
    for number in range(4):
        put(storage, f"{number}.txt")
    storage.page_size = 2
    open_ones = [storage.scan() for _ in range(40)]
    assert {next(each).name for each in open_ones} == {"0.txt"}
    for entry in storage.scan():
        storage.delete(entry.name)
    assert storage.listdir("") == ([], [])
