"""What commands cost: requests to S3, and memory."""

from __future__ import annotations

import ftplib
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from storages.testing import MemoryStorage
from tests.servers import Moto, count_requests
from tests.servers.base import ROOT

MiB = 1024 * 1024


class Budget:
    """A client, and the requests that the storage behind its server gets."""

    def __init__(self, client: ftplib.FTP, proxy: Any) -> None:
        self.client, self._proxy = client, proxy

    def of(self, do: Any) -> int:
        with count_requests(self._proxy) as seen:
            do(self.client)
        return len(seen)


@pytest.fixture
def budget(serve: Any, moto: Moto, moto_bucket: str, fault_proxy: Any) -> Budget:
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    storage.save("home/ann/d/a.txt", ContentFile(b"a"))
    client = serve(storage).client()
    client.voidcmd("TYPE I")
    return Budget(client, proxy)


def ignore(data: Any) -> None:
    pass


BUDGETS = {
    "LIST": (1, lambda client: client.dir("d", ignore)),
    "NLST": (1, lambda client: client.nlst("d")),
    "MLSD": (1, lambda client: list(client.mlsd("d"))),
    "LIST of a file": (2, lambda client: client.dir("d/a.txt", ignore)),
    "CWD": (1, lambda client: client.cwd("d")),
    "CWD /": (0, lambda client: client.cwd("/")),
    "PWD, NOOP, FEAT": (0, lambda client: (client.pwd(), client.sendcmd("FEAT"))),
    "SIZE": (1, lambda client: client.size("d/a.txt")),
    "MDTM": (1, lambda client: client.sendcmd("MDTM d/a.txt")),
    "MLST": (1, lambda client: client.sendcmd("MLST d/a.txt")),
    "RETR": (1, lambda client: client.retrbinary("RETR d/a.txt", ignore)),
    "RETR after REST": (2, lambda client: client.retrbinary("RETR d/a.txt", ignore, rest=1)),
    "STOR": (1, lambda client: client.storbinary("STOR d/b.txt", io.BytesIO(b"b"))),
    "DELE": (2, lambda client: client.delete("d/a.txt")),
    "MKD": (2, lambda client: client.mkd("new")),
    "RNFR and RNTO": (5, lambda client: client.rename("d/a.txt", "d/b.txt")),
}


@pytest.mark.parametrize("command", BUDGETS)
def test_requests(budget: Budget, command: str) -> None:
    allowed, do = BUDGETS[command]
    assert budget.of(do) == allowed


def test_a_listing_costs_what_its_pages_cost(budget: Budget, moto: Moto, moto_bucket: str) -> None:
    s3 = moto.client()

    def put(number: int) -> None:
        s3.put_object(Bucket=moto_bucket, Key=f"home/ann/many/{number:04}", Body=b"x" * 7)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1005)))
    lines: list[str] = []
    assert budget.of(lambda client: client.dir("many", lines.append)) == 2
    assert len(lines) == 1005
    assert {line.split()[4] for line in lines} == {"7"}


def test_a_directory_that_is_an_object(budget: Budget, moto: Moto, moto_bucket: str) -> None:
    """As web consoles make them: it is empty, can be entered, and removed."""
    moto.client().put_object(Bucket=moto_bucket, Key="home/ann/made/")
    client = budget.client
    assert client.nlst() == ["d", "made"]
    assert client.nlst("made") == []
    assert list(client.mlsd("made")) == []
    client.cwd("made")
    client.storbinary("STOR b.txt", io.BytesIO(b"b"))
    assert client.nlst() == ["b.txt"]
    client.delete("b.txt")
    client.cwd("/")
    client.rmd("made")
    assert client.nlst() == ["d"]


def test_a_file_that_has_the_name_of_a_directory(
    budget: Budget, moto: Moto, moto_bucket: str
) -> None:
    """Which object stores allow: the directory is listed, and both can be had."""
    moto.client().put_object(Bucket=moto_bucket, Key="home/ann/d", Body=b"the file")
    client = budget.client
    assert client.nlst() == ["d"]
    assert client.nlst("d") == ["a.txt"]
    found = io.BytesIO()
    client.retrbinary("RETR d", found.write)
    assert found.getvalue() == b"the file"
    client.delete("d")
    assert client.nlst("d") == ["a.txt"]


PROGRAM = """
import ftplib, json, sys
host, port, password, size = json.loads(sys.argv[1])

class Endless:
    left = size
    def read(self, count):
        count = min(count, self.left)
        self.left -= count
        return bytes(count)

client = ftplib.FTP(timeout=120)
client.connect(host, port)
client.login("ann", password)
client.storbinary("STOR big.bin", Endless(), blocksize=1 << 20)
total = 0
def count(data):
    global total
    total += len(data)
client.retrbinary("RETR big.bin", count, blocksize=1 << 20)
print(total)
client.quit()
"""


def peak() -> int:
    """Bytes of memory that this process has had at most."""
    with open("/proc/self/status") as status:
        return int(status.read().split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.variant
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells the memory")
def test_memory_does_not_grow_with_a_file(serve: Any) -> None:
    from tests.ftpserver.conftest import PASSWORD

    class Hole(MemoryStorage):
        """Keeps nothing of a large file but its size."""

        def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Any:
            storage = self

            class Upload:
                parallel = True
                size = 0

                def write(self, number: int, part: bytes) -> None:
                    self.size += len(part)

                def finish(self) -> None:
                    storage._put(key, b"", params)
                    storage.size_of_it = self.size

                def abort(self) -> None:
                    pass

            return Upload()

        def _stat(self, key: str) -> Any:
            from dataclasses import replace

            return replace(super()._stat(key), size=self.size_of_it)

        def _fetch(self, entry: Any, start: int, stop: int) -> bytes:
            return bytes(min(stop, entry.size) - start)

        def _fetch_first(self, key: str, count: int) -> Any:
            entry = self._stat(key)
            return entry, bytes(count)

    size = 512 * MiB
    serving = serve(Hole())
    serving.client().nlst()
    before = peak()
    given = json.dumps([serving.host, serving.port, PASSWORD, size])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, given], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == size
    assert peak() - before < 96 * MiB
