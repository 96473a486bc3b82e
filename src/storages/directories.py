"""Directories of a storage: their listings with all that is known, and what is done with them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from storages.entry import Entry
from storages.keyed import Keyed
from storages.primitives import Primitives


class Directories(Keyed):
    """What `RemoteStorage` offers for directories, real ones and those that keys imply."""

    def scandir(self, path: str = "") -> Iterator[Entry]:
        """The directories and files directly below `path`, page by page, by one listing.

        Names are relative to the storage. FileNotFoundError, or NotADirectoryError, where
        directories are real; nothing otherwise.
        """
        prefix, root = self._prefix(path), self._root()
        try:
            for entry in self._list(prefix):
                if entry.key.removeprefix(prefix).rstrip("/"):
                    yield entry.called(entry.key.removeprefix(root).rstrip("/"))
        except FileNotFoundError:
            if prefix != self._root():  # the location itself is made by the first file in it
                raise

    def is_dir(self, path: str) -> bool:
        """Whether `path` is a directory: one that holds something, where keys imply them."""
        prefix = self._prefix(path)
        if prefix == self._root():
            return True
        if not self._has_directories():
            return self._has_entries(prefix)
        try:
            return self._stat(prefix.rstrip("/")).is_dir
        except FileNotFoundError:
            return False

    def make_dir(self, path: str) -> bool:
        """Make a directory and those above it, and say whether it is real.

        FileExistsError if there is one, or a file. Where keys imply directories nothing is made:
        the first file in it makes it.
        """
        if type(self)._make_dir is Primitives._make_dir:
            return False
        self._make_dir(self._new_key(path.rstrip("/")))
        return True

    def remove_dir(self, path: str) -> None:
        """Remove a directory that is empty; OSError (`errno.ENOTEMPTY`) if it is not.

        FileNotFoundError if there is none.
        """
        prefix = self._prefix(path)
        if prefix == self._root():
            raise ValueError("The root of the storage cannot be removed.")
        if self._holds_anything(prefix):
            raise OSError(errno.ENOTEMPTY, f"{path!r} is not empty.")
        if not self.is_dir(path):
            raise FileNotFoundError(f"There is no directory {path!r}.")
        if self._has_directories():
            self._remove_dir(prefix.rstrip("/"))
            if self.is_dir(path):  # what listings do not show, such as an upload on its way
                raise OSError(errno.ENOTEMPTY, f"{path!r} is not empty.")
        else:
            self._delete(prefix)  # an object with a slash at the end, as web consoles make them

    def _holds_anything(self, prefix: str) -> bool:
        """Whether more is in a directory than the empty object that marks it."""
        if self._has_directories():
            return any(True for _ in self._list(prefix))
        return any(entry.key != prefix or not entry.is_dir for entry in self._scan(prefix))

    def move_tree(self, source: str, target: str) -> None:
        """Rename a directory: by one request where the service can, else file by file.

        FileExistsError if there is something under the new name, FileNotFoundError if there is
        no such directory. If it fails half-way, each file is at its old or its new place.
        """
        old, new = self._prefix(source), self._prefix(target)
        if self._root() in (old, new):
            raise ValueError("The root of the storage cannot be renamed, nor replaced.")
        if new.startswith(old):
            raise ValueError(f"{source!r} cannot be moved into itself.")
        if not self.is_dir(source):
            raise FileNotFoundError(f"There is no directory {source!r}.")
        if self._is_file(new.rstrip("/")) or self.is_dir(target):
            raise FileExistsError(f"{target!r} exists already.")
        self._move_dir(old, new)

    def _move_dir(self, source: str, target: str) -> None:
        """Rename the directory of one prefix to the other; overridden where that is one request."""
        dirs: list[str] = []

        def move(entry: Entry) -> None:
            key = target + entry.key.removeprefix(source)
            self._move(entry, key, self._prepare(key)[0], exclusive=True)

        with ThreadPoolExecutor(self.most_in_flight) as pool:
            moves = []
            for entry in self._scan(source):
                if entry.is_dir:
                    dirs.append(entry.key)
                else:
                    moves.append(pool.submit(move, entry))
            errors = [error for each in moves if (error := each.exception()) is not None]
        if errors:
            raise errors[0]
        for key in [*dirs, source]:
            if self._has_directories():
                self._remove_dir(key.rstrip("/"))
            elif key in dirs:
                self._delete(key)
