"""One file from one storage to another: on the service where it can, else streamed."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage

from storages import sides
from storages.base import RemoteStorage
from storages.entry import Entry
from storages.primitives import Primitives
from storages.reading import RangeReader
from storages.transfer import MiB
from storages.utils import to_bytes

CHUNK = 1 * MiB
"""Bytes that are read at a time where nobody wants more."""


@dataclass(frozen=True)
class Copied:
    """What was copied."""

    entry: Entry
    """The version of the source, by its key in the source's service where that is one of ours."""
    on_server: bool = False
    """Whether none of its bytes has passed this machine."""
    is_raw: bool = False
    """Whether the very bytes that are stored were copied: compressed ones stay so."""


class Watched:
    """Content that is read, and shown to `watch` chunk by chunk: it can count, hash or stop."""

    def __init__(self, content: Any, watch: Callable[[bytes], None]) -> None:
        self._content, self._watch = content, watch
        for name in ("name", "size", "content_type"):
            with suppress(AttributeError, OSError, NotImplementedError):
                setattr(self, name, getattr(content, name))

    def read(self, size: int = -1) -> bytes:
        chunk = to_bytes(self._content.read(size))
        self._watch(chunk)
        return chunk


def _ignore(chunk: bytes) -> None:
    """Nobody watches."""


def copy_file(
    source: Storage,
    name: str,
    target: Storage,
    new: str,
    *,
    overwrite: bool,
    entry: Entry | None = None,
    watch: Callable[[bytes], None] = _ignore,
) -> Copied:
    """Copy a file under exactly the name `new`, with its headers where both sides have them.

    `entry` is what a listing of the source said of it, if one did: then a copy on the service is
    one request. FileNotFoundError if there is no source, FileExistsError if there is a target and
    `overwrite` is false. What was stored before stays until the new content is there as a whole.
    """
    if can_copy_itself(source, target):
        try:
            return copy_on_server(source, name, target, new, overwrite=overwrite, entry=entry)
        except PermissionError:  # its credentials read here and write there, but not both
            if source is target:
                raise
    return send(source, name, target, new, overwrite=overwrite, watch=watch)


def can_copy_itself(source: Storage, target: Storage) -> bool:
    """Whether the target's service can copy from the source itself."""
    if not isinstance(source, RemoteStorage) or not isinstance(target, RemoteStorage):
        return False
    return source is target or target._reaches(source)


def copy_on_server(
    source: Any,
    name: str,
    target: Any,
    new: str,
    *,
    overwrite: bool,
    entry: Entry | None = None,
) -> Copied:
    """Let the target's service copy the file itself; `can_copy_itself` is true of the two."""
    key, place = source._file_key(name), target._new_key(new)
    if source is target and key == place:
        return Copied(source._stat(key), on_server=True)
    origin = {} if source is target else {"origin": source}
    if not overwrite and target._is_taken(place):  # some services ignore conditions of a copy
        raise FileExistsError(f"{new!r} exists already.")

    def copy(found: Entry) -> Copied:
        if found.is_dir:
            raise IsADirectoryError(f"{name!r} is a directory.")
        params = target._prepare(place)[0]
        target._copy(found, place, params, exclusive=not overwrite, **origin)
        on_server = type(target)._copy is not Primitives._copy
        return Copied(found, on_server, is_raw=True)

    if entry is not None:
        try:
            return copy(replace(entry, key=key))
        except OSError as error:
            if error.errno != errno.ESTALE:  # replaced since it was listed
                raise
    return copy(source._stat(key))


def send(
    source: Storage,
    name: str,
    target: Storage,
    new: str,
    *,
    overwrite: bool,
    watch: Callable[[bytes], None] = _ignore,
) -> Copied:
    """Copy the file through this machine."""
    if isinstance(source, RemoteStorage) and isinstance(target, RemoteStorage):
        if source._keeps_headers() and target._keeps_headers():
            return _send_stored(source, name, target, new, overwrite, watch)
    elif source is target and posixpath.normpath(name) == posixpath.normpath(new):
        return Copied(sides.of(source).stat(name))
    return _send_content(source, name, target, new, overwrite, watch)


def _send_stored(
    source: RemoteStorage,
    name: str,
    target: RemoteStorage,
    new: str,
    overwrite: bool,
    watch: Callable[[bytes], None],
) -> Copied:
    """The bytes as they are stored, with all that is served beside them."""
    place = target._new_key(new)
    with RangeReader(source, source._file_key(name)) as reader:
        entry = reader.entry
        params = target._prepare_like(place, _fully_told(source, entry))
        writer = target._writer(place, params, exclusive=not overwrite, size=entry.size)
        try:
            while chunk := reader.read(min(writer.part_size, CHUNK)):
                watch(chunk)
                writer.write(chunk)
            writer.finish()
        except BaseException:
            writer.abort()
            raise
    return Copied(entry, is_raw=True)


def _fully_told(source: RemoteStorage, entry: Entry) -> Entry:
    """The same version with all that is served beside it, which not every answer to reading tells.

    OSError if there is another one now.
    """
    if entry.metadata is not None:
        return entry
    found = source._stat(entry.key)
    if found.size != entry.size or entry.etag not in (None, found.etag):
        raise OSError(errno.ESTALE, f"{entry.key!r} was replaced while it was read.")
    return found


def _send_content(
    source: Storage,
    name: str,
    target: Storage,
    new: str,
    overwrite: bool,
    watch: Callable[[bytes], None],
) -> Copied:
    """What `open` gives, to be stored as `save` would store it."""
    side = sides.of(source)
    before: Entry | None = None if isinstance(source, RemoteStorage) else side.stat(name)
    with source.open(name) as content:
        entry: Entry = before or content.entry  # type: ignore[attr-defined]  # RemoteFile has it
        if isinstance(source, FileSystemStorage):
            watch = _guarded(watch, side, entry)
        sides.of(target).write(new, Watched(content, watch), overwrite=overwrite)
    return Copied(entry)


def _guarded(watch: Callable[[bytes], None], side: Any, entry: Entry) -> Callable[[bytes], None]:
    """Raises at the end of a file that others have written to: it may be half old, half new.

    What is sent is given up then: OSError (ESTALE). Elsewhere ETags pin what is read.
    """

    def check(chunk: bytes) -> None:
        watch(chunk)
        if not chunk:
            now = side.stat(entry.name)
            if (now.size, now.modified) != (entry.size, entry.modified):
                raise OSError(errno.ESTALE, f"{entry.name!r} was changed while it was read.")

    return check
