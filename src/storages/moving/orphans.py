"""Files that nothing refers to, and rows whose file is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from storages.crew import Crew
from storages.entry import Entry
from storages.moving.backups import of_this_run, with_backups
from storages.moving.census import Census
from storages.moving.deleting import Deletion
from storages.moving.executors import workers_for
from storages.moving.filters import Filters
from storages.moving.jobs import Job, Outcome, one_files
from storages.moving.ledger import Referred
from storages.moving.places import Place, is_addressable, place_of
from storages.moving.refusing import Refused
from storages.moving.summary import Summary
from storages.moving.transfer import Settings, Transfer

AGE = timedelta(days=1)
"""Younger files may be of rows that are still to be committed."""

ROUND = 10
"""Batches that are deleted by what is known; then it is asked once more who refers to what."""


@dataclass
class Orphans:
    """A run that finds the files of `place` that nothing refers to; ask `outcomes` once.

    With `delete` they go, or to `backup_dir` as with `Sync`; not what is younger than
    `older_than`, or of unknown age, or what one of the `keep` patterns matches. With `missing` the
    rows whose file is gone come last.
    """

    place: Place
    delete: bool = False
    older_than: timedelta = AGE
    keep: Sequence[str] = ()
    backup_dir: str = ""
    missing: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        self.summary = Summary()
        if self.delete and place_of(".").is_in(self.place):  # a project without MEDIA_ROOT, say
            raise Refused(f"You are in {self.place}, so none of it is deleted: go elsewhere first.")
        self.kept: Counter[str] = Counter()
        """Files that nothing refers to and that stay, by the reason."""
        if self.backup_dir:
            self.place, self.backup_dir = with_backups(None, self.place, self.backup_dir)
        self._backups = of_this_run(self.backup_dir)
        self._keep = Filters(("exclude", pattern) for pattern in self.keep)
        self._started = datetime.now(UTC)
        self._workers = self.workers or workers_for(self.place.storage)

    def outcomes(self) -> Generator[Outcome]:
        """An `orphan` that was found, or what came of it; at last the `missing` ones.

        What cannot be read is among them as `failed`; with `delete`, Refused is raised then.
        OSError if the place cannot be listed.
        """
        with closing(Census(self.place, self._why_kept)) as census:
            census.take()
            if self.delete:
                # While one table was read, a row may have moved to another that had been.
                census.ask()
            yield from self.summary.added(self._unreadable(census))
            for number, (batch, in_doubt) in enumerate(census.ledger.orphans(), 1):
                self.kept["in doubt"] += in_doubt
                with closing(self._told(batch)) as told:
                    yield from self.summary.added(told)
                if self.delete and number % ROUND == 0:
                    census.ask()
                    yield from self.summary.added(self._unreadable(census))
            self.kept.update(census.ledger.kept())
            if self.missing:
                yield from self.summary.added(gone(census, self._workers))

    def _unreadable(self, census: Census) -> Iterator[Outcome]:
        yield from census.unreadable
        if not self.delete:
            return
        if census.unreadable:
            raise Refused(
                "No more is deleted, since nobody knows which files these refer to: "
                + "; ".join(_text(each) for each in census.unreadable)
            )
        if not census.is_known:
            raise Refused(
                f"No row and no manifest refers to any file of {self.place}, so none was deleted. "
                "If all of them are to go, use rm -r."
            )

    def _why_kept(self, entry: Entry) -> str:
        if self.backup_dir and self.place.joined(entry.name).startswith(f"{self.backup_dir}/"):
            return "backups"
        if not self._keep.takes(entry.name):
            return "kept by a pattern"
        if not self.older_than:
            return ""
        # A copy may have the time of its original, and has been made later.
        times = [time for time in (entry.modified, entry.created) if time is not None]
        if not times:
            return "of unknown age"
        return "too young" if max(times) > self._started - self.older_than else ""

    def _told(self, batch: list[Entry]) -> Generator[Outcome]:
        if self.delete:
            return self._deleted(batch)
        return (Outcome(each.name, "orphan", each.size) for each in batch)

    # -- deleting

    def _deleted(self, batch: list[Entry]) -> Generator[Outcome]:
        """Delete what is still as it was listed: somebody may have stored another file there."""
        sizes: dict[str, int] = {}
        for entry, found in Crew(self._is_same, self._workers).results(batch):
            if isinstance(found, OSError):
                yield Outcome.failed(Job(entry.name), found)
            elif found:
                sizes[entry.name] = entry.size
            elif found is False:
                yield Outcome(entry.name, "skipped")
        transfer = Transfer(self.place, self.place, Settings(backup_dir=self._backups))
        with closing(Deletion(transfer, sizes).outcomes()) as done:
            yield from done

    def _is_same(self, listed: Entry) -> bool | None:
        """Whether a file is as it was listed, and may still go; None if it has gone."""
        if not is_addressable(listed.name):
            raise PermissionError("Django's storages cannot address this name: rename it there.")
        try:
            with one_files():
                found: Entry = self.place.side.stat(self.place.name(listed.name))
        except FileNotFoundError:
            return None
        tags = found.etag, listed.etag
        is_same = found.size == listed.size and (not all(tags) or tags[0] == tags[1])
        return is_same and not found.is_dir and not self._why_kept(replace(found, key=listed.name))


def gone(census: Census, workers: int) -> Iterator[Outcome]:
    """The rows whose file is gone, as `missing`; each is asked for once more before."""
    crew = Crew(census.is_there, workers)
    for referred, is_there in crew.results(census.missing()):
        if isinstance(is_there, OSError):
            yield Outcome.failed(Job(referred.name, owner=referred.owner), is_there)
        elif not is_there:
            yield _missing(referred)
    yield from map(_missing, census.nowhere)


def missing_at(place: Place, workers: int | None = None) -> Iterator[Outcome]:
    """The rows whose file should be at a place and is not; `failed` is what cannot be read."""
    with closing(Census(place)) as census:
        census.take()
        yield from census.unreadable
        yield from gone(census, workers or workers_for(place.storage))


def _missing(referred: Referred) -> Outcome:
    return Outcome(referred.name, "missing", owner=referred.owner)


def _text(failed: Outcome) -> str:
    owner = f"{failed.owner}: " if failed.owner else ""
    return f"{owner}{failed.name}: {failed.error}"
