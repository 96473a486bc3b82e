"""Whatever Apache Libcloud has a storage driver for."""

from __future__ import annotations

import mimetypes
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import IO, Any

from django.utils.encoding import filepath_to_uri

from storages.backends.libcloud_files import FileUpload
from storages.backends.libcloud_options import LibCloudOptions
from storages.entry import Entry, Upload
from storages.files import RemoteFile
from storages.options import GivenOptions

__all__ = ["LibCloudFile", "LibCloudStorage"]

CONTENT_TYPE = "application/octet-stream"
"""The content type of what has no other."""


class LibCloudStorage(LibCloudOptions):
    """Files in a container of one of Libcloud's storage providers."""

    page_size: int | None = None
    """Objects that one request lists, at most; by default as many as the service allows."""

    def _open(self, name: str, mode: str = "rb", **text: Any) -> LibCloudFile:
        return LibCloudFile(name, self, mode, **text)

    def _get_bucket(self) -> Any:
        """Libcloud's container."""
        return self.driver.get_container(self.bucket)

    def _get_object(self, name: str) -> Any:
        """Libcloud's object; its ObjectDoesNotExistError."""
        return self.driver.get_object(self.bucket, self._key(name))

    # -- stat and fetch

    def _stat(self, key: str) -> Entry:
        return self._service().stat(key)

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        return self._service().fetch_first(key, count)

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        return self._service().fetch(entry, start, stop)

    def _stream(self, entry: Entry, start: int) -> Generator[bytes, None, None]:
        whole = self._service().stream(entry, start)
        return super()._stream(entry, start) if whole is None else whole

    def _reading_streams(self) -> bool:
        return False  # a file without ranges is downloaded when it is opened

    # -- put

    def _prepare(self, key: str, content: Any = None) -> tuple[dict[str, Any], bool]:
        given = getattr(content, "content_type", None)
        guessed = mimetypes.guess_type(key)[0]
        return GivenOptions(content_type=given or guessed or CONTENT_TYPE), False

    def _prepare_like(self, key: str, entry: Entry) -> dict[str, Any]:
        params = self._prepare(key)[0]
        self._service().serve_like(entry, key, params)
        return params

    def _keeps_headers(self) -> bool:
        return self._service().keeps_headers

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        assert isinstance(source, bytes)  # noqa: S101 - files come by `_start_upload`
        self._service().put(key, source, params, exclusive=exclusive)

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        return FileUpload(self._service(), key, params, exclusive=exclusive)

    # -- delete

    def _delete(self, key: str) -> None:
        self._service().delete(key)

    # -- list

    def _list(self, prefix: str) -> Iterator[Entry]:
        return self._service().list(prefix, self.page_size)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        return self._service().scan(prefix, self.page_size)

    def _has_entries(self, prefix: str) -> bool:
        return self._service().has_entries(prefix)

    # -- copy

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        if source.metadata is None and self._keeps_headers():  # it is of a listing
            source = replace(self._stat(source.key), etag=source.etag, size=source.size)
        params = self._prepare_like(target, source)
        super()._copy(source, target, params, exclusive=exclusive)

    # -- links

    def url(self, name: str | None) -> str:
        """The link to a file: below `base_url`, or as Libcloud's driver makes it."""
        key = self._key(name or "")
        if self.base_url:
            return f"{self.base_url.rstrip('/')}/{filepath_to_uri(key)}"
        return self._service().links.url(key)


class LibCloudFile(RemoteFile):
    """A file of the storage; opened to be read, unless `mode` says otherwise."""

    def __init__(self, name: str, storage: LibCloudStorage, mode: str = "rb", **text: Any) -> None:
        super().__init__(name, mode, storage, **text)
