"""The reference backend: it holds its files in memory, and keeps the whole contract."""

from __future__ import annotations

import errno
import hashlib
import itertools
import mimetypes
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils.encoding import filepath_to_uri

from storages.base import RemoteStorage
from storages.compress import GZIP_CONTENT_TYPES
from storages.entry import Entry, Upload
from storages.headers import FIELDS, serve_like
from storages.options import option
from storages.primitives import Primitives
from storages.transfer import MiB


@dataclass(frozen=True)
class Stored:
    """One version of an object."""

    entry: Entry
    data: bytes


class Bucket:
    """Objects by key; storages with the same bucket see the same files."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self.lock = threading.RLock()
        self.serial = itertools.count(1)

    def __reduce__(self) -> tuple[Any, ...]:
        return Bucket, (), {"objects": self.objects}


_buckets: dict[str, Bucket] = {}


class MemoryStorage(RemoteStorage):
    """A storage for tests: fast, gone with the process, and as strict as a real one.

    Put it into the STORAGES of your test settings; `assert_exists` and `assert_missing` say what
    a test expects to be stored.
    """

    bucket_name: str | None = option(
        None,
        help="Storages of a process with the same bucket share their files; "
        "without a name each storage has files of its own.",
    )
    location: str = option("", help="A prefix of all keys, without a leading slash.")
    base_url: str | None = option(None, help="What `url()` begins with; default: MEDIA_URL.")
    file_overwrite: bool = option(False, help="Replace files of the same name.")
    gzip: bool = option(False, help="Compress content of the listed types.")
    gzip_content_types: Iterable[str] = option(
        GZIP_CONTENT_TYPES, help="The content types that `gzip` is for."
    )
    object_parameters: dict[str, Any] = option(
        {},
        help="What all objects are served with: `cache_control`, `disposition`, `language`, "
        "`metadata`, as `stat()` tells them.",
    )
    part_size: int = option(8 * MiB, help="Bytes of a part of an upload.")

    def _configured(self) -> None:
        super()._configured()
        if self.bucket_name is None:
            self._bucket = Bucket()
        else:
            self._bucket = _buckets.setdefault(self.bucket_name, Bucket())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.bucket_name is not None:
            self._bucket = _buckets.setdefault(self.bucket_name, self._bucket)

    def _place(self) -> tuple[Any, ...] | None:
        return ("memory", self.bucket_name or id(self._bucket))

    def _prepare(self, key: str, content: Any = None) -> tuple[dict[str, Any], bool]:
        guessed, encoding = mimetypes.guess_type(key)
        kind = getattr(content, "content_type", None) or guessed or "application/octet-stream"
        compress = encoding is None and self._compresses(kind)
        params = {"content_type": kind, "encoding": "gzip" if compress else encoding}
        return params | self.object_parameters, compress

    def _prepare_like(self, key: str, entry: Entry) -> dict[str, Any]:
        params = self._prepare(key)[0]
        serve_like(entry, key, params, {field: field for field in FIELDS})
        return params

    # -- primitives

    def _stored(self, key: str, etag: str | None = None) -> Stored:
        """The object, in the version `etag` if one is given."""
        try:
            stored = self._bucket.objects[key]
        except KeyError:
            raise FileNotFoundError(f"{key!r} does not exist.") from None
        if etag not in (None, stored.entry.etag):
            raise OSError(errno.ESTALE, f"{key!r} was replaced while it was read.")
        return stored

    def _stat(self, key: str) -> Entry:
        return self._stored(key).entry

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        return self._stored(entry.key, entry.etag).data[start:stop]

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        data = source if isinstance(source, bytes) else source.read()
        now = datetime.now(UTC)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with self._bucket.lock:
            if exclusive and key in self._bucket.objects:
                raise FileExistsError(f"{key!r} exists already.")
            etag = str(next(self._bucket.serial))
            facts = {"metadata": {}, **params}
            entry = Entry(key, len(data), now, now, now, etag, f"md5:{digest}", **facts)
            self._bucket.objects[key] = Stored(entry, data)

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        return MemoryUpload(self, key, params, exclusive=exclusive)

    def _delete(self, key: str) -> None:
        self._bucket.objects.pop(key, None)

    def _list(self, prefix: str) -> Iterator[Entry]:
        seen = set()
        for entry in self._scan(prefix):
            head, slash, _ = entry.key[len(prefix) :].partition("/")
            if not slash:
                yield entry
            elif head not in seen:
                seen.add(head)
                yield Entry(prefix + head, is_dir=True)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        with self._bucket.lock:
            found = [o.entry for k, o in self._bucket.objects.items() if k.startswith(prefix)]
        yield from sorted(found, key=lambda entry: entry.key)

    def _reaches(self, origin: Primitives) -> bool:
        return isinstance(origin, MemoryStorage)

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        stored = (origin or self)._stored(source.key, source.etag)
        with self._bucket.lock:
            if exclusive and target in self._bucket.objects:
                raise FileExistsError(f"{target!r} exists already.")
            now = datetime.now(UTC)
            entry = replace(
                stored.entry,
                key=target,
                modified=now,
                created=now,
                accessed=now,
                etag=str(next(self._bucket.serial)),
            )
            self._bucket.objects[target] = Stored(entry, stored.data)

    def _move(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        """With its time, as wherever times can be set: else a client could not keep them."""
        with self._bucket.lock:
            super()._move(source, target, params, exclusive=exclusive, origin=origin)
            if source.modified:
                self._set_modified_time(target, source.modified)

    def _set_modified_time(self, key: str, time: datetime) -> None:
        with self._bucket.lock:
            stored = self._stored(key)
            self._bucket.objects[key] = Stored(replace(stored.entry, modified=time), stored.data)

    def url(self, name: str | None) -> str:
        """The address below `base_url`; nothing serves it."""
        base = settings.MEDIA_URL if self.base_url is None else self.base_url
        if base and not base.endswith("/"):
            base += "/"
        return urljoin(base, filepath_to_uri(self._key(name or "")))

    # -- for tests

    def assert_exists(self, name: str, content: bytes | str | None = None) -> None:
        """AssertionError unless `name` is stored, with that `content` if it is given."""
        if not self._is_file(self._key(name)):
            stored = ", ".join(sorted(entry.name for entry in self.scan())) or "nothing"
            raise AssertionError(f"{name!r} is not stored; stored: {stored}.")
        if content is not None:
            wanted = content.encode() if isinstance(content, str) else content
            with self.open(name) as file:
                found = file.read()
            if found != wanted:
                raise AssertionError(f"{name!r} holds {_difference(found, wanted)}.")

    def assert_missing(self, name: str) -> None:
        """AssertionError if `name` is stored, as a file or a directory."""
        if self.exists(name):
            raise AssertionError(f"{name!r} is stored.")


def _difference(found: bytes, wanted: bytes) -> str:
    """Both where they begin to differ, and how long they are if that is not at the start."""
    pairs = enumerate(zip(found, wanted, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(found), len(wanted)))
    start = max(0, same - 20) if max(len(found), len(wanted)) > 80 else 0
    told = f"{found[start : start + 80]!r}, not {wanted[start : start + 80]!r}"
    if start:
        told += f", from byte {start} on; they have {len(found)} and {len(wanted)} bytes"
    return told


class MemoryUpload:
    """Parts in any order, from any thread."""

    parallel = True

    def __init__(self, storage: MemoryStorage, key: str, params: Any, *, exclusive: bool) -> None:
        self._storage, self._key, self._params = storage, key, params
        self._exclusive = exclusive
        self._parts: dict[int, bytes] = {}

    def write(self, number: int, part: bytes) -> None:
        self._parts[number] = part

    def finish(self) -> None:
        whole = b"".join(self._parts[number] for number in sorted(self._parts))
        self._storage._put(self._key, whole, self._params, exclusive=self._exclusive)

    def abort(self) -> None:
        self._parts.clear()
