"""OpenSSH's sshd: SFTP as most servers speak it, with the login of whoever runs the tests."""

import contextlib
import getpass
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from . import ssh_keys
from .base import find_program
from .places import end_of, since
from .sftp import SftpServer

# Where Debian, and where Fedora has it.
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")

_REQUEST = re.compile(
    rb"(?:debug1: request \d+: )?"
    rb"(open|close|read|write|opendir|readdir|closedir|l?stat|fstat|f?setstat|mkdir|rmdir|remove|"
    rb"(?:posix-)?rename|realpath|readlink|symlink|hardlink|f?statvfs|fsync|lsetstat|expand|limits)"
    rb"(?: (?:name|old))? \"(.*)\"(.*)",
    re.DOTALL,
)
_TWO_PATHS = re.compile(rb"(.*)\" new \"(.*)", re.DOTALL)
_OCTAL = re.compile(rb"\\([0-7]{3}|\\)")


class Sshd(SftpServer):
    """Directories have their real paths: this user's session sees the whole file system.

    `denied` are SFTP requests that the server does not know, as `sftp-server -Q requests` names
    them; with `read_only` it refuses all that writes. `settings` are lines of sshd_config.
    """

    name = "sshd"
    lacks = frozenset({"passwords"})
    user: ClassVar[str] = getpass.getuser()

    def __init__(
        self, *settings: str, denied: tuple[str, ...] = (), read_only: bool = False
    ) -> None:
        self.settings, self.denied, self.read_only = settings, denied, read_only

    @classmethod
    def missing(cls) -> str | None:
        if not find_program("sshd"):
            return "sshd is not installed: apt-get install openssh-server"
        return ssh_keys.missing() or (None if _sftp_server() else "sshd has no sftp-server")

    def start(self) -> None:
        if os.geteuid() == 0:  # sshd then wants this directory, which its service makes
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        super().start()

    def command(self) -> list[str | Path]:
        (self.folder / "sshd_config").write_text("\n".join([*self._configuration(), ""]))
        # -e: log to standard error, and in the foreground (-D)
        program = find_program("sshd") or "sshd"
        return [program, "-D", "-e", "-f", self.folder / "sshd_config"]

    def _configuration(self) -> list[str]:
        return [
            *self.settings,  # of two settings sshd takes the first
            f"ListenAddress {self.host}:{self.port}",
            *(f"HostKey {self.host_keys / kind}" for kind in ssh_keys.KINDS),
            f"AuthorizedKeysFile {self.key_filename}.pub",
            "PidFile none",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",
            "MaxAuthTries 20",
            "MaxStartups 1000",
            "MaxSessions 100",
            "LogLevel VERBOSE",
            f"Subsystem sftp {self._subsystem()}",
            # The user's shell starts it: what that would run first (~/.bashrc) may take long.
            f"SetEnv HOME={self.folder}",
        ]

    def _subsystem(self) -> str:
        """As a program, not `internal-sftp`, which has nowhere to log to but the system's log."""
        switches = ["-e", "-l", "DEBUG1"]
        if self.denied:
            switches += ["-P", ",".join(self.denied)]
        if self.read_only:
            switches += ["-R"]
        return " ".join(["exec", _sftp_server(), *switches, f"2>>{self.requests_log}"])

    def credentials(self) -> dict[str, str]:
        return {"key_filename": self.key_filename}

    def local(self, path: str) -> Path:
        return Path(path)

    @property
    def login(self) -> str:  # type: ignore[override] # known only when the folder is
        """Where directories are made; a session begins in the user's home."""
        return str(self.data_folder())

    @property
    def requests_log(self) -> Path:
        return self.folder / "sftp.log"

    def logins(self) -> int:
        """How many there have been."""
        return self.log.count("Accepted publickey for ")


class SftpRequest(str):
    """`open a.txt`, `posix-rename a.tmp a.txt`: the operation and the paths it was asked for."""

    __slots__ = ("operation", "paths")
    operation: str
    paths: tuple[str, ...]


@contextlib.contextmanager
def count_sftp(server: Sshd, directory: str = "") -> Iterator[list[SftpRequest]]:
    """The SFTP requests that come meanwhile, in order, complete when the context has ended.

    Paths are relative to the directory where they are below it. `read`, `write`, `readdir` and
    `close` have the path that was opened. The list is filled as the context ends.
    """
    position, seen = end_of(server.requests_log), list[SftpRequest]()
    try:
        yield seen
    finally:
        seen += _requests(since(server.requests_log, position), directory)


def _requests(log: bytes, directory: str) -> Iterator[SftpRequest]:
    for entry in log.split(b"\r\n"):  # a name may have a newline of its own
        if found := _REQUEST.fullmatch(entry):
            operation, path, rest = found.groups()
            both = _TWO_PATHS.fullmatch(path) if not rest else None
            paths = [_path(part, directory) for part in (both.groups() if both else [path])]
            request = SftpRequest(" ".join([operation.decode(), *paths]))
            request.operation, request.paths = operation.decode(), tuple(paths)
            yield request


def _path(logged: bytes, directory: str) -> str:
    """The log has bytes beyond ASCII as octal numbers."""
    raw = _OCTAL.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1], 8)]), logged)
    path = os.fsdecode(raw)
    if directory and path == directory:
        return "."
    return path.removeprefix(f"{directory.rstrip('/')}/") if directory else path


def _sftp_server() -> str:
    return next((path for path in SFTP_SERVERS if Path(path).exists()), "")
