"""What a client sees of a storage: paths behind a wall, directories, sizes, times, listings."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from itertools import chain
from time import gmtime, localtime, monotonic, struct_time
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from django.core.files.storage import Storage
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from django_ftpserver.empty import EmptyDirs
from django_ftpserver.listings import OWNER, Facts, Listing, list_line, mode_of, seconds_of
from django_ftpserver.replies import answered
from storages import bulk
from storages.entry import Entry

HELD = 2.0
"""Seconds for which a finding may serve the next call."""

LINES = frozenset("\r\n")
"""Characters of names that are not listed: a client would take them for lines."""

UNFIT = frozenset("\0\r\n\\")
"""Characters that end a line of FTP, or that storages take for others: a slash, an end."""

P = ParamSpec("P")
T = TypeVar("T")


class Handover(Generic[T]):
    """What one call found out about a path, for the next one: most commands make two."""

    def __init__(self) -> None:
        self._held: tuple[str, float, T] | None = None

    def put(self, path: str, found: T) -> None:
        self._held = path, monotonic() + HELD, found

    def take(self, path: str) -> T | None:
        found = self.peek(path)
        self.clear()
        return found

    def peek(self, path: str) -> T | None:
        held = self._held
        return held[2] if held and held[0] == path and monotonic() < held[1] else None

    def clear(self) -> None:
        self._held = None


def changing(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method that changes files: what was found out before counts no more."""

    @wraps(method)
    def call(self: Any, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        finally:
            self.forget()

    return answered(cast(Callable[Concatenate[Any, P], T], call))


class Browsing(AbstractedFS):
    """The half of pyftpdlib's file system that changes nothing."""

    storage: Storage
    _prefix: str
    """What the home directory is within the storage."""
    _empty: EmptyDirs

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(posixpath.normpath(f"/{root.lstrip('/')}"), cmd_channel)
        self._listed: Handover[Iterator[Entry]] = Handover()
        self._known: Handover[Entry | Exception] = Handover()

    def forget(self) -> None:
        """Forget what was found out for the next call."""
        self._listed.clear()
        self._known.clear()

    # -- paths

    def ftpnorm(self, ftppath: str) -> str:
        path = posixpath.normpath(posixpath.join("/", self.cwd, ftppath))
        return f"/{path.lstrip('/')}"

    def ftp2fs(self, ftppath: str) -> str:
        return posixpath.normpath(posixpath.join(self.root, self.ftpnorm(ftppath)[1:]))

    def fs2ftp(self, fspath: str) -> str:
        path = posixpath.normpath(posixpath.join(self.root, fspath))
        if not self.validpath(path):
            return "/"
        return f"/{posixpath.relpath(path, self.root)}" if path != self.root else "/"

    def validpath(self, path: str) -> bool:
        """Whether it is the home directory, or below it."""
        wall = self.root if self.root.endswith("/") else f"{self.root}/"
        return f"{posixpath.normpath(path)}/".startswith(wall)

    def realpath(self, path: str) -> str:
        """The path: links of a storage are its own affair."""
        return path

    def storage_name(self, path: str) -> str:
        """The storage's name of a path, such as those that signals tell.

        FilesystemError outside of the home: it is the only way to names, so the wall is here.
        """
        path = posixpath.normpath(path)
        if not self.validpath(path):
            raise FilesystemError("It is outside of your home directory")
        if UNFIT & set(path) or any(not part.strip(". ") for part in path.split("/")[1:] if part):
            raise FilesystemError("That is no name for a file")
        name = posixpath.normpath(posixpath.join(self._prefix, posixpath.relpath(path, self.root)))
        return "" if name == "." else name

    # -- looking

    @answered
    def chdir(self, path: str) -> None:
        if not self._is_dir(path):
            raise FilesystemError("No such directory")
        self.cwd = self.fs2ftp(path)

    def _is_dir(self, path: str) -> bool:
        name = self.storage_name(path)
        return path == self.root or self._empty.hold(name) or bulk.is_dir(self.storage, name)

    def _is_real_dir(self, name: str) -> bool:
        """Whether it is a directory where those are real; elsewhere a file may have its name."""
        return bulk.has_directories(self.storage) and bulk.is_dir(self.storage, name)

    def isdir(self, path: str) -> bool:
        """Whether it is a directory; `listdir` goes on with the listing that told it.

        A storage that fails is told by what is asked next: pyftpdlib expects no error here.
        """
        if self._listed.peek(path) is not None:
            return True
        try:
            found = self._run(self._begin, path)
        except FilesystemError:
            return False
        except Exception as error:  # noqa: BLE001 - see above
            self._listed.put(path, _raising(error))
            return True
        if found is not None:
            self._listed.put(path, found)
        return found is not None

    def _begin(self, path: str) -> Iterator[Entry] | None:
        """The entries of a directory, of which the first is there; None if it is none."""
        name = self.storage_name(path)
        first = None
        with suppress(FileNotFoundError, NotADirectoryError, FileExistsError):
            entries = bulk.scandir(self.storage, name)
            first = next(entries, None)
        if first is not None:
            return chain([first], entries)
        is_empty = self._is(path, lambda entry: entry.is_dir)
        return iter(()) if is_empty else None

    @answered
    def listdir(self, path: str) -> Listing:
        entries = self._listed.take(path)
        if entries is None:
            entries = self._run(self._begin, path)
        if entries is None:
            raise NotADirectoryError
        name = self.storage_name(path)
        found: dict[str, Entry] = {}
        for entry in entries:
            if entry.is_broken:
                continue
            child = posixpath.basename(entry.name)
            # An object store may have a file of the same name: it can be had, but is not listed.
            if child and not LINES & set(child) and (entry.is_dir or child not in found):
                found[child] = entry
        for child in self._empty.children(name):
            found[child] = Entry(posixpath.join(name, child), is_dir=True)
        return Listing(found)

    listdirinfo = listdir

    def _entry(self, path: str) -> Entry:
        """What is known of a file or directory; FileNotFoundError."""
        known = self._known.peek(path)
        if isinstance(known, Exception):
            raise known
        entry: Entry = known or self._run(self._look, path)
        return entry

    def _look(self, path: str) -> Entry:
        name = self.storage_name(path)
        if path == self.root:
            return Entry(name, is_dir=True)
        with suppress(FileNotFoundError, IsADirectoryError):
            return bulk.stat(self.storage, name)
        if self._empty.hold(name) or bulk.is_dir(self.storage, name):
            return Entry(name, is_dir=True)
        raise FileNotFoundError(f"There is no {name!r}.")

    @answered
    def lstat(self, path: str) -> os.stat_result:
        entry = self._entry(path)
        self._keep(path, entry)
        seconds = int(seconds_of(entry))
        fields = (mode_of(entry), 0, 0, 1, 0, 0, entry.size, seconds, seconds, seconds)
        return os.stat_result(fields)

    stat = lstat

    def isfile(self, path: str) -> bool:
        """Whether it is a file; like `isdir`, it leaves errors to what is asked next."""
        return self._is(path, lambda entry: not entry.is_dir)

    def lexists(self, path: str) -> bool:
        return self._is(path, lambda entry: True)

    def _is(self, path: str, test: Callable[[Entry], bool]) -> bool:
        try:
            entry = self._entry(path)
        except FileNotFoundError as error:
            self._keep(path, error)
            return False
        except FilesystemError:
            return False
        except Exception as error:  # noqa: BLE001 - see `isfile`
            self._keep(path, error)
            return True
        self._keep(path, entry)
        return test(entry)

    def _keep(self, path: str, found: Entry | Exception) -> None:
        """For the next call; what was kept already grows no younger."""
        if self._known.peek(path) is None:
            self._known.put(path, found)

    def islink(self, path: str) -> bool:
        return False

    @answered
    def getsize(self, path: str) -> int:
        return self._entry(path).size

    @answered
    def getmtime(self, path: str) -> float:
        entry = self._entry(path)
        if entry.modified is None:
            raise FilesystemError("The storage does not know when it was modified")
        return seconds_of(entry)

    @changing
    def utime(self, path: str, timeval: float) -> None:
        time = datetime.fromtimestamp(timeval, UTC)
        bulk.set_modified_time(self.storage, self.storage_name(path), time)

    def get_user_by_uid(self, uid: int) -> str:
        return OWNER

    def get_group_by_gid(self, gid: int) -> str:
        return OWNER

    # -- listings

    def format_list(
        self, basedir: str, listing: Iterable[str], ignore_err: bool = True
    ) -> Iterator[bytes]:
        for name, entry in self._entries(basedir, listing, ignore_err):
            yield self._encoded(list_line(name, entry, self._split()))

    def format_mlsx(
        self,
        basedir: str,
        listing: Iterable[str],
        perms: str,
        facts: Iterable[str],
        ignore_err: bool = True,
    ) -> Iterator[bytes]:
        line = Facts(set(facts), perms, self._split()).line
        for name, entry in self._entries(basedir, listing, ignore_err):
            yield self._encoded(line(name, entry))

    def _entries(
        self, basedir: str, listing: Iterable[str], ignore_err: bool
    ) -> Iterator[tuple[str, Entry]]:
        entries = getattr(listing, "entries", {})
        for name in listing:
            if name in entries:
                yield name, entries[name]
                continue
            try:
                yield name, self._about(posixpath.join(basedir, name))
            except FilesystemError:
                if not ignore_err:
                    raise

    @answered
    def _about(self, path: str) -> Entry:
        return self._entry(posixpath.normpath(path))

    def _split(self) -> Callable[[float], struct_time]:
        return gmtime if self.cmd_channel.use_gmt_times else localtime

    def _encoded(self, line: str) -> bytes:
        channel = self.cmd_channel
        return line.encode(channel.encoding, channel.unicode_errors)

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run as the user of this machine's files, where pyftpdlib does not see to it."""
        return self.cmd_channel.run_as_current_user(function, *args)


def _raising(error: Exception) -> Iterator[Entry]:
    raise error
    yield
