"""An SSH connection of paramiko: its socket, its channels, and how it ends."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from paramiko import SFTPClient, SSHException

from storages.transfer import MiB

if TYPE_CHECKING:
    from paramiko import Channel, SSHClient, Transport

WINDOW = 16 * MiB
"""Bytes that the server may send before we confirm some: more than is ever asked for ahead."""

LOG = "paramiko.storages"
"""The logger of our connections, below that of paramiko."""


def _hide_what_is_raised(record: logging.LogRecord) -> bool:
    """paramiko logs each broken connection as an error, which whoever uses it is told anyway."""
    return record.levelno < logging.WARNING or _logger.isEnabledFor(logging.DEBUG)


_logger = logging.getLogger(LOG)
_logger.addFilter(_hide_what_is_raised)


class Wire:
    """The socket under a connection; sending fails when the server takes nothing for a while.

    paramiko would try for ever.
    """

    def __init__(self, inner: Any, timeout: float) -> None:
        self._inner = inner
        self._timeout = timeout
        self._blocked: float | None = None  # since when
        self._pid = os.getpid()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, data: bytes) -> int:
        try:
            sent: int = self._inner.send(data)
        except TimeoutError:
            now = time.monotonic()
            self._blocked = self._blocked or now
            if now - self._blocked > self._timeout:
                raise ConnectionError("The server takes nothing.") from None
            raise
        self._blocked = None
        return sent

    def end(self) -> None:
        """End the connection, for whoever waits on it too; a forked child only lets go of it."""
        if self._pid == os.getpid():
            with suppress(OSError):
                getattr(self._inner, "shutdown", lambda how: None)(socket.SHUT_RDWR)
        elif isinstance(self._inner, socket.socket):
            self._inner.close()


class Link:
    """An SSH connection whose host key is trusted and whose user has logged in."""

    def __init__(self, client: SSHClient, transport: Transport, wire: Wire, timeout: float) -> None:
        self.transport = transport
        self._client, self._wire, self._timeout = client, wire, timeout
        self._channels: list[Channel] = []
        self._pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether it is this process's, not that of the one which forked it."""
        return self._pid == os.getpid()

    @property
    def is_open(self) -> bool:
        return self.is_ours and self.transport.is_active()

    @property
    def speaks_openssh(self) -> bool:
        """Whether the server is OpenSSH's, where the standard's rename replaces no file."""
        return "OpenSSH" in self.transport.remote_version

    def open_sftp(self) -> Channel:
        """A channel on which the server speaks SFTP."""
        # paramiko waits for the answer to the second request for ever.
        alarm = threading.Timer(self._timeout, self._wire.end)
        alarm.start()
        try:
            channel = self.transport.open_session(window_size=WINDOW, timeout=self._timeout)
            channel.invoke_subsystem("sftp")
        except (SSHException, EOFError, OSError) as error:
            raise ConnectionError(f"The server offers no SFTP: {error}") from error
        finally:
            alarm.cancel()
        channel.settimeout(self._timeout)
        self._channels.append(channel)
        return channel

    def client(self) -> SFTPClient:
        """paramiko's own SFTP client over this connection."""
        try:
            return SFTPClient(self.open_sftp())
        except (SSHException, EOFError, OSError) as error:
            raise ConnectionError(f"The server offers no SFTP: {error}") from error

    def close(self) -> None:
        """Say goodbye, and let go of the socket; raises nothing."""
        if self.is_open:
            for channel in self._channels:
                with suppress(OSError, EOFError, SSHException):
                    channel.close()
        self.abandon()

    def abandon(self) -> None:
        """Let go of the socket; no byte is sent for it."""
        self._wire.end()
        if self.is_ours:
            self._client.close()
            # As the interpreter ends its thread is gone, and Python 3.13 would wait for it in vain.
            if not sys.is_finalizing():
                self.transport.join(self._timeout)
            return
        for channel in self._channels:
            # paramiko says goodbye, in the parent's name, when a channel is forgotten; and a thread
            # of the parent may have held the lock when it forked.
            channel.lock = threading.Lock()
            channel.closed = True
