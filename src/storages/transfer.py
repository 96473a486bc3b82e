"""The threads that carry parts and windows, and what is tried again when a connection breaks."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any, Protocol, TypeVar

from storages.entry import Entry, Upload

logger = logging.getLogger("storages")

T = TypeVar("T")

KiB = 1024
MiB = 1024 * KiB

WORKERS = 32
"""Threads that all open files of a process share; what they run never waits for another one."""

PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds before each further attempt to read after a connection broke."""

ABORT_PAUSES = (1, 2, 4, 8, 15, 30, *[60] * 30)
"""Seconds between the attempts to drop an upload whose server cannot be reached."""

_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


def submit(call: Callable[..., T], *args: Any) -> Future[T]:
    """Run `call` in one of the shared threads; it must not wait for another submitted call."""
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="storages")
        with suppress(RuntimeError):  # the interpreter ends, or the system has no thread left
            return _pool.submit(call, *args)
    return _done(call, *args)


def _done(call: Callable[..., T], *args: Any) -> Future[T]:
    """Run `call` here and now."""
    future: Future[T] = Future()
    try:
        future.set_result(call(*args))
    except BaseException as error:  # noqa: BLE001 - whoever asks the future gets it
        future.set_exception(error)
    return future


def _forget_pool() -> None:
    """A forked child has none of its parent's threads."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


class Fetches(Protocol):
    """What can read a range of one version of an object."""

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes: ...
    def _stream(self, entry: Entry, start: int) -> Generator[bytes, None, None]: ...

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]: ...


class Patience:
    """Pauses after each broken connection, and gives up when too many followed each other."""

    def __init__(self) -> None:
        self.progressed()

    def progressed(self) -> None:
        self._pauses = iter(PAUSES)

    def wait(self) -> None:
        """Called while an error is handled: sleep, or let that error go on its way."""
        pause = next(self._pauses, None)
        if pause is None:
            raise  # the error that the caller handles
        time.sleep(pause)


def fetch_first(storage: Fetches, key: str, count: int) -> tuple[Entry, bytes]:
    """The object and its first bytes, `count` at most; a broken connection is tried again."""
    patience = Patience()
    while True:
        try:
            return storage._fetch_first(key, count)
        except (ConnectionError, TimeoutError):
            patience.wait()


def fetch_range(storage: Fetches, entry: Entry, start: int, stop: int) -> bytes:
    """The bytes from `start` to `stop`, all of them; a broken connection goes on where it broke.

    Raises the last error when several attempts in a row bring nothing.
    """
    pieces: list[bytes] = []
    patience = Patience()
    while start < stop:
        try:
            piece = storage._fetch(entry, start, stop)
            if not piece:
                raise ConnectionError(f"Reading {entry.key!r} ended at byte {start} of {stop}.")
        except (ConnectionError, TimeoutError):
            patience.wait()
            continue
        patience.progressed()
        pieces.append(piece)
        start += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def stream_whole(storage: Fetches, entry: Entry, start: int) -> Generator[bytes, None, None]:
    """The bytes from `start` on, all of them and no more; a broken stream goes on where it broke.

    Raises the last error when several attempts in a row bring nothing.
    """
    patience = Patience()
    while start < entry.size:
        try:
            with closing(storage._stream(entry, start)) as stream:
                for chunk in filter(None, stream):
                    patience.progressed()
                    chunk = chunk[: entry.size - start]
                    start += len(chunk)
                    yield chunk
                    if start == entry.size:
                        return
            raise ConnectionError(f"Reading {entry.key!r} ended at byte {start} of {entry.size}.")
        except (ConnectionError, TimeoutError):
            patience.wait()


def abort_surely(upload: Upload) -> None:
    """Abort `upload` now; if its server can't be reached, again and again in the background."""
    try:
        upload.abort()
    except (ConnectionError, TimeoutError) as error:
        logger.warning("An upload could not be aborted yet, it is tried again: %s", error)
        threading.Thread(
            target=_keep_aborting, args=(upload,), name="storages-abort", daemon=True
        ).start()
    except Exception:
        # The error that led here is on its way to the caller: this one must not hide it.
        logger.exception("An upload could not be aborted; parts of it may be left.")


def _keep_aborting(upload: Upload) -> None:
    for pause in ABORT_PAUSES:
        time.sleep(pause)
        try:
            upload.abort()
        except (ConnectionError, TimeoutError):
            continue
        except Exception as error:  # noqa: BLE001 - the end of a thread: there is only the log
            logger.error("An upload could not be aborted; parts of it may be left: %s", error)
        return
    logger.error("An upload was not aborted, its server stayed away; parts of it may be left.")
