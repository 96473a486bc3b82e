"""What a listing cannot show of static files, kept in one small object beside them."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storages.entry import Entry

STATE_NAME = ".storehouse-static.json"
"""The object's name, below the location of the storage."""

VERSION = 1

UNKNOWN = "?"
"""The fingerprint of what somebody else stored."""


def fingerprint(params: Mapping[str, Any]) -> str:
    """A short text that changes with the parameters of a file and tells nothing of them.

    Empty if there are none: then nothing can have changed.
    """
    if not params:
        return ""
    text = json.dumps(params, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return vars(value) if hasattr(value, "__dict__") else repr(value)


@dataclass
class Remembered:
    """The state as the last run left it; nothing of it holds for what was stored later.

    Which one is later, the clock of the service says: the state is what a run writes last.
    """

    common: dict[str, str] = field(default_factory=dict)
    """By the suffix of names, the fingerprint that most files have."""
    others: dict[str, str] = field(default_factory=dict)
    """The fingerprint of each file that has another one than most."""
    digests: dict[str, str] = field(default_factory=dict)
    """MD5 of the stored bytes, where no listing has confirmed it."""
    written: datetime | None = None
    """When the service stored the state."""
    exists: bool = False

    @classmethod
    def load(cls, content: bytes, entry: Entry) -> Remembered:
        """From the object; nothing is remembered if it cannot be read."""
        try:
            found = json.loads(content)
            if found["version"] != VERSION:
                return cls()
            others = {name: each for each, names in found["others"].items() for name in names}
            common, digests = dict(found["common"]), dict(found["digests"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
        return cls(common, others, digests, entry.modified, exists=True)

    def _holds_for(self, entry: Entry) -> bool:
        if not self.exists:
            return False
        if self.written is None or entry.modified is None:  # the service tells no times
            return True
        return entry.modified <= self.written

    def fingerprint_of(self, entry: Entry) -> str:
        """Of the parameters that a listed file has."""
        if not self._holds_for(entry):
            return UNKNOWN
        return self.others.get(entry.name) or self.common.get(suffix(entry.name), UNKNOWN)

    def digest_of(self, entry: Entry) -> str | None:
        """MD5 of the bytes of a listed file, if it is remembered."""
        return self.digests.get(entry.name) if self._holds_for(entry) else None


def suffix(name: str) -> str:
    return posixpath.splitext(name)[1]


def dump(fingerprints: Mapping[str, str], digests: Mapping[str, str]) -> bytes:
    """The object that says which parameters and bytes the files of these names have."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for name, found in fingerprints.items():
        groups[suffix(name)][found] += 1
    common = {each: counts.most_common(1)[0][0] for each, counts in groups.items()}
    others: dict[str, list[str]] = defaultdict(list)
    for name, found in sorted(fingerprints.items()):
        if found != common[suffix(name)]:
            others[found].append(name)
    state = {"version": VERSION, "common": common, "others": others, "digests": digests}
    return json.dumps(state, sort_keys=True, separators=(",", ":")).encode()
