"""Apache Libcloud's local driver: its folder, seen through the file system here."""

import contextlib
import tempfile
from pathlib import Path

from scenarios.steps import BUCKET, FOLDER

from services.folder import Folder


@contextlib.contextmanager
def running():
    with tempfile.TemporaryDirectory() as folder:
        yield Folder({FOLDER: folder}, Path(folder) / BUCKET, shows_modes=False)
