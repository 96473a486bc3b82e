"""The services that take part: of each a server, and a third party that sees what lies in it."""

import contextlib
import sys
from importlib import import_module
from pathlib import Path

from sides import SideError

sys.path.append(str(Path(__file__).resolve().parents[2]))  # for the servers of the tests

from tests.servers import ServerError

NAMES = ("s3", "gcs", "azure", "sftp", "ftp", "libcloud", "libcloud_minio", "dropbox")


class Services(contextlib.ExitStack):
    """Each service by its name; its server starts when it is first asked for."""

    def __init__(self):
        super().__init__()
        self._running = {}

    def __getitem__(self, name):
        if name not in self._running:
            module = import_module(f"services.{name}")
            try:
                self._running[name] = self.enter_context(module.running())
            except ServerError as error:
                raise SideError(f"The server of {name} did not start: {error}") from error
        return self._running[name]
