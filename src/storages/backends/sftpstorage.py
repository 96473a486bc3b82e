"""Files on an SSH server, over SFTP."""

from __future__ import annotations

import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from storages.backends.sftp_errors import HostKeyError, LoginError
from storages.backends.sftp_options import SFTPOptions, with_paramiko
from storages.files import RemoteFile

if TYPE_CHECKING:
    from paramiko import SFTPClient

    from storages.backends.sftp_link import Link

__all__ = ["HostKeyError", "LoginError", "SFTPStorage", "SFTPStorageFile"]


class SFTPStorage(SFTPOptions):
    """Files in a directory of an SSH server.

    A context manager: it closes the connections that rest, which all storages with the same
    options share. A closed storage can be used again.
    """

    def _open(self, name: str, mode: str = "rb", **text: Any) -> SFTPStorageFile:
        return SFTPStorageFile(name, self, mode, **text)

    @property
    def sftp(self) -> SFTPClient:
        """paramiko's SFTP client, over a connection that belongs to this storage alone.

        It is made when it is first asked for, and anew when it was closed or is broken; paths
        are the server's own. For one thread at a time.
        """
        kept: tuple[Link, SFTPClient] | None = self.__dict__.get("_cached_sftp")
        if kept is None or not kept[0].is_open or kept[1].sock.closed:
            self._close_sftp()
            link = with_paramiko("sftp_login").connect(self._settings())
            try:
                kept = link, link.client()
            except BaseException:
                link.abandon()
                raise
            self._cached_sftp = kept
            self._cached_end = weakref.finalize(self, link.close)
        return kept[1]

    def _facts(self, key: str, content: Any = None) -> dict[str, Any]:
        options = {name: getattr(self, name) for name in ("file_mode", "uid", "gid")}
        return {name: value for name, value in options.items() if value is not None}

    def _set_modified_time(self, key: str, time: datetime) -> None:
        self._pool().run(lambda tree: tree.set_modified(key, int(time.timestamp())))

    def close(self) -> None:
        """Close the connections; those that are in use are closed when they come to rest."""
        self._close_sftp()
        if "_cached_client" in self.__dict__:
            self._pool().close()

    def _close_sftp(self) -> None:
        end = self.__dict__.pop("_cached_end", None)
        self.__dict__.pop("_cached_sftp", None)
        if end is not None:
            end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class SFTPStorageFile(RemoteFile):
    """A file of an SFTPStorage."""

    def __init__(self, name: str, storage: SFTPStorage, mode: str = "rb", **text: Any) -> None:
        super().__init__(name, mode, storage, **text)
