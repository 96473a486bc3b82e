"""Files on disk, for drivers that send and receive nothing else, or nothing else well."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol


class PutsFiles(Protocol):
    """What can store a local file."""

    def put_file(
        self, key: str, path: str, params: Mapping[str, Any], *, exclusive: bool
    ) -> None: ...


def temporary_file() -> str:
    """The path of a new empty file, which only this user can read."""
    descriptor, path = tempfile.mkstemp(prefix="storehouse-")
    os.close(descriptor)
    return path


def remove_file(path: str, pid: int | None = None) -> None:
    """Remove a file, unless it belongs to another process than this one."""
    if pid in (None, os.getpid()):
        with suppress(FileNotFoundError):
            os.unlink(path)


class FileUpload:
    """Gathers a large file on disk, for services want to know how large it is."""

    parallel = False

    def __init__(
        self, service: PutsFiles, key: str, params: Mapping[str, Any], *, exclusive: bool
    ) -> None:
        self._service, self._key, self._params = service, key, params
        self._exclusive = exclusive
        self._path = temporary_file()
        self._file = open(self._path, "wb")  # noqa: SIM115 - finish or abort closes it

    def write(self, number: int, part: bytes) -> None:
        self._file.write(part)

    def finish(self) -> None:
        self._file.close()
        self._service.put_file(self._key, self._path, self._params, exclusive=self._exclusive)
        remove_file(self._path)

    def abort(self) -> None:
        self._file.close()
        remove_file(self._path)
