"""Whether two files are the same: by digest where both sides tell one, else by size and time."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from storages.base import RemoteStorage
from storages.entry import Entry
from storages.moving.jobs import Job
from storages.moving.places import Place
from storages.reading import RangeReader
from storages.transfer import MiB
from storages.utils import to_bytes

MODES = ("auto", "checksum", "size", "existing")
"""`auto` is digest, else size and time; `existing` takes whatever is there for the same."""

CHUNK = 1 * MiB

SECOND = timedelta(seconds=1)
"""The resolution of times that all services have."""


class Seen(NamedTuple):
    """What is kept of a listed file: listings of millions are compared in memory."""

    size: int
    modified: datetime | None
    digest: str | None

    @classmethod
    def of(cls, entry: Entry) -> Seen:
        return cls(entry.size, entry.modified, entry.digest)


class Comparing:
    """Compares the files of a source with those of a target, by what listings tell.

    Where the target takes over the source's times, they must be equal; elsewhere the target must
    not be older than the source.
    """

    def __init__(self, source: Place, target: Place, mode: str = "auto") -> None:
        if mode not in MODES:
            raise ValueError(f"There is no comparison {mode!r}, but: {', '.join(MODES)}.")
        self._source, self._target, self._mode = source, target, mode
        self._sets_times = bool(target.side._sets_times())

    def is_same(self, source: Entry, target: Seen) -> bool | None:
        """Whether a file needs no copy; None if only its content can tell."""
        if self._mode == "existing":
            return True
        comparable = self._sizes_tell(source.name)
        if comparable and source.size != target.size:
            return False
        if comparable and (found := same_digest(source.digest, target.digest)) is not None:
            return found
        if self._mode == "checksum":
            return None
        if self._mode == "size":
            return True
        return self._same_time(source.modified, target.modified, comparable)

    def _same_time(
        self, source: datetime | None, target: datetime | None, comparable: bool
    ) -> bool:
        if source is None or target is None:
            return comparable  # a side without times leaves only the size
        age = target.replace(microsecond=0) - source.replace(microsecond=0)
        return abs(age) < SECOND if self._sets_times else age >= timedelta(0)

    def _sizes_tell(self, name: str) -> bool:
        """Not where one side may have it compressed, and the other not."""
        packs = [packed(place, name) for place in (self._source, self._target)]
        both = all(place.remote and place.remote._keeps_headers() for place in self._places)
        return both or not any(packs)

    @property
    def _places(self) -> tuple[Place, Place]:
        return self._source, self._target


def packed(place: Place, name: str) -> bool:
    """Whether the storage compresses files of this name."""
    storage = place.remote
    if storage is None or not (storage.gzip or storage.reads_gzip):
        return False
    key = storage._file_key(place.name(name))
    return storage._decodes(Entry(key, encoding="gzip"))


def same_digest(one: str | None, other: str | None) -> bool | None:
    """Whether two digests are the same; None if they are of two kinds, or one is unknown."""
    if not one or not other or one.partition(":")[0] != other.partition(":")[0]:
        return None
    return one == other


def same_content(source: Place, target: Place, job: Job, against: str | None = None) -> bool:
    """Whether two files have the same content, by reading as little as is needed.

    `against` is the digest that the target's listing tells: then only the source is read, if
    its bytes are stored as they are.
    """
    name = job.name
    if not (packed(source, name) or packed(target, name)):
        for place, digest in ((source, against), (target, job.digest)):
            kind, _, wanted = (digest or "").partition(":")
            if wanted and (found := stored_digest(place, name, kind)) is not None:
                return found == wanted
    return content_digest(source, name) == content_digest(target, name)


def stored_digest(place: Place, name: str, kind: str) -> str | None:
    """The digest of the bytes as they are stored, by reading them; None if nobody computes it."""
    hasher = _hasher(place, kind)
    if hasher is None:
        return None
    storage = place.remote
    if storage is None:
        return _read(place.storage.open(place.name(name)), hasher)
    return _read(RangeReader(storage, storage._file_key(place.name(name))), hasher)


def _hasher(place: Place, kind: str) -> Any:
    if place.remote is not None:
        return place.remote._hasher(kind)
    return RemoteStorage._hasher(place.side, kind)


def content_digest(place: Place, name: str) -> str:
    """SHA-256 of what `open` gives."""
    return _read(place.storage.open(place.name(name)), hashlib.sha256())


def _read(file: Any, hasher: Any) -> str:
    with file:
        while chunk := to_bytes(file.read(CHUNK)):
            hasher.update(chunk)
    return str(hasher.hexdigest())
