"""Counts the checks and prints what differs."""

import json
import textwrap

MAX_ANSWER = 600


class Report:
    def __init__(self, expected, scenario_ids):
        self._seen = {entry: 0 for entry in expected if entry.concerns(scenario_ids)}
        self._scenarios = len(scenario_ids)
        self._agreed = 0
        self._unexpected = []

    def add(self, check):
        if check.agrees:
            self._agreed += 1
            return
        meant = [entry for entry in self._seen if entry.matches(check)]
        for entry in meant:
            self._seen[entry] += 1
        if not meant:
            self._unexpected.append(check)

    @property
    def stale(self):
        return [entry for entry, count in self._seen.items() if not count]

    @property
    def failed(self):
        return len(self._unexpected) + len(self.stale)

    @property
    def passed(self):
        return self._agreed + sum(1 for count in self._seen.values() if count)

    def print(self, *, list_expected, seconds):
        if list_expected:
            for entry, count in self._seen.items():
                print(f"meant, {count} times: {entry.id}")
                print(textwrap.indent(textwrap.fill(entry.reason, 96), "    "))
        for (where, peer, ours), roles in self._grouped().items():
            print(f"\nDIFFERS {where}\n    ({', '.join(roles)})")
            print(f"    peer: {_cut(peer)}\n    ours: {_cut(ours)}")
        for entry in self.stale:
            print(f"\nNOT DIFFERENT ANY MORE, remove it from expected.py: {entry.id}")
        meant = sum(self._seen.values())
        print(
            f"\n{self._scenarios} scenarios in {seconds:.0f} s: {self._agreed} checks agree, "
            f"{meant} differ as expected ({len(self._seen) - len(self.stale)} known differences), "
            f"{len(self._unexpected)} unexpected, {len(self.stale)} no longer different"
        )
        print(f"{self.passed} passed, {self.failed} failed")

    def _grouped(self):
        """One entry for a difference that several roles saw alike."""
        groups = {}
        for check in self._unexpected:
            answers = [json.dumps(_brief(each), ensure_ascii=False) for each in _apart(check)]
            groups.setdefault((check.where, *answers), []).append(check.role)
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
