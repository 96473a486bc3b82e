"""Google Cloud Storage."""

from __future__ import annotations

import errno
import mimetypes
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from storages.backends.gcloud_entries import HEADERS, entry_of, entry_read
from storages.backends.gcloud_links import GCSLinks
from storages.backends.gcloud_options import (
    ASKED,
    UNIT,
    check_parameters,
    known_acl,
    resource_of,
    with_google,
)
from storages.entry import Entry, Upload
from storages.files import RemoteFile
from storages.headers import serve_like
from storages.options import GivenOptions
from storages.primitives import Primitives
from storages.transfer import MiB
from storages.writing import PartWriter

if TYPE_CHECKING:
    from storages.backends.gcloud_errors import Task

__all__ = ["GoogleCloudFile", "GoogleCloudStorage"]

GoogleCloudFile = RemoteFile

BATCH_WORKERS = 4
"""Batches of deletions on their way at once."""


class GoogleCloudStorage(GCSLinks):
    """Files in a bucket of Google Cloud Storage."""

    part_size = 16 * MiB
    default_content_type = "application/octet-stream"
    reads_gzip = True  # as Google's SDK does

    def _task(self, verb: str, key: str) -> Task:
        task: Task = with_google("gcloud_errors").Task(verb, self._bucket(), key)
        return task

    # -- stat

    def _stat(self, key: str) -> Entry:
        return entry_of(self._resource(key))

    def _resource(self, key: str, fields: str = ASKED) -> dict[str, Any]:
        """What the JSON API says of an object; FileNotFoundError."""
        task = self._task("Reading", key)
        answer = self._connection.send(
            "GET",
            self._connection.object_url(self._bucket(), key),
            task,
            params={"fields": fields, "prettyPrint": "false"},
        )
        found: dict[str, Any] = self._connection.json(answer, task, "generation")
        return found

    # -- fetch

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        answer, data = self._get(key, 0, count)
        if answer.status_code == 416:  # the object is empty: no range lies in it
            return self._stat(key), b""
        if "X-Goog-Generation" not in answer.headers:  # Google tells it, emulators may not
            return self._stat(key), data
        return entry_read(key, answer.headers, len(data)), data

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        answer, data = self._get(entry.key, start, stop, entry.etag)
        if answer.headers.get("X-Goog-Generation", entry.etag) != entry.etag:
            raise OSError(errno.ESTALE, f"{entry.key!r} was replaced while it was read.")
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise OSError(f"The service answered another range of {entry.key!r} than asked for.")
        return data

    def _get(
        self, key: str, start: int, stop: int, generation: str | None = None
    ) -> tuple[Any, bytes]:
        """A range as it is stored: what accepts gzip is not sent it unzipped, and ranges hold."""
        google = with_google("gcloud_errors")
        task = self._task("Reading", key)
        # Whoever reads tries again several times, after a broken connection at once.
        patience = google.Patience(broken=False, busy=google.PAUSES[1:2])
        answer = self._connection.send(
            "GET",
            self._connection.object_url(self._bucket(), key, "/download"),
            task,
            params={"alt": "media"} | ({"ifGenerationMatch": generation} if generation else {}),
            headers={"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "gzip"},
            good=(200, 206, 416),
            stream=True,
            patience=patience,
        )
        with answer, google.translated(task, self._connection.base, patience):
            most = None if answer.status_code == 206 else stop - start
            # Past requests, which would unzip it.
            return answer, answer.raw.read(most, decode_content=False)
        raise AssertionError  # what is translated is raised

    # -- put

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """The parameters of the object `name`, location included; override it for some others."""
        return dict(self.object_parameters)

    def _prepare(self, key: str, content: Any = None) -> tuple[dict[str, Any], bool]:
        params = GivenOptions(self.get_object_parameters(key))
        where = "what get_object_parameters() returns"
        check_parameters(params, where)
        if "content_type" not in params:
            guessed, encoding = mimetypes.guess_type(key)
            given = getattr(content, "content_type", None)
            params["content_type"] = given or guessed or self.default_content_type
            if encoding:
                params.setdefault("content_encoding", encoding)
        if self.cache_control:
            params.setdefault("cache_control", self.cache_control)
        params["acl"] = known_acl(params.get("acl"), where) or self._acl()
        compress = "content_encoding" not in params and self._compresses(params["content_type"])
        if compress:
            params["content_encoding"] = "gzip"
        return params, compress

    def _prepare_like(self, key: str, entry: Entry) -> dict[str, Any]:
        params = self._prepare(key)[0]
        serve_like(entry, key, params, HEADERS)
        return params

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        upload = with_google("gcloud_upload")
        body = source if isinstance(source, bytes) else source.read()
        if exclusive:
            self._check_absent(key)
        checksum = upload.Checksum(body)
        resource = {"name": key, **resource_of(params), checksum.field: str(checksum)}
        data, kind = upload.related(resource, body)
        try:
            task = self._task("Upload", key)
            answer = self._connection.send(
                "POST",
                self._connection.bucket_url(self._bucket(), "/upload"),
                task,
                params={"uploadType": "multipart"} | upload.query(params, exclusive=exclusive),
                data=data,
                headers={"Content-Type": kind},
            )
            self._connection.json(answer, task, "generation")
        except FileExistsError as error:
            # An attempt whose answer was lost may have stored just this.
            lost = getattr(error, "retried", False)
            if not lost or not upload.is_stored(self, key, checksum, len(body)):
                raise

    def _check_absent(self, key: str) -> None:
        """For emulators, most of which ignore the condition of the request itself."""
        if self._connection.emulated and self._is_file(key):
            raise FileExistsError(f"{key!r} exists already in the bucket {self._bucket()!r}.")

    # -- upload

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        if exclusive:
            self._check_absent(key)
        upload: Upload = with_google("gcloud_upload").ResumableUpload(
            self, key, params, exclusive=exclusive
        )
        return upload

    def _writer(
        self, key: str, params: Any, *, part_size: int | None = None, **more: Any
    ) -> PartWriter:
        units = -(-(part_size or self.part_size) // UNIT)
        return super()._writer(key, params, part_size=units * UNIT, **more)

    def _hasher(self, kind: str) -> Any:
        crc = kind == "crc32c"
        return with_google("gcloud_upload").Crc32c() if crc else super()._hasher(kind)

    def _memory(self) -> int:
        return self.max_memory_size or super()._memory()

    # -- delete

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._connection.send(
                "DELETE",
                self._connection.object_url(self._bucket(), key),
                self._task("Deletion", key),
                good=(200, 204),
            )

    def _delete_version(self, entry: Entry) -> None:
        self._connection.send(
            "DELETE",
            self._connection.object_url(self._bucket(), entry.key),
            self._task("Deletion", entry.key),
            params={"ifGenerationMatch": entry.etag},
            good=(200, 204, 404),
        )

    def _delete_many(self, keys: list[str]) -> None:
        batch = with_google("gcloud_batch")
        batches = [keys[i : i + batch.LIMIT] for i in range(0, len(keys), batch.LIMIT)]

        def delete(some: list[str]) -> None:
            batch.delete_batch(self._connection, self._bucket(), some)

        if len(batches) <= 1:
            list(map(delete, batches))
            return
        with ThreadPoolExecutor(min(BATCH_WORKERS, len(batches))) as pool:
            list(pool.map(delete, batches))

    # -- list

    def _list(self, prefix: str) -> Iterator[Entry]:
        for page in self._pages(prefix, delimiter="/"):
            for each in page.get("prefixes", ()):
                yield Entry(each[:-1], is_dir=True)
            yield from (e for e in map(entry_of, page.get("items", ())) if e.key != prefix)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        for page in self._pages(prefix):
            yield from map(entry_of, page.get("items", ()))

    def _has_entries(self, prefix: str) -> bool:
        # A page may be empty and yet not the last one.
        return any(page.get("items") for page in self._pages(prefix, maxResults=1))

    def _pages(self, prefix: str, **extra: Any) -> Iterator[Mapping[str, Any]]:
        params = {"prefix": prefix, "prettyPrint": "false", **extra}
        params["fields"] = f"nextPageToken,prefixes,items({ASKED})"
        while True:
            task = self._task("Listing", prefix)
            place = self._connection.bucket_url(self._bucket())
            answer = self._connection.send("GET", place, task, params=params)
            page = self._connection.json(answer, task)
            yield page
            if not page.get("nextPageToken"):
                return
            params["pageToken"] = page["nextPageToken"]

    # -- copy

    def _reaches(self, origin: Primitives) -> bool:
        return isinstance(origin, GoogleCloudStorage) and self._account() == origin._account()

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        with_google("gcloud_copy").copy(
            self, origin or self, source, target, params, exclusive=exclusive
        )
