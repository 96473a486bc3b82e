"""Data connections that are to come: their ports, and what happens if they do not come."""

from __future__ import annotations

import socket
from typing import Any

from pyftpdlib.handlers import FTPHandler


class SharedPassiveDTP(FTPHandler.passive_dtp):
    """Waits for a data connection, on a port that other threads and processes may want too.

    Two may bind the same port as long as none listens. pyftpdlib tries the next port if it cannot
    bind one, so it has to learn there that it cannot have it.
    """

    def bind(self, addr: tuple[Any, ...]) -> None:
        super().bind(addr)
        try:
            self.socket.listen()
        except OSError:
            family = self.socket.family
            self.del_channel()
            self.socket.close()
            self.create_socket(family, socket.SOCK_STREAM)
            raise

    def handle_timeout(self) -> None:
        super().handle_timeout()
        _drop_waiting(self.cmd_channel)


class WaitingActiveDTP(FTPHandler.active_dtp):
    """Connects to a client, for a transfer that is dropped if that cannot be done."""

    def handle_timeout(self) -> None:
        super().handle_timeout()
        _drop_waiting(self.cmd_channel)

    def handle_close(self) -> None:
        super().handle_close()
        _drop_waiting(self.cmd_channel)


def _drop_waiting(channel: Any) -> None:
    if channel.connected:
        channel.drop_waiting()
