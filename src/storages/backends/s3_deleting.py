"""Deletion of many S3 objects: a thousand by one request, several requests at once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from storages.backends.s3_client import translated

if TYPE_CHECKING:
    from storages.backends.s3 import S3Storage

BATCH = 1000
"""Keys of one DeleteObjects request.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

has_no_xml = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search
"""Whether a key holds a character that no XML 1.0 document can hold, not even escaped."""


def delete_batches(storage: S3Storage, keys: list[str]) -> None:
    """Delete keys that XML can hold; one error for all that could not be deleted."""
    batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]

    def delete(batch: list[str]) -> list[dict[str, Any]]:
        wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
        with translated(storage._bucket(), f"{len(batch)} objects"):
            answer = storage._client.delete_objects(Bucket=storage._bucket(), Delete=wanted)
        found: list[dict[str, Any]] = answer.get("Errors", [])
        return found

    with ThreadPoolExecutor(max(1, min(storage.most_in_flight, len(batches)))) as pool:
        errors = [error for found in pool.map(delete, batches) for error in found]
    if errors:
        first = f"{errors[0].get('Key')!r}: {errors[0].get('Message')}"
        kind = PermissionError if errors[0].get("Code") == "AccessDenied" else OSError
        raise kind(f"{len(errors)} objects could not be deleted, the first is {first}")
