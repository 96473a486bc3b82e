"""Counts the checks and prints what differs."""

import fnmatch
import json
import re
import textwrap
from dataclasses import dataclass

MAX_ANSWER = 600


@dataclass(frozen=True)
class Expected:
    """A difference that is meant.

    ``where``: patterns, as of file names, for "scenario: step"; ``peer`` and ``ours``: regular
    expressions to be found in the answers as JSON; ``reason``: the line for users. It must be
    found with each of the ``services``.
    """

    id: str
    where: tuple[str, ...]
    peer: str
    ours: str
    reason: str
    services: tuple[str, ...] = ("s3",)

    def matches(self, check):
        return (
            check.service in self.services
            and any(fnmatch.fnmatchcase(check.where, pattern) for pattern in self.where)
            and re.search(self.peer, _json(check.peer)) is not None
            and re.search(self.ours, _json(check.ours)) is not None
        )


def understood(checks, expected):
    """Whether both sides agree in all of them but for differences that are meant."""
    return all(check.agrees or any(each.matches(check) for each in expected) for check in checks)


def _json(value):
    """``value`` as the report prints it."""
    return json.dumps(_brief(value), ensure_ascii=False, sort_keys=True)


class Report:
    """``complete``: the services of which every scenario takes part, and so every difference."""

    def __init__(self, expected, scenarios, *, complete):
        self._seen = {(each, name): 0 for each in expected for name in each.services}
        self._scenarios = scenarios
        self._complete = complete
        self._agreed = 0
        self._unexpected = []

    def add(self, check):
        if check.agrees:
            self._agreed += 1
            return
        meant = [seen for seen in self._seen if seen[1] == check.service and seen[0].matches(check)]
        for seen in meant:
            self._seen[seen] += 1
        if not meant:
            self._unexpected.append(check)

    @property
    def stale(self):
        return [
            seen for seen, count in self._seen.items() if not count and seen[1] in self._complete
        ]

    @property
    def failed(self):
        return len(self._unexpected) + len(self.stale)

    @property
    def passed(self):
        return self._agreed + sum(1 for count in self._seen.values() if count)

    def print(self, *, list_expected, seconds):
        if list_expected:
            for (entry, service), count in self._seen.items():
                print(f"meant, {count} times, {service}: {entry.id}")
                print(textwrap.indent(textwrap.fill(entry.reason, 96), "    "))
        for (service, where, peer, ours), roles in self._grouped().items():
            print(f"\nDIFFERS {service}, {where}\n    ({', '.join(roles)})")
            print(f"    peer: {_cut(peer)}\n    ours: {_cut(ours)}")
        for entry, service in self.stale:
            print(f"\nNOT DIFFERENT ANY MORE, remove it from expected.py: {service}, {entry.id}")
        meant = sum(self._seen.values())
        known = sum(1 for count in self._seen.values() if count)
        print(
            f"\n{self._scenarios} scenarios in {seconds:.0f} s: {self._agreed} checks agree, "
            f"{meant} differ as expected ({known} known differences), "
            f"{len(self._unexpected)} unexpected, {len(self.stale)} no longer different"
        )
        print(f"{self.passed} passed, {self.failed} failed")

    def _grouped(self):
        """One entry for a difference that several roles saw alike."""
        groups = {}
        for check in self._unexpected:
            answers = [json.dumps(_brief(each), ensure_ascii=False) for each in _apart(check)]
            groups.setdefault((check.service, check.where, *answers), []).append(check.role)
        return groups


def _apart(check):
    """Of two dictionaries or equally long lists, only what differs."""
    peer, ours = check.peer, check.ours
    if isinstance(peer, dict) and isinstance(ours, dict) and "error" not in {*peer, *ours}:
        keys = [key for key in {**peer, **ours} if peer.get(key) != ours.get(key)]
        return [{key: each[key] for key in keys if key in each} for each in (peer, ours)]
    if isinstance(peer, list) and isinstance(ours, list) and len(peer) > 20:
        return [[item for item in peer if item not in ours], [i for i in ours if i not in peer]]
    return peer, ours


def _brief(answer):
    """Exceptions by name only."""
    if isinstance(answer, dict) and "error" in answer:
        return answer["error"]
    if isinstance(answer, list):
        return [_brief(item) for item in answer]
    return answer


def _cut(text):
    return text if len(text) <= MAX_ANSWER else f"{text[:MAX_ANSWER]}…"
