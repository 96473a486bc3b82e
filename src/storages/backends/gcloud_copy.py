"""Copies on the server: within one bucket and between those of one account."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from storages.backends.gcloud_errors import Task
from storages.backends.gcloud_upload import query
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.backends.gcloud import GoogleCloudStorage

KEPT_FIELDS = (
    "cacheControl,contentDisposition,contentEncoding,contentLanguage,contentType,customTime,"
    "metadata,generation"
)
"""What a copy gets that must say anew what it is like."""


def copy(
    storage: GoogleCloudStorage,
    origin: GoogleCloudStorage,
    source: Entry,
    target: str,
    params: Mapping[str, Any],
    *,
    exclusive: bool,
) -> None:
    """Let the service copy `source`, an object of the storage `origin`, to `storage`."""
    if exclusive and origin is not storage:  # `copy()` within one storage has looked already
        storage._check_absent(target)
    asked = query(params, exclusive=exclusive, acl="destinationPredefinedAcl")
    asked["fields"] = "done,rewriteToken"
    if source.etag:
        asked["ifSourceGenerationMatch"] = source.etag
    body = _described(origin, source, params)
    try:
        while not (answer := _rewrite(storage, origin, source, target, asked, body)).get("done"):
            asked["rewriteToken"] = answer["rewriteToken"]
    except OSError as error:  # one answer, 412, for both conditions
        if not exclusive or error.errno != errno.ESTALE or not storage._is_taken(target):
            raise
        # An attempt whose answer was lost may have copied just this.
        lost = getattr(error, "retried", False)
        if not lost or storage._stat(target).digest != source.digest:
            raise FileExistsError(f"{target!r} exists already.") from error


def _rewrite(
    storage: GoogleCloudStorage,
    origin: GoogleCloudStorage,
    source: Entry,
    target: str,
    asked: Mapping[str, Any],
    body: bytes | None,
) -> dict[str, Any]:
    """The answer to one call of those that a copy takes: one, if no bytes need to move far.

    https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
    """
    connection = storage._connection
    place = connection.object_url(storage._bucket(), target)
    task = Task("Copy", origin._bucket(), source.key)
    answer = connection.send(
        "POST",
        connection.object_url(origin._bucket(), source.key)
        + "/rewriteTo"
        + place[place.index("/b/") :],
        task,
        params=asked,
        data=body,
        headers={"Content-Type": "application/json; charset=UTF-8"},
    )
    return connection.json(answer, task, "done")


def _described(
    origin: GoogleCloudStorage, source: Entry, params: Mapping[str, Any]
) -> bytes | None:
    """What describes a copy that has a storage class of its own; else it is like its source."""
    if "storage_class" not in params:
        return None
    kept = origin._resource(source.key, KEPT_FIELDS)
    kept.pop("generation")
    return json.dumps({**kept, "storageClass": params["storage_class"]}).encode()
