"""Two places compared: what is equal, what differs, and what only one of them has."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

from storages.crew import Crew
from storages.entry import Entry
from storages.moving.comparing import Comparing, same_content
from storages.moving.executors import workers_for
from storages.moving.filters import Filters
from storages.moving.jobs import Job, one_files
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
        comparing = Comparing(self.source, self.target, self.compare)
        pairs = Pairs(self.source, self.target, comparing, self.filters)
        crew = Crew(
            self._finding, self.workers or workers_for(self.source.storage, self.target.storage)
        )
        with closing(crew.results_as_they_come(_judged(comparing, pairs))) as results:
            for (entry, _), result in results:
                if isinstance(result, OSError):
                    result = Finding(entry.name, "failed", str(result))
                yield result
        yield from (Finding(name, "missing in source") for name in pairs.extra())

    def _finding(self, item: tuple[Entry, Job | str]) -> Finding:
        entry, job = item
        if isinstance(job, Job):
            with one_files():
                job = "equal" if same_content(self.source, self.target, job) else "different"
        return Finding(entry.name, job)


def _judged(comparing: Comparing, pairs: Pairs) -> Iterator[tuple[Entry, Job | str]]:
    """Each file with its state, or with the job of looking at its content."""
    for entry, seen in pairs:
        job = comparing.job(entry, seen)
        if seen is None:
            yield entry, "missing in target"
        elif job is None:
            yield entry, "equal"
        else:
            yield entry, job if job.doubtful else "different"
