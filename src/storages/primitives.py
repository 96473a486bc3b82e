"""The primitives that a backend implements: the five required ones, and those with defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime
from typing import IO, Any

from storages.configured import BaseStorage
from storages.entry import Entry, Upload
from storages.reading import WINDOW
from storages.transfer import MiB, fetch_range, stream_whole
from storages.writing import PartWriter, SpooledUpload

HASHES = ("md5", "sha1", "sha256")
"""Digests that Python computes; a backend adds those of its service."""

IN_FLIGHT = 40 * MiB
"""Bytes of parts or windows that one open file may have on their way."""


class Primitives(BaseStorage):
    """What a backend says of its service; `RemoteStorage` builds everything else on it.

    Keys have passed the gate of names. A prefix is empty or ends with a slash. Errors are
    builtins that name the key (FileNotFoundError, FileExistsError, PermissionError);
    ConnectionError and TimeoutError mean "try again".
    """

    part_size: int = 8 * MiB
    """Bytes of a part of an upload; what fits in one is stored by a single request."""
    most_in_flight: int = 16
    """Parts or windows of one file, or deletions, that may be on their way at once."""

    # -- required

    def _stat(self, key: str) -> Entry:
        """The object, or the directory where those are real; FileNotFoundError."""
        raise NotImplementedError

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes from `start` to `stop` (at most) of that very version; OSError if it changed."""
        raise NotImplementedError

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> str | None:
        """Store all of `source`, or nothing; if `exclusive`, FileExistsError over another one.

        `source` is bytes, or a binary file at its start for a storage without `_start_upload`.
        The answer is the key, if `params` let the service choose another one and it did.
        """
        raise NotImplementedError

    def _delete(self, key: str) -> None:
        """Delete the object; an absent one is fine."""
        raise NotImplementedError

    def _list(self, prefix: str) -> Iterator[Entry]:
        """Files and directories directly below `prefix`, streamed page by page."""
        raise NotImplementedError

    # -- optional

    def _prepare(self, key: str, content: Any = None) -> tuple[Any, bool]:
        """The service's parameters for a new object, and whether to gzip its content."""
        return {}, False

    def _prepare_like(self, key: str, entry: Entry) -> Any:
        """The parameters of a new object that takes the stored bytes of `entry`, of any storage.

        Its type, encoding, cache control, disposition, language and metadata are those of
        `entry`, as far as that has them, the encoding in any case; all else is as `_prepare` says.
        ValueError for metadata that the service cannot keep.
        """
        return self._prepare(key)[0]

    def _keeps_headers(self) -> bool:
        """Whether something of what `_prepare_like` is told is kept, the encoding at least."""
        return type(self)._prepare_like is not Primitives._prepare_like

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        """The object and its first bytes, `count` at most; FileNotFoundError."""
        entry = self._stat(key)
        if entry.is_dir:
            raise IsADirectoryError(f"{key!r} is a directory.")
        if self._reading_streams():
            return entry, b""
        return entry, fetch_range(self, entry, 0, min(count, entry.size))

    def _stream(self, entry: Entry, start: int) -> Generator[bytes, None, None]:
        """The bytes from `start` on; overridden where each range is dear (FTP, SFTP).

        It is closed early after a seek, perhaps in a forked child, which must not talk to the
        server then. It checks that `entry` is still what is stored: OSError if not.
        """
        while start < entry.size:
            window = fetch_range(self, entry, start, min(start + WINDOW, entry.size))
            start += len(window)
            yield window

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        """Begin an object of several parts."""
        return SpooledUpload(self, key, params, exclusive=exclusive)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        """All files below `prefix`, and what else `delete_tree` must delete, as directories.

        A link to a directory is not followed: it may lead out of `prefix`, or into a circle. What
        may not be looked into is an OSError: whoever deletes by a listing must not miss it.
        """
        with suppress(FileNotFoundError, NotADirectoryError):  # there is no such directory
            yield from _walked(self, prefix)

    def _has_entries(self, prefix: str) -> bool:
        """Whether anything is below `prefix`."""
        return any(True for _ in self._list(prefix))

    def _delete_many(self, keys: list[str]) -> None:
        """Delete all of `keys`; absent ones are fine."""
        with ThreadPoolExecutor(min(self.most_in_flight, len(keys) or 1)) as pool:
            list(pool.map(self._delete, keys))

    def _delete_entries(self, entries: list[Entry]) -> None:
        """Delete objects as they were listed; absent ones are fine."""
        self._delete_many([entry.key for entry in entries])

    def _reaches(self, origin: Primitives) -> bool:
        """Whether the service copies from the storage `origin` to this one by itself."""
        return False

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Primitives | None = None,
    ) -> None:
        """Copy an object; all or nothing; if `exclusive`, FileExistsError over another one.

        `source` is of the storage `origin`, of which `_reaches` is true, or else of this one; it
        may come of a listing. Its headers and metadata go along. OSError with `errno.ESTALE` if
        another version has taken its place.
        """
        writer = PartWriter(self, target, params, exclusive=exclusive)
        try:
            with closing(stream_whole(origin or self, source, 0)) as chunks:
                for chunk in chunks:
                    writer.write(chunk)
            writer.finish()
        except BaseException:
            writer.abort()
            raise

    def _move(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Primitives | None = None,
    ) -> None:
        """Rename an object, like `_copy`; overridden where the service can rename."""
        if origin is None:  # which not every backend's own `_copy` knows of
            self._copy(source, target, params, exclusive=exclusive)
        else:
            self._copy(source, target, params, exclusive=exclusive, origin=origin)
        (origin or self)._delete_version(source)

    @classmethod
    def _ignores_case(cls) -> bool:
        """Whether names that differ in case alone are one to the service."""
        return False

    def _delete_version(self, entry: Entry) -> None:
        """Delete an object that was moved; OSError if another version has taken its place."""
        self._delete(entry.key)

    def _facts(self, key: str, content: Any = None) -> Any:
        """The parameters of a new object, and options that show in it: what a setting changes."""
        return self._prepare(key, content)[0]

    def _make_dir(self, key: str) -> None:
        """Make a directory and those above it, where they are real; FileExistsError."""

    def _remove_dir(self, key: str) -> None:
        """Remove a directory, where they are real; one that is absent or not empty stays so."""

    def _set_modified_time(self, key: str, time: datetime) -> None:
        """Say when a file was modified; NotImplementedError where the service alone says it."""
        raise NotImplementedError(f"{type(self).__name__} sets no times.")

    def _honours_exclusive(self, key: str) -> bool:
        """Whether the service itself refuses to create the object `key`, which exists.

        Overridden where an exclusive `_put` looks first: between look and write, another one may.
        """
        try:
            self._put(key, b"", self._prepare(key)[0], exclusive=True)
        except FileExistsError:
            return True
        return False

    @classmethod
    def _sets_times(cls) -> bool:
        """Whether somebody can say when a file was modified."""
        return cls._set_modified_time is not Primitives._set_modified_time

    @classmethod
    def _has_directories(cls) -> bool:
        """Whether directories are real: they can be empty, and a missing one is an error."""
        return cls._remove_dir is not Primitives._remove_dir

    def _reading_streams(self) -> bool:
        """Whether the service is better read by long streams than by ranges."""
        return type(self)._stream is not Primitives._stream

    def _in_flight(self, size: int) -> int:
        """How many parts or windows of `size` bytes one file may have on their way."""
        return max(1, min(self.most_in_flight, self._memory() // size))

    def _hasher(self, kind: str) -> Any:
        """A new hash object of the `kind` that stands before `Entry.digest`; None if unknown."""
        return hashlib.new(kind, usedforsecurity=False) if kind in HASHES else None

    def _memory(self) -> int:
        """Bytes of parts or windows that one open file may have on their way."""
        return IN_FLIGHT


def _walked(storage: Primitives, prefix: str) -> Iterator[Entry]:
    """All files and directories below, by the listing of each directory; FileNotFoundError."""
    below = []
    for entry in storage._list(prefix):
        if entry.is_dir and not entry.is_link:
            below.append(entry)
        else:
            yield entry
    for entry in below:
        try:
            yield from _walked(storage, entry.key.rstrip("/") + "/")
        except (FileNotFoundError, NotADirectoryError) as error:
            # Has it gone meanwhile? Some servers say so of what they do not let anybody enter.
            if entry.key in (each.key for each in storage._list(prefix)):
                raise PermissionError(f"{entry.key!r} cannot be listed: {error}") from error
        yield entry
