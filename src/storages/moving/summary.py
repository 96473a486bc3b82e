"""What a run has come to: counted, and written down line by line if somebody wants to read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from storages.moving.jobs import Outcome

KEPT = 10_000
"""Failures that are kept: where nothing works, millions may fail."""


class Summary:
    """The counts of outcomes, and the failures themselves."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """By action: copied, equal, skipped, deleted, failed."""
        self.done = 0
        """Jobs of which something has come."""
        self.bytes = 0
        """That were copied."""
        self.on_server = 0
        """Files that the service has copied itself."""
        self.failures: list[Outcome] = []
        """The first of them; `counts` tells how many there are, a report names all."""
        self.notes: list[str] = []
        """What else there is to say at the end."""

    def add(self, outcome: Outcome) -> Outcome:
        self.counts[outcome.action] += 1
        self.done += outcome.action != "deleted"
        if outcome.action == "copied":
            self.bytes += outcome.size
            self.on_server += outcome.on_server
        if outcome.action == "failed" and len(self.failures) < KEPT:
            self.failures.append(outcome)
        return outcome

    def added(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes, each added as it passes."""
        return map(self.add, outcomes)

    @property
    def ok(self) -> bool:
        return not self.failures


@dataclass
class Planned:
    """What is known to be copied so far."""

    files: int = 0
    bytes: int = 0
    is_complete: bool = False
    """Whether that is all."""
    equal: int = 0
    """Files that need no copy."""


class Report:
    """Outcomes as lines of JSON in a file, for other programs; without a path it does nothing."""

    def __init__(self, path: str | None) -> None:
        self._file: IO[str] | None = None
        if path:  # a name that is no Unicode is written as an escape of JSON
            self._file = Path(path).open(  # noqa: SIM115 - __exit__ closes it
                "w", buffering=1, encoding="utf-8", errors="backslashreplace"
            )

    def add(self, outcome: Outcome, *, is_dry: bool = False) -> None:
        """Write one down; with `is_dry` it says what would have been."""
        if self._file is not None and outcome.action != "equal":
            line = outcome.as_json() | ({"dry_run": True} if is_dry else {})
            print(json.dumps(line, ensure_ascii=False), file=self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
