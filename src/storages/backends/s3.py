"""Amazon S3, and the services that speak its protocol."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from itertools import filterfalse
from math import inf
from typing import IO, Any

from django.contrib.staticfiles.storage import ManifestFilesMixin

from storages.backends import s3_headers
from storages.backends.s3_links import S3Links
from storages.backends.s3_options import with_boto3
from storages.entry import Entry, Upload, is_marker
from storages.files import RemoteFile
from storages.options import GivenOptions
from storages.primitives import Primitives
from storages.transfer import MiB
from storages.writing import PartWriter

__all__ = ["S3File", "S3ManifestStaticStorage", "S3StaticStorage", "S3Storage"]

S3File = RemoteFile

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MIN_PART = 5 * MiB
"""Bytes of the smallest part, the last one aside."""
MAX_PARTS = 10_000
MAX_PUT = 5 * 1024 * MiB
"""Bytes that one PUT or one CopyObject takes."""

READ_PARAMS = (
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "SSECustomerKeyMD5",
    "RequestPayer",
    "ExpectedBucketOwner",
)
"""Those of the object parameters that reading needs too."""


class S3Storage(S3Links):
    """Files in a bucket of Amazon S3 or a compatible service."""

    default_content_type = "application/octet-stream"
    copy_limit = MAX_PUT

    # -- stat

    def _entry(self, key: str, answer: Mapping[str, Any], size: int) -> Entry:
        etag = _quoted(answer.get("ETag", ""))
        encrypted = answer.get("ServerSideEncryption", "").startswith("aws:kms")
        return Entry(
            key,
            size,
            modified=answer["LastModified"],
            created=answer["LastModified"],  # an object is only ever replaced whole
            etag=etag,
            digest=None if encrypted or answer.get("SSECustomerAlgorithm") else _md5(etag),
            **s3_headers.told(answer),
        )

    def _stat(self, key: str) -> Entry:
        with self._translated(key):
            answer = self._client.head_object(
                Bucket=self._bucket(), Key=key, **self._read_params(key)
            )
        return self._entry(key, answer, answer["ContentLength"])

    def _read_params(self, key: str) -> dict[str, Any]:
        params = self.get_object_parameters(key)
        return {name: params[name] for name in READ_PARAMS if name in params} if params else {}

    def _translated(self, key: str) -> Any:
        return with_boto3("s3_client").translated(self._bucket(), key)

    # -- fetch

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        try:
            answer, data = self._get(key, 0, count)
        except OSError as error:
            if getattr(error, "status", None) != 416:  # the object is empty: no range lies in it
                raise
            return Entry(key), b""
        total = re.fullmatch(r"bytes \d+-\d+/(\d+)", answer.get("ContentRange", ""))
        size = int(total[1]) if total else answer["ContentLength"]
        return self._entry(key, answer, size), data

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        answer, data = self._get(entry.key, start, stop, entry.etag)
        if _quoted(answer.get("ETag", entry.etag)) != entry.etag:  # a service that ignores IfMatch
            raise OSError(errno.ESTALE, f"{entry.key!r} was replaced while it was read.")
        if not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
            raise OSError(f"The service answered another range of {entry.key!r} than asked for.")
        return data

    def _get(
        self, key: str, start: int, stop: int, etag: str | None = None
    ) -> tuple[Mapping[str, Any], bytes]:
        pinned = {"IfMatch": etag} if etag else {}
        with self._translated(key):
            answer = self._client.get_object(
                Bucket=self._bucket(),
                Key=key,
                Range=f"bytes={start}-{stop - 1}",
                **pinned,
                **self._read_params(key),
            )
            # Not `with answer["Body"]`, which gives what is below the comparison of checksums.
            with closing(answer["Body"]) as body:
                length = 0 if "ContentRange" in answer else answer.get("ContentLength", inf)
                return answer, body.read(None if length <= stop - start else stop - start)

    # -- put

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """The parameters of the object `name`, location included; override it for some others."""
        return dict(self.object_parameters)

    def _get_write_parameters(self, name: str, content: Any = None) -> dict[str, Any]:
        """All parameters that the object `name`, location included, is stored with."""
        params = self.get_object_parameters(name)
        if "ContentType" not in params:
            guessed, encoding = mimetypes.guess_type(name)
            given = getattr(content, "content_type", None)
            params["ContentType"] = given or guessed or self.default_content_type
            if encoding:
                params["ContentEncoding"] = encoding
        if "ACL" not in params and self.default_acl:
            params["ACL"] = self.default_acl
        return params

    def _prepare(self, key: str, content: Any = None) -> tuple[dict[str, Any], bool]:
        params = GivenOptions(self._get_write_parameters(key, content))
        compress = "ContentEncoding" not in params and self._compresses(params["ContentType"])
        if compress:
            params["ContentEncoding"] = "gzip"
        return params, compress

    def _prepare_like(self, key: str, entry: Entry) -> dict[str, Any]:
        params = self._prepare(key)[0]
        s3_headers.apply(entry, key, params)
        return params

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> None:
        upload = with_boto3("s3_upload")
        body = source if isinstance(source, bytes) else source.read()
        extra = {"ChecksumCRC32": upload.crc32(body)} if self._sends_checksums(params) else {}
        extra = GivenOptions(params, **extra)
        if exclusive:
            self._check_absent(key)
        try:
            self._create(partial(self._put_object, key, body, extra), exclusive)
        except FileExistsError as error:
            # An attempt whose answer was lost may have stored just this.
            if not upload.may_be_done(error) or self._stat(key).digest != _md5_of(body):
                raise

    def _put_object(self, key: str, body: bytes, params: dict[str, Any], **extra: str) -> None:
        with self._translated(key):
            self._client.put_object(Bucket=self._bucket(), Key=key, Body=body, **params, **extra)

    def _create(self, send: Callable[..., None], exclusive: bool) -> None:
        """Send an object, if `exclusive` on the condition that it is new.

        Backblaze B2 answers 501 to conditions; there, the check before must do.
        """
        try:
            send(**({"IfNoneMatch": "*"} if exclusive else {}))
        except OSError as error:
            unknown = getattr(error, "status", None) == 501
            if not (exclusive and self._connection.compatible and unknown):
                raise
            send()

    def _check_absent(self, key: str) -> None:
        """For compatible services, of which some ignore the condition of the request itself."""
        if self._connection.compatible and self._is_file(key):
            raise FileExistsError(f"{key!r} exists already in the bucket {self._bucket()!r}.")

    def _sends_checksums(self, params: Mapping[str, Any]) -> bool:
        """Whether an upload carries our CRC-32: not where the project chose another checksum."""
        wanted = self._client.meta.config.request_checksum_calculation != "when_required"
        return wanted and not any(name.startswith("Checksum") for name in params)

    # -- upload

    def _open(self, name: str, mode: str = "rb", **text: Any) -> RemoteFile:
        size = None if "r" in mode else max(MIN_PART, self.file_buffer_size)
        return S3File(name, mode, self, size, **text)

    def _writer(
        self,
        key: str,
        params: Any,
        *,
        exclusive: bool = False,
        size: int | None = None,
        part_size: int | None = None,
    ) -> PartWriter:
        if part_size:
            return PartWriter(self, key, params, exclusive=exclusive, part_size=part_size)
        chosen = self.transfer_config
        part_size = max(MIN_PART, chosen.multipart_chunksize if chosen else self.part_size)
        # What a single PUT sends is in memory as a whole.
        most = min(MAX_PUT, max(part_size, self._memory()))
        put_limit = min(most, chosen.multipart_threshold if chosen else part_size)
        if size is not None and size > part_size * MAX_PARTS:
            part_size = -(-size // (MAX_PARTS * MiB)) * MiB
        put_limit = max(put_limit, part_size)  # what fits in one part needs no upload of parts
        return PartWriter(
            self,
            key,
            params,
            exclusive=exclusive,
            part_size=part_size,
            put_limit=put_limit,
            grows=size is None,
        )

    def _in_flight(self, size: int) -> int:
        chosen = self.transfer_config
        if not (chosen.use_threads if chosen else self.use_threads):
            return 1
        most = chosen.max_request_concurrency if chosen else self.most_in_flight
        return max(1, min(most, self._memory() // size))

    def _memory(self) -> int:
        return self.max_memory_size or super()._memory()

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        if exclusive:
            self._check_absent(key)
        upload: Upload = with_boto3("s3_upload").MultipartUpload(
            self, key, params, exclusive=exclusive
        )
        return upload

    # -- delete

    def _delete(self, key: str) -> None:
        # Amazon answers 204 where there is none, some compatible services 404.
        with suppress(FileNotFoundError), self._translated(key):
            self._client.delete_object(Bucket=self._bucket(), Key=key)

    def _delete_many(self, keys: list[str]) -> None:
        deleting = with_boto3("s3_deleting")
        super()._delete_many(list(filter(deleting.has_no_xml, keys)))
        deleting.delete_batches(self, list(filterfalse(deleting.has_no_xml, keys)))

    # -- list

    def _list(self, prefix: str) -> Iterator[Entry]:
        for page in self._pages(prefix, Delimiter="/"):
            for each in page.get("CommonPrefixes", ()):
                yield Entry(each["Prefix"][:-1], is_dir=True)
            yield from (e for e in self._entries(page) if e.key != prefix)

    def _scan(self, prefix: str) -> Iterator[Entry]:
        for page in self._pages(prefix):
            yield from self._entries(page)

    def _has_entries(self, prefix: str) -> bool:
        return any(page.get("KeyCount") for page in self._pages(prefix, MaxKeys=1, once=True))

    def _pages(self, prefix: str, *, once: bool = False, **extra: Any) -> Iterator[Any]:
        while True:
            with self._translated(prefix):
                page = self._client.list_objects_v2(Bucket=self._bucket(), Prefix=prefix, **extra)
            yield page
            if once or not page.get("IsTruncated"):
                return
            extra["ContinuationToken"] = page["NextContinuationToken"]

    def _entries(self, page: Mapping[str, Any]) -> Iterator[Entry]:
        for each in page.get("Contents", ()):
            etag, time = _quoted(each.get("ETag", "")), each["LastModified"]
            yield Entry(
                each["Key"],
                each["Size"],
                modified=time,
                created=time,
                etag=etag,
                digest=_md5(etag),
                is_dir=is_marker(each["Key"], each["Size"]),
            )

    # -- copy

    def _reaches(self, origin: Primitives) -> bool:
        return isinstance(origin, S3Storage) and self._account() == origin._account()

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        with_boto3("s3_copy").copy(
            self, origin or self, source, target, params, exclusive=exclusive
        )


def _quoted(etag: str) -> str:
    """An ETag as HTTP wants it; some services list it without its quotes."""
    return f'"{etag}"' if etag and etag[0] not in '"W' else etag


def _md5(etag: str) -> str | None:
    """The digest that a plain ETag is; a multipart upload's has a dash."""
    return f"md5:{etag[1:-1]}" if re.fullmatch(r'"[0-9a-f]{32}"', etag) else None


def _md5_of(data: bytes) -> str:
    return f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}"


class S3StaticStorage(S3Storage):
    """Static files: public, hence with links that are not signed."""

    querystring_auth = False


class S3ManifestStaticStorage(ManifestFilesMixin, S3StaticStorage):  # type: ignore[misc]  # as Django
    """Static files under names with a hash of their content."""
