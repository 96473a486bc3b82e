"""The primitives over Libcloud's drivers that speak HTTP."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from libcloud.storage.base import Object, StorageDriver

from storages.backends.libcloud_blocks import own_blocks
from storages.backends.libcloud_drivers import Drivers, Lent
from storages.backends.libcloud_entries import begins_at, of_headers, of_object, version_of
from storages.backends.libcloud_errors import (
    LibCloudFileNotFoundError,
    LibCloudPermissionError,
    LibCloudReplacedError,
    LibCloudStorageError,
    LibCloudUnavailableError,
    of_status,
    translated,
)
from storages.backends.libcloud_families import (
    DELETES_BY_NAME,
    LISTS_BY_PREFIX,
    LONGEST,
    METADATA,
    PAGE,
    QUOTES_NO_NAMES,
    TELLS_BY_HEADERS,
    additions,
    apply,
    family_of,
)
from storages.backends.libcloud_files import remove_file, temporary_file
from storages.backends.libcloud_links import Links
from storages.backends.libcloud_turns import turn
from storages.entry import Entry
from storages.transfer import KiB, MiB

T = TypeVar("T")

CHUNK = 256 * KiB
"""Bytes that are taken from a stream at a time."""

SINGLE_PUT = 4096 * MiB
"""Bytes that one request stores at most, where a driver can do it by several; S3 takes 5 GiB."""

BLOCKS = 4 * MiB
"""Bytes from which Azure's driver sends blocks; who commits first ends the others' uploads."""

BLOCKS_TRIES = 5
"""How often such an upload is begun, at most."""

UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, SyntaxError)
"""What drivers raise where an answer is not what they expect; XML's errors are the last kind."""

VERSIONS = 100
"""Versions of one file that are deleted by one call, where deleting one uncovers another."""


@dataclass(frozen=True)
class Whole(Entry):  # not slotted: it is to be referred to weakly, and holds a file
    """An object that was downloaded when it was opened, for its driver knows no ranges."""

    path: Any = None


def _logging_in_again(work: Callable[..., T]) -> Callable[..., T]:
    """Tokens come to their end, at times before it is told: a new driver gets another one."""

    @wraps(work)
    def call(self: Service, *args: Any, **more: Any) -> T:
        try:
            return work(self, *args, **more)
        except LibCloudPermissionError as error:
            if error.status != 401:
                raise
        return work(self, *args, **more)

    return call


class Service:
    """What a storage does with the objects of one container."""

    def __init__(
        self, make: Callable[[], Any], bucket: str, cls: Any, *, own_host: bool = False
    ) -> None:
        self.bucket = bucket
        self._drivers = Drivers(make, bucket)
        self._container: Mapping[str, Any] | None = None
        self._family = family_of(cls)
        self.keeps_headers = self._family in METADATA
        self._ranges = (
            cls.download_object_range_as_stream is not StorageDriver.download_object_range_as_stream
        )
        # Others may ignore the condition, or check it before the content has come, as Swift does.
        is_amazon = any(each.__name__ == "S3StorageDriver" for each in cls.__mro__)
        self.is_exclusive = self._family in ("azure", "google") or (is_amazon and not own_host)
        self.links = Links(self._drivers, bucket, self._family, cls)

    @property
    def driver(self) -> Any:
        return self._drivers.public

    @contextmanager
    def _working(self, key: str, doing: str) -> Iterator[Lent]:
        with self._drivers.lend() as lent, translated(key, doing, lent):
            if lent.container is None:
                if self._container is None:
                    self._container = lent.driver.get_container(self.bucket).extra or {}
                    lent.begin()
                lent.use_container(self._container)
            yield lent

    def _object(self, lent: Lent, key: str, size: int = 0) -> Any:
        """An object for the methods of the driver that need but its name."""
        return Object(key, size, "", {}, {}, lent.container, lent.driver)

    def _readable(self, lent: Lent, entry: Entry) -> Any:
        """An object to be downloaded."""
        quoted = quote(entry.key) if self._family in QUOTES_NO_NAMES else entry.key
        return self._object(lent, quoted, entry.size)

    # -- stat and fetch

    @_logging_in_again
    def stat(self, key: str) -> Entry:
        with self._working(key, "read") as lent:
            found = lent.driver.get_object(self.bucket, key)
            if self._family in TELLS_BY_HEADERS and lent.last is not None:
                return of_headers(key, lent.last.headers, self._family)
            return of_object(found)

    @_logging_in_again
    def fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        if not self._ranges:
            return self._fetch_whole(key, count)
        if self._family not in TELLS_BY_HEADERS:
            entry = self.stat(key)
            return entry, self.fetch(entry, 0, min(count, entry.size)) if entry.size else b""
        try:
            with self._working(key, "read") as lent:
                data = self._range(lent, Entry(key), 0, count)
                assert lent.last is not None  # noqa: S101 - there was an answer
                return of_headers(key, lent.last.headers, self._family), data
        except OSError as error:
            if getattr(error, "status", None) != 416:  # no range lies in an empty file
                raise
        return self.stat(key), b""

    @_logging_in_again
    def fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        if isinstance(entry, Whole):
            with open(entry.path, "rb") as file:
                file.seek(start)
                return file.read(stop - start)
        if not self._ranges:
            return b"".join(self._sliced(entry, start, stop))
        with self._working(entry.key, "read") as lent:
            data = self._range(lent, entry, start, stop)
            self._check_version(entry, lent)
            return data

    def _range(self, lent: Lent, entry: Entry, start: int, stop: int) -> bytes:
        source = self._readable(lent, entry)
        chunks = lent.driver.download_object_range_as_stream(source, start, stop, chunk_size=CHUNK)
        told = lent.last.headers.get("content-range", "") if lent.last is not None else ""
        if lent.last is not None and (lent.last.status == 200 or not begins_at(told, start)):
            raise LibCloudStorageError(f"The server sends no range of {entry.key!r}.", entry.key)
        return b"".join(chunks)[: stop - start]

    def _check_version(self, entry: Entry, lent: Lent) -> None:
        """Each answer tells the ETag of what it is about."""
        told = version_of(lent.last.headers.get("etag")) if lent.last is not None else None
        if told is not None and entry.etag is not None and told != entry.etag:
            raise LibCloudReplacedError(f"{entry.key!r} was replaced while it was read.", entry.key)

    # -- drivers without ranges

    def _fetch_whole(self, key: str, count: int) -> tuple[Entry, bytes]:
        entry = self.stat(key)
        path = temporary_file()
        found = Whole(**{name: getattr(entry, name) for name in Entry.__slots__}, path=path)
        weakref.finalize(found, remove_file, path, os.getpid())
        self._download(entry, path)
        return found, self.fetch(found, 0, count)

    def _sliced(self, entry: Entry, start: int, stop: int) -> Generator[bytes, None, None]:
        path = temporary_file()
        try:
            self._download(entry, path)
            with open(path, "rb") as file:
                file.seek(start)
                while start < stop and (chunk := file.read(min(CHUNK, stop - start))):
                    start += len(chunk)
                    yield chunk
        finally:
            remove_file(path)

    def _download(self, entry: Entry, path: str) -> None:
        with self._working(entry.key, "read") as lent:
            source = self._readable(lent, entry)
            done = lent.driver.download_object(source, path, overwrite_existing=True)
            self._check_version(entry, lent)
        if not done:
            raise ConnectionError(f"Reading {entry.key!r} ended too early.")

    def stream(self, entry: Entry, start: int) -> Generator[bytes, None, None] | None:
        """All of a file at once, where that is better than its ranges."""
        if self._ranges or isinstance(entry, Whole):
            return None
        return self._sliced(entry, start, entry.size)

    # -- put

    def serve_like(self, entry: Entry, key: str, params: dict[str, Any]) -> None:
        """Let the object that is stored as `key` with `params` be served as `entry` is."""
        apply(self._family, entry, key, params)

    def put(self, key: str, source: bytes, params: Mapping[str, Any], *, exclusive: bool) -> None:
        """Store bytes, as a file, which is what drivers send best."""
        path = temporary_file()
        try:
            with open(path, "wb") as file:
                file.write(source)
            self.put_file(key, path, params, exclusive=exclusive)
        finally:
            remove_file(path)

    @_logging_in_again
    def put_file(self, key: str, path: str, params: Mapping[str, Any], *, exclusive: bool) -> None:
        """Store a local file."""
        size = os.path.getsize(path)
        by_blocks = self._family == "azure" and size > BLOCKS
        with turn(self.bucket, key, needed=by_blocks or (exclusive and not self.is_exclusive)):
            if exclusive and not self.is_exclusive:
                self._refuse_another(key)
            for left in reversed(range(BLOCKS_TRIES if by_blocks else 1)):
                try:
                    self._put_once(key, path, size, params, exclusive=exclusive)
                    return
                except LibCloudStorageError as error:
                    if error.status != 400 or not left:  # else another has ended this upload
                        raise

    def _put_once(
        self, key: str, path: str, size: int, params: Mapping[str, Any], *, exclusive: bool
    ) -> None:
        with self._working(key, "create" if exclusive else "write") as lent:
            lent.adds = additions(self._family, params, exclusive=exclusive)
            lent.again = not exclusive
            mine = own_blocks(lent.driver.connection) if lent.family == "azure" else nullcontext()
            with mine:
                self._upload(lent, key, path, size, {"content_type": params["content_type"]})

    def _refuse_another(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self.stat(key)
            raise of_status(412, key, "create", self.bucket, "")

    def _upload(self, lent: Lent, key: str, path: str, size: int, extra: dict[str, Any]) -> None:
        driver = lent.driver
        parts = getattr(driver, "supports_s3_multipart_upload", False) and size > SINGLE_PUT
        if parts or (self._family == "azure" and not size):  # its signature of no bytes is wrong
            with open(path, "rb") as file:
                driver.upload_object_via_stream(file, lent.container, key, extra=extra)
            return
        # With some encryption the ETag of S3 is no MD5, which Libcloud would take for a mistake.
        verify = self._family not in ("s3", "google")
        driver.upload_object(path, lent.container, key, extra=extra, verify_hash=verify)

    # -- delete

    def delete(self, key: str) -> None:
        by_name = self._family in DELETES_BY_NAME
        with suppress(LibCloudFileNotFoundError):
            for _ in range(1 if by_name else VERSIONS):
                self._delete(key, by_name=by_name)

    @_logging_in_again
    def _delete(self, key: str, *, by_name: bool) -> None:
        with self._working(key, "delete") as lent:
            driver = lent.driver
            found = self._object(lent, key) if by_name else driver.get_object(self.bucket, key)
            if not driver.delete_object(found):
                status = lent.failed.status if lent.failed is not None else 500
                raise of_status(status, key, "delete", self.bucket, "it was not deleted")

    # -- list

    def scan(self, prefix: str, page: int | None = None) -> Iterator[Entry]:
        """All objects whose keys begin with `prefix`, by so many a page."""
        last = None
        try:
            for last in self._scan(prefix, page):
                yield last
        except LibCloudPermissionError as error:
            if error.status != 401 or (last and self._family not in LISTS_BY_PREFIX):
                raise
            for entry in self._scan(prefix, page):  # by a new token, from where it was
                if last is None or entry.key > last.key:
                    yield entry

    def _scan(self, prefix: str, page: int | None) -> Iterator[Entry]:
        with self._working(prefix, "list") as lent:
            for found in self._listed(lent, prefix, page or LONGEST.get(self._family)):
                if found.name.startswith(prefix):
                    yield of_object(found)

    def _listed(self, lent: Lent, prefix: str, page: int | None) -> Iterator[Any]:
        # Other drivers list everything, and warn of it; Azure's signs a prefix without such spaces.
        spaced = self._family == "azure" and prefix != prefix.strip()
        known = self._family in LISTS_BY_PREFIX and not spaced
        if page and (known or page > 1) and (name := PAGE.get(self._family)):
            lent.adds = lambda method, params: ({}, {name: str(page)})
        found = lent.driver.iterate_container_objects(
            lent.container, prefix=(prefix or None) if known else None
        )
        try:
            yield from found
        except requests.RequestException:
            raise
        except UNREADABLE:
            raise LibCloudUnavailableError(
                f"Cannot list {prefix or '/'!r}: the server's answer ended too early, or is none."
            ) from None

    def list(self, prefix: str, page: int | None = None) -> Iterator[Entry]:
        """Files and directories directly below `prefix`; all that is below them is listed too."""
        folders: set[str] = set()
        for entry in self.scan(prefix, page):
            head, slash, _ = entry.key[len(prefix) :].partition("/")
            if not slash:
                yield entry
            elif head and head not in folders:
                folders.add(head)
                yield Entry(prefix + head, is_dir=True)

    @_logging_in_again
    def has_entries(self, prefix: str) -> bool:
        with self._working(prefix, "list") as lent:
            return any(found.name.startswith(prefix) for found in self._listed(lent, prefix, 1))
