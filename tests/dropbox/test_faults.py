"""Faults of Dropbox and of the way to it: rate limits, failures, cut and silent connections."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends import dropbox_tries
from storages.backends.dropbox import DropboxStorage, DropboxStorageException
from tests.looking import same
from tests.servers import Dropbox, FaultProxy

MiB = 1024 * 1024
BODY = random.Random(0).randbytes(5 * MiB)
PERSISTENT = 100
"""Times that a fault comes back: for ever."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(transfer, "PAUSES", (0.001, 0.001))
    return waited


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., DropboxStorage]:
    def make(**options: Any) -> DropboxStorage:
        via = options.pop("via", None)
        return DropboxStorage(**(dropbox_server.options(dropbox_root, via=via) | options))

    return make


CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    ("get_metadata", lambda storage: storage.size("a.txt")),
    ("download", lambda storage: storage.open("a.txt").read()),
    ("upload", lambda storage: storage.save("b.txt", ContentFile(b"x"))),
    ("list_folder", lambda storage: storage.listdir("")),
    ("delete_v2", lambda storage: storage.delete("a.txt")),
    ("copy_v2", lambda storage: storage.copy("a.txt", "b.txt")),
    ("get_temporary_link", lambda storage: storage.url("a.txt")),
]
EACH_CALL = pytest.mark.parametrize(("route", "call"), CALLS, ids=[route for route, _ in CALLS])


@pytest.fixture
def filled(storage: DropboxStorage) -> DropboxStorage:
    storage.save("a.txt", ContentFile(b"content"))
    return storage


# -- too many requests


@EACH_CALL
def test_retry_after_is_obeyed(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any
) -> None:
    dropbox_server.fail(f"files/{route}", status=429, retry_after=7)
    dropbox_server.fail(f"files/{route}", status=429, retry_after=3, body="slow down")
    call(filled)
    assert pauses == [7, 3]


@EACH_CALL
def test_nobody_waits_for_ever(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any
) -> None:
    dropbox_server.fail(f"files/{route}", status=429, retry_after=1, times=PERSISTENT)
    refused = pytest.raises(DropboxStorageException, match=r"too many requests.*asked up to")
    with dropbox_server.counting() as seen, refused as caught:
        call(filled)
    assert not isinstance(caught.value, ConnectionError)  # nobody tries that again at once
    assert sum(each.status == 429 for each in seen) == dropbox_tries.RATE_TRIES + 1
    assert sum(pauses) == dropbox_tries.RATE_TRIES


def test_no_time_to_wait_is_some(filled: Any, dropbox_server: Dropbox, pauses: list[float]) -> None:
    dropbox_server.fail("files/get_metadata", status=429, retry_after=0, times=2)
    assert filled.exists("a.txt")
    assert len(pauses) == 2
    assert min(pauses) > 0


def test_a_wait_that_is_too_long(filled: Any, dropbox_server: Dropbox, pauses: list[float]) -> None:
    dropbox_server.fail("files/get_metadata", status=429, retry_after=200, times=2)
    with pytest.raises(DropboxStorageException, match="asks to wait 200 seconds"):
        filled.exists("a.txt")
    assert pauses == [200]


@pytest.mark.parametrize(
    "tags", [["too_many_write_operations"], ["path", "too_many_write_operations"]]
)
def test_too_many_writers(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], tags: list[str]
) -> None:
    dropbox_server.fail("files/upload", error=tags, times=3)
    filled.save("b.txt", ContentFile(b"x"))
    assert len(pauses) == 3
    assert 0.25 <= pauses[0] <= 0.75
    assert 1 <= pauses[2] <= 3


# -- failures


@EACH_CALL
@pytest.mark.parametrize("status", [500, 502, 503])
def test_failures_are_tried_again(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any, status: int
) -> None:
    dropbox_server.fail(f"files/{route}", status=status, retry_after=2)
    call(filled)
    assert len(pauses) == 1
    assert (pauses == [2]) == (status == 503)


@EACH_CALL
def test_failures_that_stay(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any
) -> None:
    dropbox_server.fail(f"files/{route}", status=500, times=PERSISTENT)
    with dropbox_server.counting() as seen, pytest.raises(ConnectionError, match="500") as caught:
        call(filled)
    assert isinstance(caught.value, DropboxStorageException)
    assert 5 <= len([each for each in seen if each.status == 500]) <= 6
    dropbox_server.work()
    assert [entry.name for entry in filled.scan()] == ["a.txt"]


# -- cut wires


@EACH_CALL
def test_a_cut_wire_is_tried_again(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any
) -> None:
    dropbox_server.fail(f"files/{route}", drop=True)
    call(filled)


@EACH_CALL
def test_a_wire_that_stays_cut(
    filled: Any, dropbox_server: Dropbox, pauses: list[float], route: str, call: Any
) -> None:
    dropbox_server.fail(drop=True, times=PERSISTENT)  # whatever is asked
    with pytest.raises(ConnectionError, match=r"[ab]\.txt|Root") as caught:
        call(filled)
    assert isinstance(caught.value, DropboxStorageException)


def test_nobody_is_there(make: Any, fault_proxy: Any, dropbox_server: Dropbox, pauses: Any) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    storage = make(via=proxy)
    storage.exists("a.txt")
    proxy.refuse()
    proxy.cut_now()
    for _ in range(2):
        with pytest.raises(ConnectionError, match=r"a\.txt"):
            storage.exists("a.txt")
    proxy.refuse(False)
    assert not storage.exists("a.txt")


# A reset, or the end of the connection without one of TLS, which the SDK takes for an error of TLS.
CUTS = pytest.mark.parametrize("clean", [False, True], ids=["reset", "closed"])


@CUTS
@pytest.mark.parametrize("cut", [{"up": 0}, {"up": 1 * MiB}, {"down": 0}], ids=str)
def test_a_wire_that_is_cut_while_it_sends(
    make: Any, fault_proxy: Any, dropbox_server: Dropbox, pauses: Any, cut: Any, clean: bool
) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    for number, size in enumerate((1000, 5 * MiB)):
        storage = make(via=proxy, part_size=4 * MiB)
        storage.exists("a.bin")
        proxy.cut(**cut, clean=clean)
        assert storage.save(f"{number}.bin", ContentFile(BODY[:size])) == f"{number}.bin"
        proxy.heal()
        assert same(make(), f"{number}.bin", BODY[:size])
    assert sorted(make().listdir("")[1]) == ["0.bin", "1.bin"]


@CUTS
@pytest.mark.parametrize("down", [0, 1000, 2 * MiB])
def test_a_wire_that_is_cut_while_it_reads(
    make: Any, fault_proxy: Any, dropbox_server: Dropbox, pauses: Any, down: int, clean: bool
) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    make().save("a.bin", ContentFile(BODY))
    storage = make(via=proxy)
    storage.exists("a.bin")
    proxy.cut(down=down, clean=clean)
    assert same(storage, "a.bin", BODY)


@CUTS
def test_a_wire_that_is_cut_again_and_again(
    make: Any, fault_proxy: Any, dropbox_server: Dropbox, pauses: Any, clean: bool
) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    storage = make(via=proxy)
    storage.exists("a.bin")
    proxy.cut(down=0, clean=clean, times=PERSISTENT)
    with pytest.raises(ConnectionError, match=r"a\.bin.*the connection to Dropbox broke") as caught:
        storage.size("a.bin")
    assert "REQUESTS_CA_BUNDLE" not in str(caught.value)


def test_reading_goes_on_where_it_broke(storage: Any, dropbox_server: Dropbox) -> None:
    storage.save("a.bin", ContentFile(BODY))
    dropbox_server.fail("files/download", cut=100_000, times=4)
    with dropbox_server.counting() as seen:
        assert same(storage, "a.bin", BODY)
    assert all(each.down <= 3 * MiB for each in seen)


def test_a_large_upload_over_a_bad_wire(storage: Any, dropbox_server: Dropbox) -> None:
    storage.part_size = 4 * MiB
    for route in ("start", "append_v2", "append_v2", "finish"):
        dropbox_server.fail(f"files/upload_session/{route}", drop=True)
    assert storage.save("a.bin", ContentFile(BODY)) == "a.bin"
    assert same(storage, "a.bin", BODY)
    assert storage.listdir("") == ([], ["a.bin"])


def test_a_large_upload_that_breaks(storage: Any, dropbox_server: Dropbox, pauses: Any) -> None:
    storage.part_size = 4 * MiB
    storage.save("a.bin", ContentFile(b"old"))
    dropbox_server.fail("files/upload_session/append_v2", skip=1, status=500, times=PERSISTENT)
    with pytest.raises(ConnectionError, match=r"a\.bin"):
        storage.write("a.bin", ContentFile(BODY), overwrite=True)
    dropbox_server.work()
    assert same(storage, "a.bin", b"old")
    assert storage.listdir("") == ([], ["a.bin"])


# -- silence


@pytest.mark.parametrize("route", ["get_metadata", "upload", "list_folder"])
def test_silence(make: Any, dropbox_server: Dropbox, route: str) -> None:
    storage = make(timeout=0.3)
    storage.save("a.txt", ContentFile(b"content"))
    dropbox_server.fail(f"files/{route}", stall=30)
    call = dict(CALLS)[route]
    with pytest.raises(TimeoutError, match=r"[ab]\.txt|Root") as caught:
        call(storage)
    assert isinstance(caught.value, DropboxStorageException)
    dropbox_server.work()


def test_silence_while_it_reads(
    make: Any, dropbox_server: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0.001,))
    storage = make(timeout=0.3)
    storage.save("a.bin", ContentFile(b"content"))
    dropbox_server.fail("files/download", stall=30)
    assert same(storage, "a.bin", b"content")  # a range is asked for again
    dropbox_server.fail("files/download", stall=30, times=5)
    with pytest.raises(TimeoutError, match=r"a\.bin"):
        storage.open("a.bin")
    dropbox_server.work()
