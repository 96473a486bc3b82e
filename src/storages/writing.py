"""Writing in parts: nothing is visible before the end, and a failure leaves what was there."""

from __future__ import annotations

import io
import os
import tempfile
import weakref
from collections import deque
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from storages.ending import at_exit
from storages.entry import Upload
from storages.transfer import MiB, abort_surely, submit

if TYPE_CHECKING:
    from storages.primitives import Primitives

STEADY = 4000
"""Parts of one size of an upload whose size is not known; Cloudflare R2 takes no others."""

GROWTH = 1000
"""Further parts after each of which the size grows fourfold."""

LARGEST = 512 * MiB
"""Bytes that a part grows to at most: 10,000 parts then hold 2 TB."""

SPOOL = 1 * MiB
"""Bytes that a spooled upload holds in memory before it goes to a temporary file."""


_begun: weakref.WeakSet[PartWriter] = weakref.WeakSet()
"""Writers whose upload has begun."""


def _abort_all() -> None:
    """Later, while the interpreter is taken down, no SDK can send anything."""
    for writer in list(_begun):
        writer.abort()


at_exit(_abort_all, first=True)


class PartWriter(io.RawIOBase):
    """Writes one object: a single put if it fits in one part, else an upload with parts in flight.

    `finish` publishes the object, whole. `close` without it, and so forgetting the writer, is
    `abort`: the target is untouched. After a failure every further call fails.
    """

    def __init__(
        self,
        storage: Primitives,
        key: str,
        params: Any,
        *,
        exclusive: bool = False,
        part_size: int | None = None,
        put_limit: int | None = None,
        grows: bool = True,
    ) -> None:
        super().__init__()
        self._storage, self._key, self._params = storage, key, params
        self._exclusive = exclusive
        self._grows = grows
        self.part_size = part_size or storage.part_size
        self._put_limit = put_limit or self.part_size
        self._upload: Upload | None = None
        self._number = 0  # of the last part that was sent
        self._pending: deque[Future[None]] = deque()
        self._chunks: deque[bytes | memoryview] = deque()
        self._held = 0  # bytes in chunks
        self._count = 0  # bytes written in all
        self._state = "open"
        self._pid = os.getpid()

    # -- io

    def writable(self) -> bool:
        return True

    @property
    def in_parts(self) -> bool:
        """Whether a part was sent already: so much was written that one request does not do."""
        return self._upload is not None

    def tell(self) -> int:
        return self._count

    def write(self, data: Any) -> int:
        if self._state == "aborted":  # what the layers above still flush goes nowhere
            return memoryview(data).nbytes
        if self._state != "open":
            raise ValueError(f"The upload of {self._key!r} has ended.")
        chunk = data if isinstance(data, bytes) else bytes(memoryview(data).cast("B"))
        if chunk:
            self._chunks.append(chunk)
            self._held += len(chunk)
            self._count += len(chunk)
        try:
            while self._held > (self._put_limit if self._upload is None else self.part_size):
                self._send(self._take(self.part_size))
        except BaseException:
            self.abort()
            raise
        return len(chunk)

    def finish(self) -> str:
        """Publish what was written, and say under which key.

        FileExistsError if it had to be new and is not.
        """
        if self._state != "open":
            raise OSError(f"The upload of {self._key!r} was given up, nothing was stored.")
        self._check_process()
        try:
            if self._upload is None:
                body = self._take(self._held)
                chosen = self._storage._put(
                    self._key, body, self._params, exclusive=self._exclusive
                )
            else:
                while self._held:
                    self._send(self._take(min(self.part_size, self._held)))
                while self._pending:
                    self._pending.popleft().result()
                chosen = self._upload.finish()
        except BaseException:
            self.abort()
            raise
        self._state = "finished"
        return chosen or self._key

    def abort(self) -> None:
        """Drop everything; the parts in flight have ended when this returns."""
        if self._state != "open":
            return
        self._state = "aborted"
        self._chunks.clear()
        if self._upload is not None and self._pid == os.getpid():  # else it is the parent's
            for future in self._pending:
                future.cancel()
            wait(self._pending)
            self._pending.clear()
            abort_surely(self._upload)

    def close(self) -> None:
        if not self.closed:
            self.abort()
        super().close()

    # -- parts

    def _take(self, count: int) -> bytes:
        """The first `count` bytes held; copied once, and not at all when they are one chunk."""
        self._held -= count
        if self._chunks and len(self._chunks[0]) == count:
            return bytes(self._chunks.popleft())  # bytes of bytes are no copy
        pieces = []
        while count:
            chunk = self._chunks.popleft()
            if len(chunk) > count:
                view = memoryview(chunk)
                self._chunks.appendleft(view[count:])
                chunk = view[:count]
            pieces.append(chunk)
            count -= len(chunk)
        return b"".join(pieces)

    def _check_process(self) -> None:
        """Its connections, and the threads that send, are those of the process that began it."""
        if self._pid != os.getpid():
            raise OSError(
                f"The upload of {self._key!r} belongs to another process, nothing was done."
            )

    def _send(self, part: bytes) -> None:
        self._check_process()
        if self._upload is None:
            self._upload = self._storage._start_upload(
                self._key, self._params, exclusive=self._exclusive
            )
            _begun.add(self)
        self._number += 1
        in_flight = self._storage._in_flight(self.part_size)
        if in_flight == 1:
            self._upload.write(self._number, part)
        else:
            # Where order matters, one part is sent while the next one is read.
            while len(self._pending) >= (in_flight if self._upload.parallel else 1):
                self._pending.popleft().result()
            self._pending.append(submit(self._upload.write, self._number, part))
        if self._grows and self._number >= STEADY and self._number % GROWTH == 0:
            self.part_size = max(self.part_size, min(4 * self.part_size, LARGEST))


class SpooledUpload:
    """For storages that take a large object only in one go: spools it, then puts it."""

    parallel = False

    def __init__(self, storage: Primitives, key: str, params: Any, *, exclusive: bool) -> None:
        self._storage, self._key, self._params = storage, key, params
        self._exclusive = exclusive
        self._spool = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115 - finish or abort closes

    def write(self, number: int, part: bytes) -> None:
        self._spool.write(part)

    def finish(self) -> str | None:
        with self._spool as source:
            source.seek(0)
            return self._storage._put(self._key, source, self._params, exclusive=self._exclusive)

    def abort(self) -> None:
        self._spool.close()
