"""The same over Django's FileSystemStorage, whose files this process can rename and stat."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from storages.entry import Entry
from storages.foreign import NOT_A_DIRECTORY, Foreign, Spool
from storages.local_files import Beside, LocalFile, is_temporary, put_in_place
from storages.tree_files import STALE

NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""What the system says of a path, or of a link, that leads to nothing."""


class Local(Foreign):
    """Files of a FileSystemStorage: what is written is renamed when it is whole."""

    storage: FileSystemStorage

    # -- one file

    def stat(self, name: str) -> Entry:
        path = self.storage.path(name)
        try:
            found = os.lstat(path)
            is_link = stat.S_ISLNK(found.st_mode)
            return _entry(name, os.stat(path) if is_link else found, is_link=is_link)
        except OSError as error:
            if error.errno not in NOWHERE:
                raise
            lack = "is a link to nothing" if os.path.islink(path) else "does not exist"
            raise FileNotFoundError(f"{name!r} {lack}.") from error

    def save_as(self, name: str, content: Any, *, overwrite: bool) -> None:
        """Django writes into the file itself, and when that fails leaves what came so far."""
        # A subclass may look at the name of what it saves.
        with Beside(self.storage, name, under_its_name=True) as beside:
            beside.save(content)
            beside.publish(overwrite=overwrite)

    def write(self, name: str, content: Any, *, overwrite: bool = False) -> None:
        if self._stores_as_is():
            super().write(name, content, overwrite=overwrite)
        else:
            self._check(name, overwrite)
            self.save_as(name, content, overwrite=overwrite)

    def create(self, name: str, *, overwrite: bool) -> Any:
        self._check(name, overwrite)
        if self._stores_as_is():
            return LocalFile(self.storage, name, overwrite=overwrite)
        return Spool(self, name, overwrite=overwrite)

    def _check(self, name: str, overwrite: bool) -> None:
        path = self.storage.path(name)
        if os.path.isdir(path):
            raise IsADirectoryError(f"{name!r} is a directory.")
        if not overwrite and os.path.lexists(path):
            raise FileExistsError(f"{name!r} exists already.")

    def _stores_as_is(self) -> bool:
        """Not so for a subclass that encrypts in `_save`, say."""
        cls = self.storage.__class__  # that of a lazy object is what it stands for
        return all(
            getattr(cls, each) is getattr(FileSystemStorage, each)
            for each in ("save", "_save", "open", "_open")
        )

    def move(self, source: str, target: str, *, overwrite: bool) -> None:
        path, place = self.storage.path(source), self.storage.path(target)
        is_broken = os.path.islink(path) and not os.path.exists(path)
        if not (os.path.isfile(path) or is_broken):  # a link goes itself, not what it leads to
            raise FileNotFoundError(f"{source!r} does not exist.")
        if path != place:
            self._check(target, overwrite)
            with Beside(self.storage, target) as beside:
                beside.save(ContentFile(b""))  # Django makes the directories
                put_in_place(path, place, overwrite=overwrite)
                beside.keep_dirs()

    def set_modified_time(self, name: str, time: datetime) -> None:
        path = self.storage.path(name)
        os.utime(path, (os.stat(path).st_atime, time.timestamp()))

    def _sets_times(self) -> bool:
        return True

    def _ignores_case(self) -> bool:
        return sys.platform in ("darwin", "win32")  # by default

    # -- directories

    def scandir(self, path: str = "") -> Iterator[Entry]:
        base = posixpath.normpath(path) if path else "."
        base = "" if base in (".", "/") else f"{base}/"
        try:
            with os.scandir(self.storage.path(path or "")) as entries:
                for each in entries:
                    if is_temporary(each.name):
                        continue
                    if (entry := _entry_of(base + each.name, each)) is not None:
                        yield entry
        except FileNotFoundError:
            if not self._is_root(path):
                raise

    def scan(self, path: str = "") -> Iterator[Entry]:
        """Through links to directories too, as Django's listings go, but in no circle."""
        yield from self._scan(path, frozenset())

    def _scan(self, path: str, above: frozenset[tuple[int, int]]) -> Iterator[Entry]:
        place = self.storage.path(path or "")
        try:
            found = os.stat(place)
            here = above | {(found.st_dev, found.st_ino)}
            if here == above:  # a link has led back
                return
            below = []
            for entry in self.scandir(path):
                if entry.is_dir:
                    below.append(entry.name)
                else:
                    yield entry
        except NOT_A_DIRECTORY:
            if above and os.path.islink(place):  # which has led to a directory when it was listed
                yield Entry(path, is_link=True)
            return
        for name in below:
            yield from self._scan(name, here)

    def delete_tree(self, path: str, *, everything: bool = False) -> int:
        """Links go, and what they lead to stays: it may be anywhere."""
        if not everything and self._is_root(path):
            raise ValueError("delete_tree() of the whole storage needs everything=True.")
        is_root, place = self._is_root(path), self.storage.path(path)
        if not is_root and os.path.islink(place):
            os.remove(place)
            return 0
        count = 0
        with suppress(*NOT_A_DIRECTORY):
            for entry in list(self.scandir(path)):
                if entry.is_dir:
                    count += self.delete_tree(entry.name)
                else:
                    self.storage.delete(entry.name)
                    count += 1
        if not is_root:
            with suppress(OSError):  # not empty, or there is none
                self.remove_dir(path)
        return count

    def is_dir(self, path: str) -> bool:
        return self._is_root(path) or os.path.isdir(self.storage.path(path))

    def _has_directories(self) -> bool:
        return True

    def make_dir(self, path: str) -> bool:
        if os.path.lexists(self.storage.path(path)):
            raise FileExistsError(f"{path!r} exists already.")
        with Beside(self.storage, f"{path.rstrip('/')}/new") as beside:
            beside.save(ContentFile(b""))  # Django makes the directories, with its own modes
            beside.keep_dirs()
        return True

    def remove_dir(self, path: str) -> None:
        if self._is_root(path):
            raise ValueError("The root of the storage cannot be removed.")
        place = self.storage.path(path)
        try:
            os.rmdir(place)
        except OSError:
            if not self._sweep(place):
                raise
            os.rmdir(place)

    def _sweep(self, place: str) -> bool:
        """Remove what processes that have ended left in a directory; whether that was all."""
        left = [os.path.join(place, each) for each in os.listdir(place)]
        stale = time.time() - STALE.total_seconds()
        if not all(is_temporary(os.path.basename(each)) for each in left) or not all(
            os.lstat(each).st_mtime < stale for each in left
        ):
            return False
        for each in left:
            os.remove(each)
        return bool(left)

    def move_tree(self, source: str, target: str) -> None:
        self._check_move(source, target)
        with Beside(self.storage, target) as beside:
            beside.save(ContentFile(b""))
            os.rename(self.storage.path(source), self.storage.path(target))
            beside.keep_dirs()

    def _is_root(self, path: str) -> bool:
        return super()._is_root(path) or self.storage.path(path) == self.storage.path("")

    def _listed(self, path: str) -> tuple[str, list[str], list[str]]:
        base, *names = super()._listed(path)
        dirs, files = ([name for name in each if not is_temporary(name)] for each in names)
        return base, dirs, files


def _entry(name: str, found: os.stat_result, *, is_link: bool = False) -> Entry:
    is_dir = stat.S_ISDIR(found.st_mode)
    return Entry(
        name,
        0 if is_dir else found.st_size,
        modified=datetime.fromtimestamp(found.st_mtime, UTC),
        created=datetime.fromtimestamp(found.st_ctime, UTC),
        accessed=datetime.fromtimestamp(found.st_atime, UTC),
        is_dir=is_dir,
        is_link=is_link,
    )


def _entry_of(name: str, each: os.DirEntry[str]) -> Entry | None:
    """The entry; None for what has gone meanwhile, and for pipes, sockets and devices.

    A link to nothing or to itself is an empty file: who deletes what is not listed must know of it.
    """
    try:
        found = each.stat()
    except OSError as error:
        if error.errno not in NOWHERE:
            raise  # what may not be looked at is there
        return Entry(name, is_link=True) if each.is_symlink() else None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return None
    return _entry(name, found, is_link=each.is_symlink())
