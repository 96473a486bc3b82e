"""Which file a name means: the same one may have several names, by several storages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage

from storages.base import RemoteStorage
from storages.moving.places import Place
from storages.names import clean_name


class Addresses:
    """The keys of a storage's files. Storages with an equal `base` give one file the same key.

    Keys are those of the service, or paths of this machine whose directories are the real ones.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage: Any = storage
        self._folders: dict[str, str] = {}
        self.base: Any = Place(storage).identity()[0]
        """What the keys are in, such as a bucket."""
        self.bucket: str | None = None
        """Its name, where it is one."""
        self.is_certain = isinstance(storage, FileSystemStorage)
        """Whether the options tell all that."""
        if isinstance(storage, RemoteStorage) and (place := storage._place()) is not None:
            self.is_certain = True
            self.bucket = None if storage._has_directories() else str(place[-1])

    def may_be_same(self, other: Addresses) -> bool:
        """Whether both may have the same files by other keys: by SFTP and FTP, say.

        A bucket may have several addresses, and is no file system.
        """
        if self.base == other.base:
            return False
        return not (self.is_certain and other.is_certain) or self.bucket == other.bucket

    @property
    def has_links(self) -> bool:
        """Whether a file may be reached by further keys, which only its service knows."""
        return self.bucket is None and not isinstance(self._storage, FileSystemStorage)

    def keys(self, name: str) -> Iterator[str]:
        """Of the file that is opened by `name`, and of what it leads to, if it is a link.

        OSError or SuspiciousOperation for what is no file's name.
        """
        storage = self._storage
        if isinstance(storage, RemoteStorage):
            yield storage._file_key(name)
        elif isinstance(storage, FileSystemStorage):
            path = storage.path(name)
            yield self._real(path)
            if os.path.islink(path):
                yield os.path.realpath(path)
        else:
            yield clean_name(name)

    def listed(self, name: str) -> str:
        """The key of a file that was listed as `name`."""
        storage = self._storage
        if isinstance(storage, RemoteStorage):
            return storage._root() + name
        if isinstance(storage, FileSystemStorage):
            return self._real(storage.path(name))
        return name

    def root(self, path: str) -> str:
        """What the keys of all files at and below a path begin with."""
        storage = self._storage
        if isinstance(storage, RemoteStorage):
            return storage._prefix(path)
        if isinstance(storage, FileSystemStorage):
            return os.path.join(os.path.realpath(storage.path(path)), "")
        return f"{path}/" if path else ""

    def is_file(self, key: str) -> bool:
        storage = self._storage
        if isinstance(storage, RemoteStorage):
            return storage._is_file(key)
        if isinstance(storage, FileSystemStorage):
            return os.path.isfile(key)
        return bool(storage.exists(key))

    def _real(self, path: str) -> str:
        """A path whose directories are no links, though it may be one itself."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)
