"""Reading by ranges: one version of an object, in windows that grow as reading proves steady."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from storages.transfer import KiB, MiB, fetch_first, fetch_range, stream_whole, submit

if TYPE_CHECKING:
    from storages.primitives import Primitives

FIRST = 256 * KiB
"""Bytes that opening asks for: a file up to this size is read with one request."""

SEEK = 64 * KiB
"""Bytes of the first window after a seek."""

WINDOW = 3 * MiB
"""Bytes of the largest window."""

AHEAD = 6
"""Windows that are fetched ahead at most: each costs twice its size, in the threads' allocators."""

KEPT = 3
"""Small windows that are remembered, so that going back and forth (zip) asks for nothing twice."""


class RangeReader(io.RawIOBase):
    """Reads one version of an object; raises FileNotFoundError at once if there is none.

    Each range that fails is asked for again. Sequential reading doubles its window up to 3 MiB;
    then windows are fetched ahead, twice as many each time that the reader had to wait, within
    the memory that the storage allows. A seek starts anew with a small window.
    """

    def __init__(self, storage: Primitives, key: str) -> None:
        super().__init__()
        self._storage = storage
        self._window = b""
        self._at = 0  # where the window begins
        self._position = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._ahead: deque[tuple[int, Future[bytes]]] = deque()
        self._stream: Iterator[bytes] | None = None
        self._step = FIRST
        self._largest = max(SEEK, min(WINDOW, storage._memory()))
        self._depth = 1
        self._pid = os.getpid()
        self.entry, self._window = fetch_first(storage, key, FIRST)
        self._next = len(self._window)  # where what was not yet asked for begins

    # -- io

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.entry.size}
        if base[whence] + offset < 0:
            raise ValueError(f"negative seek position {base[whence] + offset}")
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        self._check_open()
        view = memoryview(buffer).cast("B")
        found = self._here()
        count = min(len(view), len(found))
        view[:count] = found[:count]
        self._position += count
        return count

    def readall(self) -> bytes:
        """The rest of the file, in full windows from the start."""
        self._check_open()
        rest = self.entry.size - self._position
        if rest > self._largest:
            self._step, self._depth = self._largest, self._most_ahead()
        else:
            self._step = max(self._step, rest)
        pieces = []
        while found := self._here():
            pieces.append(bytes(found))
            self._position += len(found)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        if not self.closed:
            self._drop_ahead()
            self._kept.clear()
            self._window = b""
        super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")

    # -- windows

    def _here(self) -> memoryview:
        """The bytes at the position that are at hand or fetched now; empty at the end."""
        if self._position >= self.entry.size:
            return memoryview(b"")
        if not self._at <= self._position < self._at + len(self._window):
            self._move()
        return memoryview(self._window)[self._position - self._at :]

    def _move(self) -> None:
        for start, block in self._kept:
            if start <= self._position < start + len(block):
                self._keep()
                self._at, self._window = start, block
                return
        if os.getpid() != self._pid:  # a fork left the threads behind
            self._ahead.clear()
            self._close_stream()  # the storage leaves its connection to the parent
            self._pid = os.getpid()
            self._next = self._position
        sequential = self._position == (self._ahead[0][0] if self._ahead else self._next)
        self._keep()
        if self._storage._reading_streams():
            self._at, self._window = self._position, self._from_stream(sequential)
        elif sequential:
            self._at, self._window = self._position, self._from_ahead()
        else:
            self._jump()

    def _keep(self) -> None:
        if 0 < len(self._window) <= FIRST and (self._at, self._window) not in self._kept:
            self._kept.append((self._at, self._window))
        self._window = b""

    def _jump(self) -> None:
        """After a seek: a small window, and near the end all the rest of the file with it."""
        self._drop_ahead()
        self._step, self._depth = SEEK, 1
        start = min(self._position, max(0, self.entry.size - SEEK))
        stop = min(start + SEEK, self.entry.size)
        self._at, self._window = start, fetch_range(self._storage, self.entry, start, stop)
        self._next = stop

    def _from_ahead(self) -> bytes:
        self._step = min(self._step * 2, self._largest)
        if self._step == self._largest and self._most_ahead() > 1:
            self._fill_ahead(max(2, self._depth))
        if not self._ahead:
            stop = min(self._next + self._step, self.entry.size)
            start, self._next = self._next, stop
            return fetch_range(self._storage, self.entry, start, stop)
        _, first = self._ahead[0]
        if not first.done():
            self._depth = min(max(2, self._depth * 2), self._most_ahead())
        try:
            window = first.result()
        except BaseException:
            self._drop_ahead()
            self._next = self._position  # whoever reads again asks again
            raise
        self._ahead.popleft()
        self._fill_ahead(self._depth)
        return window

    def _fill_ahead(self, count: int) -> None:
        while len(self._ahead) < count and self._next < self.entry.size:
            stop = min(self._next + self._step, self.entry.size)
            future = submit(fetch_range, self._storage, self.entry, self._next, stop)
            self._ahead.append((self._next, future))
            self._next = stop

    def _drop_ahead(self) -> None:
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()
        self._close_stream()

    def _most_ahead(self) -> int:
        return min(AHEAD, self._storage._in_flight(self._largest))

    # -- streams

    def _from_stream(self, sequential: bool) -> bytes:
        """The next chunk of the storage's stream."""
        if not sequential:
            self._close_stream()
        if self._stream is None:
            self._stream = stream_whole(self._storage, self.entry, self._position)
        try:
            chunk = next(self._stream)
        except BaseException:
            self._close_stream()  # it has ended: the next read begins another one
            raise
        self._next = self._position + len(chunk)
        return chunk

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        close = getattr(stream, "close", None)
        if close is not None:
            close()
