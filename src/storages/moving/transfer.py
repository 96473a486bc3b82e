"""The work of a run: files from a source to a target, in any thread, on any machine."""

from __future__ import annotations

import errno
import hashlib
import posixpath
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import Any

from storages.crew import Budget, Stopped
from storages.entry import Entry
from storages.moving.comparing import (
    ANY,
    content_digest,
    is_packed,
    same_content,
    same_digest,
    stored_digest,
)
from storages.moving.copying import Copied, can_copy_itself, copy_file, copy_on_server, send
from storages.moving.jobs import Job, Outcome, one_files
from storages.moving.places import Place, place_of
from storages.transfer import MiB

MEMORY = 128 * MiB
"""Bytes of all files that are streamed at once."""

LARGE = 64 * MiB
"""Bytes that a file in parts takes on its way: what is read ahead, and what is being sent."""


@dataclass(frozen=True)
class Settings:
    """How files are copied."""

    overwrite: bool = True
    """Whether the target's files may be replaced; else they are skipped."""
    verify: bool = False
    """Whether each copy is compared with what was read."""
    move: bool = False
    """Whether a file of the source is deleted when its copy is there."""
    backup_dir: str = ""
    """The directory of the target storage where this run's replaced and deleted files go."""
    dry_run: bool = False
    """Whether it is only said what would be done."""


class Transfer:
    """Copies files of one place to another one; methods are for any thread.

    Doing a job twice does no harm: a file is stored whole, under the same name.
    """

    def __init__(
        self,
        source: Place,
        target: Place,
        settings: Settings | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.source, self.target = source, target
        self.settings = settings or Settings()
        self.stop = stop or threading.Event()
        self._budget = Budget(MEMORY)
        self._is_on_server = can_copy_itself(source.storage, target.storage)

    # -- as what another process needs to know

    def spec(self) -> dict[str, Any]:
        """What makes the same transfer elsewhere, as JSON; ValueError for what is only here."""
        for place in (self.source, self.target):
            if place.is_local:
                raise ValueError(
                    f"{place} is on this machine: other machines need an alias of STORAGES."
                )
            if not place.spec:
                kind = type(place.storage).__name__
                raise ValueError(f"A {kind} has no alias in STORAGES, as other machines need it.")
        return {
            "source": self.source.spec,
            "target": self.target.spec,
            "settings": asdict(self.settings),
        }

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Transfer:
        return cls(place_of(spec["source"]), place_of(spec["target"]), Settings(**spec["settings"]))

    # -- one file

    def do(self, job: Job) -> Outcome:
        """Copy one file if it has to be; OSError, after which it may be tried again."""
        with one_files():
            return self._do(job)

    def _do(self, job: Job) -> Outcome:
        name, new = self.source.name(job.name), self.target.name(job.new or job.name)
        if job.twin:
            raise OneName(f"{job.twin!r} has the same name to {self.target}: rename one of them.")
        if job.is_broken and not self._is_within:  # a link goes itself, not what it leads to
            raise FileNotFoundError(f"{job.name!r} is a link to nothing.")
        if job.doubtful and same_content(self.source, self.target, job):
            return Outcome(job.name, "equal", owner=job.owner)
        if job.again and not self.settings.dry_run and self._was_done(job):
            return Outcome(job.name, "copied", job.size or 0, owner=job.owner)
        if job.asks and self._is_there(new):  # else all of it would be sent in vain
            return Outcome(job.name, "skipped", owner=job.owner)
        if self.settings.dry_run:
            return Outcome(job.name, "copied", job.size or 0, owner=job.owner)
        if job.replaces and self.settings.backup_dir:
            self._back_up(job.new or job.name)
        try:
            copied = (self._move if self._is_within else self._copy)(job, name, new)
        except FileExistsError:
            if self.settings.overwrite or not self._is_there(new):
                raise
            return Outcome(job.name, "skipped", owner=job.owner)
        if self.settings.move and not self._is_within:
            self._delete_source(name, copied.entry)
        return Outcome(job.name, "copied", copied.entry.size, copied.on_server, owner=job.owner)

    def _is_there(self, new: str) -> bool:
        """Whether the target has this file: FileExistsError may also be of a directory above."""
        try:
            return not self.target.side.stat(new).is_dir
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return False

    @property
    def _is_within(self) -> bool:
        """Whether a file only has to be renamed."""
        return self.settings.move and self.source.storage is self.target.storage

    def _move(self, job: Job, name: str, new: str) -> Copied:
        entry = job.entry(name) or self.source.side.stat(name)
        self.source.side.move(name, new, overwrite=self.settings.overwrite)
        return Copied(entry, on_server=True)

    def _was_done(self, job: Job) -> bool:
        """Whether an attempt before this one got to the end.

        Looked at where to do it twice would come to something else than to do it once: the new
        file would be kept as the old one, or there is no source any more.
        """
        settings = self.settings
        if settings.move and not self.source.storage.exists(self.source.name(job.name)):
            return self._is_there(self.target.name(job.new or job.name))
        if (job.replaces and settings.backup_dir) or not settings.overwrite:
            with suppress(FileNotFoundError):
                return same_content(self.source, self.target, job)
        return False

    def _copy(self, job: Job, name: str, new: str) -> Copied:
        copied, watch = self._copied_on_server(job, name, new), None
        if copied is None:
            watch = _Watch(self.stop, hashes=self.settings.verify)
            copied = self._sent(job, name, new, watch)
        # The listing's time, for another one has to find it equal.
        listed = job.entry(name)
        modified = listed.modified if listed else copied.entry.modified
        if modified is not None and self.target.side._sets_times():
            with suppress(NotImplementedError):  # this server does not
                self.target.side.set_modified_time(new, modified.astimezone(UTC))
        if self.settings.verify:
            self._verify(job, copied, watch)
        return copied

    def _copied_on_server(self, job: Job, name: str, new: str) -> Copied | None:
        """The copy that the service made; None if it has to be sent."""
        if not self._is_on_server:
            return None
        storage, target = self.source.storage, self.target.storage
        overwrite, entry = self.settings.overwrite, job.entry(name)
        try:
            return copy_on_server(storage, name, target, new, overwrite=overwrite, entry=entry)
        except PermissionError:
            if storage is target:
                raise
            # Its credentials read here and write there, but not both: the next one need not try.
            self._is_on_server = False
            return None

    def _sent(self, job: Job, name: str, new: str, watch: _Watch) -> Copied:
        wanted = LARGE if job.size is None else min(2 * job.size, LARGE)
        storage, target = self.source.storage, self.target.storage
        with self._budget.holding(wanted):
            if self.stop.is_set():
                raise Stopped
            return send(storage, name, target, new, overwrite=self.settings.overwrite, watch=watch)

    def _verify(self, job: Job, copied: Copied, watch: _Watch | None) -> None:
        """Compare the copy with what was read, or with the source where nothing was read here.

        OSError if it differs; the copy is deleted then, for another run would not look again.
        """
        called = job.new or job.name
        found = self.target.side.stat(self.target.name(called))
        if watch is None:
            equal = self._is_equal(job.name, called, found, on_server=copied.on_server)
        elif copied.is_raw or not is_packed(self.target, found):
            told = same_digest(f"md5:{watch.md5.hexdigest()}", found.digest)
            if told is None:
                told = stored_digest(self.target, called, ANY) == watch.sha256.hexdigest()
            equal = told
        else:
            equal = content_digest(self.target, called) == watch.sha256.hexdigest()
        if not equal:
            self._delete_version(self.target, found.name, found)
            raise OSError(f"{found.name!r} was not stored as it was: the copy has been deleted.")

    def _is_equal(self, name: str, called: str, found: Entry, *, on_server: bool) -> bool:
        """Whether a copy of which nothing was read here is right.

        Without digests, sizes are enough for one that the service has made itself.
        """
        known = self.source.side.stat(self.source.name(name))
        if known.size != found.size:
            return False
        told = same_digest(known.digest, found.digest)
        if told is None:
            sides = ((self.source, name), (self.target, called))
            told = on_server or len({stored_digest(*each, ANY) for each in sides}) == 1
        return told

    # -- what is replaced or deleted

    def _delete_source(self, name: str, entry: Entry) -> None:
        """Delete just the version that was copied; OSError (ESTALE) if there is another one now."""
        now = self.source.side.stat(name)
        if not _is_same_version(now, entry):
            raise OSError(errno.ESTALE, f"{name!r} was replaced while it was copied: it stays.")
        self._delete_version(self.source, name, entry)

    def _delete_version(self, place: Place, name: str, entry: Entry) -> None:
        if place.remote is not None:
            place.remote._delete_version(replace(entry, key=place.remote._file_key(name)))
        else:
            place.storage.delete(name)

    def _back_up(self, name: str) -> None:
        """Keep a copy of what is about to be replaced."""
        storage, old = self.target.storage, self.target.name(name)
        kept = posixpath.join(self.settings.backup_dir, name)
        # It has gone since it was listed; or this is another attempt, which must not replace
        # the kept one by what the first has stored.
        with suppress(FileNotFoundError, FileExistsError):
            copy_file(storage, old, storage, kept, overwrite=False)

    def delete(self, names: list[str]) -> None:
        """Delete files of the target, or move them to the backups; OSError."""
        gone = [self.target.name(name) for name in names]
        with one_files():
            if not self.settings.backup_dir:
                self.target.side.delete_many(gone)
                return
            for name, old in zip(names, gone, strict=True):
                kept = posixpath.join(self.settings.backup_dir, name)
                with suppress(FileNotFoundError):
                    self.target.side.move(old, kept, overwrite=True)


class OneName(PermissionError):  # noqa: N818 - it says what two files have
    """Two files of the source would be one in the target; trying again does not help."""


def _is_same_version(now: Entry, entry: Entry) -> bool:
    if now.etag and entry.etag:
        return now.etag == entry.etag
    return (now.size, now.modified) == (entry.size, entry.modified)


class _Watch:
    """Sees what is copied: hashes it, and ends it when the run is stopped."""

    def __init__(self, stop: threading.Event, *, hashes: bool) -> None:
        self._stop, self._hashes = stop, hashes
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()

    def __call__(self, chunk: bytes) -> None:
        if self._stop.is_set():
            raise Stopped
        if self._hashes:
            self.md5.update(chunk)
            self.sha256.update(chunk)
