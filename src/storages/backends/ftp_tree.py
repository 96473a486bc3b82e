"""The file system of an FTP server: files and directories that are made, renamed and removed."""

from __future__ import annotations

import errno
import posixpath
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from storages.backends.ftp_client import Access, Client
from storages.backends.ftp_errors import (
    REFUSED,
    FTPFileExistsError,
    FTPFileNotFoundError,
    FTPIsADirectoryError,
    FTPNotADirectoryError,
    FTPPermissionError,
    FTPStorageException,
    Refusal,
)
from storages.backends.ftp_looking import Looking
from storages.backends.ftp_transfers import Incoming, Outgoing
from storages.entry import Entry
from storages.tree_files import ASIDE, name_beside


class Claims:
    """Names that threads of this process are about to create, each by one at a time."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Wait until nobody else creates `key`."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._held)
            self._held.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(key)
                self._changed.notify_all()


class FTPTree(Looking):
    """One session, as `storages.tree` uses it."""

    def __init__(self, access: Access, claims: Claims) -> None:
        super().__init__(Client(access))
        self._claims = claims

    def is_alive(self) -> bool:
        return self._client.is_alive()

    def close(self) -> None:
        self._client.close()

    def abandon(self) -> None:
        self._client.abandon()

    # -- content

    def first(self, key: str, most: int) -> tuple[Entry, bytes]:
        """A file, and all of its content if it is small: there is no second look in between."""
        entry = self._file(key)
        if not 0 < entry.size <= most:
            return entry, b""
        incoming = self._begin(entry, 0)
        content = b"".join(iter(incoming.read, b""))
        if len(content) == entry.size:
            return entry, content
        return self._file(key), b""  # it was replaced just now

    def read(self, entry: Entry, start: int) -> Incoming:
        """Begin to read; another size, time or identity is another file."""
        found = self._file(entry.key)
        if found.size != entry.size or entry.etag not in (None, found.etag):
            raise FTPStorageException(
                errno.ESTALE, f"{entry.key!r} was replaced while it was read."
            )
        return self._begin(entry, start)

    def _file(self, key: str) -> Entry:
        found = self.stat(key)
        if found.is_dir:
            raise FTPIsADirectoryError(f"{key!r} is a directory.")
        return found

    def _begin(self, entry: Entry, start: int) -> Incoming:
        with self._or_gone(entry.key):
            return Incoming(self._client, entry, start)
        raise AssertionError  # what is refused is raised

    def write(self, key: str, start: int) -> Outgoing:
        """Begin to write."""
        if start and self.size(key) != start:
            raise FTPStorageException(errno.ESTALE, f"{key!r} was changed while it was written.")
        for last in (False, True):
            try:
                return Outgoing(self, self._client, key, start)
            except Refusal as error:
                self._check_refused(error, key, last=last)
        raise AssertionError  # what is refused for the last time is raised

    def ready(self, key: str, target: str | None) -> None:
        """FTP has no modes and owners."""

    # -- directories

    def make_dir(self, key: str) -> None:
        for last in (False, True):
            try:
                self._client.ask("MKD", key)
                return
            except Refusal as error:
                if error.code in REFUSED and self.find(key) is not None:
                    raise FTPFileExistsError(f"{key!r} exists already.") from error
                self._check_refused(error, key, last=last)

    def remove_dir(self, key: str) -> None:
        try:
            self._client.ask("RMD", key)
        except Refusal as error:
            if error.code not in REFUSED:
                raise
            if not self.stat(key).is_dir:
                raise FTPNotADirectoryError(f"{key!r} is no directory.") from error
            if error.denied:
                raise FTPPermissionError(str(error)) from error
            if self._remove_link(key):
                return
            if self.list(key):
                raise FTPStorageException(errno.ENOTEMPTY, f"{key!r} is not empty.") from error
            raise FTPPermissionError(str(error)) from error

    def _remove_link(self, key: str) -> bool:
        """Whether `key` was a link to a directory, which only DELE removes."""
        try:
            self._client.ask("DELE", key)
        except Refusal:
            return False
        return True

    # -- names

    def remove(self, key: str) -> None:
        try:
            self._client.ask("DELE", key)
        except Refusal as error:
            if error.code not in REFUSED:
                raise
            if self.stat(key).is_dir:
                raise FTPIsADirectoryError(f"{key!r} is a directory.") from error
            raise FTPPermissionError(str(error)) from error

    def rename(self, source: str, target: str) -> None:
        """Rename over what is there; for a server that refuses that, it steps aside before."""
        if not self._renamed(source, target):
            self._replace(source, target)

    def rename_new(self, source: str, target: str) -> None:
        """Look, and then rename: FTP cannot do both at once.

        Threads of this process take turns; another one may still create `target` in between.
        """
        with self._claims.claim(target):
            if self.find(target) is not None or not self._renamed(source, target):
                raise FTPFileExistsError(f"{target!r} exists already.")

    def _renamed(self, source: str, target: str) -> bool:
        """Rename; false, with nothing done, if the server refuses because of a file there."""
        for last in (False, True):
            try:
                self._rename(source, target)
            except Refusal as error:
                found = self.find(target) if error.code in REFUSED else None
                if found is not None and found.is_dir:
                    raise FTPIsADirectoryError(f"{target!r} is a directory.") from error
                if found is not None:
                    return False
                self._check_refused(error, target, last=last)
            else:
                return True
        raise AssertionError  # what is refused for the last time is raised

    def _rename(self, source: str, target: str) -> None:
        with self._or_gone(source):
            self._client.ask("RNFR", source)
        self._client.ask("RNTO", target)

    def _replace(self, source: str, target: str) -> None:
        """Rename in steps. What stood aside while a process died is not hidden, nor swept."""
        aside = name_beside(target, ASIDE)
        self._rename(target, aside)
        try:
            self._rename(source, target)
        except (ConnectionError, TimeoutError):
            raise
        except OSError:
            self._rename(aside, target)
            raise
        with suppress(Refusal):
            self._client.ask("DELE", aside)

    # -- refusals

    @contextmanager
    def _or_gone(self, key: str) -> Iterator[None]:
        """Say why a file that was there is refused: FileNotFoundError, or PermissionError."""
        try:
            yield
        except Refusal as error:
            if error.code not in REFUSED:
                raise
            self.stat(key)
            raise FTPPermissionError(str(error)) from error

    def _check_refused(self, error: Refusal, key: str, *, last: bool) -> None:
        """Say why `key` cannot be created, unless the reason may have gone: then it is tried again.

        Somebody else may have made its directory between the refusal and the look.
        """
        if error.code not in REFUSED:
            raise error
        self._check_parent(key)
        if last:
            raise FTPPermissionError(str(error)) from error

    def _check_parent(self, key: str) -> None:
        """FileNotFoundError if there is no directory for `key`, NotADirectoryError for a file."""
        parent = posixpath.dirname(key)
        found = self.find(parent)
        if found is None:
            raise FTPFileNotFoundError(f"There is no directory for {key!r}.")
        if not found.is_dir:
            raise FTPNotADirectoryError(f"{parent!r} is no directory: {key!r} cannot be in it.")
