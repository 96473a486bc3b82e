"""FTP, plain or over TLS."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousFileOperation

from storages.backends.ftp_errors import FTPStorageException
from storages.backends.ftp_options import FTPOptions
from storages.files import RemoteFile
from storages.transfer import KiB, MiB
from storages.writing import PartWriter

__all__ = ["FTPStorage", "FTPStorageException", "FTPStorageFile"]


class FTPStorage(FTPOptions):
    """Files on an FTP server.

    What goes over the wire is in `ftp_tree` and `ftp_looking`; how, in `ftp_client`.
    """

    overwrite_option = "allow_overwrite"
    part_size = 256 * KiB  # small ones: the server stores one while the next one is read
    put_limit = 1 * MiB
    """Bytes up to which a file is sent without a look before whether its name is taken."""

    def _open(self, name: str, mode: str = "rb", **text: Any) -> FTPStorageFile:
        return FTPStorageFile(name, self, mode, **text)

    def _base(self) -> str:
        return self._where().path

    def _writer(self, key: str, params: Any, **more: Any) -> PartWriter:
        return PartWriter(
            self,
            key,
            params,
            exclusive=more["exclusive"],
            part_size=more.get("part_size"),
            put_limit=more.get("part_size") or self.put_limit,
            grows=False,
        )

    def _normalize_name(self, name: str) -> str:
        if "\r" in name or "\n" in name:  # FTP would take what follows for another command
            raise SuspiciousFileOperation(f"The name {name!r} holds a line break.")
        return super()._normalize_name(name)

    def close(self) -> None:
        """Close the connections; those that are in use are closed when they come to rest."""
        if "_cached_client" in self.__dict__:
            self._pool().close()

    def disconnect(self) -> None:
        """The same as `close`."""
        self.close()


class FTPStorageFile(RemoteFile):
    """A file of an FTPStorage."""

    def __init__(self, name: str, storage: FTPStorage, mode: str = "rb", **text: Any) -> None:
        super().__init__(name, mode, storage, **text)
