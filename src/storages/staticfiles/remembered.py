"""What a listing cannot show of static files, kept in one small object beside them."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from storages.entry import Entry
from storages.names import OURS

STATE_NAME = f"{OURS}static.json"
"""The object's name, below the location of the storage."""

VERSION = 3

GZIP = b"\x1f\x8b"
"""What content begins with that the storage has compressed."""

UNKNOWN = "?"
"""The fingerprint of what somebody else stored."""


SECRET = frozenset({"SSECustomerKey", "SSECustomerKeyMD5", "cpk"})
"""Parameters that are keys: not even their hash may be in what anybody can read."""


def fingerprint(params: Mapping[str, Any]) -> str:
    """A short text that changes with the parameters of a file and tells nothing of them.

    Empty if there are none: then nothing can have changed.
    """
    if not params:
        return ""
    try:
        return _fingerprint(tuple(params.items()))
    except TypeError:  # a value that no cache can look up
        return _fingerprint.__wrapped__(params.items())


@lru_cache(256)
def _fingerprint(params: Iterable[tuple[str, Any]]) -> str:
    known = {name: "set" if name in SECRET else value for name, value in params}
    text = json.dumps(known, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """What JSON does not know, as text that is the same in every process."""
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if hasattr(value, "__dict__"):
        return vars(value)
    text = repr(value)
    return type(value).__qualname__ if " at 0x" in text else text  # an address is another each time


def appearance(entry: Entry) -> str:
    """What a listing says of a file, and says otherwise once it was replaced."""
    return entry.etag or f"{entry.size} {entry.modified and entry.modified.isoformat()}"


class Known(NamedTuple):
    """The bytes that a run has stored in a file."""

    md5: str
    size: int
    seen: str | None = None
    """How the next listing showed it, where that told no digest: another look, another file."""


class Processed(NamedTuple):
    """What a run's post-processing depended on and made: see `storages.staticfiles.processed`."""

    digest: str
    beside: tuple[str, ...]
    """The names of other files that it looked for in the target."""


@dataclass
class Remembered:
    """The state as the last run left it; nothing of it holds for what was stored later.

    Which one is later, the clock of the service says: the state is what a run writes last.
    """

    fingerprints: dict[str, str] = field(default_factory=dict)
    """By the keys of files that a run has stored, or found as they should be."""
    digests: dict[str, Known] = field(default_factory=dict)
    """By key, of the stored bytes, where no listing has confirmed them."""
    processed: Processed | None = None
    written: datetime | None = None
    """When the service stored the state, if it tells."""
    exists: bool = False

    @classmethod
    def load(cls, content: bytes, root: str) -> Remembered:
        """From the object as it is stored, with names below `root`; nothing if it is damaged."""
        try:
            found = json.loads(gzip.decompress(content) if content[:2] == GZIP else content)
            if found["version"] != VERSION:
                return cls()
            groups = found["fingerprints"].items()
            fingerprints = {root + name: each for each, names in groups for name in names}
            digests = {root + name: Known(*each) for name, each in found["digests"].items()}
            digest, *beside = found["processed"] or ("",)
        except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zlib.error):
            return cls()
        processed = Processed(digest, tuple(beside)) if digest else None
        return cls(fingerprints, digests, processed, exists=True)

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
        return self.fingerprints.get(entry.key, UNKNOWN)

    def is_left(self, entry: Entry) -> bool:
        """Whether a listed file is the one that a run has stored, as far as a listing tells."""
        known = self.digests.get(entry.key)
        if known is None or known.size != entry.size:
            return False
        return self._holds_for(entry) if known.seen is None else known.seen == appearance(entry)


def dump(
    root: str,
    fingerprints: Mapping[str, str],
    digests: Mapping[str, Known],
    processed: Processed | None = None,
) -> bytes:
    """The object that says which parameters and bytes the files of these keys have.

    Those of which nothing is known are not in it: they may be others' files.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for key, found in sorted(fingerprints.items()):
        if found != UNKNOWN:
            groups[found].append(key.removeprefix(root))
    named = {key.removeprefix(root): known for key, known in digests.items()}
    state = {
        "version": VERSION,
        "fingerprints": groups,
        "digests": named,
        "processed": [processed.digest, *processed.beside] if processed else None,
    }
    return json.dumps(state, sort_keys=True, separators=(",", ":")).encode()
