"""What `RemoteStorage` offers beyond Django's API, over any storage that has only that."""

from __future__ import annotations

import errno
import posixpath
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils import timezone

from storages.entry import Entry
from storages.transfer import MiB
from storages.utils import is_seekable, to_bytes
from storages.writing import SPOOL

BATCH = 1000
"""Files that `delete_tree` gathers before it deletes them together."""

CHUNK = 1 * MiB

NOT_A_DIRECTORY = (FileNotFoundError, NotADirectoryError, FileExistsError)
"""What listings of what is no directory raise; the last one is of Django's storage in memory."""


class Foreign:
    """Any storage, by Django's API alone; the methods are those of `RemoteStorage`."""

    def __init__(self, storage: Storage) -> None:
        self.storage: Any = storage

    # -- one file

    def stat(self, name: str) -> Entry:
        if not self.storage.exists(name):
            raise FileNotFoundError(f"{name!r} does not exist.")
        return self._entry(name)

    def _entry(self, name: str) -> Entry:
        times: dict[str, Any] = {}
        for kind in ("modified", "created", "accessed"):
            with suppress(NotImplementedError):
                times[kind] = _aware(getattr(self.storage, f"get_{kind}_time")(name))
        return Entry(name, self.storage.size(name), **times)

    def write(self, name: str, content: Any, *, overwrite: bool = False) -> None:
        """Store under just this name; if the content breaks off, nothing is."""
        file = self.create(name, overwrite=overwrite)
        try:
            if is_seekable(content):
                content.seek(0)
            while chunk := to_bytes(content.read(CHUNK)):
                file.write(chunk)
        except BaseException:
            file.abort()
            raise
        file.close()

    def save_as(self, name: str, content: Any, *, overwrite: bool) -> None:
        """Store under just this name on a storage that may choose another one."""
        stored = self.storage.save(name, content)
        if stored == name:
            return
        if not overwrite:  # somebody was faster
            self.storage.delete(stored)
            raise FileExistsError(f"{name!r} exists already.")
        self._put_in_place(stored, name)

    def _put_in_place(self, stored: str, name: str) -> None:
        """Replace a file by one that is safe under another name: only now may the old one go."""
        try:
            self.storage.delete(name)
            with self.storage.open(stored) as content:
                again = self.storage.save(name, content)
        except Exception as error:
            raise OSError(f"{name!r} was to be replaced: its content is {stored!r}.") from error
        self.storage.delete(stored)
        if again != name:
            raise FileExistsError(f"{name!r} was created meanwhile: see {again!r} for what it was.")

    def create(self, name: str, *, overwrite: bool) -> Any:
        """A file to write to: `close` publishes it, `abort` drops it."""
        if not overwrite and self.storage.exists(name):
            raise FileExistsError(f"{name!r} exists already.")
        return Spool(self, name, overwrite=overwrite)

    def move(self, source: str, target: str, *, overwrite: bool) -> None:
        if posixpath.normpath(source) == posixpath.normpath(target):
            self.stat(source)
            return
        with self.storage.open(source) as content:
            self.write(target, content, overwrite=overwrite)
        self.storage.delete(source)

    def set_modified_time(self, name: str, time: datetime) -> None:
        raise NotImplementedError(f"{type(self.storage).__name__} sets no times.")

    def _sets_times(self) -> bool:
        return False

    def _ignores_case(self) -> bool:
        return False

    def delete_many(self, names: Iterable[str]) -> None:
        names = list(names)
        if not all(names):
            raise ValueError("The name of the file to delete must not be empty.")
        for name in names:
            self.storage.delete(name)

    # -- directories

    def scandir(self, path: str = "") -> Iterator[Entry]:
        base, dirs, files = self._listed(path)
        yield from (Entry(base + name.rstrip("/"), is_dir=True) for name in dirs if name)
        for name in files:
            if not name:  # the mark of the directory itself
                continue
            with suppress(FileNotFoundError):  # it has gone meanwhile, or is a link to nothing
                yield self._entry(base + name)

    def scan(self, path: str = "") -> Iterator[Entry]:
        try:
            entries = self.scandir(path)
            below = []
            for entry in entries:
                if entry.is_dir:
                    below.append(entry.name)
                else:
                    yield entry
        except NOT_A_DIRECTORY:
            return
        for name in below:
            yield from self.scan(name)

    def is_dir(self, path: str) -> bool:
        if self._is_root(path):
            return True
        try:
            _, dirs, files = self._listed(path)
        except NOT_A_DIRECTORY:
            return False
        return bool(dirs or files) or self._is_listed(path)

    def _has_directories(self) -> bool:
        return False

    def make_dir(self, path: str) -> bool:
        return False

    def remove_dir(self, path: str) -> None:
        if any(True for _ in self.scandir(path)):
            raise OSError(errno.ENOTEMPTY, f"{path!r} is not empty.")
        if not self._is_listed(path):
            raise FileNotFoundError(f"There is no directory {path!r}.")
        self.storage.delete(path)

    def move_tree(self, source: str, target: str) -> None:
        self._check_move(source, target)
        for entry in list(self.scan(source)):
            self.move(
                entry.name,
                posixpath.join(target, posixpath.relpath(entry.name, source)),
                overwrite=False,
            )
        self._delete_dirs(source)

    def _check_move(self, source: str, target: str) -> None:
        if self._is_root(source) or self._is_root(target):
            raise ValueError("The root of the storage cannot be renamed, nor replaced.")
        old, new = posixpath.normpath(source), posixpath.normpath(target)
        if f"{new}/".startswith(f"{old}/"):
            raise ValueError(f"{source!r} cannot be moved into itself.")
        if not self.is_dir(source):
            raise FileNotFoundError(f"There is no directory {source!r}.")
        if self.storage.exists(target) or self.is_dir(target):
            raise FileExistsError(f"{target!r} exists already.")

    def delete_tree(self, path: str, *, everything: bool = False) -> int:
        if not everything and self._is_root(path):
            raise ValueError("delete_tree() of the whole storage needs everything=True.")
        count = 0
        entries = self.scan(path)
        while batch := list(islice(entries, BATCH)):
            self.delete_many(entry.name for entry in batch)
            count += len(batch)
        self._delete_dirs(path)
        return count

    def _delete_dirs(self, path: str) -> None:
        """Delete a directory without files, and those in it, the deepest first."""
        try:
            base, dirs, _ = self._listed(path)
        except NOT_A_DIRECTORY:
            return
        for name in dirs:
            self._delete_dirs(base + name)
        if self._is_listed(path):
            with suppress(OSError):  # not empty
                self.storage.delete(path)

    def _is_listed(self, path: str) -> bool:
        """Whether it is a directory in the listing of the one above it."""
        above, name = posixpath.split(posixpath.normpath(path))
        try:
            return name != "." and name in self._listed(above)[1]
        except NOT_A_DIRECTORY:
            return False

    def _listed(self, path: str) -> tuple[str, list[str], list[str]]:
        """What to put before the names in a directory, and its directories and files."""
        path = posixpath.normpath(path) if path else ""
        dirs, files = self.storage.listdir("" if path == "." else path)
        return "" if path in ("", ".") else f"{path}/", dirs, files

    def _is_root(self, path: str) -> bool:
        return posixpath.normpath(path or ".") in (".", "/")


class Spool:
    """Gathers content, on disk if there is much of it, and stores it as a whole when closed."""

    def __init__(self, side: Foreign, name: str, *, overwrite: bool) -> None:
        self.name, self._side, self._overwrite = name, side, overwrite
        self._spool = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115 - close or abort closes

    def write(self, data: Any) -> int:
        return self._spool.write(data)

    @property
    def closed(self) -> bool:
        return self._spool.closed

    def close(self) -> None:
        if not self.closed:
            with self._spool as spool:
                spool.seek(0)
                content = File(spool, name=self.name)
                self._side.save_as(self.name, content, overwrite=self._overwrite)

    def abort(self) -> None:
        self._spool.close()


def _aware(time: datetime) -> datetime:
    return (timezone.make_aware(time) if timezone.is_naive(time) else time).astimezone(UTC)
