"""The storage that every backend extends: Django's API, and more, over a few primitives."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar

from django.core.files.utils import validate_file_name
from django.utils import timezone

from storages.compress import GzipCompressionWrapper, worth_compressing
from storages.configured import BaseStorage
from storages.directories import Directories
from storages.entry import Entry
from storages.files import RemoteFile
from storages.names import clean_name
from storages.saving import candidates, rewindable, size_of
from storages.utils import get_available_overwrite_name, is_seekable, to_bytes
from storages.writing import PartWriter

__all__ = ["BaseStorage", "RemoteStorage"]

DELETE_BATCH = 1000
"""Files that `delete_tree` gathers before it deletes them together."""


NAMES = 100
"""Names that `save()` tries; more can only be taken if the service takes nothing."""


class RemoteStorage(Directories):
    """A storage whose files are elsewhere: all that Django asks for, and more, over primitives.

    A backend implements the required ones of `storages.primitives.Primitives`, and of the
    optional ones those where its service does better than the default.
    """

    gzip: bool = False
    gzip_content_types: Iterable[str] = ()
    reads_gzip: bool = False
    """Whether reading gunzips whatever is labelled gzip, even what other programs stored."""
    overwrite_option: ClassVar[str] = "file_overwrite"
    """The option that lets `save()` replace a file of the same name."""

    # -- what a backend decides beside them

    def _overwrites(self) -> bool:
        """Whether `save()` replaces a file of the same name."""
        return bool(getattr(self, self.overwrite_option, False))

    def _compresses(self, content_type: str) -> bool:
        return bool(self.gzip) and worth_compressing(content_type, self.gzip_content_types or ())

    def _decodes(self, entry: Entry) -> bool:
        """Whether reading gunzips: what was stored by `gzip`, but never a `.gz` file."""
        if entry.encoding != "gzip" or not (self.gzip or self.reads_gzip):
            return False
        guessed, encoding = mimetypes.guess_type(entry.key)
        if encoding is not None:
            return False
        return self.reads_gzip or self._compresses(entry.content_type or guessed or "")

    def _writer(
        self,
        key: str,
        params: Any,
        *,
        exclusive: bool = False,
        size: int | None = None,
        part_size: int | None = None,
    ) -> PartWriter:
        """What writes an object; the content's `size` and the wished `part_size`, where known."""
        return PartWriter(self, key, params, exclusive=exclusive, part_size=part_size)

    # -- Django: open and save

    def open(self, name: str, mode: str = "rb", **text: Any) -> RemoteFile:
        """Open a file; text modes take `encoding` (UTF-8), `errors` and `newline`.

        Modes: r, rb; w, wb; x, xb (FileExistsError if it exists); a, ab (uploads all of it again).
        """
        return self._open(name, mode, **text)

    def _open(self, name: str, mode: str = "rb", **text: Any) -> RemoteFile:
        return RemoteFile(name, mode, self, **text)

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store `content` and return its name, another one if `name` is taken and kept.

        `content` is read from its start if it can seek, and is never closed. A name is created
        exclusively unless files are overwritten: of two concurrent calls, each keeps its file.
        """
        if name is None:
            name = content.name
        if not self._picks_names() or type(self)._save is not RemoteStorage._save:
            return super().save(name, content, max_length=max_length)
        validate_file_name(name, allow_relative_path=True)
        return self._save_new(str(name), content, max_length)

    def _save(self, name: str, content: Any) -> str:
        if self._picks_names():
            return self._save_new(name, content, None)
        return self._save_over(name, content)

    def _picks_names(self) -> bool:
        """Whether names are kept unique by creating exclusively, not by a subclass's own rule."""
        cls = type(self)
        return not self._overwrites() and all(
            getattr(cls, each) is getattr(RemoteStorage, each)
            for each in ("get_available_name", "is_name_available", "exists")
        )

    def _save_new(self, name: str, content: Any, max_length: int | None) -> str:
        with rewindable(content, self.part_size) as again:
            for candidate in islice(candidates(self, clean_name(name), max_length), NAMES):
                with suppress(FileExistsError):
                    return self._save_free(candidate, again, max_length)
        raise FileExistsError(f"{name!r} exists already, and so do {NAMES} names like it.")

    def _save_over(self, name: str, content: Any) -> str:
        """Store for `save()` what replaces a file, or has a name by a subclass's own rule.

        The answer is the file's name; overridden where the service may pick another one.
        """
        self._write(name, content, exclusive=False)
        return clean_name(name)

    def _save_free(self, name: str, content: Any, max_length: int | None) -> str:
        """Store a new file for `save()`, and return its name; FileExistsError if it is taken.

        Overridden where the service picks another name itself, of `max_length` at most.
        """
        self._write(name, content, exclusive=True)
        return name

    def _write(self, name: str, content: Any, *, exclusive: bool) -> None:
        key = self._new_key(name)
        params, compress = self._prepare(key, content)
        self._store(key, content, params, compress, exclusive=exclusive)

    def _store(
        self, key: str, content: Any, params: Any, compress: bool, *, exclusive: bool
    ) -> str:
        """Store all of `content`, and return the key it has."""
        if is_seekable(content):
            content.seek(0)
        source = GzipCompressionWrapper(content) if compress else content
        writer = self._writer(key, params, exclusive=exclusive, size=size_of(content))
        try:
            while chunk := to_bytes(source.read(writer.part_size)):
                writer.write(chunk)
            return writer.finish()
        except BaseException:
            writer.abort()
            raise

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """A free name like `name`; `name` itself where files are overwritten."""
        name = clean_name(name)
        if self._overwrites():
            return get_available_overwrite_name(name, max_length)
        return super().get_available_name(name, max_length)

    # -- Django: the rest

    def delete(self, name: str) -> None:
        """Delete a file; a missing one is fine, an empty name is a ValueError."""
        self._delete(self._deletable(name))

    def _deletable(self, name: str) -> str:
        key = self._key(name) if name else ""
        if not name or key in ("", self._root()):
            raise ValueError("The name of the file to delete must not be empty.")
        return key

    def exists(self, name: str) -> bool:
        """Whether `name` is a file, or a directory with files, or the root of the storage."""
        key = self._key(name)
        if key == self._root():
            return True
        if self._has_directories() or not key.endswith("/"):
            with suppress(FileNotFoundError):
                entry = self._stat(key.rstrip("/"))
                return entry.is_dir or not key.endswith("/")
        return not self._has_directories() and self._has_entries(key.rstrip("/") + "/")

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """The names of directories and files directly below `path`."""
        prefix = self._prefix(path)
        names: tuple[list[str], list[str]] = ([], [])
        try:
            for entry in self._list(prefix):
                if name := entry.key.removeprefix(prefix).rstrip("/"):
                    names[0 if entry.is_dir else 1].append(name)
        except FileNotFoundError:
            if prefix != self._root():  # the location itself is made by the first file in it
                raise
        return names

    def size(self, name: str) -> int:
        """Bytes as stored; FileNotFoundError."""
        return self._stat(self._file_key(name)).size

    def get_modified_time(self, name: str) -> datetime:
        return self._time(name, "modified")

    def get_created_time(self, name: str) -> datetime:
        return self._time(name, "created")

    def get_accessed_time(self, name: str) -> datetime:
        return self._time(name, "accessed")

    def _time(self, name: str, kind: str) -> datetime:
        found: datetime | None = getattr(self._stat(self._file_key(name)), kind)
        if found is None:
            raise NotImplementedError(f"{type(self).__name__} does not know when it was {kind}.")
        return _as_django(found)

    # -- beyond Django

    def stat(self, name: str) -> Entry:
        """Size, times, ETag and type of a file in one call; FileNotFoundError."""
        return self._public(self._stat(self._file_key(name)))

    def scan(self, path: str = "") -> Iterator[Entry]:
        """Every file below `path`, however deep, page by page; names relative to the storage."""
        root = self._root()
        for entry in self._scan(self._prefix(path)):
            if not entry.is_dir:
                yield entry.called(entry.key.removeprefix(root))

    def copy(self, source: str, target: str, *, overwrite: bool | None = None) -> None:
        """Copy a file within the storage, on the server where it can.

        `overwrite` None follows the storage: FileExistsError where `save()` would not replace.
        """
        self._transfer(self._copy, source, target, overwrite)

    def move(self, source: str, target: str, *, overwrite: bool | None = None) -> None:
        """Rename a file; like `copy`, and then the source is deleted."""
        self._transfer(self._move, source, target, overwrite)

    def _transfer(self, send: Any, source: str, target: str, overwrite: bool | None) -> None:
        key = self._new_key(target)
        entry = self._stat(self._file_key(source))
        if entry.is_dir:
            raise IsADirectoryError(f"{source!r} is a directory.")
        if entry.key != key:
            replaces = self._overwrites() if overwrite is None else overwrite
            if not replaces and self._is_taken(key):
                raise FileExistsError(f"{target!r} exists already.")
            send(entry, key, self._prepare(key)[0], exclusive=not replaces)

    def set_modified_time(self, name: str, time: datetime) -> None:
        """Say when a file was modified (aware); NotImplementedError where services alone do."""
        self._set_modified_time(self._file_key(name), time)

    def write(self, name: str, content: Any, *, overwrite: bool = False) -> None:
        """Store `content` under exactly `name`: `save()` without a choice of names.

        FileExistsError, created exclusively, unless `overwrite` is true.
        """
        self._write(name, content, exclusive=not overwrite)

    def delete_many(self, names: Iterable[str]) -> None:
        """Delete files; missing ones are fine. An empty name is a ValueError before any goes."""
        if isinstance(names, str):
            raise TypeError("delete_many() takes several names; for one there is delete().")
        self._delete_many([self._deletable(name) for name in names])

    def delete_tree(self, path: str, *, everything: bool = False) -> int:
        """Delete all files below `path`, and say how many.

        ValueError for the root of the storage, unless `everything` is true.
        """
        prefix = self._prefix(path)
        if prefix == self._root() and not everything:
            raise ValueError("delete_tree() of the whole storage needs everything=True.")
        count = 0
        dirs: list[str] = []
        entries = self._scan(prefix)
        while batch := list(islice(entries, DELETE_BATCH)):
            # An object store marks a directory by an object whose key ends with a slash.
            dirs += [e.key for e in batch if e.is_dir and not e.key.endswith("/")]
            self._delete_entries([e for e in batch if not e.is_dir or e.key.endswith("/")])
            count += sum(not e.is_dir for e in batch)
        if prefix != self._root():  # the place of the storage itself stays
            dirs.append(prefix.rstrip("/"))
        for key in dirs:
            self._remove_dir(key)
        return count


def _as_django(time: datetime) -> datetime:
    """As Django wants times: aware with USE_TZ, naive local without."""
    from django.conf import settings

    return time if settings.USE_TZ else timezone.make_naive(time, timezone.get_default_timezone())
