"""SFTP: OpenSSH's sshd, and what lies in its directory."""

import contextlib
import os
import pwd
from pathlib import Path

from scenarios.steps import (
    DIRECTORY,
    FROM_HOME,
    GID,
    KEY_FILE,
    KNOWN_HOSTS,
    MEDIA,
    OTHER_HOSTS,
    PORT,
    UID,
    USER,
)
from tests.servers import Sshd

from services.folder import Folder


@contextlib.contextmanager
def running():
    with Sshd() as server, server.directory() as directory:
        yield Folder(_places(server, directory), server.local(directory), shows_modes=True)


def _places(server, directory):
    other = 0 if os.getuid() else 1234  # only root may give files away
    home = pwd.getpwuid(os.getuid()).pw_dir
    return {
        PORT: server.port,
        USER: server.user,
        KEY_FILE: server.key_filename,
        KNOWN_HOSTS: server.known_hosts,
        OTHER_HOSTS: _other_hosts(server),
        DIRECTORY: directory,
        FROM_HOME: os.path.relpath(directory, home),
        MEDIA: f"{directory}/media",
        UID: os.getuid() + other,
        GID: os.getgid() + other,
    }


def _other_hosts(server):
    """A file that gives the server the key of its user."""
    kind, key = Path(f"{server.key_filename}.pub").read_text().split()[:2]
    path = server.folder / "other_hosts"
    path.write_text(f"[{server.host}]:{server.port} {kind} {key}\n")
    return str(path)
