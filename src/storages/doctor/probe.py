"""The files that an examination writes, under names that nobody else has."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

from storages.entry import Entry
from storages.names import OURS

from .links import Link

PREFIX = f"{OURS}doctor-"
"""How the names of all that an examination writes begin."""

CONTENT = b"Written by `manage.py storages doctor` to see whether that works; it may be deleted.\n"


class Probe:
    """What the steps of an examination have in common; it knows all that may have been written."""

    def __init__(self, storage: Any) -> None:
        token = secrets.token_hex(12)
        self.storage = storage
        self.name = f"{PREFIX}{token}.txt"
        self.copy = f"{PREFIX}{token}-copy.txt"
        self.large = f"{PREFIX}{token}-large.bin"
        self.entry: Entry | None = None
        self.written_at: tuple[float, float] = (0, 0)
        """The clock of this machine before and after the probe was written, in seconds."""
        self.link: Link | None = None
        self._stored: dict[str, bool] = {}

    def writing(self, name: str) -> None:
        """Say that `name` is going to be written, and may be there from now on."""
        self._stored[name] = False

    def wrote(self, name: str) -> None:
        """Say that `name` is there for sure."""
        self._stored[name] = True

    def is_not_ours(self, name: str) -> None:
        """Say that what is under `name` is somebody else's, or nothing."""
        self._stored.pop(name, None)

    @property
    def anything(self) -> bool:
        """Whether something is stored for sure."""
        return any(self._stored.values())

    def clean(self) -> dict[str, Exception]:
        """Delete everything, and return by name why something is, or may be, left."""
        left = {}
        while self._stored:
            name, sure = self._stored.popitem()
            try:
                self.storage.delete(name)
            except Exception as error:  # noqa: BLE001 - a stranger's storage may raise anything
                if sure or self._may_exist(name, error):
                    left[name] = error
            except BaseException:
                self._stored[name] = sure  # a further Ctrl-C: whoever cleans next begins here
                raise
        return left

    def _may_exist(self, name: str, error: Exception) -> bool:
        """Whether a file may be there, whose writing failed and whose deletion did, too."""
        with suppress(Exception):
            return bool(self.storage.exists(name))
        return not isinstance(error, PermissionError)
