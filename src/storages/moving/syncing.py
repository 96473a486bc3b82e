"""One place made like another one: what differs is copied, and what is too much is deleted."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from storages.moving.backups import of_this_run, with_backups
from storages.moving.comparing import Comparing
from storages.moving.deleting import Deletion
from storages.moving.executors import Backlog, Executor, Threads
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome
from storages.moving.pairing import Pairs, without_twins
from storages.moving.places import Place, place_of
from storages.moving.probing import is_nested
from storages.moving.refusing import Refused
from storages.moving.summary import Planned, Summary
from storages.moving.transfer import Settings, Transfer


@dataclass
class Sync:
    """A run that makes `target` like `source`; ask `outcomes` once, then `summary`.

    `compare` is one of `comparing.MODES`. With `delete`, files without a source go at the end, if
    nothing has failed and they are no more than `max_delete`. `backup_dir` is a directory of the
    target's storage, in which each run makes one, named by its time, for what it replaces or
    deletes.
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
        if self.backup_dir:
            self.target, self.backup_dir = with_backups(self.source, self.target, self.backup_dir)
        comparing = Comparing(self.source, self.target, self.compare)
        self._comparing = comparing
        self._pairs = Pairs(
            self.source, self.target, comparing, self.filters, without=self.backup_dir
        )
        settings = Settings(
            overwrite=self.compare != "existing",
            verify=self.verify,
            backup_dir=of_this_run(self.backup_dir),
            dry_run=self.dry_run,
        )
        self.transfer = Transfer(self.source, self.target, settings)
        self.summary = Summary()
        self.planned = Planned()

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file that differs, as it ends; leaving the loop ends the run.

        OSError if a side cannot be listed; then nothing is deleted.
        """
        if self.delete and not self.dry_run and is_nested(self.source, self.target):
            raise Refused(
                f"{self.source} and {self.target} lie in one another by two addresses of one "
                "bucket, so nothing was done: leave out --delete, or name both by the same alias."
            )
        jobs = without_twins(self._plan(), self.target)
        try:
            with (
                closing(Backlog(jobs)) as backlog,
                closing(self.executor.outcomes(self.transfer, backlog)) as done,
            ):
                yield from self.summary.added(done)
        finally:
            if self.planned.equal:
                self.summary.counts["equal"] += self.planned.equal
        if self.delete:
            yield from self.summary.added(self._deleted())

    def _plan(self) -> Iterator[Job]:
        """A job for each file of the source that is not in the target, or not the same there."""
        for entry, seen in self._pairs:
            job = self._comparing.job(entry, seen)
            if job is None:
                self.planned.equal += 1
                continue
            self.planned.files += 1
            self.planned.bytes += entry.size
            yield job
        self.planned.is_complete = True

    def _deleted(self) -> Generator[Outcome]:
        """Delete what the source does not have, unless that may be a mistake."""
        extra = self._pairs.extra()
        if not extra:
            return
        if not self.summary.ok:
            self.summary.notes.append(
                f"Since something has failed, nothing was deleted: {len(extra):,} of {self.target} "
                f"are not in {self.source}."
            )
            return
        self._check_deletes(len(extra))
        deletion = Deletion(self.transfer, {name: seen.size for name, seen in extra.items()})
        yield from deletion.outcomes()

    def _check_deletes(self, count: int) -> None:
        if not self._pairs.count:
            raise Refused(
                f"{self.source} has no file, so none of {self.target} was deleted. "
                "If that is what you want, use rm -r."
            )
        if not self.target.is_local and place_of(".").is_in(self.target):
            raise Refused(  # a project without MEDIA_ROOT, say, where its code lies, too
                f"You are in {self.target}, so none of it was deleted: go elsewhere, or name its "
                "directory."
            )
        if self.max_delete is not None and count > self.max_delete:
            raise Refused(
                f"{count:,} files of {self.target} are not in {self.source}, more than the "
                f"{self.max_delete:,} that may be deleted: none was."
            )
