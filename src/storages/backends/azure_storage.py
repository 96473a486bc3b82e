"""Azure Blob Storage."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import IO, Any

from django.core.exceptions import ImproperlyConfigured

from storages.backends.azure_account import resolve
from storages.backends.azure_entries import apply, entry_of, is_stub
from storages.backends.azure_links import AzureLinks
from storages.backends.azure_options import CONNECTIONS, MEMORY, with_azure
from storages.entry import Entry, Upload
from storages.files import RemoteFile
from storages.options import GivenOptions
from storages.primitives import Primitives
from storages.transfer import MiB
from storages.utils import is_seekable
from storages.writing import PartWriter

__all__ = ["AzureStorage", "AzureStorageFile"]

AzureStorageFile = RemoteFile

MAX_BLOCKS = 50_000
DELETE_BATCH = 256
"""Blobs of one batch request."""
READ_RETRIES = 1
"""Further attempts of the SDK at a range; whoever reads tries again as well."""
REWRITES = 8
"""Times that a file is sent again because another writer of it was finished first."""

PARAMETERS = (
    "content_type",
    "content_encoding",
    "content_language",
    "content_disposition",
    "cache_control",
    "content_md5",
    "metadata",
    "tags",
    "standard_blob_tier",
    "encryption_scope",
    "cpk",
    "immutability_policy",
    "legal_hold",
)
"""What object parameters there are, by the names that the SDK gives them."""
READ_PARAMETERS = ("cpk",)
"""Those that reading needs too."""


class AzureStorage(AzureLinks):
    """Files in a container of Azure Blob Storage."""

    reads_gzip = True  # as the SDK does

    page_size = 5000
    """Blobs that one request lists, at most."""

    # -- stat

    def _blob(self, key: str) -> Any:
        return self.client.get_blob_client(key)

    def _translated(self, key: str, doing: str) -> Any:
        return with_azure("azure_errors").translated(self._container(), key, doing)

    def _entry(self, key: str, found: Any, **facts: Any) -> Entry:
        if is_stub(found):
            self.__dict__["_cached_hierarchy"] = True
        return entry_of(key, found, **{"md5": found.content_settings.content_md5, **facts})

    def _stat(self, key: str) -> Entry:
        with self._translated(key, "read"):
            found = self._blob(key).get_blob_properties(**self._read_params(key))
        return self._entry(key, found)

    def _read_params(self, key: str) -> dict[str, Any]:
        params = self.get_object_parameters(key)
        return {name: params[name] for name in READ_PARAMETERS if name in params} if params else {}

    # -- fetch

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        headers: dict[str, str] = {}
        try:
            found, data = self._get(
                key,
                0,
                count,
                raw_response_hook=lambda answer: headers.update(answer.http_response.headers),
            )
        except OSError as error:
            if getattr(error, "status_code", None) != 416:  # no range lies in an empty blob
                raise
            entry, data = self._stat(key), b""
        else:
            size = int(found.content_range.rpartition("/")[2])
            md5 = with_azure("azure_upload").decoded_md5(headers)
            entry = self._entry(key, found, size=size, md5=md5)
        if entry.is_dir:
            raise IsADirectoryError(f"{key!r} is a directory.")
        return entry, data

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        pinned = with_azure("azure_upload").if_match(entry.etag)
        return self._get(entry.key, start, stop, **pinned)[1]

    def _get(self, key: str, start: int, stop: int, **extra: Any) -> tuple[Any, bytes]:
        with self._translated(key, "read"):
            answer = self._blob(key).download_blob(
                offset=start,
                length=stop - start,
                decompress=False,
                retry_total=READ_RETRIES,
                **extra,
                **self._read_params(key),
            )
            return answer.properties, answer.readall()

    # -- put

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """The parameters of the file `name`, location included; override it to give some others."""
        return dict(self.object_parameters)

    def _prepare(self, key: str, content: Any = None) -> tuple[dict[str, Any], bool]:
        given = self.get_object_parameters(key)
        for unknown in given.keys() - set(PARAMETERS):
            raise ImproperlyConfigured(
                f"Azure knows no object parameter {unknown!r} (object_parameters, "
                f"AZURE_OBJECT_PARAMETERS); it knows: {', '.join(PARAMETERS)}."
            )
        guessed, encoding = mimetypes.guess_type(key)
        params = GivenOptions(
            content_type=getattr(content, "content_type", None)
            or guessed
            or self.default_content_type
        )
        if encoding:
            params["content_encoding"] = encoding
        if self.cache_control:
            params["cache_control"] = self.cache_control
        params.update(given)
        return params, False

    def _prepare_like(self, key: str, entry: Entry) -> dict[str, Any]:
        params = self._prepare(key)[0]
        apply(entry, key, params)
        return params

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        upload = with_azure("azure_upload")
        body = source if isinstance(source, bytes) else source.read()
        attempts = upload.Attempts()
        try:
            with self._translated(key, "write"):
                self._blob(key).upload_blob(
                    body,
                    length=len(body),
                    overwrite=not exclusive,
                    retry_hook=attempts,
                    **upload.arguments(params),
                )
        except FileExistsError:
            if not self._is_taken(key):  # there are but blocks that somebody never committed
                upload.put_as_block(self, key, body, params)
            # An attempt whose answer was lost may have stored just this.
            elif not attempts.retried or self._stat(key).digest != _md5_of(body):
                raise

    # -- upload

    def _write(self, name: str, content: Any, *, exclusive: bool) -> None:
        """Again, if another writer of the same file was finished first and took the blocks."""
        for _ in range(REWRITES if is_seekable(content) else 0):
            try:
                return super()._write(name, content, exclusive=exclusive)
            except OSError as error:
                if not getattr(error, "blocks_lost", False):
                    raise
        return super()._write(name, content, exclusive=exclusive)

    def _writer(
        self,
        key: str,
        params: Any,
        *,
        exclusive: bool = False,
        size: int | None = None,
        part_size: int | None = None,
    ) -> PartWriter:
        if size is not None and size > (part_size or self.part_size) * MAX_BLOCKS:
            part_size = -(-size // (MAX_BLOCKS * MiB)) * MiB
        return PartWriter(
            self, key, params, exclusive=exclusive, part_size=part_size, grows=size is None
        )

    def _in_flight(self, size: int) -> int:
        most = self.upload_max_conn
        if not most or most == CONNECTIONS:
            most = self.most_in_flight
        return max(1, min(most, self._memory() // size))

    def _memory(self) -> int:
        chosen = self.max_memory_size
        return super()._memory() if not chosen or chosen == MEMORY else chosen

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        upload: Upload = with_azure("azure_upload").BlockUpload(
            self, key, params, exclusive=exclusive
        )
        return upload

    # -- delete

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError), self._translated(key, "delete"):
            self._blob(key).delete_blob()

    def _delete_version(self, entry: Entry) -> None:
        pinned = with_azure("azure_upload").if_match(entry.etag)
        with suppress(FileNotFoundError), self._translated(entry.key, "delete"):
            self._blob(entry.key).delete_blob(**pinned)

    def _delete_many(self, keys: list[str]) -> None:
        for start in range(0, len(keys), DELETE_BATCH):
            batch = list(dict.fromkeys(keys[start : start + DELETE_BATCH]))
            if left := self._left_by_batch(batch):
                super()._delete_many(left)  # one by one, which raises what is wrong with the first

    def _left_by_batch(self, keys: list[str]) -> list[str]:
        """Those of `keys` that one batch request did not delete: all, where it is not allowed."""
        if len(keys) == 1:
            return keys
        try:
            with self._translated(f"{len(keys)} blobs", "delete"):
                answers = list(self.client.delete_blobs(*keys, raise_on_any_failure=False))
        except OSError as error:
            if getattr(error, "status_code", None) is None:  # nobody answered
                raise
            return keys
        done = [_is_gone(each) for each in answers]
        return [key for key, gone in zip_longest(keys, done[: len(keys)]) if not gone]

    @classmethod
    def _has_directories(cls) -> bool:
        return False  # not even with a hierarchical namespace: nobody has to make them

    def _remove_dir(self, key: str) -> None:
        """Delete what stands for an empty directory, in accounts that have such blobs."""
        if self.__dict__.get("_cached_hierarchy"):
            with suppress(FileNotFoundError), self._translated(key, "delete"):
                if self._stat(key).is_dir:
                    self._delete(key)

    # -- list

    def _list(self, prefix: str) -> Iterator[Entry]:
        folders: set[str] = set()  # some are listed twice: as a prefix, and as a blob
        with self._translated(prefix, "list"):
            for each in self.client.walk_blobs(prefix, **self._listing()):
                if each.name == prefix:
                    continue
                is_prefix = "last_modified" not in each
                entry = Entry(each.name, is_dir=True) if is_prefix else self._entry(each.name, each)
                folder = entry.key.rstrip("/")
                if not entry.is_dir:
                    yield entry
                elif folder not in folders:
                    folders.add(folder)
                    yield Entry(folder, is_dir=True)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        stubs = []
        with self._translated(prefix, "list"):
            for each in self.client.list_blobs(prefix, **self._listing()):
                entry = self._entry(each.name, each)
                if entry.is_dir and not entry.key.endswith("/"):
                    stubs.append(entry)
                else:
                    yield entry
        yield from reversed(stubs)  # each after what is in it

    def _has_entries(self, prefix: str) -> bool:
        with self._translated(prefix, "list"):
            found = self.client.list_blobs(prefix, results_per_page=1)
            return any(True for _ in found)

    def _listing(self) -> dict[str, Any]:
        return {"include": ["metadata"], "results_per_page": self.page_size}

    def list_all(self, path: str = "") -> list[str]:
        """The blobs' names of all files below `path`, however deep: with the location in front."""
        return [entry.key for entry in self._scan(self._prefix(path)) if not entry.is_dir]

    # -- copy

    def _reaches(self, origin: Primitives) -> bool:
        return isinstance(origin, AzureStorage) and resolve(self).reaches(resolve(origin))

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        origin = origin or self
        # The service copies no blob that a key of the customer's encrypts.
        if "cpk" in params or "cpk" in origin._read_params(source.key):
            params = GivenOptions(params)
            apply(source, target, params)
            super()._copy(source, target, params, exclusive=exclusive, origin=origin)
            return
        with_azure("azure_copy").copy(self, origin, source, target, params, exclusive=exclusive)


def _is_gone(answer: Any) -> bool:
    """Whether a part of a batch says that its blob is deleted, or was not there."""
    code = answer.headers.get("x-ms-error-code")
    return (answer.status_code, code) == (404, "BlobNotFound") or answer.status_code == 202


def _md5_of(data: bytes) -> str:
    """The digest that the service computes for what one request stores."""
    return f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}"
