"""What every SFTP server shares: host keys, files that know them, storage options."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from . import ssh_keys
from .base import HOST
from .places import FileServer


class SftpServer(FileServer):
    """Its host keys are ed25519 and RSA; `known_hosts` keeps to those that it had first."""

    user: ClassVar[str]
    _key_folder = "keys"

    def credentials(self) -> dict[str, str]:
        """How the user logs in, as paramiko's `SSHClient.connect` takes it."""
        raise NotImplementedError

    def start(self) -> None:
        if not self.host_keys.exists():
            ssh_keys.make_set(self.host_keys)
        if not Path(self.key_filename).exists():
            ssh_keys.make(Path(self.key_filename), "ed25519")
        super().start()

    @property
    def key_filename(self) -> str:
        """A key that the user may log in with."""
        return str(self.folder / "login")

    @property
    def host_keys(self) -> Path:
        return self.folder / self._key_folder

    @property
    def known_hosts(self) -> str:
        """A file of the server's keys, for its own port."""
        return self.known_hosts_for(self.port)

    def known_hosts_for(self, port: int) -> str:
        """The same for the port of a proxy."""
        return ssh_keys.know(self.folder / "keys", port, self.folder / f"known_hosts_{port}")

    def host_key(self, kind: str = "ed25519") -> str:
        """Type and base64 of the public key."""
        return ssh_keys.public(self.host_keys / kind)

    def fingerprint(self, kind: str = "ed25519") -> str:
        """`SHA256:...`, as ssh shows it."""
        return ssh_keys.fingerprint(self.host_keys / kind)

    @contextlib.contextmanager
    def other_host_keys(self) -> Iterator[None]:
        """The server restarted with other keys than `known_hosts` has, as if it were another."""
        self._key_folder = "other_keys"
        self.restart()
        try:
            yield
        finally:
            self._key_folder = "keys"
            self.restart()

    def options(self, directory: str, *, via: Any = None, **more: Any) -> dict[str, Any]:
        return {
            "host": HOST,
            "root_path": directory,
            "known_host_file": self.known_hosts_for((via or self).port),
            "params": self.parameters(via=via),
            **more,
        }

    def parameters(self, *, via: Any = None) -> dict[str, Any]:
        """Of paramiko's `SSHClient.connect`, but for the host's name."""
        return {
            "port": (via or self).port,
            "username": self.user,
            **self.credentials(),
            "allow_agent": False,
            "look_for_keys": False,
        }
