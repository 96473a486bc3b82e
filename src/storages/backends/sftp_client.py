"""One SFTP connection as a tree of files: requests about paths, and what the answers mean."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from storages.backends import sftp_protocol as sftp
from storages.backends.sftp_errors import FAILURE, NO_SUCH_FILE, Refusal, about
from storages.backends.sftp_files import Reader, Writer, read_early
from storages.backends.sftp_listing import entry_of, etag_of, follow, is_dir, is_link, read_dir
from storages.backends.sftp_login import connect
from storages.backends.sftp_protocol import Attributes, Session
from storages.entry import Entry
from storages.tree_files import ASIDE, name_beside

if TYPE_CHECKING:
    from storages.backends.sftp_link import Link
    from storages.backends.sftp_options import Settings

PERMISSIONS = 0o7777
"""The part of a mode that can be set; the rest is the kind of file."""

PULSE = 10.0
"""Seconds in which a connection must answer, to be thought alive."""


def open_tree(settings: Settings) -> SFTPTree:
    """A new connection."""
    link = connect(settings)
    try:
        with about(settings.address):
            return SFTPTree(settings, link, Session(link.open_sftp(), settings.timeout))
    except BaseException:
        link.abandon()
        raise


Entries = list[Entry]
"""Inside the class, `list` is a method."""


class SFTPTree:
    """A `storages.tree.Tree` over one connection; its paths are keys below `settings.prefix`."""

    def __init__(self, settings: Settings, link: Link, session: Session) -> None:
        self._settings, self._link, self._session = settings, link, session

    # -- connection

    def is_alive(self) -> bool:
        return self._link.is_open and self._session.is_alive(PULSE)

    def close(self) -> None:
        self._link.close()

    def abandon(self) -> None:
        self._link.abandon()

    # -- entries

    def stat(self, key: str) -> Entry:
        with self._about(key):
            return entry_of(key, self._attributes(key))

    def list(self, key: str) -> list[Entry]:
        with self._about(key):
            try:
                answer = self._session.ask(sftp.OPENDIR, self._path(key), expected=sftp.HANDLE)
            except Refusal:
                self._check_dir(key)
                raise
            return self._entries(f"{key}/" if key else "", read_dir(self._session, answer.raw()))

    def _entries(self, prefix: str, found: Sequence[tuple[str, Attributes]]) -> Entries:
        """Entries, with what links lead to; one that leads nowhere is an empty file."""
        links = [prefix + name for name, each in found if is_link(each)]
        targets = dict(zip(links, follow(self._session, list(map(self._path, links))), strict=True))
        entries = []
        for name, each in found:
            key = prefix + name
            if key in targets:
                entries.append(entry_of(key, targets[key] or Attributes(), linked=True))
            else:
                entries.append(entry_of(key, each))
        return entries

    # -- directories and names

    def make_dir(self, key: str) -> None:
        mode = self._settings.dir_mode
        with self._about(key):
            try:
                self._session.ask(sftp.MKDIR, self._path(key), Attributes(mode=mode).packed())
            except Refusal as refusal:
                if refusal.code != NO_SUCH_FILE and self._find(sftp.LSTAT, key) is not None:
                    raise FileExistsError(f"{self._shown(key)!r} exists already.") from None
                raise
            try:
                self._give(key, mode)  # the server's umask was taken from it
            except Refusal:
                with suppress(Refusal):
                    self._session.ask(sftp.RMDIR, self._path(key))
                raise

    def remove_dir(self, key: str) -> None:
        with self._about(key):
            if not self._link.speaks_openssh:  # rclone removes files too
                self._check_dir(key)
            try:
                self._session.ask(sftp.RMDIR, self._path(key))
            except Refusal as refusal:
                found = self._find(sftp.LSTAT, key)
                if found is None or not is_link(found):
                    self._check_dir(key)
                    if refusal.code == FAILURE and self._find_names(key):
                        path = self._shown(key)
                        raise OSError(errno.ENOTEMPTY, f"{path!r} is not empty.") from None
                    raise
                self._session.ask(sftp.REMOVE, self._path(key))

    def _find_names(self, key: str) -> Sequence[tuple[str, Attributes]]:
        try:
            answer = self._session.ask(sftp.OPENDIR, self._path(key), expected=sftp.HANDLE)
            return read_dir(self._session, answer.raw())
        except Refusal:
            return []

    def _check_dir(self, key: str) -> None:
        found = self._find(sftp.STAT, key)
        if found is not None and not is_dir(found):
            raise NotADirectoryError(f"{self._shown(key)!r} is not a directory.")

    def remove(self, key: str) -> None:
        with self._about(key):
            try:
                self._session.ask(sftp.REMOVE, self._path(key))
            except Refusal as refusal:
                if refusal.code != NO_SUCH_FILE:
                    found = self._find(sftp.LSTAT, key)
                    if found is not None and is_dir(found):
                        raise IsADirectoryError(f"{self._shown(key)!r} is a directory.") from None
                raise

    def rename(self, source: str, target: str) -> None:
        with self._about(target):
            try:
                if sftp.POSIX_RENAME in self._session.extensions:
                    self._rename_over(source, target)
                else:
                    self._rename_aside(source, target)
            except Refusal:
                found = self._find(sftp.STAT, target)
                if found is not None and is_dir(found):
                    raise IsADirectoryError(f"{self._shown(target)!r} is a directory.") from None
                raise

    def _rename_over(self, source: str, target: str) -> None:
        paths = self._path(source), self._path(target)
        self._session.ask(sftp.EXTENDED, sftp.text(sftp.POSIX_RENAME), *paths)

    def _rename_aside(self, source: str, target: str) -> None:
        """For servers that replace no file: the old one has another name meanwhile."""
        old = self._find(sftp.LSTAT, target)
        if old is None:
            return self._rename(source, target)
        if is_dir(old):
            raise Refusal(FAILURE, "it is a directory")
        if self._find(sftp.LSTAT, source) is None:
            raise Refusal(NO_SUCH_FILE, "there is no such file")
        aside = name_beside(target, ASIDE)
        self._rename(target, aside)
        try:
            self._rename(source, target)
        except Refusal:
            self._rename(aside, target)
            raise
        self._session.ask(sftp.REMOVE, self._path(aside))
        return None

    def rename_new(self, source: str, target: str) -> None:
        with self._about(target):
            # Only OpenSSH is known to refuse it by itself, where nobody can come between.
            if not self._link.speaks_openssh and self._find(sftp.LSTAT, target) is not None:
                raise FileExistsError(f"{self._shown(target)!r} exists already.")
            try:
                self._rename(source, target)
            except Refusal as refusal:
                if refusal.code != NO_SUCH_FILE and self._find(sftp.LSTAT, target) is not None:
                    raise FileExistsError(f"{self._shown(target)!r} exists already.") from None
                raise

    def _rename(self, source: str, target: str) -> None:
        self._session.ask(sftp.RENAME, self._path(source), self._path(target))

    # -- content

    def first(self, key: str, most: int) -> tuple[Entry, bytes]:
        path = self._shown(key)
        with about(path):
            try:
                handle = self._open(key, sftp.READS)
            except Refusal as refusal:
                if refusal.code != NO_SUCH_FILE and self.stat(key).is_dir:
                    raise IsADirectoryError(f"{path!r} is a directory.") from None
                raise
            asked = self._session.send(sftp.FSTAT, sftp.text(handle))
            early = read_early(self._session, handle)
            try:
                entry = entry_of(key, self._session.answer(asked, sftp.ATTRS).attributes())
                if entry.is_dir:
                    raise IsADirectoryError(f"{path!r} is a directory.")
                if entry.size > most:
                    return entry, b""
                reader = Reader(self._session, handle, path, 0, entry.size)
                return entry, reader.read_whole(early)
            finally:
                self._session.forget(early)
                self._session.close_handle(handle)

    def read(self, entry: Entry, start: int) -> Reader:
        path = self._shown(entry.key)
        with about(path):
            handle = self._open(entry.key, sftp.READS)
            reader = Reader(self._session, handle, path, start, entry.size)
            asked = self._session.send(sftp.FSTAT, sftp.text(handle))
            reader.ask()
            try:
                found = self._session.answer(asked, sftp.ATTRS).attributes()
                if etag_of(found) != entry.etag:
                    raise OSError(errno.ESTALE, f"{path!r} was replaced while it was read.")
            except (Refusal, OSError):
                reader.close()
                raise
            return reader

    def write(self, key: str, start: int) -> Writer:
        path = self._shown(key)
        with about(path):
            if not start:
                created = sftp.WRITES | sftp.CREATES | sftp.EXCLUSIVELY
                return Writer(self._session, self._open(key, created), path, 0)
            handle = self._open(key, sftp.WRITES)
            answer = self._session.ask(sftp.FSTAT, sftp.text(handle), expected=sftp.ATTRS)
            size = answer.attributes().size
            if size != start:
                self._session.close_handle(handle)
                raise OSError(f"{path!r} has {size} bytes on the server, {start} were written.")
            return Writer(self._session, handle, path, start)

    def ready(self, key: str, target: str | None) -> None:
        with self._about(key):
            mode = self._settings.file_mode
            if target is not None:
                paths = [self._path(target), self._path(key)]
                old, new = follow(self._session, paths)
                if old is not None and new is not None and not is_dir(old):
                    mode = self._inherit(key, old, new, mode)
            self._give(key, mode)

    def _inherit(self, key: str, old: Attributes, new: Attributes, mode: int | None) -> int | None:
        """Give a file the owner of the one that it replaces, if we may; the mode that it needs."""
        settings = self._settings
        if settings.uid is None and settings.gid is None and old.owner not in (None, new.owner):
            with suppress(Refusal):
                owner = Attributes(owner=old.owner).packed()
                self._session.ask(sftp.SETSTAT, self._path(key), owner)
        if mode is None and old.mode is not None and old.mode != new.mode:
            return old.mode & PERMISSIONS
        return mode

    def _give(self, key: str, mode: int | None) -> None:
        """Give what was made its mode, and the owner that is wished."""
        uid, gid = self._settings.uid, self._settings.gid
        if mode is None and uid is None and gid is None:
            return
        owner = None
        if uid is not None or gid is not None:
            # The protocol has both or none of them.
            is_both = uid is not None and gid is not None
            now = (0, 0) if is_both else self._attributes(key).owner or (0, 0)
            owner = (now[0] if uid is None else uid, now[1] if gid is None else gid)
        wanted = Attributes(owner=owner, mode=mode).packed()
        self._session.ask(sftp.SETSTAT, self._path(key), wanted)

    def set_modified(self, key: str, seconds: int) -> None:
        """Seconds since 1970, which the protocol counts to 2106; FileNotFoundError."""
        with self._about(key):
            accessed, _ = self._attributes(key).times or (seconds, seconds)
            wanted = Attributes(times=(accessed, seconds)).packed()
            self._session.ask(sftp.SETSTAT, self._path(key), wanted)

    # -- requests

    def _shown(self, key: str) -> str:
        return f"{self._settings.prefix}{key}" or "."

    def _about(self, key: str) -> AbstractContextManager[None]:
        return about(self._shown(key))

    def _path(self, key: str) -> bytes:
        return sftp.text(self._shown(key))

    def _open(self, key: str, how: int) -> bytes:
        mode = self._settings.file_mode if how & sftp.CREATES else None
        asked = sftp.number(how), Attributes(mode=mode).packed()
        return self._session.ask(sftp.OPEN, self._path(key), *asked, expected=sftp.HANDLE).raw()

    def _attributes(self, key: str, kind: int = sftp.STAT) -> Attributes:
        return self._session.ask(kind, self._path(key), expected=sftp.ATTRS).attributes()

    def _find(self, kind: int, key: str) -> Attributes | None:
        """Whether something is there, to tell what a refusal means."""
        try:
            return self._attributes(key, kind)
        except Refusal:
            return None
