"""Clients: one per distinct configuration and process, used by all its threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class ClientKey(tuple[Any, ...]):
    """What makes two clients different; secrets in it are not for a traceback's local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<client key>"


MOST = 64
"""Clients kept for later storages; beyond them, the one that was not asked for longest is let go.

A storage holds its own, so only a site with a connection per tenant, say, makes new ones at times.
"""

_clients: dict[Hashable, object] = {}
_lock = threading.RLock()
_generation = 0


def shared(key: Hashable, make: Callable[[], T]) -> T:
    """The process's client for `key`; `make` is called once, even if threads race."""
    with _lock:
        found = _clients.pop(key, None)
        if found is None:
            found = make()
        _clients[key] = found  # the latest
        while len(_clients) > MOST:
            del _clients[next(iter(_clients))]
    return found  # type: ignore[return-value]  # whoever owns the key knows the type


def of(storage: Any, key: Callable[[], ClientKey], make: Callable[[], T]) -> T:
    """The process's client for `storage`, which remembers it; as costly as two look-ups."""
    kept: tuple[int, T] | None = storage.__dict__.get("_cached_client")
    if kept is None or kept[0] != _generation:
        kept = storage.__dict__["_cached_client"] = (_generation, shared(key(), make))
    return kept[1]


def forget() -> None:
    """Let go of all clients: a forked child must not use its parent's connections."""
    global _lock, _generation
    _lock = threading.RLock()
    _generation += 1
    _clients.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
