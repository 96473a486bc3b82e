"""The work of a run: files from a source to a target, in any thread, on any machine."""

from __future__ import annotations

import errno
import hashlib
import posixpath
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import SuspiciousOperation

from storages.crew import Budget, Stopped
from storages.entry import Entry
from storages.moving.comparing import content_digest, same_content, same_digest, stored_digest
from storages.moving.copying import Copied, can_copy_itself, copy_file
from storages.moving.jobs import Job, Outcome
from storages.moving.places import Place, place_of
from storages.names import clean_name
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
    """The directory of the target storage where replaced and deleted files go."""


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

    # -- as what another process needs to know

    def spec(self) -> dict[str, Any]:
        """What makes the same transfer elsewhere, as JSON; ValueError for what is only here."""
        for place in (self.source, self.target):
            if place.is_local or not place.spec:
                raise ValueError(
                    f"{place} is on this machine: other machines need an alias of STORAGES."
                )
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
        try:
            return self._do(job)
        except (OSError, Stopped):
            raise
        except SuspiciousOperation as error:  # a name that leads elsewhere
            raise PermissionError(str(error)) from error
        except Exception as error:
            # Storages of others raise what they like: it is one file's, and no end of the run.
            raise OSError(f"{type(error).__name__}: {error}") from error

    def _do(self, job: Job) -> Outcome:
        if clean_name(job.name) != job.name:
            raise FileNotFoundError(f"{job.name!r} is no name that Django's storages can address.")
        if job.doubtful and same_content(self.source, self.target, job, job.against):
            return Outcome(job.name, "equal", owner=job.owner)
        if job.replaces and self.settings.backup_dir:
            self._back_up(job.new or job.name)
        try:
            copied = self._copy(job)
        except FileExistsError:
            if self.settings.overwrite:
                raise
            return Outcome(job.name, "skipped", owner=job.owner)
        if self.settings.move:
            self._delete_source(job, copied.entry)
        return Outcome(job.name, "copied", copied.entry.size, copied.on_server, owner=job.owner)

    def _copy(self, job: Job) -> Copied:
        source, target = self.source, self.target
        name, new = source.name(job.name), target.name(job.new or job.name)
        watch = _Watch(self.stop, hashes=self.settings.verify)
        with self._budget.holding(self._memory(job)):
            copied = copy_file(
                source.storage,
                name,
                target.storage,
                new,
                overwrite=self.settings.overwrite,
                entry=job.entry(name),
                watch=watch,
            )
        if not copied.on_server:
            self._set_time(new, copied.entry.modified)
        if self.settings.verify:
            self._verify(job, copied, watch)
        return copied

    def _memory(self, job: Job) -> int:
        """Bytes that the file takes on its way; none if the service copies it itself."""
        if can_copy_itself(self.source.storage, self.target.storage):
            return 0
        return LARGE if job.size is None else min(2 * job.size, LARGE)

    def _set_time(self, new: str, modified: datetime | None) -> None:
        if modified is not None and self.target.side._sets_times():
            with suppress(NotImplementedError):  # this server does not
                self.target.side.set_modified_time(new, modified.astimezone(UTC))

    def _verify(self, job: Job, copied: Copied, watch: _Watch) -> None:
        """Compare the copy with what was read, or what both sides say; OSError if it differs."""
        called = job.new or job.name
        name, new = self.source.name(job.name), self.target.name(called)
        found = self.target.side.stat(new)
        if copied.on_server:
            known = self.source.side.stat(name)
            equal = found.size == known.size
            equal = equal and same_digest(known.digest, found.digest) is not False
        elif copied.is_raw:
            told = same_digest(f"md5:{watch.md5.hexdigest()}", found.digest)
            if told is None:
                told = stored_digest(self.target, called, "sha256") == watch.sha256.hexdigest()
            equal = told
        else:
            equal = content_digest(self.target, called) == watch.sha256.hexdigest()
        if not equal:
            raise OSError(f"{new!r} is not what was read: it was stored wrongly, or replaced.")

    # -- what is replaced or deleted

    def _delete_source(self, job: Job, entry: Entry) -> None:
        """Delete just the version that was copied; OSError (ESTALE) if there is another one now."""
        name = self.source.name(job.name)
        now = self.source.side.stat(name)
        if (now.size, now.modified, now.etag) != (entry.size, entry.modified, entry.etag):
            raise OSError(errno.ESTALE, f"{name!r} was replaced while it was copied: it stays.")
        if self.source.remote is not None:
            self.source.remote._delete_version(entry)
        else:
            self.source.storage.delete(name)

    def _back_up(self, name: str) -> None:
        """Keep a copy of what is about to be replaced."""
        storage, old = self.target.storage, self.target.name(name)
        kept = posixpath.join(self.settings.backup_dir, name)
        with suppress(FileNotFoundError):  # it has gone since it was listed
            copy_file(storage, old, storage, kept, overwrite=True)

    def delete(self, names: list[str]) -> None:
        """Delete files of the target, or move them to the backups."""
        if not self.settings.backup_dir:
            self.target.side.delete_many([self.target.name(name) for name in names])
            return
        for name in names:
            kept = posixpath.join(self.settings.backup_dir, name)
            with suppress(FileNotFoundError):
                self.target.side.move(self.target.name(name), kept, overwrite=True)


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
