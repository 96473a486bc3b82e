"""The differences that are meant: each is a line of the migration notes.

A difference that is not listed here fails the comparison, and so does an entry that no longer
matches any.
"""

import fnmatch
import json
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """``where`` matches "scenario: step" as a file name pattern; ``peer`` and ``ours`` are regular
    expressions that are searched in the answers, as JSON."""

    id: str
    where: tuple[str, ...]
    peer: str
    ours: str
    reason: str

    def matches(self, check):
        return (
            any(fnmatch.fnmatchcase(check.where, pattern) for pattern in self.where)
            and re.search(self.peer, _json(check.peer)) is not None
            and re.search(self.ours, _json(check.ours)) is not None
        )

    def concerns(self, scenario_ids):
        """Whether one of these scenarios could show the difference."""
        return any(
            fnmatch.fnmatchcase(f"{name}: ", pattern.partition(": ")[0] + ": ")
            for pattern in self.where
            for name in scenario_ids
        )


def _json(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


EXPECTED: tuple[Expected, ...] = ()
