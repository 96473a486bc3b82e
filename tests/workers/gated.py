"""A disk on which tests say when a file can be read, and see how often each one was."""

import os
import time
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage

PATIENCE = 60
"""Seconds for which a file waits at the gate."""


class GatedStorage(FileSystemStorage):
    """`held` files wait until the gate, a file, is there; `broken` ones cannot be read."""

    def __init__(self, location: str, log: str, gate: str) -> None:
        super().__init__(location=location)
        self.log, self.gate = Path(log), Path(gate)

    def _open(self, name: str, mode: str = "rb") -> File:
        with self.log.open("a") as log:
            log.write(f"{os.getpid()} {name}\n")
        if "broken" in name:
            raise PermissionError(f"{name} cannot be read.")
        deadline = time.monotonic() + PATIENCE
        while "held" in name and not self.gate.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return super()._open(name, mode)
