"""Connections that threads share: bounded, replaced when they break, lent to open files."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from storages.ending import at_exit, come_first

CHECKED_AFTER = 10.0
"""Seconds of rest after which a connection is asked whether it lives, before it is used."""

GLANCE = 1.0
"""Seconds after which whoever waits for a connection looks again."""

KEPT = 120.0
"""Seconds of rest after which a connection is closed when another one comes to rest."""


class Connection(Protocol):
    """What a pool keeps; used by one thread at a time."""

    def is_alive(self) -> bool:
        """Whether the server still answers; costs a round trip."""

    def close(self) -> None:
        """Say goodbye and let go of the socket; raises nothing."""

    def abandon(self) -> None:
        """Let go of the socket and say nothing: it is broken, or a parent process uses it."""


C = TypeVar("C", bound=Connection)
T = TypeVar("T")


class Pool(Generic[C]):
    """At most `most` connections; whoever needs one more takes it from an open file that rests.

    Calls and loans are for any thread, but a thread must not ask for a second connection while
    it works with one.
    """

    def __init__(self, connect: Callable[[], C], *, most: int, timeout: float) -> None:
        self._connect = connect
        self._most = most
        self._timeout = timeout
        self._count = 0  # that exist or are being made
        self._idle: list[tuple[float, C]] = []  # since when, the latest last
        self._loans: dict[int, Loan[C]] = {}  # the one that has rested longest first
        self._epoch = 0  # what was lent before the last `close` is not kept
        self._connected = False
        self._changed = threading.Condition(threading.Lock())
        self._returned: deque[tuple[C, int]] = deque()
        self._pid = os.getpid()
        _pools.add(self)

    def run(self, work: Callable[[C], T], *, again: bool = True) -> T:
        """What `work` returns for a connection; ConnectionError or TimeoutError if it breaks.

        Unless `again` is false, work that breaks on a connection that had rested is done once
        more on a new one: the server may have restarted, or have closed it in the meantime.
        """
        connection, rested = self._take()
        try:
            return self._try(work, connection)
        except (ConnectionError, TimeoutError):
            if not (rested and again):
                raise
        connection, _ = self._take()
        return self._try(work, connection)

    def lend(self, rest: Callable[[C], None]) -> Loan[C]:
        """A connection for a file that stays open; `rest` prepares it for others meanwhile."""
        return Loan(self, rest)

    def close(self) -> None:
        """Close the connections that nobody uses, and later those that are in use now."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._epoch += 1
        for _, connection in idle:
            connection.close()
            self._forget()

    # -- one connection

    def _try(self, work: Callable[[C], T], connection: C) -> T:
        epoch = self._epoch
        try:
            result = work(connection)
        except BaseException as error:
            self._settle(connection, error, epoch)
            raise
        self._give_back(connection, epoch)
        return result

    def _settle(self, connection: C, error: BaseException, epoch: int) -> None:
        """Keep the connection of work that failed only if the server itself said so."""
        if is_answer(error):
            self._give_back(connection, epoch)
        else:
            self._drop(connection)

    def _take(self) -> tuple[C, bool]:
        """A connection, and whether it had rested before; TimeoutError if all stay busy."""
        deadline = time.monotonic() + self._timeout
        while True:
            loan = None
            self._welcome()
            with self._changed:
                if self._idle:
                    since, connection = self._idle.pop()
                elif self._count < self._most:
                    self._count += 1
                    break
                elif not (loan := self._resting()):
                    self._wait(deadline)
                    continue
            if loan is not None:
                if (taken := loan._give_up()) is not None:
                    return taken, False
                continue
            if time.monotonic() - since < CHECKED_AFTER or self._lives(connection):
                return connection, True
        try:
            connection = self._connect()
        except BaseException:
            self._forget()
            raise
        if not self._connected:
            self._connected = True
            come_first()
        return connection, False

    def _lives(self, connection: C) -> bool:
        """Whether a connection that has rested can be used; else it is dropped."""
        alive = False
        try:
            alive = connection.is_alive()
        finally:
            if not alive:
                self._drop(connection)
        return alive

    def _wait(self, deadline: float) -> None:
        """Until something has changed, or may have: a loan that ended unseen tells nobody."""
        left = deadline - time.monotonic()
        if not self._changed.wait(max(0.0, min(left, GLANCE))) and left <= GLANCE:
            raise TimeoutError(
                f"All {self._most} connections to the server stayed busy for {self._timeout:g} "
                "seconds: allow more with the option 'max_connections'."
            )

    def _resting(self) -> Loan[C] | None:
        """The loan that has rested longest, locked for whoever asks; None if all are at work."""
        for loan in list(self._loans.values()):
            if loan._lock.acquire(blocking=False):
                loan._owner = threading.get_ident()
                return loan
        return None

    def _give_back(self, connection: C, epoch: int) -> None:
        now = time.monotonic()
        with self._changed:
            current = epoch == self._epoch and not _closing
            if current:
                self._idle.append((now, connection))
            expired = [each for since, each in self._idle if now - since > KEPT]
            self._idle = [each for each in self._idle if now - each[0] <= KEPT]
            self._changed.notify()
        for each in expired if current else [*expired, connection]:
            each.close()
            self._forget()

    def _welcome(self) -> None:
        """Take back what loans that ended could not give back themselves."""
        while self._returned:
            with suppress(IndexError):  # another thread was faster
                self._give_back(*self._returned.popleft())

    def _drop(self, connection: C) -> None:
        """Let go of a broken connection, and of those at rest: they have seen the same."""
        with self._changed:
            broken = [connection, *(each for _, each in self._idle)]
            self._idle = []
        for each in broken:
            try:
                each.abandon()
            finally:
                self._forget()

    def _forget(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify()

    # -- processes

    def _leave(self) -> None:
        """In a forked child: the connections are the parent's."""
        lent = [loan._connection for loan in self._loans.values()]
        for connection in [*(each for _, each in self._idle), *lent]:
            if connection is not None:
                connection.abandon()
        self._idle, self._loans = [], {}
        # Whoever held the old one is not here any more.
        self._changed = threading.Condition(threading.Lock())

    def __del__(self) -> None:
        if self._idle and self._pid == os.getpid():  # at exit, `_close_all` has come first
            for _, connection in self._idle:
                connection.close()


class Loan(Generic[C]):
    """A connection for an open file, which others may take while nobody reads or writes it.

    As a context manager it is at work and gives the connection: the one that it had, or another
    one if that was taken. An error that the server did not answer ends the connection.
    """

    def __init__(self, pool: Pool[C], rest: Callable[[C], None]) -> None:
        self._pool = pool
        self._rest = rest
        self._connection: C | None = None
        self._lock = threading.Lock()
        self._owner = 0  # the thread that locked it last
        self._epoch = 0
        self.rested = False
        """Whether the connection had rested in the pool: it may have died there."""

    def __enter__(self) -> C:
        if not self.is_ours:
            raise OSError("What the parent process writes cannot go on in a forked child.")
        self._lock.acquire()
        self._owner = threading.get_ident()
        try:
            if self._connection is None:
                connection, self.rested = self._pool._take()
                self._epoch = self._pool._epoch
                self._connection = connection
        except BaseException:
            self._lock.release()
            raise
        with self._pool._changed:  # the latest one comes last
            self._pool._loans.pop(id(self), None)
            self._pool._loans[id(self)] = self
        return self._connection

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if error is not None and not is_answer(error):
            self._break()
        self._lock.release()
        with self._pool._changed:
            self._pool._changed.notify()  # it rests: whoever waits may take it

    @property
    def is_ours(self) -> bool:
        """Whether it belongs to this process, not to the one that forked it."""
        return self._pool._pid == os.getpid()

    def end(self) -> None:
        """Give the connection back, once what was under way has ended; idempotent."""
        if not self.is_ours:
            return
        # The garbage collector may end a file while its thread holds any of these locks. Who holds
        # this one takes the connection.
        if self._lock.locked() and self._owner == threading.get_ident():
            return
        with self._lock:
            self._owner = threading.get_ident()
            connection = self._remove()
            self._owner = 0
        if connection is None:
            return
        self._pool._returned.append((connection, self._epoch))
        if self._pool._changed.acquire(blocking=False):
            self._pool._changed.release()
            self._pool._welcome()

    def _break(self) -> None:
        connection = self._remove()
        if connection is not None:
            self._pool._drop(connection)

    def _give_up(self) -> C | None:
        """The connection for another one who has locked this loan; None if it is gone."""
        try:
            if self._connection is None:
                return None
            self._rest(self._connection)
            return self._remove()
        except BaseException as error:
            if not isinstance(error, OSError):
                raise
            self._break()
            return None
        finally:
            self._lock.release()

    def _remove(self) -> C | None:
        connection, self._connection = self._connection, None
        self._pool._loans.pop(id(self), None)
        return connection


def is_answer(error: BaseException) -> bool:
    """Whether `error` is what the server said, after which its connection can be used again."""
    return isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError)


_pools: weakref.WeakSet[Pool[Any]] = weakref.WeakSet()
_closing = False


def _close_all() -> None:
    """No server should have to find out by itself that its client has ended."""
    global _closing
    _closing = True
    for pool in list(_pools):
        pool.close()


at_exit(_close_all)


def _leave_all() -> None:
    for pool in list(_pools):
        with suppress(OSError):
            pool._leave()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
