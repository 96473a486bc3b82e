"""Where files wait on this machine until they are published."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.base import File

from storages.entry import Entry
from storages.staticfiles.target import Target
from storages.utils import is_seekable, to_bytes

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Staged:
    """One file that waits, and how it is to be stored."""

    path: Path
    params: Any
    compress: bool
    facts: Any
    """The parameters as `_prepare` gives them, to compare."""
    last: bool
    """Whether it names others, which have to be there before it."""

    def open(self) -> Any:
        return File(self.path.open("rb"))


class Stage:
    """The target's files as they will be: with those that wait, without those deleted.

    `found` are the sources of the collected files by key: a storage and a path in it.
    """

    def __init__(self, target: Target, found: Mapping[str, tuple[Any, str]], folder: str) -> None:
        self._target, self._found, self._folder = target, found, Path(folder)
        self._count = 0
        self._last = False
        self.files: dict[str, Staged] = {}
        self.deleted: dict[str, None] = {}
        self.at_last: Callable[[], None] | None = None
        """What publishes the manifest, where it belongs to another storage."""
        self.asked: set[str] = set()
        """Keys that the target was asked for; those of folders end with a slash."""
        self._folders: set[str] = set()
        for key in (*target.entries, *found):
            self._add_folders(key)

    def _add_folders(self, key: str) -> None:
        while (key := posixpath.dirname(key)) and key not in self._folders:
            self._folders.add(key)

    @contextmanager
    def saving_last(self) -> Iterator[None]:
        """What is put meanwhile is published after all else."""
        self._last = True
        try:
            yield
        finally:
            self._last = False

    def put(self, key: str, content: Any, params: Any, compress: bool, facts: Any) -> None:
        """Keep content, as it is now: its source may change before it is published."""
        if is_seekable(content):
            content.seek(0)
        path = self._write(content)
        self.files[key] = Staged(path, params, compress, facts, self._last)
        self.deleted.pop(key, None)
        self._add_folders(key)

    def _write(self, content: Any) -> Path:
        self._count += 1
        path = self._folder / str(self._count)
        with path.open("wb") as file:
            while chunk := to_bytes(content.read(CHUNK)):
                file.write(chunk)
        return path

    def stat(self, key: str) -> Entry:
        """The file or directory; FileNotFoundError."""
        if key in self.files:
            path = self.files[key].path
            return Entry(key, path.stat().st_size)
        if key in self._found and key not in self.deleted:
            source, path_there = self._found[key]
            return Entry(key, source.size(path_there))
        self.asked.add(key)
        if key in self._target.entries and key not in self.deleted:
            return self._target.entries[key]
        if self.has_folder(key):
            return Entry(key, is_dir=True)
        raise FileNotFoundError(f"{key!r} does not exist.")

    def has_folder(self, prefix: str) -> bool:
        """Whether anything is below `prefix`."""
        found = (key := prefix.rstrip("/")) in self._folders
        if found:
            self.asked.add(key + "/")
        return found

    def open(self, key: str) -> Any:
        """The file if it waits or was collected; None if only the service has it."""
        if key in self.files:
            return self.files[key].open()
        if key not in self._found:
            self.asked.add(key)
        if key in self.deleted or (key not in self._target.entries and key not in self._found):
            raise FileNotFoundError(f"{key!r} does not exist.")
        if key in self._found:
            source, path = self._found[key]
            return source.open(path)
        return None

    def delete(self, key: str) -> None:
        """Deleted on the service at the end, unless it is put again."""
        self.files.pop(key, None)
        self.deleted[key] = None


def make_folder() -> tempfile.TemporaryDirectory[str]:
    """Gone when its `with` block ends."""
    return tempfile.TemporaryDirectory(prefix="collectstatic-", ignore_cleanup_errors=True)
