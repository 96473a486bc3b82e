"""Whole trees and pairs of storages, over any Django storage.

The methods of `RemoteStorage` where a storage has them; else what Django's API allows, and a file
system. What is said there of each of them holds here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from django.core.files.storage import FileSystemStorage, Storage

from storages.base import RemoteStorage
from storages.entry import Entry
from storages.foreign import Foreign
from storages.local import Local


class Writable(Protocol):
    """A file being written, which nobody sees before it is closed."""

    name: Any

    @property
    def closed(self) -> bool: ...

    def write(self, data: Any) -> int: ...

    def close(self) -> None:
        """Publish what was written; FileExistsError if it had to be new and is not."""

    def abort(self) -> None:
        """Drop what was written; what was stored before stays."""


def _side(storage: Storage) -> Any:
    """What has the methods of `RemoteStorage`: the storage itself, or something over it."""
    if isinstance(storage, RemoteStorage):
        return storage
    return (Local if isinstance(storage, FileSystemStorage) else Foreign)(storage)


# -- one file


def stat(storage: Storage, name: str) -> Entry:
    """Size and times of one file; FileNotFoundError."""
    entry: Entry = _side(storage).stat(name)
    return entry


def create(storage: Storage, name: str, *, overwrite: bool = False) -> Writable:
    """Open a file to write to under exactly this name: whole when it is closed, or not at all.

    FileExistsError, now or when it is closed, unless `overwrite` is true. Content goes to the
    service as it comes; for storages of others it is gathered on disk.
    """
    if isinstance(storage, RemoteStorage):
        return storage.open(name, "wb" if overwrite else "xb")
    file: Writable = _side(storage).create(name, overwrite=overwrite)
    return file


def copy(
    source: Storage,
    name: str,
    target: Storage,
    target_name: str | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Copy a file from one storage to another, or within one, under exactly `target_name`.

    FileNotFoundError if there is no source, FileExistsError if the target exists and `overwrite`
    is false. What was stored before stays until the new content is there as a whole.
    """
    new = name if target_name is None else target_name
    if isinstance(source, RemoteStorage) and source is target:
        source.copy(name, new, overwrite=overwrite)
        return
    if source is target and posixpath.normpath(name) == posixpath.normpath(new):
        stat(source, name)
        return
    with source.open(name) as content:
        _side(target).write(new, content, overwrite=overwrite)


def move(storage: Storage, source: str, target: str, *, overwrite: bool = False) -> None:
    """Rename a file, on the service where it can; FileExistsError unless `overwrite` is true."""
    _side(storage).move(source, target, overwrite=overwrite)


def set_modified_time(storage: Storage, name: str, time: datetime) -> None:
    """Say when a file was modified (aware); NotImplementedError where nobody can."""
    _side(storage).set_modified_time(name, time)


def sets_times(storage: Storage) -> bool:
    """Whether `set_modified_time` can be used."""
    return bool(_side(storage)._sets_times())


def delete_many(storage: Storage, names: Iterable[str]) -> None:
    """Delete files; missing ones are fine. An empty name is a ValueError before any goes."""
    _side(storage).delete_many(names)


# -- directories


def scan(storage: Storage, path: str = "") -> Iterator[Entry]:
    """Every file below `path`, however deep; nothing if there is no such directory."""
    yield from _side(storage).scan(path)


def scandir(storage: Storage, path: str = "") -> Iterator[Entry]:
    """The directories and files directly below `path`, by one listing where it tells sizes."""
    yield from _side(storage).scandir(path)


def is_dir(storage: Storage, path: str) -> bool:
    """Whether `path` is a directory: one that holds something, where names imply them."""
    return bool(_side(storage).is_dir(path))


def has_directories(storage: Storage) -> bool:
    """Whether directories are real: they can be empty, and stay when their last file goes."""
    return bool(_side(storage)._has_directories())


def make_dir(storage: Storage, path: str) -> bool:
    """Make a directory, and say whether it is real: names imply others; FileExistsError."""
    return bool(_side(storage).make_dir(path))


def remove_dir(storage: Storage, path: str) -> None:
    """Remove an empty directory; OSError (`errno.ENOTEMPTY`), FileNotFoundError."""
    _side(storage).remove_dir(path)


def move_tree(storage: Storage, source: str, target: str) -> None:
    """Rename a directory with all that is in it; FileExistsError, FileNotFoundError."""
    _side(storage).move_tree(source, target)


def delete_tree(storage: Storage, path: str, *, everything: bool = False) -> int:
    """Delete all files below `path`, and say how many; directories go where they are real.

    ValueError for the root of the storage, unless `everything` is true.
    """
    count: int = _side(storage).delete_tree(path, everything=everything)
    return count
