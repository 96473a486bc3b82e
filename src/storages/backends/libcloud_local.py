"""The primitives over Libcloud's local driver: files below its folder, written in one go.

Libcloud reads all of a file for each range of it, lists all of a container in memory and writes
over the old file, so the files are read and written here, where it has them.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.utils.encoding import filepath_to_uri

from storages.backends.libcloud_drivers import Drivers
from storages.backends.libcloud_entries import time_of
from storages.backends.libcloud_errors import (
    LibCloudContainerError,
    LibCloudFileExistsError,
    LibCloudFileNotFoundError,
)
from storages.entry import Entry
from storages.names import OURS

PREFIX, SUFFIX = OURS, ".part"
"""How the names of files on their way begin and end; no listing shows them."""

MODE = 0o664
"""The mode that Libcloud gives to files."""

ATTEMPTS = 1000
"""Attempts to make a directory that others remove at the same time; each is short."""

GONE = (errno.ENOENT, errno.ELOOP)
"""What was deleted meanwhile, a link to nothing, and one to itself."""

CHUNK = 1024 * 1024


class LocalService:
    """What a storage does with the files of one container, a folder."""

    keeps_headers = False
    is_exclusive = True

    def __init__(self, make: Callable[[], Any], bucket: str) -> None:
        self.bucket = bucket
        self._drivers = Drivers(make, bucket)
        self._turn = threading.Lock()
        self.links = self

    @property
    def driver(self) -> Any:
        return self._drivers.public

    def _root(self) -> str:
        """The folder of the container; ImproperlyConfigured if there is none."""
        path = os.path.join(self.driver.base_path, self.bucket)
        if not os.path.isdir(path):
            raise LibCloudContainerError(self.bucket)
        return path

    def _path(self, key: str) -> str:
        return os.path.join(self._root(), key)

    # -- stat and fetch

    def stat(self, key: str) -> Entry:
        try:
            found = os.stat(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            raise _missing(key) from None
        if key.endswith("/") or not stat.S_ISREG(found.st_mode):
            raise _missing(key)
        return _entry(key, found)

    def fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        entry = self.stat(key)
        return entry, self.fetch(entry, 0, count)

    def fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        try:
            with open(self._path(entry.key), "rb") as file:
                if _entry(entry.key, os.fstat(file.fileno())).etag != entry.etag:
                    raise OSError(f"{entry.key!r} was replaced while it was read.")
                file.seek(start)
                return file.read(stop - start)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise _missing(entry.key) from None

    def stream(self, entry: Entry, start: int) -> Generator[bytes, None, None] | None:
        return None

    # -- put

    def serve_like(self, entry: Entry, key: str, params: dict[str, Any]) -> None:
        """Nothing: a folder serves nobody."""

    def put(self, key: str, source: bytes, params: Mapping[str, Any], *, exclusive: bool) -> None:
        self._write(key, [source], exclusive=exclusive)

    def put_file(self, key: str, path: str, params: Mapping[str, Any], *, exclusive: bool) -> None:
        with open(path, "rb") as file:
            self._write(key, iter(lambda: file.read(CHUNK), b""), exclusive=exclusive)

    def _write(self, key: str, chunks: Iterable[bytes], *, exclusive: bool) -> None:
        root = self._root()
        target = os.path.join(root, key)
        temporary = self._temporary(os.path.dirname(target), key, root)
        try:
            with open(temporary, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            os.chmod(temporary, MODE)
            self._publish(temporary, target, key, exclusive=exclusive)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            _remove_empty(os.path.dirname(target), root)

    def _temporary(self, parent: str, key: str, root: str) -> str:
        """A new empty file beside the one to be: on the same disk, so that it can be renamed.

        It also keeps its directory, which is made for it, from being removed.
        """
        for _ in range(ATTEMPTS):
            try:
                os.makedirs(parent, exist_ok=True)
                descriptor, path = tempfile.mkstemp(SUFFIX, PREFIX, parent)
            except (FileNotFoundError, FileExistsError, NotADirectoryError):
                # Somebody may just have removed the last file there, and the directory with it.
                if _below_file(parent, root):
                    told = f"{key!r} would be in a directory that is a file."
                    raise NotADirectoryError(told) from None
            else:
                os.close(descriptor)
                return path
        raise FileNotFoundError(f"The directory of {key!r} is removed as soon as it is made.")

    def _publish(self, temporary: str, target: str, key: str, *, exclusive: bool) -> None:
        """Give a whole file its name."""
        try:
            self._rename(temporary, target, exclusive=exclusive)
        except FileExistsError:
            raise LibCloudFileExistsError(f"{key!r} exists already.", key) from None
        except IsADirectoryError:
            raise IsADirectoryError(f"{key!r} is a directory.") from None

    def _rename(self, temporary: str, target: str, *, exclusive: bool) -> None:
        if not exclusive:
            os.replace(temporary, target)
            return
        try:
            os.link(temporary, target)
        except OSError as error:
            if isinstance(error, FileExistsError | FileNotFoundError):
                raise
            with self._turn:  # a file system without hard links
                if os.path.lexists(target):
                    raise FileExistsError from error
                os.replace(temporary, target)

    # -- delete

    def delete(self, key: str) -> None:
        root = self._root()
        path = os.path.join(root, key)
        with suppress(FileNotFoundError, NotADirectoryError):
            if not os.path.isdir(path) or os.path.islink(path):
                os.unlink(path)
                _remove_empty(os.path.dirname(path), root)

    # -- list

    def list(self, prefix: str, page: int | None = None) -> Iterator[Entry]:
        """Files directly below `prefix`, and directories with files, as they come."""
        for entry in self._direct(prefix):
            if not entry.is_dir or self._shows(entry.key + "/"):
                yield entry

    def _shows(self, prefix: str) -> bool:
        """Whether a directory has files, or does not let anybody see."""
        try:
            return self.has_entries(prefix)
        except PermissionError:
            return True

    def _direct(self, prefix: str) -> Iterator[Entry]:
        """Files and directories directly below `prefix`, with or without files."""
        try:
            found = os.scandir(self._path(prefix))
        except (FileNotFoundError, NotADirectoryError):
            return
        with found:
            for each in found:
                if each.name.startswith(PREFIX) and each.name.endswith(SUFFIX):
                    continue
                try:
                    if each.is_dir():
                        yield Entry(prefix + each.name, is_dir=True, is_link=each.is_symlink())
                    elif each.is_file():
                        yield _entry(prefix + each.name, each.stat())
                except OSError as error:
                    if error.errno not in GONE:
                        raise

    def scan(self, prefix: str, page: int | None = None) -> Iterator[Entry]:
        """All files below `prefix`; links to directories are not followed."""
        below = []
        for entry in self._direct(prefix):
            if not entry.is_dir:
                yield entry
            elif not entry.is_link:
                below.append(entry.key)
        for key in below:
            yield from self.scan(key + "/")

    def has_entries(self, prefix: str) -> bool:
        return any(True for _ in self.scan(prefix))

    # -- links

    def url(self, key: str) -> str:
        """The path of the file, as Libcloud says it."""
        return str(filepath_to_uri(os.path.join(self.driver.base_path, self.bucket, key)))


def _entry(key: str, found: os.stat_result) -> Entry:
    return Entry(
        key,
        found.st_size,
        modified=time_of(found.st_mtime),
        created=time_of(found.st_ctime),
        accessed=time_of(found.st_atime),
        etag=f"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}",
    )


def _missing(key: str) -> LibCloudFileNotFoundError:
    return LibCloudFileNotFoundError(f"{key!r} does not exist.", key)


def _below_file(path: str, root: str) -> bool:
    """Whether `path`, or a directory above it, is something else than a directory."""
    while path.startswith(root + os.sep):
        with suppress(FileNotFoundError, NotADirectoryError):  # it may go at any moment
            mode = os.lstat(path).st_mode
            if not stat.S_ISDIR(mode) and not (stat.S_ISLNK(mode) and os.path.isdir(path)):
                return True
        path = os.path.dirname(path)
    return False


def _remove_empty(path: str, root: str) -> None:
    """Remove a directory below `root` and those above it, as far as they are empty."""
    with suppress(OSError):
        while path.startswith(root + os.sep):
            os.rmdir(path)
            path = os.path.dirname(path)
