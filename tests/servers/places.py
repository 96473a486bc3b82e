"""What servers share that keep files in directories: a directory for each test, and what they log.

A directory has a path on the server and a path here, which differ where the server shows its files
under a root of its own.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .base import HOST, Server


class FileServer(Server):
    """`login` is the directory in which a session begins, as the server names it."""

    login = "/"
    host = HOST

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @contextlib.contextmanager
    def directory(self) -> Iterator[str]:
        """The server's path of a new empty directory, which is gone afterwards."""
        path = f"{self.login.rstrip('/')}/directory-{secrets.token_hex(6)}"
        self.local(path).mkdir(parents=True)
        self.own(self.local(path))
        try:
            yield path
        finally:
            shutil.rmtree(self.local(path), ignore_errors=True)

    def local(self, path: str) -> Path:
        """Where a path of the server is in the file system here."""
        return self.data_folder() / path.lstrip("/")

    def own(self, path: Path) -> None:
        """Give a directory to whom the server lets write."""

    def options(self, directory: str, *, via: Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this directory, through a proxy where one is given."""
        raise NotImplementedError


def since(log: Path, position: int) -> bytes:
    """What a log has beyond this position; nothing if there is no log."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        file.seek(position)
        return file.read()
    return b""


def end_of(log: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return log.stat().st_size
    return 0
