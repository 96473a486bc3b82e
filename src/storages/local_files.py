"""Files of a FileSystemStorage on their way: beside their places until they are whole."""

from __future__ import annotations

import os
import posixpath
import secrets
from contextlib import suppress
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from storages.names import OURS

PREFIX, SUFFIX = OURS, ".part"
"""How the names of files on their way begin and end; no listing shows them."""

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""How such a file is opened."""


class Beside:
    """A file beside the one to be: renamed when it is whole, else gone, with its directories."""

    def __init__(
        self, storage: FileSystemStorage, name: str, *, under_its_name: bool = False
    ) -> None:
        self._storage, self._place = storage, storage.path(name)
        folder = posixpath.dirname(name)
        self._made = _missing(os.path.dirname(self._place))
        self._name = posixpath.join(folder, f"{PREFIX}{secrets.token_hex(12)}{SUFFIX}")
        self.path = os.path.join(os.path.dirname(self._place), os.path.basename(self._name))
        self._folder: str | None = None
        if under_its_name:
            self._folder = self.path
            self._name = posixpath.join(self._name, posixpath.basename(name))
            self.path = storage.path(self._name)

    def save(self, content: Any) -> None:
        self._name = self._storage.save(self._name, content)
        self.path = self._storage.path(self._name)

    def open(self) -> IO[bytes]:
        """Make the file, with the permissions that Django gives, to write to."""
        try:
            file = os.fdopen(os.open(self.path, NEW, 0o666), "wb")
        except FileNotFoundError:
            self.save(ContentFile(b""))  # Django makes the directories
            return open(self.path, "wb")
        if (mode := self._storage.file_permissions_mode) is not None:
            os.chmod(self.path, mode)
        return file

    def publish(self, *, overwrite: bool) -> None:
        put_in_place(self.path, self._place, overwrite=overwrite)
        self.keep_dirs()

    def keep_dirs(self) -> None:
        self._made.clear()

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(FileNotFoundError):
            os.remove(self.path)
        for path in ([self._folder] if self._folder else []) + self._made:
            with suppress(OSError):  # others have put something in it
                os.rmdir(path)


class LocalFile:
    """Content written beside a file, and renamed over it when closed."""

    def __init__(self, storage: FileSystemStorage, name: str, *, overwrite: bool) -> None:
        self.name, self._overwrite = name, overwrite
        self._beside = Beside(storage, name)
        try:
            self._file = self._beside.open()
        except BaseException:
            self._beside.__exit__()
            raise

    def write(self, data: Any) -> int:
        return self._file.write(data)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        if not self.closed:
            with self._beside:
                self._file.close()
                self._beside.publish(overwrite=self._overwrite)

    def abort(self) -> None:
        if not self.closed:
            with self._beside, suppress(OSError):  # a full disk: what is buffered is dropped
                self._file.close()


def put_in_place(path: str, place: str, *, overwrite: bool) -> None:
    """Rename a file, or link it where nothing may be replaced; FileExistsError."""
    if overwrite:
        os.replace(path, place)
        return
    try:
        os.link(path, place)
        os.remove(path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(place):
            raise FileExistsError(f"{place!r} exists already.") from None
        os.replace(path, place)


def is_temporary(name: str) -> bool:
    """Whether it is the name of a file on its way."""
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def _missing(folder: str) -> list[str]:
    """Which of a directory and those above it do not exist, the deepest first."""
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return missing
