"""The file that `open()` returns: one class for every storage and mode."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from django.core.files.base import File

from storages.compress import GzipWriter, gzip_reader
from storages.reading import RangeReader
from storages.transfer import KiB
from storages.writing import PartWriter

if TYPE_CHECKING:
    from types import TracebackType

    from storages.base import RemoteStorage
    from storages.entry import Entry

BUFFER = 256 * KiB
"""Bytes that small reads and writes are gathered in."""

_is_mode = re.compile(r"[rwxa][bt]?|[bt][rwxa]").fullmatch


class RemoteFile(File):  # type: ignore[type-arg]  # generic in the stubs only
    """A file of a remote storage, opened for reading or for writing.

    What is written becomes visible when the file is closed, and not at all if the `with` block
    ends by an exception or nobody closes the file. Appending uploads the whole file again.
    `buffer_size` is the size in bytes of the parts of an upload.
    """

    file: Any

    def __init__(
        self,
        name: str,
        mode: str,
        storage: RemoteStorage,
        buffer_size: int | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> None:
        self.name: str = name
        self._storage = storage
        self._buffer_size = buffer_size
        self._text: dict[str, Any] = {
            "encoding": encoding or "utf-8",
            "errors": errors,
            "newline": newline,
        }
        self._open(mode)

    def _open(self, mode: str) -> None:
        check_mode(self.name, mode)
        self.mode = mode
        self._reader: RangeReader | None = None
        self._writer: PartWriter | None = None
        self._zipper: GzipWriter | None = None
        binary = self._open_reader() if "r" in mode else self._open_writer()
        self.file = binary if "b" in mode else io.TextIOWrapper(binary, **self._text)

    def _open_reader(self) -> Any:
        storage = self._storage
        self._reader = RangeReader(storage, storage._file_key(self.name))
        buffered = io.BufferedReader(self._reader, BUFFER)
        return gzip_reader(buffered) if storage._decodes(self._reader.entry) else buffered

    def _open_writer(self) -> Any:
        storage = self._storage
        key = storage._new_key(self.name)
        params, compress = storage._prepare(key)
        exclusive = "x" in self.mode
        if exclusive and storage._is_taken(key):
            raise FileExistsError(f"{self.name!r} exists already.")
        self._writer = storage._writer(
            key, params, exclusive=exclusive, part_size=self._buffer_size
        )
        buffered = (io.BufferedWriter if "b" in self.mode else _TextSink)(self._writer, BUFFER)
        if compress:
            self._zipper = GzipWriter(buffered)
        binary = self._zipper or buffered
        if "a" in self.mode and storage._is_file(key):
            with storage.open(self.name) as old:
                for chunk in old.chunks():
                    binary.write(chunk)
        self._buffered = buffered
        return binary

    @property
    def entry(self) -> Entry | None:
        """What the storage said of the file when it was opened; None for a file being written."""
        return self._reader.entry if self._reader else None

    @property
    def size(self) -> int:
        """Bytes of the content; while writing, of what was written so far."""
        if self._reader is None:
            return int(self.file.tell())
        if not self._storage._decodes(self._reader.entry):
            return self._reader.entry.size
        place = self.file.tell()
        size = self.file.seek(0, io.SEEK_END)
        self.file.seek(place)
        return int(size)

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> RemoteFile:
        """Return to the start; or, if the file is closed or `mode` is another one, open it anew."""
        if not self.closed and mode in (None, self.mode) and self._reader is not None:
            self.seek(0)
            return self
        self.close()
        self._open(mode or self.mode)
        return self

    def close(self) -> None:
        """Close the file; one opened for writing is published now."""
        if self.closed:
            return
        try:
            if self._writer is not None:
                self.file.flush()
                if self._zipper is not None:
                    self._zipper.close()
                self._buffered.flush()
                self._writer.finish()
        except BaseException:
            self.abort()
            raise
        self._close_layers()

    def abort(self) -> None:
        """Close the file without publishing what was written to it."""
        if self._writer is not None:
            self._writer.abort()
        self._close_layers()

    def _close_layers(self) -> None:
        self.file.close()
        if self._writer is not None:
            self._buffered.close()
        if self._reader is not None:
            self._reader.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def __del__(self) -> None:
        writer = getattr(self, "_writer", None)
        if writer is not None:
            writer.abort()


class _TextSink(io.BufferedWriter):
    """Says that it can seek, so that text above it knows its place: what is first has a BOM.

    It cannot: seeking raises io.UnsupportedOperation.
    """

    def seekable(self) -> bool:
        return True


def check_mode(name: str, mode: str) -> None:
    """Raise ValueError for a mode that no remote storage can offer."""
    if not _is_mode(mode):
        raise ValueError(
            f"{name!r} cannot be opened with mode {mode!r}: a stored file is read (r, rb), "
            "replaced (w, wb), created (x, xb) or appended to (a, ab); reading and writing "
            "at once needs a local copy."
        )
