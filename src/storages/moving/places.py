"""Where files are: a storage by its alias, or a directory of this machine, and a path in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage, storages
from django.utils.functional import LazyObject

from storages import sides
from storages.base import RemoteStorage
from storages.entry import Entry
from storages.names import clean_name, folded
from storages.options import declared

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
        """The storage's name of a file that is called `relative` here.

        FileNotFoundError for what a listing may tell, but would lead to another file: Django's
        names know no empty parts, dots as parts or backslashes.
        """
        if not is_addressable(relative):
            shown = relative or self.joined("") or f"{self}/"
            raise FileNotFoundError(
                f"{shown!r} is no name that Django's storages can address: rename it there."
            )
        return self.joined(relative)

    def joined(self, relative: str) -> str:
        """The same of a name that was only listed, and is only looked at."""
        return f"{self.path}/{relative}" if self.path else relative

    def folded(self, name: str) -> str:
        """What all names have in common that are one name here."""
        return folded(name) if self.ignores_case else name

    @cached_property
    def ignores_case(self) -> bool:
        """Whether names that differ in case alone are one here."""
        return bool(self.side._ignores_case())

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
        """Whether it is a directory; a storage as a whole is one, be it made yet or not."""
        return bool(self.side.is_dir(self.path))

    def check_dir(self) -> None:
        """FileNotFoundError or NotADirectoryError unless it is a directory."""
        if not self.is_dir():
            self.side.stat(self.path)
            raise NotADirectoryError(f"{self} is a file, and no directory.")

    def is_file(self) -> bool:
        """Whether it is a file; an object store may have a directory of the same name."""
        try:
            return bool(self.path) and not self.side.stat(self.path).is_dir
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return False

    def below(self, relative: str) -> Place:
        """A path in this one."""
        spec = self.spec.rstrip("/")
        if spec:
            slash = "" if spec.endswith(":") else "/" if ":" in spec or self.is_local else ":"
            spec += f"{slash}{relative}"
        return replace(self, path=self.name(relative), spec=spec)

    def identity(self) -> tuple[Any, ...]:
        """Equal for two names of one place; what lies below begins with the same items."""
        if isinstance(self.storage, FileSystemStorage):
            return ("file", *_parts(os.path.realpath(self.storage.path(self.path))))
        if self.remote is None:
            return (_foreign(self.storage), *_parts(self.path))
        key = self.remote._prefix(self.path)
        return (self.remote._place() or _options(self.remote), *_parts(key))

    def overlaps(self, other: Place) -> bool:
        """Whether one of the two is the other or lies in it, as far as options tell."""
        mine, others = self.identity(), other.identity()
        shorter = min(len(mine), len(others))
        return mine[:shorter] == others[:shorter]

    def is_in(self, other: Place) -> bool:
        """Whether it is the other one or lies in it, as far as options tell."""
        return self.overlaps(other) and len(self.identity()) >= len(other.identity())


def _parts(path: str) -> list[str]:
    return [part for part in path.replace(os.sep, "/").split("/") if part]


def _options(storage: RemoteStorage) -> tuple[Any, ...]:
    """What two storages of one service and account have in common, if they do not tell it."""
    names = sorted(declared(type(storage)).keys() - {"location"})
    return (type(storage), *((name, repr(getattr(storage, name, None))) for name in names))


def _foreign(storage: Storage) -> Any:
    """The same for a storage of others: what it was made with, as far as Django keeps it."""
    if isinstance(storage, InMemoryStorage):  # each has files of its own
        return id(storage)
    return (type(storage), repr(getattr(storage, "_constructor_args", id(storage))))


def is_addressable(name: str) -> bool:
    """Whether a listed name leads to the very file that was listed."""
    strange = {"", ".", ".."}.intersection(name.split("/"))
    return not strange and "\\" not in name and "\0" not in name


def place_of(given: Place | Storage | str) -> Place:
    """The place that a user means: `ALIAS`, `ALIAS:PATH`, or a local path (`./`, `../`, `/`, `~`).

    UnknownPlace if there is no such alias in STORAGES.
    """
    if isinstance(given, Place):
        return given
    if not isinstance(given, str):
        storage = unwrapped(given)
        return Place(storage, spec=_alias_of(storage))
    if is_local(given):
        folder, name = os.path.split(os.path.abspath(os.path.expanduser(given)))
        return Place(FileSystemStorage(location=folder), name, given, is_local=True)
    alias, _, path = given.partition(":")
    if alias not in storages.backends:
        raise UnknownPlace(
            f"STORAGES has no {alias!r}, it has {', '.join(storages.backends)}. "
            "A path of this machine begins with ./, ../, ~ or /."
        )
    return Place(unwrapped(storages[alias]), cleaned(path), given)


def _alias_of(storage: Storage) -> str:
    """Its alias, so that other machines can make the same one; empty for one of its own."""
    # Only among those that are in use: to make all of them may cost requests.
    made: dict[str, Storage] = getattr(storages, "_storages", {})
    return next((alias for alias, each in made.items() if each is storage), "")


def is_local(given: str) -> bool:
    """Whether it is a path of this machine."""
    return given in (".", "..") or given.startswith(LOCAL)


def cleaned(path: str) -> str:
    """A path that a user gives, as a name; UnknownPlace if it leaves the storage."""
    name = clean_name(path).strip("/")
    if name and not is_addressable(name):
        raise UnknownPlace(f"The path {path!r} leaves its storage.")
    return name


def unwrapped(storage: Any) -> Any:
    """The storage behind one of Django's lazy ones, such as `default_storage`."""
    if isinstance(storage, LazyObject):
        str(storage)  # makes it
        return storage._wrapped
    return storage
