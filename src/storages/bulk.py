"""Whole trees and pairs of storages, over any Django storage.

The methods of `RemoteStorage` where a storage has them; else what Django's API allows, and a file
system. What is said there of each of them holds here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, Protocol

from django.core.files.storage import Storage

from storages import sides
from storages.base import RemoteStorage
from storages.entry import Entry
from storages.moving.checking import Check, Finding
from storages.moving.copying import copy_file
from storages.moving.filters import Filters
from storages.moving.jobs import Outcome
from storages.moving.media import MediaCopy, MediaSummary
from storages.moving.orphans import Orphans, missing_at
from storages.moving.places import Place, place_of
from storages.moving.summary import Summary
from storages.moving.syncing import Sync
from storages.moving.usage import Size, sizes


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


# -- one file


def stat(storage: Storage, name: str) -> Entry:
    """Size and times of one file; FileNotFoundError."""
    entry: Entry = sides.of(storage).stat(name)
    return entry


def create(storage: Storage, name: str, *, overwrite: bool = False) -> Writable:
    """Open a file to write to under exactly this name: whole when it is closed, or not at all.

    FileExistsError, now or when it is closed, unless `overwrite` is true. Content goes to the
    service as it comes; for storages of others it is gathered on disk.
    """
    if isinstance(storage, RemoteStorage):
        return storage.open(name, "wb" if overwrite else "xb")
    file: Writable = sides.of(storage).create(name, overwrite=overwrite)
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
    is false. What was stored before stays until the new content is there as a whole. Headers and
    metadata travel where both sides have them; within one service and account, the service copies.
    """
    new = name if target_name is None else target_name
    copy_file(source, name, target, new, overwrite=overwrite)


def move(storage: Storage, source: str, target: str, *, overwrite: bool = False) -> None:
    """Rename a file, on the service where it can; FileExistsError unless `overwrite` is true."""
    sides.of(storage).move(source, target, overwrite=overwrite)


def set_modified_time(storage: Storage, name: str, time: datetime) -> None:
    """Say when a file was modified (aware); NotImplementedError where nobody can."""
    sides.of(storage).set_modified_time(name, time)


def sets_times(storage: Storage) -> bool:
    """Whether `set_modified_time` can be used."""
    return bool(sides.of(storage)._sets_times())


def delete_many(storage: Storage, names: Iterable[str]) -> None:
    """Delete files; missing ones are fine. An empty name is a ValueError before any goes."""
    sides.of(storage).delete_many(names)


# -- directories


def scan(storage: Storage, path: str = "") -> Iterator[Entry]:
    """Every file below `path`, however deep; nothing if there is no such directory."""
    yield from sides.of(storage).scan(path)


def scandir(storage: Storage, path: str = "") -> Iterator[Entry]:
    """The directories and files directly below `path`, by one listing where it tells sizes."""
    yield from sides.of(storage).scandir(path)


def is_dir(storage: Storage, path: str) -> bool:
    """Whether `path` is a directory: one that holds something, where names imply them."""
    return bool(sides.of(storage).is_dir(path))


def has_directories(storage: Storage) -> bool:
    """Whether directories are real: they can be empty, and stay when their last file goes."""
    return bool(sides.of(storage)._has_directories())


def make_dir(storage: Storage, path: str) -> bool:
    """Make a directory, and say whether it is real: names imply others; FileExistsError."""
    return bool(sides.of(storage).make_dir(path))


def remove_dir(storage: Storage, path: str) -> None:
    """Remove an empty directory; OSError (`errno.ENOTEMPTY`), FileNotFoundError."""
    sides.of(storage).remove_dir(path)


def move_tree(storage: Storage, source: str, target: str) -> None:
    """Rename a directory with all that is in it; FileExistsError, FileNotFoundError."""
    sides.of(storage).move_tree(source, target)


def delete_tree(storage: Storage, path: str, *, everything: bool = False) -> int:
    """Delete all files below `path`, and say how many; directories go where they are real.

    ValueError for the root of the storage, unless `everything` is true.
    """
    count: int = sides.of(storage).delete_tree(path, everything=everything)
    return count


# -- places, and whole runs


def place(given: Place | Storage | str) -> Place:
    """`ALIAS`, `ALIAS:PATH` or a local path as a place; a storage is the place of all its files.

    UnknownPlace, a ValueError, if STORAGES has no such alias.
    """
    return place_of(given)


def usage(
    where: Place | Storage | str, depth: int = 1, *, filters: Filters | None = None
) -> dict[str, Size]:
    """How many files and bytes each folder down to `depth` has, `""` for all of them."""
    return sizes(place_of(where), depth, filters or Filters())


def sync(
    source: Place | Storage | str,
    target: Place | Storage | str,
    *,
    on_outcome: Callable[[Outcome], None] | None = None,
    **options: Any,
) -> Summary:
    """Make `target` like `source`; the options are the fields of `storages.moving.syncing.Sync`.

    `on_outcome` is called for each file that was copied, deleted or failed. What failed is in
    the summary, it raises nothing; Refused, a ValueError, says that nothing was deleted.
    """
    run = Sync(place_of(source), place_of(target), **options)
    _carry_out(run.outcomes(), on_outcome)
    return run.summary


def _carry_out(run: Generator[Outcome], on_outcome: Callable[[Outcome], None] | None) -> None:
    with closing(run) as outcomes:
        for outcome in outcomes:
            if on_outcome is not None:
                on_outcome(outcome)


def copy_media(
    source: Place | Storage | str,
    target: Place | Storage | str | None = None,
    *,
    on_outcome: Callable[[Outcome], None] | None = None,
    **options: Any,
) -> MediaSummary:
    """Copy what the FileFields of the database refer to, and the target does not have.

    Without a target each field's own storage is meant. The other options are the fields of
    `storages.moving.media.MediaCopy`; `on_outcome` and what fails are as with `sync`.
    """
    given = None if target is None else place_of(target)
    run = MediaCopy(place_of(source), given, **options)
    _carry_out(run.outcomes(), on_outcome)
    return run.summary


def orphans(where: Place | Storage | str, **options: Any) -> Iterator[Outcome]:
    """Find the files that no row and no manifest refers to, and with `delete` delete them.

    The options are the fields of `storages.moving.orphans.Orphans`. What cannot be read is among
    the outcomes as `failed`; Refused, a ValueError, says that nothing more is deleted then.
    """
    with closing(Orphans(place_of(where), **options).outcomes()) as outcomes:
        yield from outcomes


def missing(where: Place | Storage | str) -> Iterator[Outcome]:
    """Find the rows whose file should be there and is not, each with its `owner`.

    What cannot be read is among the outcomes as `failed`.
    """
    yield from missing_at(place_of(where))


def check(
    source: Place | Storage | str, target: Place | Storage | str, **options: Any
) -> Iterator[Finding]:
    """Compare two places: each name with its state, equal ones too.

    The options are the fields of `storages.moving.checking.Check`.
    """
    yield from Check(place_of(source), place_of(target), **options).findings()
