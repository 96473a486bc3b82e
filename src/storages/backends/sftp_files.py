"""Files that are read and written over SFTP, with several requests on their way."""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING

from storages.backends import sftp_protocol as sftp
from storages.backends.sftp_errors import EOF, Refusal, about
from storages.transfer import KiB, MiB

if TYPE_CHECKING:
    from storages.backends.sftp_protocol import Session

FIRST = 256 * KiB
"""Bytes that are asked for at first: a small file costs no second request."""

EARLY = 32 * KiB
"""Bytes that are asked for before the size of a file is known; every server takes as many."""

AHEAD = 8 * MiB
"""Bytes that are on their way at most; 80 MB/s over a line with a round trip of 100 ms."""

CHUNK = 1 * MiB
"""Bytes that one read gives at most."""

UNCONFIRMED = 4 * MiB
"""Bytes that were written and that the server has not confirmed yet, at most."""


class Reader:
    """Reads one opened file from `start` to `stop`; it asks ahead from the second read on."""

    def __init__(self, session: Session, handle: bytes, path: str, start: int, stop: int) -> None:
        self._session, self._handle, self._path = session, handle, path
        self._at = self._asked = start
        self._stop = stop
        self._window = FIRST
        self._pending: deque[tuple[int, int]] = deque()  # request, bytes

    def ask(self) -> None:
        """Send requests as far as the window reaches."""
        end = min(self._stop, self._at + self._window)
        while self._asked < end:
            length = min(self._session.read_length, end - self._asked)
            self._pending.append((self._request(self._asked, length), length))
            self._asked += length

    def read(self) -> bytes:
        try:
            with about(self._path):
                return self._read()
        except OSError as error:
            if not isinstance(error, ConnectionError | TimeoutError):
                self.close()
            raise

    def read_whole(self, early: int) -> bytes:
        """All of the file, its start from a request that was sent before the size was known."""
        pieces = []
        if self._stop:
            pieces.append(self._answer(early)[: self._stop])
            self._at = self._asked = len(pieces[0])
        while self._at < self._stop:
            pieces.append(self._read())
        return b"".join(pieces)

    def close(self) -> None:
        with about(self._path):
            self._session.forget(*(request for request, _ in self._pending))
            self._pending.clear()
            self._session.close_handle(self._handle)

    def _read(self) -> bytes:
        is_first = self._window == FIRST
        self.ask()
        pieces, count = [], 0
        while self._pending and count < CHUNK:
            request, length = self._pending.popleft()
            while length:
                piece = self._answer(request)[:length]
                pieces.append(piece)
                count += len(piece)
                length -= len(piece)
                if length:  # a server may answer less than it was asked for
                    request = self._request(self._at + count, length)
        self._at += count
        self._window = min(2 * self._window, AHEAD)
        if not is_first:
            self.ask()
        return b"".join(pieces)

    def _request(self, start: int, length: int) -> int:
        at, count = sftp.offset(start), sftp.number(length)
        return self._session.send(sftp.READ, sftp.text(self._handle), at, count)

    def _answer(self, request: int) -> bytes:
        try:
            data = self._session.answer(request, sftp.DATA).raw()
        except Refusal as refusal:
            if refusal.code != EOF:
                raise
            data = b""
        if not data:
            raise OSError(errno.ESTALE, f"{self._path!r} became shorter while it was read.")
        return data


def read_early(session: Session, handle: bytes) -> int:
    """The number of a request for the start of a file."""
    return session.send(sftp.READ, sftp.text(handle), sftp.offset(0), sftp.number(EARLY))


class Writer:
    """Writes an opened file from `start` on; every request must be confirmed by the server."""

    def __init__(self, session: Session, handle: bytes, path: str, start: int) -> None:
        self._session, self._handle, self._path = session, handle, path
        self._at = start
        self._pending: deque[int] = deque()

    def write(self, data: bytes) -> None:
        with about(self._path):
            try:
                self._write(data)
            except Refusal:
                self._give_up()
                raise

    def close(self) -> None:
        with about(self._path):
            asked = self._session.send(sftp.FSTAT, sftp.text(self._handle))
            closed = self._session.send(sftp.CLOSE, sftp.text(self._handle))
            try:
                while self._pending:
                    self._session.answer(self._pending.popleft())
            except Refusal:
                self._session.forget(*self._pending, asked, closed)
                self._pending.clear()
                raise
            try:
                size = self._session.answer(asked, sftp.ATTRS).attributes().size
            except Refusal:  # rclone knows a new file only when it was closed
                size = None
            self._session.answer(closed)
            if size is not None and size != self._at:
                raise OSError(
                    f"{self._path!r} has {size} bytes on the server, {self._at} were written."
                )

    def _write(self, data: bytes) -> None:
        length = self._session.write_length
        most = UNCONFIRMED // length
        view = memoryview(data)
        for start in range(0, len(view), length):
            piece = bytes(view[start : start + length])
            handle, at = sftp.text(self._handle), sftp.offset(self._at)
            self._pending.append(self._session.send(sftp.WRITE, handle, at, sftp.text(piece)))
            self._at += len(piece)
            while len(self._pending) > most:
                self._session.answer(self._pending.popleft())

    def _give_up(self) -> None:
        """Close the file, so that the connection serves others."""
        self._session.forget(*self._pending)
        self._pending.clear()
        self._session.close_handle(self._handle)
