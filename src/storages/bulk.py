"""Whole trees and pairs of storages, over any Django storage.

The fast methods of `RemoteStorage` where a storage has them; else what Django's API allows.
"""

from __future__ import annotations

import os
import posixpath
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage
from django.utils import timezone

from storages.base import RemoteStorage
from storages.entry import Entry

BATCH = 1000
"""Files that `delete_tree` gathers before it deletes them together."""


def stat(storage: Storage, name: str) -> Entry:
    """Size and times of one file; FileNotFoundError."""
    if isinstance(storage, RemoteStorage):
        return storage.stat(name)
    if not storage.exists(name):
        raise FileNotFoundError(f"{name!r} does not exist.")
    entry = _entry(storage, name)
    if isinstance(storage, FileSystemStorage) and os.path.isdir(storage.path(name)):
        return replace(entry, size=0, is_dir=True)
    return entry


def _entry(storage: Storage, name: str) -> Entry:
    times: dict[str, Any] = {}
    for kind in ("modified", "created", "accessed"):
        try:
            found = getattr(storage, f"get_{kind}_time")(name)
        except NotImplementedError:
            continue
        times[kind] = _aware(found)
    return Entry(name, storage.size(name), **times)


def _aware(time: datetime) -> datetime:
    return (timezone.make_aware(time) if timezone.is_naive(time) else time).astimezone(UTC)


def scan(storage: Storage, path: str = "") -> Iterator[Entry]:
    """Every file below `path`, however deep; nothing if there is no such directory."""
    if isinstance(storage, RemoteStorage):
        yield from storage.scan(path)
        return
    base, dirs, files = _listed(storage, path)
    for name in files:
        try:
            entry = _entry(storage, base + name)
        except FileNotFoundError:  # it has gone meanwhile, or is a link to nothing
            continue
        yield entry
    for name in dirs:
        yield from scan(storage, base + name)


def _listed(storage: Storage, path: str) -> tuple[str, list[str], list[str]]:
    """What to put before the names in a directory, and its directories and files."""
    path = posixpath.normpath(path) if path else ""
    try:
        dirs, files = storage.listdir("" if path == "." else path)
    except (FileNotFoundError, NotADirectoryError, FileExistsError):  # Django's in memory: a file
        dirs, files = [], []
    return "" if path in ("", ".") else f"{path}/", dirs, files


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
        if isinstance(target, RemoteStorage):
            target.write(new, content, overwrite=overwrite)
        else:
            _save_as(target, new, content, overwrite)


def _save_as(target: Storage, name: str, content: Any, overwrite: bool) -> None:
    """Store under just this name on a storage that may choose another one."""
    if not overwrite and target.exists(name):
        raise FileExistsError(f"{name!r} exists already.")
    if isinstance(target, FileSystemStorage):
        _save_beside(target, name, content, overwrite)
        return
    stored = target.save(name, content)
    if stored != name:
        target.delete(stored)
        raise FileExistsError(
            f"{name!r} exists already, and {type(target).__name__} cannot replace a file safely."
        )


def _save_beside(target: FileSystemStorage, name: str, content: Any, overwrite: bool) -> None:
    """Django writes into the file itself, and when that fails leaves what came so far."""
    beside = posixpath.join(posixpath.dirname(name), f".{secrets.token_hex(8)}.part")
    try:
        beside = target.save(beside, content)
        _put_in_place(target.path(beside), target.path(name), overwrite)
    finally:
        target.delete(beside)


def _put_in_place(path: str, place: str, overwrite: bool) -> None:
    """Rename a file, or link it where nothing may be replaced; FileExistsError."""
    if overwrite:
        os.replace(path, place)
        return
    try:
        os.link(path, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(place):
            raise FileExistsError(f"{place!r} exists already.") from None
        os.replace(path, place)


def delete_many(storage: Storage, names: Iterable[str]) -> None:
    """Delete files; missing ones are fine. An empty name is a ValueError before any goes."""
    if isinstance(storage, RemoteStorage):
        storage.delete_many(names)
        return
    names = list(names)
    if not all(names):
        raise ValueError("The name of the file to delete must not be empty.")
    for name in names:
        storage.delete(name)


def delete_tree(storage: Storage, path: str, *, everything: bool = False) -> int:
    """Delete all files below `path`, and say how many; directories go where they are real.

    ValueError for the root of the storage, unless `everything` is true.
    """
    if isinstance(storage, RemoteStorage):
        return storage.delete_tree(path, everything=everything)
    if not everything and _is_root(storage, path):
        raise ValueError("delete_tree() of the whole storage needs everything=True.")
    count = 0
    entries = scan(storage, path)
    while batch := list(islice(entries, BATCH)):
        delete_many(storage, (entry.name for entry in batch))
        count += len(batch)
    _delete_dirs(storage, path)
    above, name = posixpath.split(posixpath.normpath(path))
    if name != "." and name in _listed(storage, above)[1]:
        with suppress(OSError):  # not empty
            storage.delete(path)
    return count


def _is_root(storage: Storage, path: str) -> bool:
    if posixpath.normpath(path or ".") in (".", "/"):
        return True
    try:
        return storage.path(path) == storage.path("")
    except NotImplementedError:
        return False


def _delete_dirs(storage: Storage, path: str) -> None:
    """Delete the directories below `path` that are empty now, the deepest first."""
    base, dirs, _ = _listed(storage, path)
    for name in dirs:
        _delete_dirs(storage, base + name)
        with suppress(OSError):  # not empty
            storage.delete(base + name)
