"""What these tests share: a disk with a gate, a bucket to copy to, Redis, and Celery's side."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings

from storages import bulk
from tests.servers import FaultProxy, Moto
from tests.servers.base import kill
from tests.servers.redis_server import RedisServer
from tests.servers.running import running
from tests.servers.workers import Worker
from tests.workers.celery_side import CelerySide

PATIENCE = 60
"""Seconds for what happens in another process."""


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kill_family(pid: int, workers: Iterable[Worker]) -> None:
    """Kill the worker that this process belongs to, at once and with all of its children."""
    for worker in workers:
        if pid in (family := worker.processes()):
            kill(family)
            return
    raise AssertionError(f"none of the workers has the process {pid}")


class Site:
    """STORAGES with `live`, a disk with a gate, and `copy`, a bucket before a proxy."""

    def __init__(self, folder: Path, proxy: FaultProxy, options: dict[str, Any]) -> None:
        self.proxy, self._folder = proxy, folder
        self._log, self._gate = folder / "opened.log", folder / "gate"
        live = {"location": str(folder / "live"), "log": str(self._log), "gate": str(self._gate)}
        self.storages = {
            "live": {"BACKEND": "tests.workers.gated.GatedStorage", "OPTIONS": live},
            "copy": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
        }

    def fill(self, *names: str) -> None:
        """Files in `live`, each with a content of its own."""
        for name in names:
            storages["live"].save(name, ContentFile(name.encode() * 100))

    def open_gate(self) -> None:
        self._gate.touch()

    def opened(self) -> Counter[str]:
        """How often each file of `live` was read."""
        return Counter(name for _, name in self._reads())

    def reader(self, name: str) -> int:
        """The process that was the last to read it."""
        return int([pid for pid, each in self._reads() if each == name][-1])

    def _reads(self) -> list[list[str]]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line.split() for line in lines]

    def copied(self) -> list[str]:
        """The names in `copy`, whose contents are right."""
        names = sorted(entry.name for entry in bulk.scan(storages["copy"]))
        for name in names:
            with storages["copy"].open(name) as file:
                assert file.read() == name.encode() * 100
        return names


@pytest.fixture
def site(moto: Moto, moto_bucket: str, fault_proxy: Any, tmp_path: Path) -> Iterator[Site]:
    proxy = fault_proxy(moto)
    site = Site(tmp_path, proxy, moto.options(moto_bucket, via=proxy))
    with override_settings(STORAGES=site.storages):
        yield site


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with running(RedisServer) as server:
        yield server


@pytest.fixture
def celery(redis: RedisServer, site: Site, start: Any) -> Iterator[CelerySide]:
    with closing(CelerySide(redis, site.storages, start)) as side:
        yield side
