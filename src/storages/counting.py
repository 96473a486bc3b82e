"""Counts requests: each backend tells of those that it sends, in the one place where it does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_counts: tuple[RequestCount, ...] = ()
_lock = threading.Lock()


@dataclass(eq=False)
class RequestCount:
    """The requests so far; commands, with FTP."""

    count: int = 0


def request_sent() -> None:
    """Called by a backend for each request that it sends: an attempt, if there are several."""
    if _counts:
        with _lock:
            for each in _counts:
                each.count += 1


@contextmanager
def count_requests() -> Iterator[RequestCount]:
    """Counts what all storages of this process send meanwhile, in whichever thread.

    What SDKs send by themselves to get credentials is not among them.
    """
    global _counts
    counted = RequestCount()
    with _lock:
        _counts = (*_counts, counted)
    try:
        yield counted
    finally:
        with _lock:
            _counts = tuple(each for each in _counts if each is not counted)
