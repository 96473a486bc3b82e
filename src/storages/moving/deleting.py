"""What a target has too much, deleted in batches, and one by one where a batch fails."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, suppress
from itertools import islice

from storages.crew import Crew
from storages.moving.executors import workers_for
from storages.moving.jobs import Job, Outcome
from storages.moving.transfer import Transfer

BATCH = 1000
"""Files that are deleted together."""


class Deletion:
    """Deletes files of a transfer's target, given with their sizes; ask `outcomes` once."""

    def __init__(self, transfer: Transfer, files: Mapping[str, int]) -> None:
        self._transfer, self._files = transfer, files

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file; leaving the loop ends it."""
        if self._transfer.settings.dry_run:
            yield from map(self._deleted, self._files)
            return
        # Where a batch is no request in itself, threads take one file each.
        is_batched = self._transfer.target.remote and not self._transfer.settings.backup_dir
        size = BATCH if is_batched else 1
        names = iter(self._files)
        batches = iter(lambda: list(islice(names, size)), [])
        failed: list[str] = []
        for batch, result in self._tried(batches):
            if not isinstance(result, OSError):
                yield from map(self._deleted, batch)
            else:
                failed += batch
        for (name,), result in self._tried([name] for name in failed):
            if isinstance(result, OSError):
                yield Outcome.failed(Job(name), result)
            else:
                yield self._deleted(name)
        self._prune()

    def _tried(self, batches: Iterable[list[str]]) -> Generator[tuple[list[str], OSError | None]]:
        workers = workers_for(self._transfer.target.storage)
        crew = Crew(self._transfer.delete, workers, self._transfer.stop)
        with closing(crew.results_as_they_come(batches)) as results:
            yield from results

    def _deleted(self, name: str) -> Outcome:
        return Outcome(name, "deleted", self._files[name])

    def _prune(self) -> None:
        """Remove the directories that have become empty, where they are real."""
        target = self._transfer.target
        if not target.side._has_directories():
            return
        above = set()
        for name in self._files:
            while name := name.rpartition("/")[0]:
                above.add(name)
        for name in sorted(above, key=lambda each: -each.count("/")):
            with suppress(OSError):  # it is not empty
                target.side.remove_dir(target.name(name))
