"""Where files are: a storage by its alias, or a directory of this machine, and a path in it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.functional import LazyObject

from storages import sides
from storages.base import RemoteStorage
from storages.entry import Entry
from storages.names import clean_name

LOCAL = ("/", "./", "../", "~")
"""How paths of this machine begin, so that nobody takes them for an alias."""


class UnknownPlace(ValueError):  # noqa: N818 - it is a place, as FileNotFoundError's is a file
    """No storage has this alias."""


@dataclass(frozen=True)
class Place:
    """A path in a storage; names are relative to it. `spec` is how the user has named it."""

    storage: Storage
    path: str = ""
    spec: str = ""
    is_local: bool = False
    """Whether it is a path of this machine, which means another place elsewhere."""

    def __str__(self) -> str:
        return self.spec or f"{type(self.storage).__name__}:{self.path}"

    @cached_property
    def side(self) -> Any:
        """What has the methods of `RemoteStorage`."""
        return sides.of(self.storage)

    @property
    def remote(self) -> RemoteStorage | None:
        """The storage, if it is one of ours."""
        return self.storage if isinstance(self.storage, RemoteStorage) else None

    def name(self, relative: str) -> str:
        """The storage's name of a file that is called `relative` here."""
        return f"{self.path}/{relative}" if self.path else relative

    def scan(self) -> Iterator[Entry]:
        """All files at and below the path, by names relative to it."""
        start = len(self.path) + 1 if self.path else 0
        for entry in self.side.scan(self.path):
            yield replace(entry, key=entry.key[start:]) if start else entry

    def scandir(self) -> Iterator[Entry]:
        """The files and directories directly at the path, by names relative to it."""
        start = len(self.path) + 1 if self.path else 0
        for entry in self.side.scandir(self.path):
            yield replace(entry, key=entry.key[start:])

    def is_dir(self) -> bool:
        return bool(self.side.is_dir(self.path))

    def below(self, relative: str) -> Place:
        """A path in this one."""
        spec = f"{self.spec.rstrip('/')}{'/' if self.path or self.is_local else ':'}{relative}"
        return replace(self, path=self.name(relative), spec=spec)

    def identity(self) -> tuple[Any, ...]:
        """Equal for two names of one place; what lies below begins with the same items."""
        if isinstance(self.storage, FileSystemStorage):
            path = os.path.realpath(self.storage.path(self.path))
            return ("file", *path.strip("/").split("/"))
        if self.remote is not None:
            key = self.remote._prefix(self.path).strip("/")
            return (self.remote._place() or id(self.remote), *_parts(key))
        return (id(self.storage), *_parts(self.path))

    def overlaps(self, other: Place) -> bool:
        """Whether one of the two is the other or lies in it, as far as options tell."""
        mine, others = self.identity(), other.identity()
        shorter = min(len(mine), len(others))
        return mine[:shorter] == others[:shorter]


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def place_of(given: Place | Storage | str) -> Place:
    """The place that a user means: `ALIAS`, `ALIAS:PATH`, or a local path (`./`, `../`, `/`, `~`).

    UnknownPlace if there is no such alias in STORAGES.
    """
    if isinstance(given, Place):
        return given
    if not isinstance(given, str):
        return Place(unwrapped(given))
    if given in (".", "..") or given.startswith(LOCAL):
        location = os.path.abspath(os.path.expanduser(given))
        folder, name = os.path.split(location)
        if os.path.isdir(location) or given.endswith("/"):
            folder, name = location, ""
        return Place(FileSystemStorage(location=folder), name, given, is_local=True)
    alias, _, path = given.partition(":")
    if alias not in storages.backends:
        raise UnknownPlace(
            f"STORAGES has no {alias!r}, it has {', '.join(storages.backends)}. "
            "A path of this machine begins with ./ or /."
        )
    return Place(unwrapped(storages[alias]), _clean(path), given)


def _clean(path: str) -> str:
    cleaned = clean_name(path).strip("/")
    if cleaned == ".." or cleaned.startswith("../"):
        raise UnknownPlace(f"The path {path!r} leaves its storage.")
    return posixpath.normpath(cleaned) if cleaned else ""


def unwrapped(storage: Any) -> Any:
    """The storage behind one of Django's lazy ones, such as `default_storage`."""
    if isinstance(storage, LazyObject):
        str(storage)  # makes it
        return storage._wrapped
    return storage
