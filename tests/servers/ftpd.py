"""pyftpdlib's FTP server: MLSD, UTF-8, FTP and explicit TLS on one port; or older, if told so."""

import re
import socket
import sys
from pathlib import Path
from typing import ClassVar

from .base import installed
from .ftp import DATA_PORTS, FTP_HOST, FtpServer


class Ftpd(FtpServer):
    """Plain FTP for all, and TLS for those who ask: `options(..., scheme="ftpes")`.

    `without` are commands that the server does not know, as ("MLSD", "MLST", "FEAT"); with another
    `encoding` than UTF-8 it does not offer UTF8; `dos` makes LIST's answer that of Windows;
    `keeps` refuses to rename over a file; `login` is where sessions begin; `idle` seconds after
    the last command it hangs up.

    Users: `user`, "plain" and "reader", who may not write; the latter have their names as password.
    """

    name = "ftpd"
    lacks = frozenset({"resets", "session-reuse"})
    user = "storehouse"
    password = "p@ss/w:rd %"
    require_tls: ClassVar[bool] = False
    _logged = re.compile(rb"^command: (.*)$", re.MULTILINE)

    def __init__(
        self,
        *,
        host: str = FTP_HOST,
        without: tuple[str, ...] = (),
        encoding: str = "utf-8",
        dos: bool = False,
        keeps: bool = False,
        login: str = "/",
        idle: float = 0,
        implicit: bool = False,
    ) -> None:
        self.host, self.login, self.implicit = host, login, implicit
        self._without, self._encoding, self._idle = without, encoding, idle
        self._dos, self._keeps = dos, keeps

    @classmethod
    def missing(cls) -> str | None:
        for module, package in (("pyftpdlib", "pyftpdlib"), ("OpenSSL", "pyopenssl")):
            if not installed(module):
                return f"{package} is not installed: pip install {package}"
        return None

    def command(self) -> list[str | Path]:
        from .certificates import certify

        self.local(self.login).mkdir(parents=True, exist_ok=True)
        if not Path(self.ca_cert).exists():
            certify(self.folder, self.host)
        return [
            *(sys.executable, "-P", Path(__file__).with_name("ftpd_main.py")),
            *("--host", self.host, "--port", str(self.port), "--data-ports", str(DATA_PORTS)),
            *("--root", self.data_folder(), "--login", self.login),
            *("--user", self.user, "--password", self.password),
            *("--certificate", self.folder / "certificate.pem", "--key", self.folder / "key.pem"),
            *("--encoding", self._encoding, "--idle", str(self._idle)),
            *(("--without", *self._without) if self._without else ()),
            *self._switches(),
        ]

    def _switches(self) -> list[str]:
        switches = {
            "--dos": self._dos,
            "--keeps": self._keeps,
            "--implicit": self.implicit,
            "--require-tls": self.require_tls,
        }
        return [switch for switch, on in switches.items() if on]


class FtpdTls(Ftpd):
    """No login and no data without TLS; explicit, or `implicit`."""

    name = "ftpd_tls"
    lacks = Ftpd.lacks - {"resets"}
    scheme = "ftpes"
    require_tls = True


def has_ipv6() -> bool:
    """Whether this machine can listen on ::1."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
