"""What `save()` needs to create a file under a free name: names to try, content to read again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.base import File
from django.core.files.storage import Storage

from storages.transfer import MiB
from storages.utils import is_seekable, to_bytes

CHUNK = 1 * MiB
"""Bytes copied at a time from content that cannot seek."""


class _TakenNames(Storage):
    """Django's own choice of names, over a set of names instead of a storage."""

    def __init__(self, storage: Storage) -> None:
        self.taken: set[str] = set()
        self.get_alternative_name = storage.get_alternative_name  # type: ignore[method-assign]  # its rule

    def exists(self, name: str) -> bool:
        return name in self.taken


def candidates(storage: Storage, name: str, max_length: int | None) -> Iterator[str]:
    """`name`, and then Django's alternatives for it, each time that one more was taken."""
    names = _TakenNames(storage)
    while True:
        candidate = names.get_available_name(name, max_length=max_length)
        yield candidate
        names.taken.add(candidate)


@contextmanager
def rewindable(content: Any, limit: int) -> Iterator[Any]:
    """`content`, or a copy of it if it cannot seek: in memory up to `limit` bytes, else on disk."""
    if is_seekable(content):
        yield content
        return
    with tempfile.SpooledTemporaryFile(limit) as spool:
        while chunk := to_bytes(content.read(CHUNK)):
            spool.write(chunk)
        spool.seek(0)
        copy = File(spool, getattr(content, "name", None))
        copy.content_type = getattr(content, "content_type", None)  # type: ignore[attr-defined]  # as uploads
        yield copy


def size_of(content: Any) -> int | None:
    """The content's size where it tells without reading; characters, for text."""
    try:
        return int(content.size)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
