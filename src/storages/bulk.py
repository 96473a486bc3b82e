"""Whole trees and pairs of storages, over any Django storage.

The fast methods of `RemoteStorage` where a storage has them; else what Django's API allows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.core.files.storage import Storage
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
    return _entry(storage, name)


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
    try:
        dirs, files = storage.listdir(path)
    except FileNotFoundError:
        return
    base = f"{path.rstrip('/')}/" if path.strip("/") else ""
    for name in files:
        yield _entry(storage, base + name)
    for name in dirs:
        yield from scan(storage, base + name)


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
    if source is target and name == new:
        return
    with source.open(name) as content:
        if isinstance(target, RemoteStorage):
            target.write(new, content, overwrite=overwrite)
        else:
            _save_as(target, new, content, overwrite)


def _save_as(target: Storage, name: str, content: object, overwrite: bool) -> None:
    """Store under just this name on a storage that may choose another one."""
    exists = target.exists(name)
    if exists and not overwrite:
        raise FileExistsError(f"{name!r} exists already.")
    stored = target.save(name, content)  # type: ignore[arg-type]  # an open file has all it needs
    if stored == name:
        return
    try:
        os.replace(target.path(stored), target.path(name))
    except NotImplementedError:
        target.delete(stored)
        raise FileExistsError(
            f"{name!r} exists already, and {type(target).__name__} cannot replace a file safely."
        ) from None


def delete_many(storage: Storage, names: Iterable[str]) -> None:
    """Delete files; missing ones are fine."""
    if isinstance(storage, RemoteStorage):
        storage.delete_many(names)
        return
    for name in names:
        storage.delete(name)


def delete_tree(storage: Storage, path: str, *, everything: bool = False) -> int:
    """Delete all files below `path`, and say how many; directories go where they are real.

    ValueError for the root of the storage, unless `everything` is true.
    """
    if isinstance(storage, RemoteStorage):
        return storage.delete_tree(path, everything=everything)
    if not path.strip("/.") and not everything:
        raise ValueError("delete_tree() of the whole storage needs everything=True.")
    count = 0
    entries = scan(storage, path)
    while batch := list(islice(entries, BATCH)):
        delete_many(storage, (entry.name for entry in batch))
        count += len(batch)
    _delete_dirs(storage, path)
    return count


def _delete_dirs(storage: Storage, path: str) -> None:
    """Delete the directories that are empty now, the deepest first; the root stays."""
    try:
        dirs, files = storage.listdir(path)
    except FileNotFoundError:
        return
    base = f"{path.rstrip('/')}/" if path.strip("/") else ""
    for name in dirs:
        _delete_dirs(storage, base + name)
    if base and not files:
        storage.delete(path)
