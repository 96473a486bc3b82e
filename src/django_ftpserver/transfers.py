"""Files on their way: when an upload is whole, and what becomes of it if it is not."""

from __future__ import annotations

import errno
import functools
import io
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from pyftpdlib.handlers import DTPHandler

from django_ftpserver.replies import explain

if TYPE_CHECKING:
    from django_ftpserver.filesystems import StorageFS
    from storages.bulk import Writable

COPIED = 1024 * 1024
"""Bytes that are read at a time of a file that is appended to."""

LOOK = 256
"""Bytes of waiting commands that are looked at."""

NOTHING_YET = ("WantReadError", "WantWriteError")
"""Errors of pyOpenSSL that are none."""

logger = logging.getLogger("django_ftpserver")


class Transfer:
    """A file on its way, which remembers what went wrong: pyftpdlib does not tell clients."""

    error: Exception | None = None

    def __init__(self, path: str) -> None:
        self.name = path

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Makes an OSError of whatever a storage raises; pyftpdlib handles no other."""
        try:
            yield
        except Exception as error:
            self.error = error
            raise OSError(errno.EIO, "The storage failed.") from error


class Download(Transfer):
    """A file that is read for a client."""

    def __init__(self, path: str, file: Any) -> None:
        super().__init__(path)
        self._file = file

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def read(self, count: int) -> bytes:
        with self._noted():
            data: bytes = self._file.read(count)
        return data

    def seek(self, position: int) -> None:
        self._file.seek(position)

    def tell(self) -> int:
        return int(self._file.tell())

    def fileno(self) -> int:
        """Of a file on this machine, as it is there: the kernel can send it.

        What decrypts or unpacks has a number too, of what must not be sent.
        """
        inner: Any = getattr(self._file, "file", None)
        is_plain = type(self._file) is File and type(inner) is io.BufferedReader
        if is_plain and type(inner.raw) is io.FileIO:
            return int(inner.fileno())
        raise OSError(errno.EINVAL, "It is no file of this machine.")

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class Upload(Transfer):
    """A file that a client sends. `close` stores it only if the data connection says it is whole.

    So it is dropped where the client breaks off, times out, or goes away, whoever closes it.
    `old` opens the file that is there, `stored` is called when there is a new one.
    """

    def __init__(
        self,
        path: str,
        writer: Writable,
        fs: StorageFS,
        old: Callable[[], Any],
        stored: Callable[[], None],
    ) -> None:
        super().__init__(path)
        self._writer, self._channel = writer, fs.cmd_channel
        self._old, self._stored = old, stored

    @property
    def closed(self) -> bool:
        return self._writer.closed

    def seek(self, position: int) -> None:
        """Begin with that many bytes of the file that is there; what follows them goes."""
        self._channel.run_as_current_user(self.resume, position)

    def resume(self, count: int | None = None) -> None:
        """Begin with the first bytes of the file that is there, all by default."""
        try:
            with self._old() as old:
                while chunk := old.read(COPIED if count is None else min(COPIED, count)):
                    self._writer.write(chunk)
                    count = None if count is None else count - len(chunk)
        except FileNotFoundError:
            raise
        except BaseException:
            self._writer.abort()
            raise

    def write(self, data: bytes) -> int:
        with self._noted():
            return self._writer.write(data)

    def close(self) -> None:
        if self.closed:
            return
        try:
            if self._is_whole():
                self._channel.run_as_current_user(self._writer.close)
                self._stored()
        finally:
            self._channel.run_as_current_user(self._writer.abort)

    def _is_whole(self) -> bool:
        data = getattr(self._channel, "data_channel", None)
        if data is None or data.file_obj is not self:
            return False
        return bool(data.transfer_finished) and self.error is None


class StorageDTP(DTPHandler):
    """A data connection that says a transfer succeeded only when the file is stored.

    FTP has no other sign for the end of an upload than that the connection is closed. It counts
    if nothing broke: no reset, no TLS connection cut without its farewell, and the client is
    still there on the control connection.
    """

    _is_orderly = False
    _is_cut = False

    def __init__(self, sock: socket.socket, cmd_channel: Any) -> None:
        super().__init__(sock, cmd_channel)
        if not self.connected:
            self._give_up()

    def _give_up(self) -> None:
        """Answer the command that waits for this connection, which broke before it was there."""
        channel = self.cmd_channel
        waiting = channel._in_dtp_queue or channel._out_dtp_queue or ()
        channel._in_dtp_queue = channel._out_dtp_queue = None
        if waiting:
            channel.respond("426 Connection lost.")
        for file in waiting:
            if isinstance(file, Upload):
                file.close()
                channel.on_incomplete_file_received(file.name)
            elif isinstance(file, Download):
                file.close()
                channel.on_incomplete_file_sent(file.name)

    def send(self, data: bytes) -> Any:
        """Send nothing if there is nothing: OpenSSL takes that for the end of the connection."""
        return super().send(data) if data else 0

    def recv(self, buffer_size: int) -> Any:
        self._is_orderly = True
        try:
            data = super().recv(buffer_size)
        except Exception as error:
            self._is_orderly = type(error).__name__ == "ZeroReturnError"  # TLS's farewell
            raise
        self._is_orderly = False
        return data

    def handle_close(self) -> None:
        # pyftpdlib calls it in `recv`, at the end of the data or while it handles the error.
        is_broken = isinstance(sys.exc_info()[1], OSError)
        self._is_cut = self.receive and (is_broken or not self._is_orderly)
        super().handle_close()

    def close(self) -> None:
        file = self.file_obj
        if not self._closed and isinstance(file, Transfer):
            if isinstance(file, Upload) and not file.closed:
                self._settle(file)
            if file.error is not None:
                self.transfer_finished = False
                self._resp = (f"451 {explain(file.error)}.", logger.warning)
        if not self._closed and self._initialized and not self._resp and sys.exc_info()[1]:
            self._resp = ("426 Connection lost.", logger.info)  # TLS broke, which tells nobody
        super().close()

    def _settle(self, file: Upload) -> None:
        """Store what was received, or drop it."""
        if self._is_cut or (self.transfer_finished and self._is_given_up()):
            self.transfer_finished = False
            self._resp = ("426 Connection lost; nothing was stored.", logger.info)
        try:
            if self.transfer_finished and self._had_cr:  # the last byte in ASCII mode
                file.write(b"\r")
            file.close()
        except Exception as error:  # noqa: BLE001 - whatever a storage raises: the client is told
            file.error = error

    def _is_given_up(self) -> bool:
        """Whether the client has left, or has sent ABOR, while the end of its file was awaited."""
        channel = self.cmd_channel
        if channel._closed or channel.socket is None:
            return True
        try:
            waiting: bytes = channel.socket.recv(LOOK, socket.MSG_PEEK)
        except Exception as error:  # noqa: BLE001 - TLS has errors of its own for "nothing yet"
            return not (isinstance(error, BlockingIOError) or type(error).__name__ in NOTHING_YET)
        return not waiting or b"ABOR" in waiting.upper()


@functools.cache
def storing(data_connection: type) -> type:
    """A class of data connections, with what `StorageDTP` does."""
    for one, other in ((data_connection, StorageDTP), (StorageDTP, data_connection)):
        if issubclass(one, other):
            return one
    return type(data_connection.__name__, (data_connection, StorageDTP), {})
