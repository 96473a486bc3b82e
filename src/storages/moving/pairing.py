"""The files of two places side by side, by one listing of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from storages.entry import Entry
from storages.moving.comparing import Comparing, Seen
from storages.moving.filters import Filters
from storages.moving.jobs import Job
from storages.moving.places import Place
from storages.names import is_ours


class Pairs:
    """Iterates over the source's files, each with the target's file of the same name.

    The target's listing is in memory, some 300 bytes a file; the source's is not. When the
    iteration has come to its end, `extra()` are the target's files without a source. What lies
    in the directory `without` of the target's storage takes no part.
    """

    def __init__(
        self,
        source: Place,
        target: Place,
        comparing: Comparing,
        filters: Filters,
        without: str = "",
    ) -> None:
        self._source, self._target, self._comparing = source, target, comparing
        self._filters = filters
        self._without = f"{without}/" if without else ""
        self._left: dict[str, Seen] = {}
        self._called: dict[str, str] = {}  # where the target takes several names for one
        self.count = 0
        """Files of the source so far."""

    def __iter__(self) -> Iterator[tuple[Entry, Seen | None]]:
        folded = self._target.folded
        left: dict[str, Seen] = {}
        for entry in self._target.scan():
            if self._takes(entry.name) and not self._is_kept(entry.name):
                name = folded(entry.name)
                left[name] = self._comparing.seen(entry)
                if name != entry.name:
                    self._called[name] = entry.name
        if not left:
            self._check_target()
        for entry in self._source.scan():
            if self._takes(entry.name):
                self.count += 1
                yield entry, left.pop(folded(entry.name), None)
        if not self.count:  # a misspelt one must not look like an empty one
            self._source.check_dir()
        self._left = left

    def extra(self) -> dict[str, Seen]:
        """The target's files without a source, if all of the source is known."""
        return {self._called.get(name, name): seen for name, seen in self._left.items()}

    def _check_target(self) -> None:
        """NotADirectoryError for a file where no directory can be beside it."""
        if self._target.side._has_directories() and self._target.is_file():
            raise NotADirectoryError(f"{self._target} is a file, and no directory.")

    def _takes(self, name: str) -> bool:
        # What collectstatic remembers of a storage, say, is true of no other one.
        return not is_ours(name) and self._filters.takes(name)

    def _is_kept(self, name: str) -> bool:
        return bool(self._without) and self._target.joined(name).startswith(self._without)


def without_twins(jobs: Iterable[Job], target: Place) -> Iterator[Job]:
    """The jobs; one whose name is another one's to the target knows of it, and will fail."""
    if not target.ignores_case:
        yield from jobs
        return
    seen: dict[str, str] = {}
    for job in jobs:
        twin = seen.setdefault(target.folded(job.name), job.name)
        yield job if twin == job.name else replace(job, twin=twin)
