"""The threads of a run: they work in parallel, try again what failed, and end when told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from storages.staticfiles.content import Stopped

PAUSES = (0.2, 1.0)
"""Seconds before each further attempt, beside those that backends make themselves."""

WINDOW = 4
"""Items for each thread that are begun before the first one's result is asked for."""

FINAL = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""Errors that another attempt would only repeat."""

T = TypeVar("T")
R = TypeVar("R")


class Crew(Generic[T, R]):
    """Calls `work` for items, in several threads; results come in the order of the items."""

    def __init__(self, work: Callable[[T], R], workers: int, stop: threading.Event) -> None:
        self._work, self._workers, self._stop = work, workers, stop

    def results(self, items: Iterable[T]) -> Generator[tuple[T, R | OSError]]:
        """Each item with its result, or with the OSError that stayed after some attempts.

        When the caller leaves the loop, or is interrupted, nothing more is begun, and what is
        being sent is given up: this returns when all threads have ended.
        """
        pending: deque[tuple[T, Future[R]]] = deque()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="collectstatic")
        done = False
        try:
            for item in items:
                pending.append((item, pool.submit(self._try, item)))
                if len(pending) > WINDOW * self._workers:
                    yield self._first(pending)
            while pending:
                yield self._first(pending)
            done = True
        finally:
            if not done:
                self._stop.set()
            pool.shutdown(cancel_futures=True)

    def _first(self, pending: deque[tuple[T, Future[R]]]) -> tuple[T, R | OSError]:
        item, future = pending[0]
        try:
            result: R | OSError = future.result()
        except OSError as error:
            result = error
        pending.popleft()
        return item, result

    def _try(self, item: T) -> R:
        for pause in PAUSES:
            if self._stop.is_set():
                raise Stopped
            try:
                return self._work(item)
            except FINAL:
                raise
            except OSError:
                if self._stop.wait(pause):
                    raise
        return self._work(item)
