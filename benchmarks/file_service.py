"""SFTP and FTP: a real server, one of those of the tests, with the face of `Service`.

Its files are in memory, where there is a file system in memory. A proxy delays what passes when
answers are to come late; otherwise clients connect to the server itself.
"""

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from counters import Requests, StatsServer
from kinds import CDN, Kind
from service import ARCHIVE, LISTED, SHORT, make_archive, make_short

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the servers of the tests

from dropbox_service import DropboxService
from tests.servers import FaultProxy, Ftpd, FtpFaultProxy, Sshd, Vsftpd, count_ftp, count_sftp

RTT = 0.02  # seconds, while the knob `latency_ms` is on
MEMORY, ROOM = Path("/dev/shm"), 3 << 30  # bytes that have to be free there


class FileService:
    """A running server; `port` is that of its counters, `title` names it."""

    counting: ClassVar[Any]
    proxy: ClassVar[Any]
    signing_key = ""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.title = f"{kind.title} ({self.server().name})"
        self._delayed = False

    def server(self) -> Any:
        """The class of the server."""
        raise NotImplementedError

    def missing(self) -> str | None:
        """Why it cannot be started on this machine."""
        reason: str | None = self.server().missing()
        return reason

    def __enter__(self) -> "FileService":
        kind = self.server()
        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="benchmark-", dir=in_memory())
            self.folder = Path(stack.enter_context(folder))
            self.folder.chmod(0o755)  # the server may have another user
            self.archive, self.short = self.folder / ARCHIVE, self.folder / SHORT
            placed = type(kind.__name__, (kind,), {"data_folder": lambda _: self.folder})
            self._server = stack.enter_context(placed())
            self._directory = stack.enter_context(self._server.directory())
            self._proxy = stack.enter_context(self.proxy(self._server, rtt=RTT))
            counting = partial(self.counting, self._server)
            self._requests = stack.enter_context(Requests(counting))
            self.port = stack.enter_context(StatsServer(self._stats)).port
            self._stack = stack.pop_all()
        self._kept = self._files()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def options(self) -> dict[str, Any]:
        """OPTIONS for both packages."""
        via = self._proxy if self._delayed else None
        found: dict[str, Any] = self._server.options(
            self._directory, via=via, base_url=f"https://{CDN}/", **self.account()
        )
        return found

    def account(self) -> dict[str, str]:
        return {}

    def control(self, action: str = "", /, **query: float) -> dict[str, int]:
        """As `Service.control`; it knows one knob, and no other delay than RTT."""
        if action == "reset":
            for name in self._files() - self._kept:
                remove(self._local / name)
        elif not action:
            self._delayed = bool(query.get("latency_ms"))
        return self._stats()

    def fill(self) -> None:
        """Put the archive, its beginning, and the directories to list on the server."""
        make_archive(self.archive, self.kind.bulk)
        make_short(self.short, self.archive, self.kind)
        for file in (self.archive, self.short):
            os.link(file, self._local / file.name)
        for folder, count in LISTED.items():
            (self._local / folder).mkdir()
            for number in range(count):
                (self._local / folder / f"{number:06d}.bin").write_bytes(bytes(100))
        self._kept = self._files()

    @property
    def _local(self) -> Path:
        return Path(self._server.local(self._directory))

    def _files(self) -> set[str]:
        return set(os.listdir(self._local))

    def _stats(self) -> dict[str, int]:
        seen = self._requests.seen()
        found = {"requests": len(seen), "connections": self.logins(seen)}
        return {**found, "bytes_out": self.passed()} if self._delayed else found

    def logins(self, seen: list[str]) -> int:
        raise NotImplementedError

    def passed(self) -> int:
        """Bytes that came through the proxy to the client, those of the protocol included."""
        raise NotImplementedError


class SftpService(FileService):
    counting = staticmethod(count_sftp)

    @staticmethod
    def proxy(server: Sshd, *, rtt: float) -> FaultProxy:
        return FaultProxy(server.address, rtt=rtt, http=False)

    def server(self) -> type[Sshd]:
        return Sshd

    def logins(self, seen: list[str]) -> int:
        return int(self._server.logins())

    def passed(self) -> int:
        return int(self._proxy.bytes_down)


class FtpService(FileService):
    """vsftpd where it can run, which needs root, else pyftpdlib, which is slower."""

    counting = staticmethod(count_ftp)
    proxy = FtpFaultProxy

    def server(self) -> type[Vsftpd] | type[Ftpd]:
        return Ftpd if Vsftpd.missing() else Vsftpd

    def account(self) -> dict[str, str]:
        """django-storages does not decode passwords."""
        plain = dict.fromkeys(("user", "password"), "plain")
        return plain if isinstance(self._server, Ftpd) else {}

    def logins(self, seen: list[str]) -> int:
        return sum(command.startswith("USER ") for command in seen)

    def passed(self) -> int:
        return int(self._proxy.control.bytes_down + self._proxy.data.bytes_down)


SERVICES: dict[str, type[Any]] = {
    "sftp": SftpService,
    "ftp": FtpService,
    "dropbox": DropboxService,
}


def in_memory() -> str | None:
    """A file system in memory with room enough, if there is one."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return str(MEMORY) if roomy else None


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
