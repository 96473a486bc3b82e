"""Files and directories copied or moved to where one says, whatever is there."""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

from storages.moving.executors import Backlog, Executor, Threads
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome
from storages.moving.places import Place
from storages.moving.summary import Planned, Summary
from storages.moving.syncing import Refused
from storages.moving.transfer import Settings, Transfer


@dataclass
class Copies:
    """A run that copies `sources`; ask `outcomes` once, then `summary`.

    The target of one file is its new name, unless it ends with a slash or is a directory: then the
    file goes into it, as several sources do. What is in a directory goes below the target.
    """

    sources: list[Place]
    target: Place
    recursive: bool = False
    overwrite: bool = True
    move: bool = False
    verify: bool = False
    dry_run: bool = False
    filters: Filters = field(default_factory=Filters)
    executor: Executor = field(default_factory=Threads)

    def __post_init__(self) -> None:
        self.summary = Summary()
        self.planned = Planned()
        # All that can be refused is, before anything is copied.
        self._into = len(self.sources) > 1 or self.target.spec.endswith("/")
        self._into = self._into or (bool(self.target.path) and self.target.is_dir())
        self._into = self._into or not self.target.path
        self._steps = [self._step(source) for source in self.sources]

    def _step(self, source: Place) -> tuple[Transfer, Iterator[Job]]:
        """The transfer of one source, and its jobs."""
        settings = Settings(overwrite=self.overwrite, verify=self.verify, move=self.move)
        if not source.path or source.is_dir():
            if not self.recursive:
                raise Refused(f"{source} is a directory: that needs -r.")
            if source.overlaps(self.target):
                raise Refused(f"{source} and {self.target} lie in one another.")
            jobs = (Job.of(each) for each in source.scan() if self.filters.takes(each.name))
            return Transfer(source, self.target, settings), jobs
        entry = source.side.stat(source.path)
        folder, name = posixpath.split(source.path)
        target = self.target.below(name) if self._into else self.target
        if source.identity() == target.identity():
            raise Refused(f"{source} is {target} itself.")
        place, new = posixpath.split(target.path)
        transfer = Transfer(
            replace(source, path=folder, spec=_folder(source.spec)),
            replace(target, path=place, spec=_folder(target.spec)),
            settings,
        )
        return transfer, iter([Job.of(replace(entry, key=name), new=new)])

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file, as it ends; leaving the loop ends the run."""
        for transfer, jobs in self._steps:
            with closing(Backlog(self._counted(jobs))) as backlog:
                if self.dry_run:
                    done = (Outcome(each.name, "copied", each.size or 0) for each in backlog)
                else:
                    done = self.executor.outcomes(transfer, backlog)
                with closing(done):
                    yield from self.summary.added(done)
            if self.move and not self.dry_run and self.summary.ok:
                remove_empty(transfer.source)
        self.planned.is_complete = True

    def _counted(self, jobs: Iterator[Job]) -> Iterator[Job]:
        for job in jobs:
            self.planned.files += 1
            self.planned.bytes += job.size or 0
            yield job


def _folder(spec: str) -> str:
    """Where a file lies, as a user would have named it."""
    if ":" in spec and "/" not in spec:
        return spec.partition(":")[0]
    return posixpath.dirname(spec.rstrip("/"))


def remove_empty(place: Place) -> bool:
    """Remove directories without files where they are real; whether `place` itself has gone."""
    if not place.path or not place.side._has_directories():
        return False
    left = list(place.scandir())
    below = [place.below(entry.name) for entry in left if entry.is_dir and not entry.is_link]
    if len(below) < len(left) or sum(map(remove_empty, below)) < len(below):
        return False
    place.side.remove_dir(place.path)
    return True
