"""The revisions that a storage read last, for the write mode `update`."""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST = 10_000
"""Files whose revisions are remembered; beyond them, the one that was used longest ago is not."""


class Revisions:
    """The last known revision of each file; names that differ only by case are one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def remember(self, key: str, rev: str) -> None:
        """This is what the file is now."""
        with self._lock:
            self._known[key.lower()] = rev
            self._known.move_to_end(key.lower())
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self, key: str) -> None:
        """Nothing is known of the file any more."""
        with self._lock:
            self._known.pop(key.lower(), None)

    def of(self, key: str) -> str | None:
        """The revision that was read or written last."""
        with self._lock:
            rev = self._known.get(key.lower())
            if rev is not None:
                self._known.move_to_end(key.lower())
            return rev
