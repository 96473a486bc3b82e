"""The fault proxy before an FTP server: its control connections, and those that carry the data.

    with FtpFaultProxy(server) as proxy:
        storage = FTPStorage(**server.options(directory, via=proxy))
        proxy.cut(up=100_000)              # the next upload ends there; `down` for a download
        proxy.control.cut(down=0)          # the next answer to a command is lost
        assert proxy.data.connections == 1

The proxy has the data ports of the server on 127.0.0.1, where the server has none: clients that
connect to the host they know, as ftplib does, and not to the one that PASV names, come to it.
It takes TLS as the bytes that it is: a handshake counts.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, Self

from .faultproxy import PATIENCE, Cut, FaultProxy
from .ftp import FtpServer


class ControlProxy(FaultProxy):
    async def suffer_too(self, cut: Cut) -> None:
        """What befell a data connection befalls the control connections; called by its thread."""
        todo = self.unreachable() if cut.then_refuse else self._cut_open()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(todo, self._loop))


class DataProxy(FaultProxy):
    """Data connections; each of its ports leads to the same port of the server."""

    def __init__(self, server: FtpServer, control: ControlProxy, *, rtt: float = 0.0) -> None:
        super().__init__(server.address, rtt=rtt, http=False)
        self.whole: set[Cut] = set()
        self._data_ports, self._control = server.data_ports, control

    async def suffered(self, cut: Cut) -> None:
        await super().suffered(cut)
        if cut in self.whole or cut.then_refuse:
            await self._control.suffer_too(cut)

    def _ports(self) -> Iterable[int]:
        return self._data_ports

    def _behind(self, client: socket.socket) -> tuple[str, int]:
        return self.upstream[0], client.getsockname()[1]


class FtpFaultProxy:
    """Both halves; what is said to both is a method here, the rest belongs to one of them."""

    def __init__(self, server: FtpServer, *, rtt: float = 0.0) -> None:
        self.control = ControlProxy(server.address, rtt=rtt, http=False)
        self.data = DataProxy(server, self.control, rtt=rtt)

    @property
    def address(self) -> tuple[str, int]:
        return self.control.address

    @property
    def port(self) -> int:
        return self.control.port

    @property
    def stall(self) -> bool:
        return self.control.stall

    @stall.setter
    def stall(self, yes: bool) -> None:
        self.control.stall = self.data.stall = yes

    def cut(self, *, whole: bool = False, **how: Any) -> Cut:
        """As `FaultProxy.cut`, of a data connection; `whole`: the control connections go too."""
        cut = self.data.cut(**how)
        if whole:
            self.data.whole.add(cut)
        return cut

    def cut_now(self) -> None:
        """Reset every open connection."""
        self.data.cut_now()
        self.control.cut_now()

    def refuse(self, yes: bool = True) -> None:
        """Refuse new connections, or take them again; open ones go on."""
        self.data.refuse(yes)
        self.control.refuse(yes)

    def heal(self) -> None:
        """No fault any more, and the server can be reached."""
        self.data.heal()
        self.control.heal()

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Until the condition holds of what the proxy has seen; TimeoutError."""
        self.control.wait_for(condition, seconds)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.control)
            stack.enter_context(self.data)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
