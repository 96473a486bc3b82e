"""Files and directories copied or moved to where one says, whatever is there."""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

from storages.moving.executors import Backlog, Executor, Threads
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome
from storages.moving.pairing import without_twins
from storages.moving.places import Place
from storages.moving.probing import is_one
from storages.moving.refusing import Refused
from storages.moving.summary import Planned, Summary
from storages.moving.transfer import Settings, Transfer
from storages.names import is_ours


@dataclass
class Copies:
    """A run that copies `sources`; ask `outcomes` once, then `summary`.

    One file gets the name that `target` is; it goes into it by its own name if that ends with a
    slash, is a directory or a whole storage. What is in one directory goes below `target`, be that
    there yet or not: doing it again changes nothing. Several sources go into `target`, each by its
    own name.
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
        self._settings = Settings(
            overwrite=self.overwrite, verify=self.verify, move=self.move, dry_run=self.dry_run
        )
        self._check_names()
        self._into = len(self.sources) > 1 or self._is_folder(self.target)
        self._steps: list[_Step] = []
        for source in self.sources:
            self._add(source)

    def _check_names(self) -> None:
        """Several sources need names that differ: else one would replace another one."""
        if len(self.sources) < 2:
            return
        seen: dict[str, Place] = {}
        for source in self.sources:
            name = self.target.folded(posixpath.basename(source.path))
            if not name:
                raise Refused(f"{source} is a whole storage without a name: copy it by itself.")
            if name in seen:
                raise Refused(f"{seen[name]} and {source} would both be {name!r} in {self.target}.")
            seen[name] = source

    @staticmethod
    def _is_folder(target: Place) -> bool:
        return not target.path or target.spec.endswith("/") or target.is_dir()

    def _add(self, source: Place) -> None:
        """Plan one source."""
        name = posixpath.basename(source.path)
        # Where names imply directories, there may be a file and a directory of one name.
        is_folder = self.recursive or source.spec.endswith("/")
        if is_folder and source.is_dir():
            self._add_tree(source, self.target.below(name) if self.sources[1:] else self.target)
        elif source.is_file():
            self._add_file(source, self.target.below(name) if self._into else self.target)
        elif source.is_dir():
            raise Refused(f"{source} is a directory: that needs -r.")
        else:
            raise FileNotFoundError(f"There is no {source}.")

    def _add_tree(self, source: Place, target: Place) -> None:
        if not self.recursive:
            raise Refused(f"{source} is a directory: that needs -r.")
        if source.overlaps(target):
            raise Refused(f"{source} and {target} lie in one another.")
        self._steps.append(_Step(Transfer(source, target, self._settings), tree=source))

    def _add_file(self, source: Place, target: Place) -> None:
        if source.identity() == target.identity():
            raise Refused(f"{source} is {target} itself.")
        entry = source.side.stat(source.path)
        folder, new = _above(source), posixpath.basename(target.path)
        entry = replace(entry, key=posixpath.basename(source.path))
        job = Job.of(entry, new=new, asks=not self.overwrite)
        last = self._steps[-1] if self._steps else None
        if last is None or last.tree or last.transfer.source.identity() != folder.identity():
            last = _Step(Transfer(folder, _above(target), self._settings))
            self._steps.append(last)
        last.files.append(job)

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file, as it ends; leaving the loop ends the run."""
        if self.move and not self.dry_run:
            self._check_apart()
        for step in self._steps:
            is_last = step is self._steps[-1]
            jobs = without_twins(self._counted(step, is_last=is_last), step.transfer.target)
            with (
                closing(Backlog(jobs)) as backlog,
                closing(self.executor.outcomes(step.transfer, backlog)) as done,
            ):
                yield from self.summary.added(done)
            if step.tree and self.move and not self.dry_run:
                remove_empty(step.tree)

    def _check_apart(self) -> None:
        """Move nothing onto itself: it would be gone."""
        for step in self._steps:
            source, target = step.transfer.source, step.transfer.target
            if is_one(source, target):
                raise Refused(
                    f"{source} and {target} are one directory by two addresses, so nothing was "
                    "moved: name both by the same alias."
                )

    def _counted(self, step: _Step, *, is_last: bool) -> Iterator[Job]:
        for job in step.jobs(self.filters):
            self.planned.files += 1
            self.planned.bytes += job.size or 0
            yield job
        self.planned.is_complete = is_last


@dataclass
class _Step:
    """Files of one directory, or a whole tree."""

    transfer: Transfer
    tree: Place | None = None
    files: list[Job] = field(default_factory=list)

    def jobs(self, filters: Filters) -> Iterator[Job]:
        if self.tree is None:
            yield from self.files
            return
        for entry in self.tree.scan():
            if filters.takes(entry.name) and not is_ours(entry.name):
                yield Job.of(entry, asks=not self.transfer.settings.overwrite)


def _above(place: Place) -> Place:
    """The directory that it is in, named as a user would have named it."""
    spec = place.spec.rstrip("/")
    above = posixpath.dirname(spec) if "/" in spec or place.is_local else spec.partition(":")[0]
    return replace(place, path=posixpath.dirname(place.path), spec=above)


def remove_empty(place: Place) -> bool:
    """Remove directories without files where they are real; whether `place` itself has gone."""
    if not place.path or not place.side._has_directories():
        return False
    left = list(place.scandir())
    below = [place.below(entry.name) for entry in left if entry.is_dir and not entry.is_link]
    gone = [remove_empty(each) for each in below]
    if len(below) < len(left) or not all(gone):
        return False
    with suppress(OSError):  # somebody has put something in it
        place.side.remove_dir(place.path)
        return True
    return False
