"""The files of a place, and what refers to them: rows of all databases, and manifests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, Storage, storages

from storages.entry import Entry
from storages.moving.addressing import Addresses
from storages.moving.jobs import Job, Outcome, one_files
from storages.moving.ledger import Ledger, Referred
from storages.moving.places import Place, unwrapped
from storages.moving.references import Databases, Reference, former_fields, media_fields
from storages.names import is_ours

STATICFILES = "staticfiles"
"""The alias where Django stores static files, of which only a manifest tells which are in use."""

TWINS = ("", ".gz", ".br")
"""What the names of a static file and of its compressed forms end with."""


class Census:
    """Lists a place first, and then asks who refers to what: else a file could come between.

    `why_kept` says of a listed file why it stays in any case; empty if it may be an orphan.
    """

    def __init__(self, place: Place, why_kept: Callable[[Entry], str] = lambda entry: "") -> None:
        self.place, self._why_kept = place, why_kept
        self.ledger = Ledger()
        self.unreadable: list[Outcome] = []
        """What could not be asked; so nobody knows what it refers to."""
        self.nowhere: list[Referred] = []
        """Rows with names that no file can have."""
        self.is_known = False
        """Whether anything refers to any file of the storage, at the place or elsewhere."""
        self._addresses = Addresses(place.storage)
        self._root = self._addresses.root(place.path)
        self._whole = self._addresses.root("")
        self._has_links = False
        fields = [*media_fields(), *former_fields()]
        self._fields = [(each, Addresses(each.storage)) for each in fields]
        self._static: dict[str, Any] = {}
        self._others: list[str] = []
        """What the keys of files of other storages begin with, of which no row tells."""

    def take(self) -> None:
        """List and ask; OSError if the place cannot be listed."""
        self._look_around()
        found = False
        for entry in self.place.scan():
            found = True
            self._add(entry)
        if not found:  # a misspelt one must not look like an empty one
            self.place.check_dir()
        self.ask()
        if self._addresses.has_links:
            # What is not there by its name may be reached by a link, or have been moved.
            for each in self.ledger.missing():
                self.ledger.add_doubt(each.name.rpartition("/")[2])

    def close(self) -> None:
        self.ledger.close()

    # -- what is there

    def _look_around(self) -> None:
        """Find other storages of STORAGES in the place, and static ones that are the same."""
        used = {addresses.root("") for _, addresses in self._fields if self._is_here(addresses)}
        for alias in storages.backends:
            try:
                storage = unwrapped(storages[alias])
                if is_nowhere(storage):
                    continue
                addresses = Addresses(storage)
                root = addresses.root("") if self._is_here(addresses) else None
            except Exception as error:  # noqa: BLE001 - who knows where its files are
                self._cannot(f"STORAGES[{alias!r}]", "", error)
                continue
            if root is None:
                continue
            is_static = alias == STATICFILES or hasattr(storage, "load_manifest")
            if is_static and root == self._whole:
                self._static[alias] = storage
            elif root != self._root and root.startswith(self._root) and root not in used:
                self._others.append(root)

    def _is_here(self, addresses: Addresses) -> bool:
        return bool(addresses.base == self._addresses.base)

    def _add(self, entry: Entry) -> None:
        key = self._addresses.listed(self.place.joined(entry.name))
        if not entry.is_broken:  # who refers to it misses what it has led to
            kept = self._reason(entry, key) or self._why_kept(entry)
            self.ledger.add_file(key, entry, kept=kept)
        if not entry.is_link:
            return
        if not self._addresses.has_links:
            self.ledger.add_doubt(os.path.realpath(key))
        elif not self._has_links:  # one is enough
            self._has_links = True
            self._cannot(entry.name, "", OSError("It is a link, and nobody knows to what."))

    def _reason(self, entry: Entry, key: str) -> str:
        if entry.is_link or not key.startswith(self._root):
            return "links, or reached by links"
        if is_ours(entry.name):
            return "of storages themselves"
        if key.startswith(tuple(self._others)):
            return "of other storages"
        return ""

    # -- what refers to it

    def ask(self) -> None:
        """Read what refers to files; once more, to find what has come meanwhile."""
        for alias, storage in self._static.items():
            try:
                self.ledger.add_references(self._of_manifest(storage))
            except Exception as error:  # noqa: BLE001 - storages of others raise what they like
                self._cannot(alias, "manifest", error)
        databases = Databases()
        for media, addresses in self._fields:
            if self._is_here(addresses) or addresses.may_be_same(self._addresses):
                try:
                    for database in databases.of(media.model):
                        self._note(addresses, media.references(database))
                except Exception as error:  # noqa: BLE001 - and so do fields of others
                    self._cannot(media.model._meta.label, media.field.name, error)

    def _note(self, addresses: Addresses, references: Iterator[Reference]) -> None:
        if self._is_here(addresses):
            self.ledger.add_references(self._referred(addresses, references))
        else:
            for each in references:
                self.ledger.add_doubt(each.name)

    def _referred(
        self, addresses: Addresses, references: Iterable[Reference]
    ) -> Iterator[Referred]:
        for name, owner in references:
            try:
                keys = list(addresses.keys(name))
            except (SuspiciousOperation, OSError, ValueError):
                if owner:
                    self.nowhere.append(Referred("", owner, name))
                continue
            for key in keys:
                self.is_known = self.is_known or key.startswith(self._whole)
                if key.startswith(self._root) or addresses.has_links:
                    yield Referred(key, owner, name)

    def _of_manifest(self, storage: Any) -> Iterator[Referred]:
        """The files of a manifest under both their names, and itself; nobody owns them."""
        paths = storage.load_manifest()[0] if hasattr(storage, "load_manifest") else {}
        if not paths:
            raise OSError("There is none, so nobody knows which static files are in use.")
        self.is_known = True
        keeper = Addresses(unwrapped(storage.manifest_storage))
        if self._is_here(keeper):
            yield from (Referred(key, "", "") for key in keeper.keys(storage.manifest_name))
        for name in {*paths, *paths.values()}:
            for twin in TWINS:
                for key in self._addresses.keys(name + twin):
                    yield Referred(key, "", "")

    def missing(self) -> Iterator[Referred]:
        """What rows refer to and what was not listed; it may have come since."""
        return (each for each in self.ledger.missing() if each.key.startswith(self._root))

    def is_there(self, referred: Referred) -> bool:
        with one_files():
            return self._addresses.is_file(referred.key)

    def _cannot(self, owner: str, name: str, error: Exception) -> None:
        failed = Outcome.failed(Job(name or owner, owner=owner if name else ""), error)
        if failed not in self.unreadable:  # it is asked more than once
            self.unreadable.append(failed)


def is_nowhere(storage: Storage) -> bool:
    """Whether it has no files at all, as Django's static ones without STATIC_ROOT."""
    return isinstance(storage, FileSystemStorage) and storage.location is None
