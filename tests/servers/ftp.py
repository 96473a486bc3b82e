"""What every FTP server shares: ports for data, storage options, directories, logged commands.

They listen on 127.0.0.2, so that a fault proxy can have the same ports on 127.0.0.1.
"""

import contextlib
import os
import random
import re
import socket
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

from .base import HOST, ServerError
from .places import FileServer, end_of, since

FTP_HOST = "127.0.0.2"
DATA_PORTS = 32
# Below the ports that a system gives to whoever asks for any.
BLOCKS = range(20_000, 32_000, DATA_PORTS + 1)


class FtpServer(FileServer):
    """The port of the control connections is the first of a block; data has the others."""

    host = FTP_HOST
    scheme: ClassVar[str] = "ftp"
    implicit = False
    user: str
    password: str
    _logged: ClassVar[re.Pattern[bytes]]  # group 1 is the command

    def choose_port(self) -> int:
        return free_block(self.host)

    @property
    def data_ports(self) -> range:
        return range(self.port + 1, self.port + 1 + DATA_PORTS)

    @property
    def ca_cert(self) -> str:
        """The certificate of the authority that vouches for the server, as a file."""
        return str(self.folder / "authority.pem")

    def location(self, directory: str, *, via: Any = None, **parts: str) -> str:
        """The URL of a directory, whose path FTP storages take from where a session begins.

        `parts` may be another scheme, user and password than the server's own.
        """
        account = (parts.get(part, getattr(self, part)) for part in ("user", "password"))
        host, port = (via or self).address
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        login = ":".join(quote(part, safe="") for part in account)
        path = quote(os.path.relpath(directory, self.login))
        return f"{parts.get('scheme', self.scheme)}://{login}@{where}/{path}"

    def options(self, directory: str, *, via: Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this directory, through a proxy where one is given.

        `scheme`, `user` and `password` become part of its location.
        """
        parts = {name: more.pop(name) for name in ("scheme", "user", "password") if name in more}
        location = self.location(directory, via=via, **parts)
        options: dict[str, Any] = {"location": location}
        if self.implicit:
            options["implicit_tls"] = True
        if self.implicit or location.startswith(("ftps:", "ftpes:")):
            options["ca_file"] = self.ca_cert
        return {**options, **more}


@contextlib.contextmanager
def count_ftp(server: FtpServer) -> Iterator[list[str]]:
    """The commands that come meanwhile, in order: `["MLSD /directory", "STOR /directory/a"]`.

    Passwords are not in it, and vsftpd logs each byte beyond ASCII as `?`. The list is filled as
    the context ends.
    """
    log = server.folder / "server.log"
    position, seen = end_of(log), list[str]()
    try:
        yield seen
    finally:
        found = server._logged.findall(since(log, position))
        seen += [os.fsdecode(command) for command in found]


def free_block(host: str) -> int:
    """The first port of a block that is free on this host, and where a proxy would be."""
    for block in random.sample(BLOCKS, len(BLOCKS)):
        ports = range(block, block + DATA_PORTS + 1)
        if all(_free(address, port) for port in ports for address in (host, HOST)):
            return block
    raise ServerError(f"there are no {DATA_PORTS + 1} ports in a row free on {host} and {HOST}")


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
