"""Two places compared: what is equal, what differs, and what only one of them has."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

from storages.crew import Crew
from storages.entry import Entry
from storages.moving.comparing import Comparing, Seen, same_content
from storages.moving.executors import workers_for
from storages.moving.filters import Filters
from storages.moving.jobs import Job
from storages.moving.pairing import Pairs
from storages.moving.places import Place


class Finding(NamedTuple):
    """What was found of one name."""

    name: str
    state: str
    """`equal`, `different`, `missing in target`, `missing in source` or `failed`."""
    error: str = ""


@dataclass
class Check:
    """Compares two places, by the same rules as `Sync`."""

    source: Place
    target: Place
    compare: str = "auto"
    filters: Filters = field(default_factory=Filters)
    workers: int | None = None

    def findings(self) -> Generator[Finding]:
        """Each name once."""
        pairs = Pairs(self.source, self.target, self.filters)
        comparing = Comparing(self.source, self.target, self.compare)
        judge = _Judge(self.source, self.target)
        crew = Crew(
            judge.finding,
            self.workers or workers_for(self.source.storage, self.target.storage),
        )
        jobs = (
            (Job.of(entry, against=seen.digest if seen else None), _state(comparing, entry, seen))
            for entry, seen in pairs
        )
        with closing(crew.results_as_they_come(jobs)) as results:
            for (job, _), result in results:
                if isinstance(result, OSError):
                    result = Finding(job.name, "failed", str(result))
                yield result
        yield from (Finding(name, "missing in source") for name in pairs.extra)


def _state(comparing: Comparing, entry: Entry, seen: Seen | None) -> str | None:
    """What listings tell of a file; None if only the contents do."""
    if seen is None:
        return "missing in target"
    same = comparing.is_same(entry, seen)
    return None if same is None else STATES[same]


STATES = {True: "equal", False: "different"}


class _Judge:
    def __init__(self, source: Place, target: Place) -> None:
        self._source, self._target = source, target

    def finding(self, item: tuple[Job, str | None]) -> Finding:
        job, state = item
        if state is None:
            state = STATES[same_content(self._source, self._target, job, job.against)]
        return Finding(job.name, state)
