"""The file system that pyftpdlib sees: any Django storage, and never the disk of this machine."""

from __future__ import annotations

import os
import posixpath
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from time import gmtime, localtime, monotonic, struct_time
from typing import Any, ClassVar, Generic, TypeVar

from django.core.files.storage import Storage, storages
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from django_ftpserver.conf import get_ftp_setting
from django_ftpserver.empty import EmptyDirs
from django_ftpserver.listings import OWNER, Facts, Listing, list_line, mode_of, seconds_of
from django_ftpserver.replies import answered, refused
from django_ftpserver.transfers import Download, Upload, storing
from storages import bulk
from storages.entry import Entry

UNFIT = frozenset("\0\r\n\\")
"""Characters that end a line of FTP, or that storages take for others: a slash, an end."""

HELD = 2.0
"""Seconds for which a finding may serve the next call."""

T = TypeVar("T")

LINES = frozenset("\r\n")
"""Characters of names that are not listed: a client would take them for lines."""

_empty_dirs: weakref.WeakKeyDictionary[Storage, EmptyDirs] = weakref.WeakKeyDictionary()
_made: dict[type, Storage] = {}
_lock = threading.Lock()


class StorageFS(AbstractedFS):
    """The files of one client, below the home directory of its account.

    Every call of pyftpdlib's file system is answered by the storage, through `storages.bulk`;
    one that is not known here is refused. Errors are FilesystemErrors, which become replies.

    Paths are those of pyftpdlib's "real" file system: the home directory and what is below it.
    """

    storage_class: ClassVar[Callable[[], Storage] | None] = None
    """Makes the storage, once; by default it is FTPSERVER_STORAGE, an alias in STORAGES."""

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(posixpath.normpath(f"/{root.lstrip('/')}"), cmd_channel)
        self.storage = self.get_storage()
        self._prefix = self._find_prefix()
        with _lock:
            self._empty = _empty_dirs.setdefault(self.storage, EmptyDirs())
        self._listed: Handover[Iterator[Entry]] = Handover()
        self._known: Handover[Entry | Exception] = Handover()
        cmd_channel.dtp_handler = storing(cmd_channel.dtp_handler)

    def get_storage(self) -> Storage:
        """The storage; overridden where it depends on the user, `self.cmd_channel.username`."""
        make = type(self).storage_class
        if make is None:
            return storages[get_ftp_setting("FTPSERVER_STORAGE")]
        with _lock:
            if type(self) not in _made:
                _made[type(self)] = make()
            return _made[type(self)]

    def _find_prefix(self) -> str:
        """What the home is within the storage: it may be given with the storage's location."""
        try:
            location = self.storage.path("")
        except NotImplementedError:
            location = f"/{getattr(self.storage, 'location', '') or ''}"
        location = posixpath.normpath(f"/{location.lstrip('/')}")
        if location != "/" and f"{self.root}/".startswith(f"{location}/"):
            return posixpath.relpath(self.root, location)
        return str(self.root).lstrip("/")

    # -- paths

    def ftpnorm(self, ftppath: str) -> str:
        path = posixpath.normpath(posixpath.join("/", self.cwd, ftppath))
        return f"/{path.lstrip('/')}"

    def ftp2fs(self, ftppath: str) -> str:
        return posixpath.normpath(f"{self.root}/{self.ftpnorm(ftppath)[1:]}")

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

    def _name(self, path: str) -> str:
        """The storage's name of a path; the only way there, so the wall is here."""
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
        name = self._name(path)
        return path == self.root or self._empty.hold(name) or bulk.is_dir(self.storage, name)

    def _is_real_dir(self, name: str) -> bool:
        """Whether it is a directory where those are real; elsewhere a file may have its name."""
        return bulk.has_directories(self.storage) and bulk.is_dir(self.storage, name)

    def isdir(self, path: str) -> bool:
        """Whether it is a directory; `listdir` goes on with the listing that told it.

        A storage that fails is told by what is asked next: pyftpdlib expects no error here.
        """
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
        name = self._name(path)
        try:
            entries = bulk.scandir(self.storage, name)
            first = next(entries, None)
        except (FileNotFoundError, NotADirectoryError, FileExistsError):
            return iter(()) if path == self.root or self._empty.hold(name) else None
        if first is not None:
            return chain([first], entries)
        return iter(()) if self._is_dir(path) else None

    @answered
    def listdir(self, path: str) -> Listing:
        entries = self._listed.take(path)
        if entries is None:
            entries = self._run(self._begin, path)
        if entries is None:
            raise NotADirectoryError
        name = self._name(path)
        found = {posixpath.basename(entry.name): entry for entry in entries}
        for child in self._empty.children(name):
            found.setdefault(child, Entry(posixpath.join(name, child), is_dir=True))
        return Listing({each: found[each] for each in found if each and not LINES & set(each)})

    listdirinfo = listdir

    def _entry(self, path: str) -> Entry:
        """What is known of a file or directory; FileNotFoundError."""
        known = self._known.take(path)
        if isinstance(known, Exception):
            raise known
        entry: Entry = known or self._run(self._look, path)
        return entry

    def _look(self, path: str) -> Entry:
        name = self._name(path)
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
        self._known.put(path, entry)
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
        except (FilesystemError, FileNotFoundError):
            return False
        except Exception as error:  # noqa: BLE001 - see `isfile`
            self._known.put(path, error)
            return True
        self._known.put(path, entry)
        return test(entry)

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

    @answered
    def utime(self, path: str, timeval: float) -> None:
        self._known.take(path)
        time = datetime.fromtimestamp(timeval, UTC)
        bulk.set_modified_time(self.storage, self._name(path), time)

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

    # -- files

    @answered
    def open(self, filename: str, mode: str) -> Any:
        """A file to read, or one that replaces, resumes or continues what is there."""
        name = self._name(filename)
        if mode == "rb":
            return Download(filename, self.storage.open(name, "rb"))
        if filename == self.root or self._empty.hold(name) or self._is_real_dir(name):
            raise IsADirectoryError
        upload = self._new(filename, overwrite=True)
        if mode == "ab":
            with suppress(FileNotFoundError):
                upload.resume()
        return upload

    @answered
    def mkstemp(
        self, suffix: str = "", prefix: str = "", dir: str | None = None, mode: str = "wb"
    ) -> Upload:
        unique = f"{prefix}{secrets.token_hex(6)}{suffix}"
        return self._new(posixpath.join(dir or self.root, unique), overwrite=False)

    def _new(self, path: str, *, overwrite: bool) -> Upload:
        name = self._name(path)
        writer = bulk.create(self.storage, name, overwrite=overwrite)

        def stored() -> None:
            self._empty.fill(posixpath.dirname(name))

        return Upload(path, writer, self, partial(self.storage.open, name, "rb"), stored)

    @answered
    def remove(self, path: str) -> None:
        entry = self._entry(path)
        if entry.is_dir:
            raise IsADirectoryError
        self.storage.delete(self._name(path))
        self._emptied(path)

    def _emptied(self, path: str) -> None:
        """Keep the directory of a file that went away, as every file system does."""
        if not bulk.has_directories(self.storage):
            self._empty.add(posixpath.dirname(self._name(path)))

    @answered
    def rename(self, src: str, dst: str) -> None:
        """Rename a file, over another one if there is one, or a directory."""
        source, target = self._name(src), self._name(dst)
        if self.root in (src, dst) or dst.startswith(f"{src}/"):
            raise FilesystemError("A directory cannot be moved into itself")
        if self._entry(src).is_dir:
            self._rename_dir(source, target)
        elif self._is_dir(dst):
            raise IsADirectoryError
        else:
            bulk.move(self.storage, source, target, overwrite=True)
            self._empty.fill(posixpath.dirname(target))
        self._emptied(src)

    def _rename_dir(self, source: str, target: str) -> None:
        if self._empty.hold(target):
            raise FileExistsError
        try:
            bulk.move_tree(self.storage, source, target)
        except FileNotFoundError:
            if not self._empty.hold(source):
                raise
        self._empty.move(source, target)

    # -- directories

    @answered
    def mkdir(self, path: str) -> None:
        name = self._name(path)
        if bulk.make_dir(self.storage, name):
            return
        with suppress(FileNotFoundError):
            self._entry(path)
            raise FileExistsError
        self._empty.add(name)

    @answered
    def rmdir(self, path: str) -> None:
        name = self._name(path)
        if path == self.root:
            raise FilesystemError("The home directory cannot be removed")
        if self._empty.children(name):
            raise FilesystemError("The directory is not empty")
        try:
            bulk.remove_dir(self.storage, name)
        except FileNotFoundError:
            if not self._empty.hold(name):
                raise
        self._empty.remove(name)

    # -- the rest

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run as the user of this machine's files, where pyftpdlib does not see to it."""
        return self.cmd_channel.run_as_current_user(function, *args)


class Handover(Generic[T]):
    """What one call found out about a path, for the next one: most commands make two."""

    def __init__(self) -> None:
        self._held: tuple[str, float, T] | None = None

    def put(self, path: str, found: T) -> None:
        self._held = path, monotonic() + HELD, found

    def take(self, path: str) -> T | None:
        held, self._held = self._held, None
        return held[2] if held and held[0] == path and monotonic() < held[1] else None


def _raising(error: Exception) -> Iterator[Entry]:
    raise error
    yield


for _name in dir(AbstractedFS):
    if not _name.startswith("_") and _name not in vars(StorageFS) and _name not in ("root", "cwd"):
        setattr(StorageFS, _name, refused(_name))
