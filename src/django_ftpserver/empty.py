"""Directories without files, on storages where names alone imply directories."""

from __future__ import annotations

import posixpath
import threading
from collections import OrderedDict

REMEMBERED = 10_000
"""Directories that are kept; those made longest ago go first."""


class EmptyDirs:
    """Directories that a client made, or emptied, until they hold a file or are removed.

    Names are the storage's, "" is its root. One object serves all clients of a storage.
    """

    def __init__(self) -> None:
        self._names: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        if name:
            with self._lock:
                self._names[name] = None
                self._names.move_to_end(name)
                while len(self._names) > REMEMBERED:
                    self._names.popitem(last=False)

    def remove(self, name: str) -> None:
        """Forget a directory that was removed."""
        with self._lock:
            self._names.pop(name, None)

    def fill(self, name: str) -> None:
        """Forget a directory that holds a file now, and those above it."""
        with self._lock:
            while name:
                self._names.pop(name, None)
                name = posixpath.dirname(name)

    def hold(self, name: str) -> bool:
        """Whether it is a directory: one that was made, or one above it."""
        with self._lock:
            return name in self._names or any(each.startswith(f"{name}/") for each in self._names)

    def children(self, name: str) -> set[str]:
        """The names directly below a directory, without its own."""
        prefix = f"{name}/" if name else ""
        with self._lock:
            below = [each[len(prefix) :] for each in self._names if each.startswith(prefix)]
        return {each.partition("/")[0] for each in below}

    def move(self, source: str, target: str) -> None:
        """Follow a directory that was renamed."""
        with self._lock:
            for name in [each for each in self._names if f"{each}/".startswith(f"{source}/")]:
                del self._names[name]
                self._names[target + name[len(source) :]] = None
