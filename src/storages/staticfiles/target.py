"""What is stored already: one listing, and what the last run remembered beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from storages.base import RemoteStorage
from storages.entry import Entry
from storages.staticfiles.content import Prepared
from storages.staticfiles.remembered import (
    STATE_NAME,
    Remembered,
    dump,
    fingerprint,
)


class Target:
    """The files of a storage, by key, and whether they are what they should be.

    `clear` takes all of them for absent: `leftover()` says which ones nothing has replaced.
    Methods may be called from several threads.
    """

    def __init__(self, storage: RemoteStorage, *, clear: bool = False) -> None:
        self._storage, self._root = storage, storage._root()
        found = {entry.key: entry for entry in storage.scan()}
        state = found.pop(STATE_NAME, None)
        # Some FTP servers list no names that begin with a dot.
        self._memory = self._recall(state) if state or found else Remembered()
        self._listed = {self._root + name: entry for name, entry in found.items()}
        self.entries: dict[str, Entry] = {} if clear else self._listed
        self._clear = clear
        self._sent: dict[str, tuple[str, str]] = {}
        self._confirmed: set[str] = set()
        self._deleted: set[str] = set()

    def _recall(self, state: Entry | None) -> Remembered:
        try:
            with self._storage.open(STATE_NAME) as file:
                entry = state or file.entry
                return Remembered.load(file.read(), entry) if entry else Remembered()
        except FileNotFoundError:
            return Remembered()

    # -- questions

    def is_current(self, key: str, params: Mapping[str, Any]) -> bool:
        """Whether there is such a file, stored with these parameters."""
        entry = self.entries.get(key)
        if entry is None:
            return False
        wanted = fingerprint(params)
        return not wanted or self._memory.fingerprint_of(entry) == wanted

    def holds(self, key: str, ready: Prepared, params: Mapping[str, Any], modified: Any) -> bool:
        """Whether just this is stored: by its digest, else by size and time.

        `modified` says when the source was modified, if anybody knows.
        """
        if not self.is_current(key, params):
            return False
        entry = self.entries[key]
        if entry.size != ready.size:
            return False
        kind, _, digest = (entry.digest or "").partition(":")
        computed = ready.digest(kind) if kind else None
        if computed is not None and computed == digest:
            self._confirmed.add(entry.name)
            return True
        if (known := self._memory.digest_of(entry)) is not None:
            return known == ready.digest("md5")
        return computed is None and _is_newer(entry, modified)

    # -- what the run does

    def stored(self, key: str, params: Mapping[str, Any], md5: str) -> None:
        """Note what was stored under `key`."""
        self._sent[key] = (fingerprint(params), md5)

    def leftover(self) -> list[str]:
        """The keys of what was there before and would not be after `clear`."""
        if not self._clear:
            return []
        return [k for k in self._listed if k not in self._sent and k not in self._deleted]

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files, in batches where the service has them."""
        keys = [key for key in keys if key in self._listed]
        if keys:
            self._storage._delete_entries([replace(self._listed[key], key=key) for key in keys])
            self._deleted.update(keys)

    def remember(self) -> None:
        """Write the state, if anything has changed."""
        if not (self._sent or self._deleted):
            return
        left = {k: e for k, e in self._listed.items() if k not in self._deleted}
        prints = {e.name: self._memory.fingerprint_of(e) for e in left.values()}
        digests = {
            e.name: digest
            for e in left.values()
            if e.name not in self._confirmed and (digest := self._memory.digest_of(e))
        }
        for key, (found, md5) in self._sent.items():
            name = key.removeprefix(self._root)
            prints[name], digests[name] = found, md5
        self._storage.write(STATE_NAME, ContentFile(dump(prints, digests)), overwrite=True)


def _is_newer(entry: Entry, modified: Any) -> bool:
    """Whether a file was stored after its source was modified, in whole seconds."""
    if entry.modified is None or modified is None:
        return False
    try:
        time: datetime = modified()
    except (OSError, NotImplementedError):
        return False
    aware = (timezone.make_aware(time) if timezone.is_naive(time) else time).astimezone(UTC)
    return entry.modified.replace(microsecond=0) >= aware.replace(microsecond=0)
