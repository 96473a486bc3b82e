"""Large objects on S3: multipart uploads."""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from storages.backends.s3_client import S3Error, S3FileNotFoundError, translated
from storages.options import GivenOptions

if TYPE_CHECKING:
    from storages.backends.s3 import S3Storage


def crc32(data: bytes) -> str:
    """A CRC-32 as S3 writes it: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Checksum.html"""
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def only(client: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `params` that an operation takes."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    return {name: value for name, value in params.items() if name in members}


def may_be_done(error: OSError) -> bool:
    """Whether an earlier attempt of the failed request may have reached the service."""
    if isinstance(error, ConnectionError) or not isinstance(error, S3Error):
        return True
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts"))


class MultipartUpload:
    """A multipart upload; complete only with `IfNoneMatch` where the object must be new."""

    parallel = True

    def __init__(
        self, storage: S3Storage, key: str, params: Mapping[str, Any], *, exclusive: bool = False
    ) -> None:
        self._storage, self._client, self._key = storage, storage._client, key
        self._exclusive = exclusive
        self._target = {"Bucket": storage._bucket(), "Key": key}
        self._parts: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()
        # What only PutObject takes goes; what neither takes stays, for botocore to refuse it.
        misplaced = (
            only(self._client, "PutObject", params).keys()
            - only(self._client, "CreateMultipartUpload", params).keys()
        )
        created = GivenOptions((k, v) for k, v in params.items() if k not in misplaced)
        with self._translated():
            begun = self._client.create_multipart_upload(**self._target, **created)
        self._target["UploadId"] = begun["UploadId"]
        self._params = only(self._client, "UploadPart", params)
        # The part's checksum is ours where the whole upload's is CRC32, as botocore makes it.
        self._sums = storage._sends_checksums(params)

    def _translated(self) -> Any:
        return translated(self._target["Bucket"], self._key)

    def write(self, number: int, part: bytes) -> None:
        sums = {"ChecksumCRC32": crc32(part)} if self._sums else {}
        with self._translated():
            answer = self._client.upload_part(
                **self._target, PartNumber=number, Body=part, **sums, **self._params
            )
        self._add(number, answer)

    def copy(self, number: int, source: Mapping[str, Any], start: int, stop: int) -> None:
        """Let the service copy a range of another object as part `number`."""
        place = source["CopySource"]
        with translated(place["Bucket"], place["Key"]):
            answer = self._client.upload_part_copy(
                **self._target,
                PartNumber=number,
                CopySourceRange=f"bytes={start}-{stop - 1}",
                **source,
                **only(self._client, "UploadPartCopy", self._params),
            )
        self._add(number, answer["CopyPartResult"])

    def _add(self, number: int, answer: Mapping[str, Any]) -> None:
        kept = {k: v for k, v in answer.items() if k == "ETag" or k.startswith("Checksum")}
        kept.pop("ChecksumType", None)
        with self._lock:
            self._parts[number] = {"PartNumber": number, **kept}

    def finish(self) -> None:
        parts = [self._parts[number] for number in sorted(self._parts)]
        if self._exclusive:
            self._storage._check_absent(self._key)
        try:
            self._storage._create(partial(self._complete, parts), self._exclusive)
        except OSError as error:
            # The answer may have been lost on its way, after the object was made.
            if not may_be_done(error) or not self._is_stored(parts):
                raise

    def _complete(self, parts: list[dict[str, Any]], **condition: str) -> None:
        with self._translated():
            self._client.complete_multipart_upload(
                **self._target,
                MultipartUpload={"Parts": parts},
                **condition,
                **only(self._client, "CompleteMultipartUpload", self._params),
            )

    def _is_stored(self, parts: list[dict[str, Any]]) -> bool:
        try:
            digests = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts)
            found = self._storage._stat(self._key).etag
        except (OSError, ValueError):  # not there or not to be asked; ETags that are no MD5
            return False
        whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        return found == f'"{whole}-{len(parts)}"'

    def abort(self) -> None:
        try:
            with self._translated():
                self._client.abort_multipart_upload(**self._target)
        except S3FileNotFoundError:
            pass  # it has gone already
