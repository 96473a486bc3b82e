"""What is stored already: one listing, and what the last run remembered beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from storages.base import RemoteStorage
from storages.entry import Entry
from storages.staticfiles.content import Prepared
from storages.staticfiles.remembered import (
    STATE_NAME,
    UNKNOWN,
    Known,
    Remembered,
    appearance,
    dump,
    fingerprint,
)
from storages.transfer import MiB, fetch_first, stream_whole

AT_ONCE = 16 * MiB
"""Bytes of the state that one request reads: of some hundred thousand files."""


class Target:
    """The files of a storage, by key, and whether they are what they should be.

    `clear` takes all of them for absent: `leftover()` says which ones nothing has replaced.
    Methods may be called from several threads.
    """

    def __init__(self, storage: RemoteStorage, *, clear: bool = False) -> None:
        self._storage, self._root = storage, storage._root()
        with ThreadPoolExecutor(1, thread_name_prefix="collectstatic-state") as pool:
            recalled = pool.submit(self._recall)
            self._listed = self._list()
        self._memory, state = recalled.result()
        # Some FTP servers list no names that begin with a dot.
        self._state = self._listed.pop(self._root + STATE_NAME, state)
        self._memory.written = self._state.modified if self._state else None
        self.entries: dict[str, Entry] = {} if clear else self._listed
        self.processed = self._memory.processed
        self._clear = clear
        self._tried: set[str] = set()
        self._sent: dict[str, tuple[str, Known]] = {}
        self._confirmed: set[str] = set()
        self._learned = False
        self._deleted: set[str] = set()
        if storage._sets_times():  # then a time does not prove that nobody else stored a file
            for entry in self._listed.values():
                if entry.digest is None:
                    self._recognize(entry)

    def _list(self) -> dict[str, Entry]:
        return {e.key: e for e in self._storage._scan(self._root) if not e.is_dir}

    def _recall(self) -> tuple[Remembered, Entry | None]:
        """What the last run remembered, read while the listing is under way."""
        try:
            entry, first = fetch_first(self._storage, self._root + STATE_NAME, AT_ONCE)
        except FileNotFoundError:
            return Remembered(), None
        rest = stream_whole(self._storage, entry, len(first))
        return Remembered.load(b"".join([first, *rest]), self._root), entry

    def _recognize(self, entry: Entry) -> None:
        """Remember how a listing shows what seems to be the file that the last run left."""
        known = self._memory.digests.get(entry.key)
        if known and known.seen is None and self._memory.is_left(entry):
            self._memory.digests[entry.key] = known._replace(seen=appearance(entry))
            self._learned = True

    # -- questions

    def is_current(self, key: str, params: Mapping[str, Any]) -> bool:
        """Whether there is such a file, stored with these parameters."""
        entry = self.entries.get(key)
        if entry is None:
            return False
        wanted, known = fingerprint(params), self._memory.fingerprint_of(entry)
        return known == wanted or (not wanted and known == UNKNOWN)

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
            self._confirmed.add(key)
            return True
        known = self._memory.digests.get(entry.key)
        if known is None:
            return computed is None and _is_newer(entry, modified)
        if known.md5 != ready.digest("md5") or not self._memory.is_left(entry):
            return False
        return computed is None or self._misleads(key, entry)

    def _misleads(self, key: str, entry: Entry) -> bool:
        """Whether the digest of a listing is none, as on S3 with keys of its KMS.

        Asking for the file itself tells, which is done once for each.
        """
        if self._memory.digests[entry.key].seen is None:
            if self._storage._stat(key).digest == entry.digest:
                return False
            self._recognize(entry)
        return True

    def md5_of(self, key: str) -> str | None:
        """The MD5 of what is stored; empty if nothing is, None if nobody is sure of it."""
        if key in self._sent:
            return self._sent[key][1].md5
        entry = self.entries.get(key)
        if entry is None or key in self._deleted:
            return ""
        kind, _, digest = (entry.digest or "").partition(":")
        known = self._memory.digests.get(key)
        if known and (known.seen or kind != "md5") and self._memory.is_left(entry):
            return known.md5
        return digest if kind == "md5" else None

    # -- what the run does

    def sending(self, key: str) -> None:
        """Note that a file is sent: if that fails, nobody knows what is there."""
        self._tried.add(key)

    def stored(self, key: str, params: Mapping[str, Any], known: Known) -> None:
        """Note what was stored under `key`."""
        self._sent[key] = (fingerprint(params), known)

    def leftover(self) -> list[str]:
        """The keys of what was there before and would not be after `clear`."""
        if not self._clear:
            return []
        # Where names ignore case, a file that was replaced has been listed by its old name.
        sent = {unicodedata.normalize("NFC", key).casefold() for key in self._sent}
        return [
            key
            for key in self._listed
            if key not in self._deleted and unicodedata.normalize("NFC", key).casefold() not in sent
        ]

    def unchanged(self, keys: Iterable[str]) -> list[str]:
        """Those that are as they were listed, by another listing: others may have stored them."""
        keys = [key for key in keys if key in self._listed]
        if not keys:
            return []
        now = self._list()
        return [
            key for key in keys if key in now and _version(now[key]) == _version(self._listed[key])
        ]

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files, in batches where the service has them."""
        keys = [key for key in keys if key in self._listed]
        if keys:
            self._storage._delete_entries([self._listed[key] for key in keys])
            self._deleted.update(keys)

    def remember(self) -> None:
        """Write the state, if anything has changed.

        If another run has written its own meanwhile, neither knows what is there: the next one
        compares everything.
        """
        changed = self._sent or self._deleted or self._tried or self._learned
        if not changed and self.processed == self._memory.processed:
            return
        known = ({}, {}) if self._was_written_meanwhile() else (*self._now(), self.processed)
        self._storage.write(STATE_NAME, ContentFile(dump(self._root, *known)), overwrite=True)

    def _now(self) -> tuple[dict[str, str], dict[str, Known]]:
        """What is known of the files, by key, as they are after this run."""
        left = {k: e for k, e in self._listed.items() if k not in self._deleted}
        prints = {k: self._memory.fingerprint_of(e) for k, e in left.items()}
        digests = {
            k: self._memory.digests[k]
            for k, e in left.items()
            if k not in self._confirmed and self._memory.is_left(e)
        }
        for key in self._tried - self._sent.keys():
            prints.pop(key, None)
            digests.pop(key, None)
        for key, (found, known) in self._sent.items():
            prints[key], digests[key] = found, known
        return prints, digests

    def _was_written_meanwhile(self) -> bool:
        """Whether another run has ended since this one began."""
        try:
            now = self._storage.stat(STATE_NAME)
        except FileNotFoundError:
            return False
        old = self._state
        if old is None or now.size != old.size:
            return True
        if now.etag is not None and old.etag is not None:
            return now.etag != old.etag
        return (
            now.modified is None
            or old.modified is None
            or (now.modified.replace(microsecond=0) != old.modified.replace(microsecond=0))
        )


def _version(entry: Entry) -> tuple[Any, ...]:
    """What changes when a file is stored again, and not when it is read."""
    return entry.size, entry.modified, entry.etag, entry.digest


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
