"""Large blobs on Azure: blocks that are staged in any order and committed at once."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, ContentSettings, StandardBlobTier
from django.core.exceptions import ImproperlyConfigured

from storages.backends.azure_errors import (
    AzureFileExistsError,
    AzureStorageError,
    BlocksLostError,
    code_of,
)

if TYPE_CHECKING:
    from storages.backends.azure_storage import AzureStorage

ID_BYTES = 48
"""Bytes of a block's id: those of most other programs, which blocks of one blob must agree on."""
ID_LENGTHS = range(16, 65)
"""Bytes of ids that have room for chance enough; 64 are the most that the service takes."""
NUMBER = 5
"""Digits of a block's number: 50,000 blocks make a blob."""

SETTINGS = (
    "content_type",
    "content_encoding",
    "content_language",
    "content_disposition",
    "cache_control",
    "content_md5",
)
"""Those of the object parameters that are headers of the blob."""

BLOCK_PARAMS = ("cpk", "encryption_scope")
"""Those that each block needs."""


class Attempts:
    """Counts what the SDK tried again: whether an earlier attempt may have been done."""

    def __init__(self) -> None:
        self.retried = False

    def __call__(self, **kwargs: Any) -> None:
        self.retried = True

    def may_be_done(self, error: OSError) -> bool:
        """Whether the request that failed may have reached the service nevertheless."""
        return self.retried or isinstance(error, ConnectionError)


def arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the SDK for a new blob with these object parameters."""
    settings = {name: params[name] for name in SETTINGS if name in params}
    others = {name: value for name, value in params.items() if name not in SETTINGS}
    return {"content_settings": ContentSettings(**settings), **with_tier(others)}


def with_tier(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with an access tier as the SDK wants it, where there is one; text will do too."""
    found = dict(params)
    if tier := found.get("standard_blob_tier"):
        try:
            found["standard_blob_tier"] = StandardBlobTier(tier)
        except ValueError as error:
            known = ", ".join(each.value for each in StandardBlobTier)
            raise ImproperlyConfigured(
                f"Azure has no standard_blob_tier {tier!r}; it has: {known}."
            ) from error
    return found


def if_match(
    etag: str | None, name: str = "etag", condition: str = "match_condition"
) -> dict[str, Any]:
    """Keyword arguments of the SDK for a request of one version of a blob."""
    return {name: etag, condition: MatchConditions.IfNotModified} if etag else {}


def decoded_md5(headers: Mapping[str, str]) -> bytes | None:
    """The MD5 of the whole blob, from the answer to a request for its first bytes."""
    found = {name.lower(): value for name, value in headers.items()}
    text = found.get("x-ms-blob-content-md5")
    return base64.b64decode(text) if text else None


class BlockUpload:
    """Blocks with ids of chance, committed only if the blob is new where it must be.

    What is never committed is invisible, and the service drops it after a week, or when the blob
    is written by somebody.
    """

    parallel = True

    def __init__(
        self, storage: AzureStorage, key: str, params: Mapping[str, Any], *, exclusive: bool
    ) -> None:
        self._storage, self._key, self._params = storage, key, params
        self._exclusive = exclusive
        self._blob = storage._blob(key)
        self._block_params = {name: params[name] for name in BLOCK_PARAMS if name in params}
        self._name = secrets.token_hex(ID_LENGTHS[-1] // 2)
        self._length = ID_BYTES
        self._ids: dict[int, str] = {}
        self._lock = threading.Lock()
        if exclusive and storage._is_taken(key):
            raise FileExistsError(f"{key!r} exists already.")  # before all of it is sent in vain

    def write(self, number: int, part: bytes) -> None:
        length = self._length
        try:
            self._stage(number, part, length)
        except AzureStorageError as error:
            if code_of(error) != "InvalidBlobOrBlock":
                raise
            self._stage(number, part, self._other_length(length))

    def _stage(self, number: int, part: bytes, length: int) -> None:
        block_id = f"{self._name[: length - NUMBER]}{number:0{NUMBER}}"
        with self._storage._translated(self._key, "write"):
            self._blob.stage_block(block_id, part, length=len(part), **self._block_params)
        with self._lock:
            self._ids[number] = block_id

    def _other_length(self, refused: int) -> int:
        """The length of the ids of those blocks that another upload left on the blob."""
        with self._lock:
            if self._length == refused:
                with self._storage._translated(self._key, "write"):
                    found = self._blob.get_block_list("uncommitted")[1]
                length = len(found[0].id.encode()) if found else refused
                if length not in ID_LENGTHS:
                    raise OSError(
                        f"{self._key!r} has blocks of another upload, whose ids leave no room for "
                        "ours. They go when that upload ends, or a week later, or when a small "
                        "file is stored under that name."
                    )
                self._length = length
            return self._length

    def finish(self) -> None:
        ids = [self._ids[number] for number in sorted(self._ids)]
        attempts = Attempts()
        try:
            self._commit(ids, attempts)
        except OSError as error:
            # The answer may have been lost on its way, after the blob was made.
            if attempts.may_be_done(error) and self._is_stored(ids):
                return
            if code_of(error) == "InvalidBlockList":
                raise self._lost() from error
            raise

    def _commit(self, ids: list[str], attempts: Attempts) -> None:
        condition = {"match_condition": MatchConditions.IfMissing} if self._exclusive else {}
        with self._storage._translated(self._key, "write"):
            self._blob.commit_block_list(
                [BlobBlock(each) for each in ids],
                retry_hook=attempts,
                **arguments(self._params),
                **condition,
            )

    def _is_stored(self, ids: list[str]) -> bool:
        """Whether the blob consists of just our blocks; no other upload has their ids."""
        try:
            with self._storage._translated(self._key, "read"):
                found = self._blob.get_block_list("committed")[0]
        except OSError:  # not there, or not to be asked
            return False
        return [each.id for each in found] == ids

    def _lost(self) -> OSError:
        if self._exclusive and self._storage._is_taken(self._key):
            return AzureFileExistsError(f"{self._key!r} exists already.")
        return BlocksLostError(
            f"{self._key!r} was written by somebody else meanwhile, and Azure then drops the "
            "blocks of all other uploads to it: nothing was stored, try again."
        )

    def abort(self) -> None:
        """Nothing to send: the service has no request that drops the blocks of one upload."""


def put_as_block(storage: AzureStorage, key: str, body: bytes, params: Mapping[str, Any]) -> None:
    """Create a small blob where Put Blob takes the blocks of another upload for a blob."""
    upload = BlockUpload(storage, key, params, exclusive=True)
    if body:
        upload.write(1, body)
    upload.finish()
