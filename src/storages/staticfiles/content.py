"""The bytes that a service is to store, and their digests, without holding large ones."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile

from storages.base import RemoteStorage
from storages.compress import GzipCompressionWrapper
from storages.crew import Stopped
from storages.saving import size_of
from storages.transfer import MiB
from storages.utils import to_bytes

SMALL = 1 * MiB
"""Bytes up to which content is read once and kept, larger content is read once more to be sent."""

CHUNK = 256 * 1024


class Prepared:
    """Content as it is stored: compressed, if it is to be."""

    def __init__(
        self, storage: RemoteStorage, content: Any, compress: bool, stop: threading.Event
    ) -> None:
        self._storage = storage
        self._digests: dict[str, str] = {}
        self._stop = stop
        self.content, self.compress = content, compress
        self._body: bytes | None = None
        size = size_of(content)
        if size is not None and size <= SMALL:
            self._body = b"".join(self._chunks())
            self.content, self.compress = ContentFile(self._body), False
            self.size = len(self._body)
        else:
            self.content = Stoppable(content, stop)
            self.size = -1  # not known before it was read once
            self.digest("md5")

    def _chunks(self) -> Iterator[bytes]:
        """All bytes to be stored, from the start."""
        if self._body is not None:
            yield self._body
            return
        self.content.seek(0)
        source = GzipCompressionWrapper(self.content) if self.compress else self.content
        while chunk := to_bytes(source.read(CHUNK)):
            yield chunk

    def digest(self, kind: str) -> str | None:
        """The digest of these bytes as hexadecimal digits; None if nothing here computes it."""
        if kind in self._digests:
            return self._digests[kind]
        hasher = self._storage._hasher(kind)
        if hasher is None:
            return None
        size = 0
        for chunk in self._chunks():
            hasher.update(chunk)
            size += len(chunk)
        self.size = size
        self._digests[kind] = found = str(hasher.hexdigest())
        return found


class Stoppable(io.RawIOBase):
    """Reads a file until the run is stopped; closing it leaves the file open."""

    def __init__(self, content: Any, stop: threading.Event) -> None:
        super().__init__()
        self._content, self._stop = content, stop
        size = size_of(content)
        if size is not None:
            self.size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._content.seek(offset, whence)
        return offset

    def read(self, size: int = -1) -> bytes:
        if self._stop.is_set():
            raise Stopped
        return to_bytes(self._content.read(size))
