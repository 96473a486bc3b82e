"""Storages on services that are file systems: real directories, and files that are renamed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import IO, Any, Protocol

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.utils.encoding import filepath_to_uri

from storages.base import RemoteStorage
from storages.entry import Entry, Upload
from storages.names import key_for
from storages.pool import Connection, Pool
from storages.transfer import KiB, abort_surely
from storages.tree_files import (
    Download,
    TreeUpload,
    exists,
    is_stale,
    is_temporary,
    make_dirs,
    remove,
    remove_dirs,
    remove_empty,
    rename_surely,
)
from storages.writing import PartWriter

SWEPT = 5
"""Files that are swept away after a save at most: whoever saves waits for it."""


class Incoming(Protocol):
    """A file that is read forward."""

    def read(self) -> bytes:
        """The next bytes, as many as come cheaply; empty at the end."""

    def close(self) -> None:
        """End the transfer, wherever it is; the connection can be used again."""


class Outgoing(Protocol):
    """A file that is written forward."""

    def write(self, data: bytes) -> None:
        """Send all of `data`; it may still be on its way when this returns."""

    def close(self) -> None:
        """Wait until the server has said that it stored everything; OSError if it did not."""


class Tree(Connection, Protocol):
    """One connection to a service's file system, as its backend implements it.

    Keys are those of the storage; it alone knows what paths they are on the server. Every error
    is an OSError that names the key. ConnectionError and TimeoutError mean that the connection
    cannot be used again, every other one that the server has answered and it can.
    """

    def stat(self, key: str) -> Entry:
        """What `key` or the link there leads to; FileNotFoundError."""

    def list(self, key: str) -> list[Entry]:
        """What is directly in a directory (without `.` and `..`), links resolved.

        FileNotFoundError, or NotADirectoryError.
        """

    def make_dir(self, key: str) -> None:
        """FileExistsError, whatever is there; FileNotFoundError if there is no parent."""

    def remove_dir(self, key: str) -> None:
        """Remove an empty directory, or the link to one; FileNotFoundError, OSError."""

    def remove(self, key: str) -> None:
        """Remove a file or a link; FileNotFoundError, IsADirectoryError."""

    def rename(self, source: str, target: str) -> None:
        """Rename a file, over another one if there is one, so that there always is one.

        FileNotFoundError for a missing source or a missing directory of the target.
        """

    def rename_new(self, source: str, target: str) -> None:
        """Rename a file; FileExistsError, with nothing done, if the target exists."""

    def first(self, key: str, most: int) -> tuple[Entry, bytes]:
        """A file, and all of its content if that is at most `most` bytes, else nothing of it.

        FileNotFoundError, IsADirectoryError.
        """

    def read(self, entry: Entry, start: int) -> Incoming:
        """Begin to read at byte `start`; FileNotFoundError, or OSError if it is not `entry`."""

    def write(self, key: str, start: int) -> Outgoing:
        """Create the file `key` (`start` is 0), or go on at its end, which must be `start`.

        FileNotFoundError if there is no directory for it.
        """

    def ready(self, key: str, target: str | None) -> None:
        """Give a file that was written the mode and the owner that the storage asks for.

        What it does not ask for, the file has from `target`, if it replaces one.
        """


class TreeStorage(RemoteStorage):
    """A storage over the connections of a pool, each of which gives a `Tree`.

    A backend says how to connect, and declares its options, `base_url` among them.
    """

    base_url: str | None = None
    part_size = 1020 * KiB  # four of the largest requests of OpenSSH's SFTP, 255 KiB each

    # -- what a backend says

    def _pool(self) -> Pool[Any]:
        """The connections, shared by all storages with the same options."""
        raise NotImplementedError

    def _base(self) -> str:
        """The directory of all files, without a leading slash: a part of every key."""
        return ""

    # -- names

    def _normalize_name(self, name: str) -> str:
        try:
            name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise SuspiciousFileOperation(f"The name {name!r} is not text.") from error
        return key_for(self._base(), name)

    def url(self, name: str | None) -> str:
        """The address below `base_url`, or else MEDIA_URL; ValueError if neither is set."""
        base = settings.MEDIA_URL if self.base_url is None else self.base_url
        if not base:
            raise ValueError(f"{name!r} has no address: set 'base_url'.")
        path = self._key(name).removeprefix(self._root()) if name else ""
        uri = filepath_to_uri(path)
        return f"{base}{uri}" if base.endswith("/") else f"{base}/{uri}"

    # -- reading

    def _stat(self, key: str) -> Entry:
        entry: Entry = self._pool().run(lambda tree: tree.stat(key))
        return entry

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        found: tuple[Entry, bytes] = self._pool().run(lambda tree: tree.first(key, count))
        return found

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        pieces: list[bytes] = []
        with closing(self._stream(entry, start)) as chunks:
            while start < stop and (chunk := next(chunks, b"")):
                pieces.append(chunk[: stop - start])
                start += len(pieces[-1])
        return b"".join(pieces)

    def _stream(self, entry: Entry, start: int) -> Generator[bytes, None, None]:
        with closing(Download(self._pool(), entry, start)) as download:
            while chunk := download.read():
                yield chunk

    def _list(self, prefix: str) -> Iterator[Entry]:
        entries: list[Entry] = self._pool().run(lambda tree: tree.list(prefix.rstrip("/")))
        for entry in entries:
            if not is_temporary(entry):
                yield entry
            elif is_stale(entry):
                self._litter.add(entry.key)

    # -- writing

    def _in_flight(self, size: int) -> int:
        """One: parts go over one connection, and a thread beside it would only cost time."""
        return 1

    def _writer(self, key: str, params: Any, **more: Any) -> PartWriter:
        return PartWriter(
            self,
            key,
            params,
            exclusive=more["exclusive"],
            part_size=more.get("part_size"),
            grows=False,
        )

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        upload = TreeUpload(self, key, exclusive=exclusive)
        try:
            upload.write(1, source if isinstance(source, bytes) else source.read())
            upload.finish()
        except BaseException:
            abort_surely(upload)
            raise

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        if exclusive and self._is_taken(key):  # sooner than after all of it was sent
            raise FileExistsError(f"{key!r} exists already.")
        return TreeUpload(self, key, exclusive=exclusive)

    def _move(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        made: list[str] = []
        try:
            rename_surely(self._pool(), source, target, exclusive=exclusive, made=made)
        except BaseException:
            self._pool().run(lambda tree: remove_dirs(tree, made))
            raise

    # -- directories

    def _make_dir(self, key: str) -> None:
        def make(tree: Tree) -> None:
            made: list[str] = []
            if not exists(tree, key):  # rclone's server makes what is there once more
                make_dirs(tree, key, made)
            if key not in made:
                raise FileExistsError(f"{key!r} exists already.")

        self._pool().run(make)

    def _remove_dir(self, key: str) -> None:
        self._pool().run(lambda tree: remove_empty(tree, key))

    def _move_dir(self, source: str, target: str) -> None:
        entry = self._stat(source.rstrip("/"))
        self._move(entry, target.rstrip("/"), {}, exclusive=True)

    # -- deleting

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._pool().run(lambda tree: remove(tree, key.rstrip("/")))

    @property
    def _litter(self) -> set[str]:
        """What uploads left that ended with their processes, as far as listings came across it."""
        found: set[str] = self.__dict__.setdefault("_cached_litter", set())
        return found

    def _sweep(self) -> None:
        """Delete some of that litter; nobody waits for it to succeed."""
        for _ in range(min(SWEPT, len(self._litter))):
            with suppress(KeyError, OSError):  # another thread may have taken it
                self._pool().run(partial(_remove_file, key=self._litter.pop()))


def _remove_file(tree: Tree, key: str) -> None:
    tree.remove(key)
