"""A storage on a local directory, as a backend of a service with real directories would be."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from storages import clients
from storages.entry import Entry
from storages.options import option
from storages.pool import Pool
from storages.tree import TreeStorage

CHUNK = 64 * 1024


class LocalFile:
    """A transfer, in either direction."""

    def __init__(self, file: BinaryIO, fault: Callable[[str], None]) -> None:
        self._file, self._fault = file, fault

    def read(self) -> bytes:
        try:
            self._fault("chunk")
        except OSError:
            self._file.close()
            raise
        return self._file.read(CHUNK)

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._file.close()


class LocalTree:
    """One "connection"; `fault` is called before each operation, and may raise."""

    def __init__(self, root: Path, fault: Callable[[str], None]) -> None:
        self._root, self._fault = root, fault
        self.ended = ""

    def is_alive(self) -> bool:
        return not self.ended

    def close(self) -> None:
        self.ended = "closed"

    def abandon(self) -> None:
        self.ended = "abandoned"

    def _path(self, key: str, operation: str) -> Path:
        assert not self.ended, f"{operation}: the connection was {self.ended}"
        self._fault(operation)
        return self._root / key

    def stat(self, key: str) -> Entry:
        try:
            return self._entry(key, self._path(key, "stat").stat(), is_link=False)
        except NotADirectoryError as error:
            raise FileNotFoundError(f"{key!r} does not exist.") from error

    def _entry(self, key: str, found: os.stat_result, *, is_link: bool) -> Entry:
        is_dir = bool(found.st_mode & 0o040000)
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
        etag = f"{found.st_mtime_ns}-{found.st_ino}"
        size = 0 if is_dir else found.st_size
        return Entry(key, size, modified, etag=etag, is_dir=is_dir, is_link=is_link)

    def list(self, key: str) -> list[Entry]:
        prefix = f"{key}/" if key else ""
        with os.scandir(self._path(key, "list")) as found:
            return [
                self._entry(prefix + each.name, each.stat(), is_link=each.is_symlink())
                for each in found
            ]

    def make_dir(self, key: str) -> None:
        self._path(key, "make_dir").mkdir()

    def remove_dir(self, key: str) -> None:
        path = self._path(key, "remove_dir")
        path.unlink() if path.is_symlink() else path.rmdir()

    def remove(self, key: str) -> None:
        self._path(key, "remove").unlink()

    def rename(self, source: str, target: str) -> None:
        self._path(source, "rename").replace(self._root / target)

    def rename_new(self, source: str, target: str) -> None:
        path = self._path(source, "rename_new")
        if path.is_dir():  # replaces an empty directory at most
            path.rename(self._root / target)
            return
        os.link(path, self._root / target)
        path.unlink()

    def first(self, key: str, most: int) -> tuple[Entry, bytes]:
        entry = self.stat(key)
        if entry.is_dir:
            raise IsADirectoryError(f"{key!r} is a directory.")
        return entry, self._path(key, "first").read_bytes() if entry.size <= most else b""

    def read(self, entry: Entry, start: int) -> LocalFile:
        file = self._path(entry.key, "read").open("rb")
        if self._entry(entry.key, os.fstat(file.fileno()), is_link=False).etag != entry.etag:
            file.close()
            raise OSError(f"{entry.key!r} was replaced while it was read.")
        file.seek(start)
        return LocalFile(file, self._fault)

    def write(self, key: str, start: int) -> LocalFile:
        path = self._path(key, "write")
        if start and path.stat().st_size != start:
            raise OSError(f"{key!r} was changed while it was written.")
        return LocalFile(path.open("ab" if start else "xb"), self._fault)

    def ready(self, key: str, target: str | None) -> None:
        self._path(key, "ready").chmod(0o640)


class LocalTreeStorage(TreeStorage):
    """Over at most two connections, so that open files must lend theirs."""

    root: str = option(None, required=True, help="The directory on this machine.")
    location: str = option("", help="A directory below it.")
    file_overwrite: bool = option(False, help="Whether `save()` replaces files.")
    base_url: str | None = option(None, help="Where files are found.")
    part_size: int = option(8 * 1024 * 1024, help="Bytes of a part.")
    fault: Any = option(None, help="Called with the name of each operation before it begins.")

    def _base(self) -> str:
        return self.location

    def _pool(self) -> Pool[LocalTree]:
        key = clients.ClientKey(("local", self.root, self.fault))
        return clients.of(self, lambda: key, self._make_pool)

    def _make_pool(self) -> Pool[LocalTree]:
        root, fault = Path(self.root), self.fault or (lambda operation: None)
        return Pool(lambda: LocalTree(root, fault), most=2, timeout=20)
