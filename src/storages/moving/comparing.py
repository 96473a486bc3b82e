"""Whether two files are the same: by digest where both sides tell one, else by size and time."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import datetime
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

ANY = "sha256"
"""The digest of contents that have none."""

CHUNK = 1 * MiB

UNITS = (1, 2)
"""Seconds to which services and file systems (FAT) cut the times that they are told."""

ROUNDING = 0.01
"""Seconds between equal times, where they are kept finer than that."""


class Seen(NamedTuple):
    """What is kept of a listed file: listings of millions are compared in memory."""

    size: int
    modified: datetime | None
    digest: str | None
    is_packed: bool = False
    """Whether it is stored compressed, and read as it was before that."""
    is_broken: bool = False
    """Whether it is a link to nothing."""


class Comparing:
    """Compares the files of a source with those of a target, by what listings tell.

    Where the target takes over the source's times, they must be equal, as coarse as they may be
    kept there; elsewhere the target must not be older than the source.
    """

    def __init__(self, source: Place, target: Place, mode: str = "auto") -> None:
        if mode not in MODES:
            raise ValueError(f"There is no comparison {mode!r}, but: {', '.join(MODES)}.")
        self._source, self._target, self._mode = source, target, mode
        self._sets_times = bool(target.side._sets_times())
        sides = source.remote, target.remote  # with headers, compressed bytes travel as they are
        self._is_raw = all(each is not None and each._keeps_headers() for each in sides)

    def seen(self, entry: Entry) -> Seen:
        """What is kept of a file of the target."""
        packed = is_packed(self._target, entry)
        return Seen(entry.size, entry.modified, entry.digest, packed, entry.is_broken)

    def is_same(self, source: Entry, target: Seen) -> bool | None:
        """Whether a file needs no copy; None if only its content can tell."""
        if source.is_broken or target.is_broken:  # nothing is no empty file
            return False
        if self._mode == "existing":
            return True
        stored = self.as_stored(source, target)
        if stored and source.size != target.size:
            return False
        if stored and (found := same_digest(source.digest, target.digest)) is not None:
            return found
        if self._mode == "checksum":
            return None
        if self._mode == "size":
            return True if stored else None
        return self._same_time(source.modified, target.modified, stored)

    def job(self, entry: Entry, seen: Seen | None) -> Job | None:
        """The job to copy a file of the source; None if it needs no copy."""
        if seen is None:
            return Job.of(entry)
        same = self.is_same(entry, seen)
        if same:
            return None
        return Job.of(
            entry,
            replaces=True,
            doubtful=same is None,
            against=seen.digest,
            as_stored=self.as_stored(entry, seen),
        )

    def as_stored(self, source: Entry, target: Seen) -> bool:
        """Whether stored bytes are compared: not if one side alone has them compressed."""
        return self._is_raw or not (target.is_packed or is_packed(self._source, source))

    def _same_time(self, source: datetime | None, target: datetime | None, stored: bool) -> bool:
        if source is None or target is None:
            return stored  # a side without times leaves only the size
        there, here = target.timestamp(), source.timestamp()
        if not self._sets_times:
            return math.floor(there) >= math.floor(here)
        return abs(there - here) < ROUNDING or any(there == here // unit * unit for unit in UNITS)


def is_packed(place: Place, entry: Entry) -> bool:
    """Whether a listed file is stored compressed, and read as it was before that."""
    storage = place.remote
    if storage is None or not (storage.gzip or storage.reads_gzip):
        return False
    if storage.reads_gzip:  # its listings tell encodings
        return storage._decodes(entry)
    return storage._decodes(replace(entry, encoding="gzip"))


def same_digest(one: str | None, other: str | None) -> bool | None:
    """Whether two digests are the same; None if they are of two kinds, or one is unknown."""
    if not one or not other or one.partition(":")[0] != other.partition(":")[0]:
        return None
    return one == other


def same_content(source: Place, target: Place, job: Job) -> bool:
    """Whether two files have the same content, by reading as little as is needed.

    A digest that one side's listing tells saves reading that side.
    """
    if not job.as_stored:
        return content_digest(source, job.name) == content_digest(target, job.name)
    for place, digest in ((source, job.against), (target, job.digest)):
        kind, _, wanted = (digest or "").partition(":")
        if wanted and (found := stored_digest(place, job.name, kind)) is not None:
            return found == wanted
    return stored_digest(source, job.name, ANY) == stored_digest(target, job.name, ANY)


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
