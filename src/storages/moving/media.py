"""The files that the rows of a database refer to, copied from where they are live."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from django.core.exceptions import SuspiciousFileOperation, SuspiciousOperation
from django.core.files.storage import FileSystemStorage
from django.core.files.utils import validate_file_name
from django.db import connections, router

from storages.moving.executors import WORKERS, Executor, Threads
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome
from storages.moving.ledger import Ledger, Referred
from storages.moving.pairing import without_twins
from storages.moving.places import Place, place_of
from storages.moving.references import MediaField, Reference, media_fields
from storages.moving.refusing import Refused
from storages.moving.summary import Planned, Summary
from storages.moving.transfer import Settings, Transfer
from storages.names import clean_name

PAGE = 1000
"""Files that most services list by one request."""

LISTED = PAGE // WORKERS
"""Files that are listed in the time in which the threads ask for one."""


class MediaSummary(Summary):
    """What a run has come to, as a whole and for each model."""

    def __init__(self) -> None:
        super().__init__()
        self.models: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Counts by action, by `app.Model`; a file of several models counts for one of them."""

    def add(self, outcome: Outcome) -> Outcome:
        self.models[outcome.owner.partition("(")[0]][outcome.action] += 1
        return super().add(outcome)


@dataclass
class MediaCopy:
    """A run that copies what FileFields refer to; ask `outcomes` once, then `summary`.

    The files go to `target`, or each to its field's own storage, under their names; what is there
    stays. `models` are labels, as `media_fields` takes them. All rows are read from `database`,
    else those of each model from where its router says.
    """

    source: Place
    target: Place | None = None
    models: Sequence[str] = ()
    database: str | None = None
    filters: Filters = field(default_factory=Filters)
    verify: bool = False
    dry_run: bool = False
    executor: Executor = field(default_factory=Threads)

    def __post_init__(self) -> None:
        if self.database is not None and self.database not in connections:
            raise Refused(f"DATABASES has no {self.database!r}, it has {', '.join(connections)}.")
        self.summary = MediaSummary()
        self.planned = Planned()
        self._fields = [(each, self._place_of(each)) for each in media_fields(self.models)]
        for each, place in self._fields:
            if place.identity() == self.source.identity():
                raise Refused(
                    f"{each} is stored in {self.source} itself: say where to copy to, or which "
                    "models."
                )

    def _place_of(self, media: MediaField) -> Place:
        return self.target or place_of(media.storage)

    def outcomes(self) -> Generator[Outcome]:
        """What comes of each file, as it ends; leaving the loop ends the run.

        All rows are read before anything is copied: no cursor stays open, and no table locked, for
        the hours that copying may take.
        """
        with ExitStack() as stack:
            targets: dict[int, _Target] = {}
            for media, place in self._fields:
                if id(place.storage) not in targets:
                    target = stack.enter_context(closing(_Target(place)))
                    targets[id(place.storage)] = target
                yield from self.summary.added(self._read(media, targets[id(place.storage)]))
            wanted = [target for target in targets.values() if target.ledger.count()]
            self.planned.files = sum(target.ledger.count() for target in wanted)
            self.planned.is_complete = True
            for target in wanted:
                with closing(self._copied(target)) as done:
                    yield from self.summary.added(done)

    def _read(self, media: MediaField, target: _Target) -> Iterator[Outcome]:
        """Note what the rows of a model refer to; the outcomes are those that cannot be copied."""
        if self.database and not router.allow_migrate_model(self.database, media.model):
            return
        references = media.references(self.database or router.db_for_read(media.model))
        try:
            target.note(each for each in references if self.filters.takes(each.name))
        except Exception as error:  # noqa: BLE001 - fields of others raise what they like
            yield Outcome.failed(Job(media.field.name, owner=media.model._meta.label), error)
        yield from target.refused
        target.refused.clear()

    def _copied(self, target: _Target) -> Generator[Outcome]:
        is_known = target.look()
        for found in target.ledger.referred(listed=True):
            yield Outcome(found.name, "skipped", owner=found.owner)
        jobs: Iterator[Job] = (
            Job(found.name, asks=not is_known, owner=found.owner)
            for found in target.ledger.referred(listed=False)
        )
        settings = Settings(overwrite=False, verify=self.verify, dry_run=self.dry_run)
        transfer = Transfer(self.source, target.place, settings)
        jobs = without_twins(jobs, target.place)
        with closing(self.executor.outcomes(transfer, jobs)) as done:
            yield from done


def check_name(place: Place, name: str) -> None:
    """OSError or SuspiciousOperation unless a file can have just this name there."""
    validate_file_name(name, allow_relative_path=True)
    called = place.joined(name)
    stored = called
    if place.remote is not None:
        stored = place.remote._new_key(called).removeprefix(place.remote._root())
    elif isinstance(place.storage, FileSystemStorage):
        place.storage.path(called)
    if stored != called or clean_name(name) != name:
        raise SuspiciousFileOperation(f"{place} would store it under another name.")


class _Target:
    """Where files go, which ones, and which of them are there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.ledger = Ledger()
        self.refused: list[Outcome] = []
        """Names that cannot be stored there."""

    def close(self) -> None:
        self.ledger.close()

    def note(self, references: Iterable[Reference]) -> None:
        self.ledger.add_references(
            Referred(each.name, each.owner, each.name) for each in references if self._takes(each)
        )

    def _takes(self, reference: Reference) -> bool:
        try:
            check_name(self.place, reference.name)
        except (SuspiciousOperation, OSError) as error:
            self.refused.append(Outcome.failed(Job(reference.name, owner=reference.owner), error))
            return False
        return True

    def look(self) -> bool:
        """Note which files are there by one listing; whether that tells it of all of them.

        Not where Django's API alone lists, with several questions for each file. And no more is
        listed than takes the time in which one can ask for those that are wanted: a few may be
        wanted of millions.
        """
        if self.place.remote is None:
            return False
        folder = posixpath.commonpath(map(posixpath.dirname, self.ledger.bounds()))
        place = self.place.below(folder) if folder else self.place
        most = LISTED * self.ledger.count()
        try:
            for number, entry in enumerate(place.scan(), 1):
                if number > most:
                    return False
                self.ledger.add_file(posixpath.join(folder, entry.name), entry)
        except OSError:  # whoever may write there need not be allowed to list
            return False
        return True
