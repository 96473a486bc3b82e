"""Turns: one thread of a process at a time, where a service would mix or lose what two write."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TURNS = [threading.Lock() for _ in range(64)]
"""Locks that all storages share by the hash of container and key."""


def _after_fork() -> None:
    """Nobody in a new process holds what a thread of the old one did."""
    TURNS[:] = [threading.Lock() for _ in TURNS]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def turn(container: str, key: str, *, needed: bool) -> Iterator[None]:
    """One thread at a time, for this key and some others."""
    if not needed:
        yield
        return
    place = hashlib.sha256(f"{container}/{key}".encode("utf-8", "replace")).digest()
    with TURNS[int.from_bytes(place[:2]) % len(TURNS)]:
        yield
