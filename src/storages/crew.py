"""Threads that work in parallel, try again what failed, and end when they are told to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

from storages.transfer import MiB

PAUSES = (0.2, 1.0)
"""Seconds before each further attempt, beside those that backends make themselves."""

WINDOW = 4
"""Items for each thread that are begun before the result of any of them is asked for."""

FINAL = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""Errors that another attempt would only repeat."""

MEMORY = 32 * MiB
"""Bytes of all small contents that are on their way at once."""

T = TypeVar("T")
R = TypeVar("R")


class Stopped(Exception):  # noqa: N818 - it is no error, the run was stopped
    """Raised in the threads of a run that ends early: what they were sending is given up."""


class Crew(Generic[T, R]):
    """Calls `work` for items, in several threads."""

    def __init__(
        self,
        work: Callable[[T], R],
        workers: int,
        stop: threading.Event | None = None,
        *,
        name: str = "storages-crew",
    ) -> None:
        self._work, self._workers, self._name = work, workers, name
        self.stop = stop or threading.Event()
        """Set when the run ends early; whoever sends much looks at it."""

    def results(self, items: Iterable[T]) -> Generator[tuple[T, R | OSError]]:
        """Each item, in their order, with its result or the OSError that stayed.

        When the caller leaves the loop, or is interrupted, nothing more is begun, and what is
        being sent is given up: this returns when all threads have ended.
        """
        pending: deque[tuple[T, Future[R]]] = deque()
        with self._threads() as pool:
            for item in items:
                pending.append((item, pool.submit(self._try, item)))
                if len(pending) > WINDOW * self._workers:
                    yield self._first(pending)
            while pending:
                yield self._first(pending)

    def results_as_they_come(self, items: Iterable[T]) -> Generator[tuple[T, R | OSError]]:
        """The same in the order in which the work ends: a large item holds up no other one.

        An OSError of `items` is raised when what has begun before it has ended.
        """
        pending: dict[Future[R], T] = {}
        ended: SimpleQueue[Future[R]] = SimpleQueue()
        rest = _Rest(items)
        with self._threads() as pool:
            for item in rest:
                future = pool.submit(self._try, item)
                pending[future] = item
                future.add_done_callback(ended.put)
                if len(pending) > WINDOW * self._workers:
                    future = ended.get()
                    yield self._result(pending.pop(future), future)
            while pending:
                future = ended.get()
                yield self._result(pending.pop(future), future)
        if rest.error is not None:
            raise rest.error

    def _first(self, pending: deque[tuple[T, Future[R]]]) -> tuple[T, R | OSError]:
        found = self._result(*pending[0])
        pending.popleft()
        return found

    def _result(self, item: T, future: Future[R]) -> tuple[T, R | OSError]:
        try:
            result: R | OSError = future.result()
        except OSError as error:
            result = error
        return item, result

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix=self._name)
        try:
            yield pool
        except BaseException:
            self.stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _try(self, item: T) -> R:
        for pause in PAUSES:
            if self.stop.is_set():
                raise Stopped
            try:
                return self._work(item)
            except FINAL:
                raise
            except OSError:
                if self.stop.wait(pause):
                    raise
        return self._work(item)


class _Rest(Generic[T]):
    """Iterates up to the end of `items`, or to the `error` that is theirs."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self.error: OSError | None = None

    def __iter__(self) -> Iterator[T]:
        items = iter(self._items)
        while True:
            try:
                item = next(items)
            except StopIteration:
                return
            except OSError as error:
                self.error = error
                return
            yield item


class Budget:
    """Bytes that threads may hold together; whoever wants more waits."""

    def __init__(self, total: int = MEMORY) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, wanted: int) -> Iterator[None]:
        count = max(0, min(wanted, self._total))
        with self._changed:
            self._changed.wait_for(lambda: self._free >= count)
            self._free -= count
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()
