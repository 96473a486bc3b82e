"""Copies on the server: by one request, and in parts where an object is more than 5 GB."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from storages.backends.s3_client import translated
from storages.backends.s3_upload import MultipartUpload, only
from storages.entry import Entry
from storages.options import GivenOptions
from storages.transfer import MiB, abort_surely, submit

if TYPE_CHECKING:
    from storages.backends.s3 import S3Storage

COPY_PART = 512 * MiB
"""Bytes of each range that a multipart copy asks the service to copy; 10,000 hold 5 TB."""

COPIED_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Metadata",
    "WebsiteRedirectLocation",
)

NOT_COPIED = {*COPIED_HEADERS, "Expires", "Tagging", "ChecksumAlgorithm"}
"""CopyObject takes these from its source."""

OF_SOURCE = {
    "SSECustomerAlgorithm": "CopySourceSSECustomerAlgorithm",
    "SSECustomerKey": "CopySourceSSECustomerKey",
    "SSECustomerKeyMD5": "CopySourceSSECustomerKeyMD5",
    "ExpectedBucketOwner": "ExpectedSourceBucketOwner",
    "RequestPayer": "RequestPayer",
}
"""What copying calls the parameters that reading its source takes."""


def copy(
    storage: S3Storage,
    origin: S3Storage,
    source: Entry,
    target: str,
    params: Mapping[str, Any],
    *,
    exclusive: bool,
) -> None:
    """Let the service copy `source`, an object of the storage `origin`, to `storage`."""
    if exclusive and origin is not storage:  # `copy()` within one storage has looked already
        storage._check_absent(target)
    if source.size > storage.copy_limit:
        _copy_in_parts(storage, origin, source, target, params, exclusive=exclusive)
        return
    send = partial(_copy_whole, storage, origin, source, target, params)
    try:
        storage._create(send, exclusive)
    except OSError as error:  # one answer, 412, for both conditions
        if exclusive and error.errno == errno.ESTALE and storage._is_taken(target):
            raise FileExistsError(f"{target!r} exists already.") from error
        raise


def _copy_whole(
    storage: S3Storage,
    origin: S3Storage,
    source: Entry,
    target: str,
    params: Mapping[str, Any],
    **condition: str,
) -> None:
    kept = {name: value for name, value in params.items() if name not in NOT_COPIED}
    given = only(storage._client, "CopyObject", kept) | _source(origin, source)
    with translated(origin._bucket(), source.key):
        storage._client.copy_object(
            Bucket=storage._bucket(), Key=target, **GivenOptions(given), **condition
        )


def _source(origin: S3Storage, source: Entry) -> dict[str, Any]:
    """The version to copy, and what reading it takes, such as the key that it is encrypted with."""
    reading = origin._read_params(source.key)
    found = {OF_SOURCE[name]: value for name, value in reading.items()}
    found["CopySource"] = {"Bucket": origin._bucket(), "Key": source.key}
    return found | ({"CopySourceIfMatch": source.etag} if source.etag else {})


def _copy_in_parts(
    storage: S3Storage,
    origin: S3Storage,
    source: Entry,
    target: str,
    params: Mapping[str, Any],
    *,
    exclusive: bool,
) -> None:
    """Copy an object that is too large for CopyObject, on the server and in parallel.

    Headers and metadata are kept; tags are those of `params`.
    """
    kept = _headers(origin, source)
    upload = MultipartUpload(storage, target, GivenOptions(params, **kept), exclusive=exclusive)
    try:
        _copy_ranges(upload, source, GivenOptions(_source(origin, source)))
        upload.finish()
    except BaseException:
        abort_surely(upload)
        raise


def _copy_ranges(upload: MultipartUpload, source: Entry, pinned: Mapping[str, Any]) -> None:
    """Several ranges at once; when all have ended, the first error is raised."""
    parts = [
        submit(upload.copy, number, pinned, start, min(start + COPY_PART, source.size))
        for number, start in enumerate(range(0, source.size, COPY_PART), 1)
    ]
    errors = [error for part in parts if (error := part.exception())]
    if errors:
        raise errors[0]


def _headers(origin: S3Storage, source: Entry) -> dict[str, Any]:
    """The parameters of the source that a new object is to have; OSError if it was replaced."""
    with translated(origin._bucket(), source.key):
        head = origin._client.head_object(
            Bucket=origin._bucket(), Key=source.key, **origin._read_params(source.key)
        )
    if source.etag and origin._entry(source.key, head, source.size).etag != source.etag:
        raise OSError(errno.ESTALE, f"{source.key!r} was replaced before it was copied.")
    return {name: head[name] for name in COPIED_HEADERS if name in head}
