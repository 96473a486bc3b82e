"""SFTP clients without Django, to see and to do what a storage cannot."""

import contextlib
from collections.abc import Iterator
from typing import Any

import paramiko

from .base import HOST
from .sftp import SftpServer


@contextlib.contextmanager
def client(server: SftpServer, *, via: Any = None, **more: Any) -> Iterator[paramiko.SFTPClient]:
    """A session with the server whose key is known; `more` is for `SSHClient.connect`."""
    with paramiko.SSHClient() as ssh:  # which refuses a host whose key it does not know
        ssh.load_host_keys(server.known_hosts_for((via or server).port))
        ssh.connect(HOST, **{"timeout": 20, **server.parameters(via=via), **more})
        # Closed with its transport: by itself it raises EOFError where that is dead.
        yield ssh.open_sftp()


def put(session: paramiko.SFTPClient, path: str, content: bytes) -> None:
    with session.open(path, "wb") as file:
        file.set_pipelined(True)
        file.write(content)


def get(session: paramiko.SFTPClient, path: str) -> bytes:
    with session.open(path, "rb") as file:
        return file.read()
