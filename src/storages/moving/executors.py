"""Who carries out the jobs of a run: threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import closing
from queue import Empty, Full, Queue
from typing import Any, Generic, Protocol, TypeVar

from django.core.files.storage import Storage

from storages.crew import Crew
from storages.moving.jobs import Job, Outcome
from storages.moving.transfer import Transfer

WORKERS = 48
"""Threads, where no storage allows fewer connections: more than one core feeds at 20 ms."""

BACKLOG = 10_000
"""Jobs that are known before anybody has time for them, so that one can tell how long it takes."""

GLANCE = 0.2
"""Seconds after which whoever waits looks whether the run has ended."""

T = TypeVar("T")


class Executor(Protocol):
    """Carries out jobs, in any order and anywhere."""

    def outcomes(self, transfer: Transfer, jobs: Iterable[Job]) -> Generator[Outcome]:
        """What has come of each job, as it ends; leaving the loop ends the run."""


class Threads:
    """The threads of this process; `workers` by default as many as the storages let work."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def outcomes(self, transfer: Transfer, jobs: Iterable[Job]) -> Generator[Outcome]:
        with closing(self.results(transfer, jobs)) as results:
            for _, outcome in results:
                yield outcome

    def results(self, transfer: Transfer, jobs: Iterable[Job]) -> Generator[tuple[Job, Outcome]]:
        """Each job with its outcome."""
        storages = transfer.source.storage, transfer.target.storage
        crew = Crew(transfer.do, self._workers or workers_for(*storages), transfer.stop)
        with closing(crew.results_as_they_come(jobs)) as results:
            for job, result in results:
                if isinstance(result, OSError):
                    result = Outcome.failed(job, result)
                yield job, result


def workers_for(*storages: Storage) -> int:
    """How many files to work at at once: as many as each may have connections."""
    most: list[Any] = [getattr(each, "max_connections", None) for each in storages]
    return max(1, min([WORKERS, *(each for each in most if isinstance(each, int))]))


class Backlog(Generic[T]):
    """Items that a thread of its own takes from `items`, so that some wait when they are needed.

    What `items` raises, its reader gets. `close` ends the thread.
    """

    def __init__(self, items: Iterable[T], size: int = BACKLOG) -> None:
        self._items = items
        self._queue: Queue[T | BaseException | None] = Queue(size)
        self._closed = threading.Event()
        self.is_complete = False
        """Whether all items are known."""
        self._thread = threading.Thread(target=self._fill, name="storages-backlog", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        last: BaseException | None = None
        try:
            for item in self._items:
                self._put(item)
                if self._closed.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - whoever reads gets it
            last = error
        self.is_complete = last is None
        self._put(last)

    def _put(self, item: T | BaseException | None) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=GLANCE)
            except Full:
                continue
            return

    def __iter__(self) -> Generator[T]:
        for item in self.ticking(GLANCE):
            if item is not None:
                yield item

    def ticking(self, seconds: float) -> Generator[T | None]:
        """The items, and None whenever there was none for so long."""
        while not self._closed.is_set():
            try:
                item = self._queue.get(timeout=seconds)
            except Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Take no further item; the thread ends with the one that it waits for."""
        self._closed.set()

    def close(self) -> None:
        """Take no further item; the thread has ended when this returns."""
        self.stop()
        self._thread.join()
