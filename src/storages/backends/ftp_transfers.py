"""Files on their way from and to an FTP server."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from storages.backends.ftp_client import BLOCK, PATIENCE, Client
from storages.backends.ftp_errors import FTPConnectionError, Refusal
from storages.entry import Entry
from storages.transfer import KiB

if TYPE_CHECKING:
    from storages.backends.ftp_tree import FTPTree

RECORD = 16 * KiB
"""Bytes that TLS hands out at once: https://www.rfc-editor.org/rfc/rfc8446#section-5.1"""


class Incoming:
    """A file that is read from byte `start` on."""

    def __init__(self, client: Client, entry: Entry, start: int) -> None:
        self._client, self._entry, self._at = client, entry, start
        self._step = RECORD
        self._over = False
        self._data = client.begin("RETR", entry.key, start)

    def read(self) -> bytes:
        """What has come; empty at the end, ConnectionError unless the server says it is one."""
        if self._over:
            return b""
        with self._client.about("RETR", self._entry.key):
            chunk = self._receive()
        if not chunk:
            self._finish()
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        """End the transfer; what the server thinks of a file half read is not asked."""
        if self._over:
            return
        self._over = True
        if self._at >= self._entry.size:  # all came but the end itself: let it come
            self._data.settimeout(PATIENCE)
            with suppress(OSError):
                self._data.recv(1)
        self._client.stop("RETR", self._entry.key)

    def _receive(self) -> bytes:
        data = self._data
        if not isinstance(data, ssl.SSLSocket):
            return data.recv(BLOCK)
        try:
            return self._gather(data)
        except ssl.SSLEOFError:  # some servers leave TLS's end out, after the last byte
            if self._at < self._entry.size:
                raise
            return b""

    def _gather(self, data: ssl.SSLSocket) -> bytes:
        """Several records, more and more of them: the first one comes without delay."""
        block = bytearray(self._step)
        count = data.recv_into(block, RECORD)
        with suppress(OSError):  # if it lasts, the next call has it
            while 0 < count < self._step:
                more = data.recv_into(memoryview(block)[count:])
                if not more:
                    break
                count += more
        self._step = min(self._step * 2, BLOCK)
        return bytes(memoryview(block)[:count])

    def _finish(self) -> None:
        self._over = True
        try:
            self._client.end("RETR", self._entry.key)
        except Refusal as error:
            raise FTPConnectionError(str(error)) from error


class Outgoing:
    """A file that is written from byte `start` on, to the end of what is there."""

    def __init__(self, tree: FTPTree, client: Client, key: str, start: int) -> None:
        self._tree, self._client, self._key, self._at = tree, client, key, start
        self._verb = "APPE" if start else "STOR"
        self._data: socket.socket = client.begin(self._verb, key)

    def write(self, data: bytes) -> None:
        """Send all of `data`; what the server has against it (no space) is raised."""
        try:
            self._data.sendall(data)
        except OSError:
            broken = True
        else:
            broken = False
        if broken:
            raise self._client.explain(self._verb, self._key)
        self._at += len(data)

    def close(self) -> None:
        """Wait until the server has stored everything; ConnectionError if a part was lost.

        A server takes a connection that was cut for the end of the file: only the size tells.
        """
        self._client.end(self._verb, self._key)
        stored = self._tree.size(self._key)
        if stored != self._at:
            raise FTPConnectionError(
                f"{self._verb} of {self._key!r} broke: {stored} of {self._at} bytes arrived."
            )
