"""Clients: one per distinct configuration and process, used by all its threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")

_clients: dict[Hashable, object] = {}
_lock = threading.RLock()
_generation = 0


def shared(key: Hashable, make: Callable[[], T]) -> T:
    """The process's client for `key`; `make` is called once, even if threads race."""
    found = _clients.get(key)
    if found is None:
        with _lock:
            found = _clients.get(key)
            if found is None:
                found = _clients[key] = make()
    return found  # type: ignore[return-value]  # whoever owns the key knows the type


def forget() -> None:
    """Let go of all clients: a forked child must not use its parent's connections."""
    global _lock, _generation
    _lock = threading.RLock()
    _generation += 1
    _clients.clear()


def generation() -> int:
    """A number that changes when all clients were let go of."""
    return _generation


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
