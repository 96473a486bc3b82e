"""Runs scenarios on both sides and pairs up what must agree."""

import datetime
import json
import re
from dataclasses import dataclass, replace

from sides import SideError
from wire import pack

# Django's random suffix; FULL_CONTROL is a permission.
RANDOM_SUFFIX = re.compile(r"(?<!FULL)_[0-9A-Za-z]{7}(?=[./\"']|$)")


@dataclass(frozen=True)
class Check:
    """One thing seen twice: as it is with the peer alone, and with ours taking part."""

    service: str
    where: str  # "scenario: step"
    role: str  # who did what
    peer: object
    ours: object

    @property
    def agrees(self):
        return agree(self.peer, self.ours)


def agree(peer, ours):
    """Equal; an exception agrees if the ``except`` that caught the peer's catches ours too."""
    if isinstance(peer, dict) and isinstance(ours, dict) and "error" in peer and "error" in ours:
        # boto3 makes the classes below errorfactory anew for every client: code catches their base.
        names = (name for name in peer["caught_as"] if "errorfactory" not in name)
        return next(names) in ours["caught_as"]
    if isinstance(peer, list) and isinstance(ours, list) and len(peer) == len(ours):
        return all(agree(one, two) for one, two in zip(peer, ours, strict=True))
    return peer == ours


class Comparison:
    def __init__(self, peer, ours, services):
        self._peer, self._ours, self._services = peer, ours, services
        self._made = {}  # side -> scenario that its storage was made for

    def versions(self):
        """What each side runs on; a comparison across versions of an SDK would mislead."""
        return {side.name: side.ask("versions") for side in (self._peer, self._ours)}

    def take_on(self, fault):
        """Give our side a fault on purpose; None ends that."""
        self._made.clear()
        self._ours.ask("take_on", fault=fault)

    def checks(self, scenario):
        """Every check of one scenario; SideError if it cannot be carried out."""
        service = self._services[scenario.service]
        try:
            return list(self._run(scenario))
        except service.errors as error:
            raise SideError(f"The server failed in the scenario {scenario}: {error}") from error

    def _run(self, scenario):
        if not scenario.write and not scenario.objects:
            yield from self._pair(scenario, "asked", *self._ask_both(scenario, scenario.read))
            return
        peers = self._round(scenario, self._peer, self._ours)
        ours = self._round(scenario, self._ours, self._peer)
        yield from self._pair(scenario, "write", peers["write"], ours["write"])
        yield from self._pair(scenario, "stored", peers["stored"], ours["stored"])
        yield from self._pair(scenario, "ours reads peer's", peers["self"], peers["other"])
        yield from self._pair(scenario, "peer reads ours'", peers["self"], ours["other"])
        yield from self._pair(scenario, "ours reads ours'", peers["self"], ours["self"])
        # Here the peer deleted what ours wrote, and ours deleted what the peer wrote.
        yield from self._pair(scenario, "delete", ours["delete"], peers["delete"])
        yield from self._pair(scenario, "left over", ours["left"], peers["left"])

    def _round(self, scenario, writer, other):
        """What happens if ``writer`` writes, both read and ``other`` deletes."""
        service = self._services[scenario.service]
        service.reset()
        for key, *content in scenario.objects:
            service.put(key, *content)
        seen = {"write": self._ask(writer, scenario, scenario.write)}
        saved = [answer for _, answer in seen["write"][1:]]
        seen["stored"] = self._look(scenario)
        seen["self"] = self._ask(writer, scenario, scenario.read, saved)
        seen["other"] = self._ask(other, scenario, scenario.read, saved)
        seen["delete"] = self._ask(other, scenario, scenario.delete, saved)
        seen["left"] = [("keys", service.keys())] if scenario.delete else []
        return seen

    def _ask_both(self, scenario, steps):
        return [self._ask(side, scenario, steps) for side in (self._peer, self._ours)]

    def _ask(self, side, scenario, steps, saved=()):
        """(label, answer) of every step; a storage that cannot be made answers only once."""
        if not steps:
            return []
        made = self._make(side, scenario)
        answers = [("construct", made)]
        if not isinstance(made, dict):
            answers += [
                (one.label, self._answer(side, scenario, one, saved)) for one in _distinct(steps)
            ]
        return answers

    def _make(self, side, scenario):
        """The storage's class name, or why there is none."""
        known, made = self._made.get(side.name, (None, None))
        if known != str(scenario) or scenario.remade:
            places = self._services[scenario.service].places
            made = side.ask(
                "make",
                backend=scenario.backend,
                options=_filled(pack(scenario.options), places),
                settings=_filled(pack(scenario.settings), places),
                env=_filled(scenario.env, places),
            )
            self._made[side.name] = (str(scenario), made)
        return made

    def _answer(self, side, scenario, step, saved):
        answer = side.ask(**_with_saved(step.command, saved))
        if step.key is None or "time" not in (answer or ()):
            return answer
        told = datetime.datetime.fromisoformat(answer["time"]).replace(microsecond=0)
        truth = self._services[scenario.service].modified(step.key).replace(microsecond=0)
        shift = told.replace(tzinfo=datetime.UTC) if not answer["aware"] else told
        return {"aware": answer["aware"], "seconds": (shift - truth).total_seconds()}

    def _look(self, scenario):
        service = self._services[scenario.service]
        keys = service.keys()
        seen = [("keys", keys), ("unfinished uploads", service.unfinished())]
        for key in keys:
            for aspect, value in service.look(key).items():
                seen.append((f"{aspect} of {key!r}", value))
            if scenario.checksums:
                seen.append((f"checksums of {key!r}", service.checksums(key)))
        return seen

    def _pair(self, scenario, role, peers, ours):
        """Checks for what both have.

        What only one has needs no check of its own: "keys" or "construct" differ then.
        """
        if scenario.random_names:
            peers, ours = _without_random(peers), _without_random(ours)
        peers, ours = dict(peers), dict(ours)
        for label in peers:
            if label in ours:
                where = f"{scenario.id}: {label}"
                yield Check(scenario.service, where, role, peers[label], ours[label])


def _filled(value, places):
    """``value`` with what is only known when the servers run."""
    if isinstance(value, dict):
        return {key: _filled(item, places) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, places) for item in value]
    return places.get(value, value) if isinstance(value, str) else value


def _distinct(steps):
    """The steps with a number after each label that occurred before."""
    count = {}
    for step in steps:
        number = count[step.label] = count.get(step.label, 0) + 1
        yield step if number == 1 else replace(step, label=f"{step.label} #{number}")


def _with_saved(value, saved):
    if isinstance(value, dict):
        if "$saved" in value:
            return saved[value["$saved"]]
        return {key: _with_saved(item, saved) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_saved(item, saved) for item in value]
    return value


def _without_random(answers):
    """The answers in an order, and under labels, that do not depend on random names."""
    plain = json.loads(RANDOM_SUFFIX.sub("_RANDOM7", json.dumps(answers)))
    if len({label for label, _ in plain}) == len(plain):
        return plain
    # Several names became one: which of them had which content is left to the read steps.
    ordered = sorted(plain, key=json.dumps)
    numbered = enumerate(ordered)
    return [(f"{label} #{number}", value) for number, (label, value) in numbered]
