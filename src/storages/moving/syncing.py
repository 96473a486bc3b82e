"""One place made like another one: what differs is copied, and what is too much is deleted."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from storages.moving.comparing import Comparing, Seen
from storages.moving.executors import Backlog, Executor, Threads
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome
from storages.moving.pairing import Pairs
from storages.moving.places import Place
from storages.moving.summary import Planned, Summary
from storages.moving.transfer import Settings, Transfer

BATCH = 1000
"""Files that are deleted together."""


class Refused(ValueError):  # noqa: N818 - it says what was not done
    """What was asked for would harm, so nothing was done; the text tells the cure."""


@dataclass
class Sync:
    """A run that makes `target` like `source`; ask `outcomes` once, then `summary`.

    `compare` is one of `comparing.MODES`. With `delete`, files without a source go at the end, if
    nothing has failed and they are no more than `max_delete`. `backup_dir` is a directory of the
    target's storage for what is replaced or deleted.
    """

    source: Place
    target: Place
    compare: str = "auto"
    delete: bool = False
    max_delete: int | None = None
    filters: Filters = field(default_factory=Filters)
    dry_run: bool = False
    backup_dir: str = ""
    verify: bool = False
    executor: Executor = field(default_factory=Threads)

    def __post_init__(self) -> None:
        if self.source.overlaps(self.target):
            raise Refused(f"{self.source} and {self.target} lie in one another.")
        self._pairs = Pairs(self.source, self.target, self.filters, without=self.backup_dir)
        self._comparing = Comparing(self.source, self.target, self.compare)
        settings = Settings(verify=self.verify, backup_dir=self.backup_dir)
        self.transfer = Transfer(self.source, self.target, settings)
        self.summary = Summary()
        self.planned = Planned()

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file that differs, as it ends; leaving the loop ends the run.

        OSError if a side cannot be listed; then nothing is deleted.
        """
        with closing(Backlog(self._plan())) as jobs:
            if self.dry_run:
                yield from self.summary.added(_pretended(job) for job in jobs)
            else:
                with closing(self.executor.outcomes(self.transfer, jobs)) as done:
                    yield from self.summary.added(done)
        if self.delete:
            yield from self.summary.added(self._deleted())

    def _plan(self) -> Iterator[Job]:
        """A job for each file of the source that is not in the target, or not the same there."""
        for entry, seen in self._pairs:
            if seen is None:
                job = Job.of(entry)
            else:
                same = self._comparing.is_same(entry, seen)
                if same:
                    self.summary.counts["equal"] += 1
                    continue
                job = Job.of(entry, replaces=True, doubtful=same is None, against=seen.digest)
            self.planned.files += 1
            self.planned.bytes += entry.size
            yield job
        self.planned.is_complete = True

    def _deleted(self) -> Iterator[Outcome]:
        """Delete what the source does not have, unless that may be a mistake."""
        extra = self._pairs.extra
        if not extra or not self.summary.ok:
            return
        self._check_deletes(extra)
        names = iter(extra)
        while batch := list(islice(names, BATCH)):
            try:
                if not self.dry_run:
                    self.transfer.delete(batch)
            except OSError as error:
                yield from (Outcome.failed(Job(name), error) for name in batch)
            else:
                yield from (Outcome(name, "deleted", extra[name].size) for name in batch)

    def _check_deletes(self, extra: Mapping[str, Seen]) -> None:
        if not self._pairs.count:
            raise Refused(
                f"{self.source} has no file, so none of {self.target} was deleted. "
                "If that is what you want, use rm -r."
            )
        if self.max_delete is not None and len(extra) > self.max_delete:
            raise Refused(
                f"{len(extra)} files of {self.target} are not in {self.source}, more than the "
                f"{self.max_delete} that may be deleted: none was."
            )


def _pretended(job: Job) -> Outcome:
    return Outcome(job.name, "copied", job.size or 0)
