"""moto: an S3 in memory that is right about conditional writes, multipart rules and paging."""

import contextlib
import http.client
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .base import ServerError
from .s3 import S3Server


class Moto(S3Server):
    name = "moto"
    lacks = frozenset({"expiry", "keep-alive", "signatures", "upload-checksums"})

    @classmethod
    def missing(cls) -> str | None:
        if find_spec("moto") and find_spec("flask_cors"):
            return None
        return "moto is not installed: pip install 'moto[server]'"

    def command(self) -> list[str | Path]:
        # -P: beside the script lies a moto.py that is not the one to import
        return [sys.executable, "-P", Path(__file__).with_name("moto_main.py")]

    def drop(self, client: Any, bucket: str) -> None:
        with contextlib.closing(http.client.HTTPConnection(*self.address)) as connection:
            connection.request("DELETE", f"/_drop/{bucket}")
            if (status := connection.getresponse().status) != 204:
                raise ServerError(f"moto did not drop {bucket}: {status}")
