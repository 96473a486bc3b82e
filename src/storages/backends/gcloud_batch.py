"""Deletions on Google Cloud Storage, many of them in one request.

https://cloud.google.com/storage/docs/batch
"""

from __future__ import annotations

import email
import re
import secrets
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from storages.backends.gcloud_errors import (
    RETRIED,
    GCSError,
    GCSUnavailableError,
    Patience,
    Task,
    refusal,
)

if TYPE_CHECKING:
    from storages.backends.gcloud_client import Connection

LIMIT = 100
"""Requests that one batch holds."""


def delete_batch(connection: Connection, bucket: str, keys: Sequence[str]) -> None:
    """Delete up to `LIMIT` objects; absent ones are fine. An error names the first that failed.

    The SDK's own batches tell of the last failure only, or of none, and never try again.
    """
    patience = Patience()  # with single deletions; that with whole requests is of send()
    left = list(keys)
    while left := _delete(connection, bucket, left):
        patience.wait(
            GCSUnavailableError(
                f"{len(left)} objects could not be deleted, the first is {left[0]!r}: the "
                "service is too busy.",
                503,
            )
        )


def _delete(connection: Connection, bucket: str, keys: Sequence[str]) -> list[str]:
    """Ask once, and return the keys that the service was too busy for."""
    errors = []
    busy = []
    for key, answer in zip(keys, _ask(connection, bucket, keys), strict=True):
        if answer.status_code in RETRIED:
            busy.append(key)
        elif answer.status_code not in (200, 204):
            error = refusal(answer, Task("Deletion", bucket, key))
            if not isinstance(error, FileNotFoundError):
                errors.append(error)
    if not errors:
        return busy
    first = errors[0]
    if len(errors) > 1 and isinstance(first, GCSError):
        text = f"{len(errors)} objects could not be deleted, the first: {first}"
        raise type(first)(text, first.code, first.errors)
    raise first


def _ask(connection: Connection, bucket: str, keys: Sequence[str]) -> list[Any]:
    """The answers to the deletions of `keys`, in their order."""
    boundary = f"=={secrets.token_hex(16)}=="
    start = len(connection.base)
    parts = [
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n"
        f"DELETE {connection.object_url(bucket, key)[start:]} HTTP/1.1\r\n\r\n\r\n"
        for number, key in enumerate(keys)
    ]
    answer = connection.send(
        "POST",
        f"{connection.base}/batch/storage/v1",
        Task("Deletion", bucket, keys[0]),
        data=f"{''.join(parts)}--{boundary}--\r\n".encode(),
        headers={"Content-Type": f'multipart/mixed; boundary="{boundary}"'},
    )
    found = dict(_answers(answer))
    if len(found) != len(keys):
        raise OSError(f"The answer to {len(keys)} deletions has {len(found)} parts.")
    return [found[number] for number in range(len(keys))]


def _answers(answer: Any) -> Iterator[tuple[int, Any]]:
    """The number of each part of an answer, and the part as an answer of its own."""
    head = f"Content-Type: {answer.headers.get('Content-Type', '')}\r\n\r\n"
    message = email.message_from_bytes(head.encode() + answer.content)
    for place, part in enumerate(message.get_payload() if message.is_multipart() else ()):
        numbered = re.fullmatch(r"<response-(\d+)>", part.get("Content-ID", "").strip())
        text = part.get_payload(decode=True)
        status = re.match(rb"HTTP/\S+ (\d{3})", text)
        body = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[-1]
        yield (
            int(numbered[1]) if numbered else place,
            SimpleNamespace(
                status_code=int(status[1]) if status else 500,
                content=body,
                text=body.decode(errors="replace"),
            ),
        )
