"""The files of two places side by side, by one listing of each."""

from __future__ import annotations

from collections.abc import Iterator

from storages.entry import Entry
from storages.moving.comparing import Seen
from storages.moving.filters import Filters
from storages.moving.places import Place


class Pairs:
    """Iterates over the source's files, each with the target's file of the same name.

    The target's listing is in memory, some 300 bytes a file; the source's is not. When the
    iteration has come to its end, `extra` are the target's files without a source.
    """

    def __init__(self, source: Place, target: Place, filters: Filters, without: str = "") -> None:
        self._source, self._target, self._filters = source, target, filters
        self._without = f"{without.strip('/')}/" if without else ""
        self.extra: dict[str, Seen] = {}
        self.count = 0
        """Files of the source so far."""

    def __iter__(self) -> Iterator[tuple[Entry, Seen | None]]:
        extra = {
            entry.name: Seen.of(entry) for entry in self._target.scan() if self._takes(entry.name)
        }
        for entry in self._source.scan():
            if self._filters.takes(entry.name):
                self.count += 1
                yield entry, extra.pop(entry.name, None)
        self.extra = extra

    def _takes(self, name: str) -> bool:
        backup = self._without and self._target.name(name).startswith(self._without)
        return not backup and self._filters.takes(name)
