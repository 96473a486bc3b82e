"""Many clients at once: nothing is lost, nothing mixed, and nobody waits for another's storage."""

from __future__ import annotations

import ftplib
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storages.testing import MemoryStorage

from .programs import contents

CLIENTS = 50
KINDS = (
    "memory",
    pytest.param("files", marks=pytest.mark.variant),
    pytest.param("s3", marks=pytest.mark.variant),
)
PATIENCE = 60
"""Seconds after which something hangs."""


def together(count: int, work: Callable[[int], Any]) -> None:
    """Do it in as many threads, which begin at the same time; raises what one of them raised."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> None:
        barrier.wait(PATIENCE)
        work(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(begin, range(count)))


def put(client: ftplib.FTP, name: str, content: bytes) -> str:
    return client.storbinary(f"STOR {name}", io.BytesIO(content))


def get(client: ftplib.FTP, name: str) -> bytes:
    found = io.BytesIO()
    client.retrbinary(f"RETR {name}", found.write)
    return found.getvalue()


def content_of(number: int) -> bytes:
    return f"{number:04}".encode() * (500 * number)


def use(client: ftplib.FTP, number: int) -> None:
    """Everything that a client does with its own files."""
    content = content_of(number)
    for name in ("a", "b"):
        put(client, f"{name} {number}", content)
    assert {f"a {number}", f"b {number}"} <= set(client.nlst())
    assert get(client, f"a {number}") == content
    client.mkd(f"d {number}")
    client.rename(f"a {number}", f"d {number}/kept")
    client.delete(f"b {number}")
    assert client.nlst(f"d {number}") == ["kept"]
    client.voidcmd("TYPE I")
    assert client.size(f"d {number}/kept") == len(content)
    assert client.quit().startswith("221")


@pytest.mark.parametrize("kind", KINDS)
def test_in_one_home(serve: Any, make_storage: Any, kind: str) -> None:
    serving = serve(make_storage(kind))
    together(CLIENTS, lambda number: use(serving.client(), number))
    assert contents(serving.storage) == {
        f"d {number}/kept": content_of(number) for number in range(CLIENTS)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_in_homes_of_their_own(serve: Any, account: Any, make_storage: Any, kind: str) -> None:
    for number in range(CLIENTS):
        account(f"user{number}")
    serving = serve(make_storage(kind))
    together(CLIENTS, lambda number: use(serving.client(f"user{number}"), number))
    assert contents(serving.storage, "home") == {
        f"user{number}/d {number}/kept": content_of(number) for number in range(CLIENTS)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_one_name_for_all(serve: Any, make_storage: Any, kind: str) -> None:
    """The last one wins, with all of its content, and who reads gets one of them as a whole."""
    serving = serve(make_storage(kind))
    put(serving.client(), "a", content_of(1))
    seen = []

    def replace(number: int) -> None:
        client = serving.client()
        if number % 4 == 0:
            seen.append(get(client, "a"))
        else:
            assert put(client, "a", content_of(number)).startswith("226")

    together(CLIENTS // 2, replace)
    possible = {content_of(number) for number in range(CLIENTS // 2)}
    found = contents(serving.storage)
    assert found.keys() == {"a"}
    assert {found["a"], *seen} <= possible


class Gate:
    """Where one client's operation waits, until the test has seen that the others do not."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def wait(self, key: str) -> None:
        if "slow" in key:
            self.reached.set()
            assert self.opened.wait(PATIENCE)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()  # whatever has failed: the server has to end


@pytest.fixture
def slow(gate: Gate, serve: Any) -> Any:
    """A server whose storage takes its time for whatever has "slow" in its name."""

    class Slow(MemoryStorage):
        def _put(self, key: str, *args: Any, **more: Any) -> None:
            gate.wait(key)
            super()._put(key, *args, **more)

        def _fetch(self, entry: Any, *args: Any) -> bytes:
            gate.wait(entry.key)
            return super()._fetch(entry, *args)

        def _list(self, prefix: str) -> Iterator[Any]:
            gate.wait(prefix)
            return super()._list(prefix)

    storage = Slow()
    gate.opened.set()
    for name in ("home/ann/a", "home/ann/slow", "home/ann/d slow/a"):
        storage.write(name, io.BytesIO(b"old"))
    gate.opened.clear()
    gate.reached.clear()
    return serve(storage)


def upload(client: ftplib.FTP) -> str:
    return put(client, "slow", b"new")


def download(client: ftplib.FTP) -> bytes:
    return get(client, "slow")


def listing(client: ftplib.FTP) -> list[str]:
    return client.nlst("d slow")


@pytest.mark.parametrize(
    ("do", "result"),
    [(upload, "226 Transfer complete."), (download, b"old"), (listing, ["a"])],
)
def test_nobody_waits_for_anothers_storage(slow: Any, gate: Gate, do: Any, result: Any) -> None:
    waiting, other = slow.client(), slow.client()
    with ThreadPoolExecutor(1) as pool:
        try:
            answer = pool.submit(do, waiting)
            assert gate.reached.wait(PATIENCE)
            use(other, 1)
            use(slow.client(), 2)
            assert not answer.done()
        finally:
            gate.opened.set()
        assert answer.result(PATIENCE) == result
