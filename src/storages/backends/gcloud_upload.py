"""What is sent to Google Cloud Storage: objects in one request or in parts, and batches."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import google_crc32c

from storages.backends.gcloud_client import Connection
from storages.backends.gcloud_errors import (
    GCSError,
    Patience,
    Task,
    refusal,
    strange,
    translated,
)
from storages.backends.gcloud_options import UNIT, resource_of

if TYPE_CHECKING:
    from storages.backends.gcloud import GoogleCloudStorage

ABORTED = (499, 200, 204, 404, 410, 501)
"""The answers to the end of an upload: Google's own, those of emulators, one of which cannot end
any, and those of who has forgotten it already."""

GOES_ON = 308

ANY = "application/octet-stream"
"""The type of an object is in what describes it, which no odd character can break."""


class Checksum:
    """A CRC-32C as far as it is fast here, and else an MD5; the service checks either."""

    name = "crc32c" if google_crc32c.implementation == "c" else "md5"
    field = "crc32c" if name == "crc32c" else "md5Hash"

    def __init__(self, data: bytes = b"") -> None:
        crc = self.name == "crc32c"
        self._sum: Any = google_crc32c.Checksum() if crc else hashlib.md5(usedforsecurity=False)
        self._sum.update(data)

    def update(self, data: bytes) -> None:
        self._sum.update(data)

    def __str__(self) -> str:
        return base64.b64encode(self._sum.digest()).decode()


class Crc32c:
    """A CRC-32C with the methods of hash objects."""

    def __init__(self) -> None:
        self._sum: Any = google_crc32c.Checksum()

    def update(self, data: bytes) -> None:
        self._sum.update(data)

    def hexdigest(self) -> str:
        return str(self._sum.digest().hex())


def query(params: Mapping[str, Any], *, exclusive: bool, acl: str = "predefinedAcl") -> Any:
    """The query of a request that makes an object."""
    found: dict[str, Any] = {"fields": "generation", "prettyPrint": "false"}
    if params.get("acl"):
        found[acl] = params["acl"]
    if exclusive:
        found["ifGenerationMatch"] = 0
    return found


def related(resource: Mapping[str, Any], body: bytes) -> tuple[bytes, str]:
    """An object and what describes it as one request body, and the body's content type.

    https://cloud.google.com/storage/docs/uploading-objects-from-memory
    """
    boundary = f"=={secrets.token_hex(16)}=="
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
        f"{json.dumps(resource)}\r\n--{boundary}\r\nContent-Type: {ANY}\r\n\r\n"
    )
    whole = b"".join((head.encode(), body, f"\r\n--{boundary}--".encode()))
    return whole, f'multipart/related; boundary="{boundary}"'


def is_stored(storage: GoogleCloudStorage, key: str, checksum: Checksum, size: int) -> bool:
    """Whether the object at `key` has this content, after an answer about it was lost."""
    try:
        found = storage._resource(key)
    except OSError:
        return False
    return found.get(Checksum.field) == str(checksum) and int(found["size"]) == size


class ResumableUpload:
    """A resumable upload. A part that is no multiple of 256 KiB is the last: it waits for the end.

    https://cloud.google.com/storage/docs/performing-resumable-uploads
    """

    parallel = False

    def __init__(
        self,
        storage: GoogleCloudStorage,
        key: str,
        params: Mapping[str, Any],
        *,
        exclusive: bool = False,
    ) -> None:
        self._storage, self._key = storage, key
        self._connection: Connection = storage._connection
        self._task = Task("Upload", storage._bucket(), key)
        self._checksum = Checksum()
        self._last = b""
        self._sent = 0  # bytes that the service has
        self._lost = False  # whether a request got no answer
        resource = {"name": key, **resource_of(params)}
        answer = self._connection.send(
            "POST",
            self._connection.bucket_url(storage._bucket(), "/upload"),
            self._task,
            params={"uploadType": "resumable", **query(params, exclusive=exclusive)},
            data=json.dumps(resource).encode(),
            headers={"Content-Type": "application/json; charset=UTF-8"},
            good=(200, 201),
        )
        self._session: str | None = answer.headers.get("Location")
        if not self._session:
            raise strange(self._task, self._connection.base)

    def write(self, number: int, part: bytes) -> None:
        if self._last:
            raise OSError(f"A part of {self._key!r} that is no multiple of 256 KiB was not last.")
        self._checksum.update(part)
        if len(part) % UNIT:
            self._last = part
        else:
            self._send(part, "*")

    def finish(self) -> None:
        total = self._sent + len(self._last)
        try:
            self._send(self._last, str(total))
        except GCSError:
            # The answer may have been lost on its way, after the object was made.
            if not self._lost or not is_stored(self._storage, self._key, self._checksum, total):
                raise
        self._session = None

    def _send(self, part: bytes, total: str) -> None:
        """Have the service take all of `part`; it says how much it has where an answer was lost."""
        start, stop = self._sent, self._sent + len(part)
        patience, sure = Patience(), True
        while True:
            with translated(self._task, self._connection.base, patience):
                rest = part[self._sent - start :] if sure else b""
                answer = self._put(rest, f"{self._sent}-{stop - 1}" if rest else "*", total)
                done = answer.status_code != GOES_ON
                if done and total != "*":
                    self._connection.json(answer, self._task, "generation")
                taken = stop if done else _taken(answer)
                if not start <= taken <= stop:
                    raise OSError(f"The service lost a part of the upload of {self._key!r}.")
                if taken > self._sent:
                    patience = Patience()
                elif not done and (sure or taken == stop):
                    raise ConnectionError(f"The service takes no more of {self._key!r}.")
                self._sent, sure = taken, True
                if done or (taken == stop and total == "*"):
                    return
                continue
            sure, self._lost = False, True

    def _put(self, data: bytes, place: str, total: str) -> Any:
        headers = {"Content-Range": f"bytes {place}/{total}"}
        if total != "*":
            headers["X-Goog-Hash"] = f"{Checksum.name}={self._checksum}"
        answer = self._connection.request("PUT", str(self._session), data=data, headers=headers)
        if answer.status_code not in (200, 201, GOES_ON):
            raise refusal(answer, self._task)
        return answer

    def abort(self) -> None:
        self._last = b""
        if self._session is None:
            return
        # If the service is away, whoever aborts tries again later.
        self._connection.send(
            "DELETE", self._session, self._task, good=ABORTED, patience=Patience(broken=False)
        )
        self._session = None


def _taken(answer: Any) -> int:
    """How many bytes of an upload the service has, by its answer."""
    found = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
    return int(found[1]) + 1 if found else 0
