"""Copies on the server, within one account."""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from azure.core import MatchConditions

from storages.backends.azure_errors import AzureFileExistsError, AzureReplacedError
from storages.backends.azure_upload import Attempts, if_match, with_tier
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.backends.azure_storage import AzureStorage

PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between the looks at a copy that takes its time; the last one again and again."""

COPY_PARAMS = ("tags", "standard_blob_tier", "immutability_policy", "legal_hold")
"""The object parameters that a copy needs as well; it takes the others from its source."""


def copy(
    storage: AzureStorage,
    origin: AzureStorage,
    source: Entry,
    target: str,
    params: Mapping[str, Any],
    *,
    exclusive: bool,
) -> None:
    """Copy a version of a blob of the storage `origin`, with its headers and metadata.

    The request's own credential is good for the source too, which is in the same account; only a
    SAS token has to be in the address.
    """
    blob, attempts = storage._blob(target), Attempts()
    try:
        with origin._translated(source.key, "copy"):
            answer = blob.start_copy_from_url(
                _address(origin, source.key),
                retry_hook=attempts,
                **_conditions(source, exclusive),
                **with_tier({name: params[name] for name in COPY_PARAMS if name in params}),
            )
    except OSError as error:
        _judge(storage, origin, error, attempts, source, target, exclusive)
        return
    if answer["copy_status"] != "success":
        _wait(storage, blob, source, target, answer)


def _address(storage: AzureStorage, key: str) -> str:
    """Where a source is; with the signature, where that is the credential."""
    url: str = storage._blob(key).url.partition("?")[0]
    signature = storage._connection.account.signature
    return f"{url}?{signature}" if signature else url


def _conditions(source: Entry, exclusive: bool) -> dict[str, Any]:
    found: dict[str, Any] = if_match(source.etag, "source_etag", "source_match_condition")
    if exclusive:
        found["match_condition"] = MatchConditions.IfMissing
    return found


def _judge(
    storage: AzureStorage,
    origin: AzureStorage,
    error: OSError,
    attempts: Attempts,
    source: Entry,
    target: str,
    exclusive: bool,
) -> None:
    """Raise what the failure of a copy means; return if the copy was made nevertheless.

    Only an exclusive copy can have been refused because of itself, after its answer was lost.
    """
    refused = isinstance(error, FileExistsError | AzureReplacedError)
    if exclusive and refused and attempts.retried and _is_copy(storage, origin, source, target):
        return
    # One status, 412, for both conditions.
    if exclusive and refused and storage._is_taken(target):
        raise AzureFileExistsError(f"{target!r} exists already.") from error
    if isinstance(error, FileExistsError):
        replaced = AzureReplacedError(f"{source.key!r} was replaced while it was copied.")
        replaced.errno = errno.ESTALE
        raise replaced from error
    raise error


def _is_copy(storage: AzureStorage, origin: AzureStorage, source: Entry, target: str) -> bool:
    """Whether the target is a finished copy of this very version of the source.

    Times have whole seconds: where there is no digest, a copy of the same second is in doubt.
    """
    try:
        with storage._translated(target, "read"):
            found = storage._blob(target).get_blob_properties()
    except OSError:
        return False
    path = urlsplit(_address(origin, source.key)).path
    if unquote(urlsplit(found.copy.source or "").path) != unquote(path):
        return False
    if found.copy.status != "success" or found.size != source.size:
        return False
    if source.digest:
        md5 = bytes(found.content_settings.content_md5 or b"").hex()
        return source.digest == f"md5:{md5}"
    done, modified = found.copy.completion_time, source.modified
    return bool(done and modified and done > modified)


def _wait(
    storage: AzureStorage, blob: Any, source: Entry, target: str, answer: Mapping[str, Any]
) -> None:
    """Until a copy is done; one that fails, or is not waited for, leaves no half blob."""
    pauses = iter(PAUSES)
    pause = PAUSES[-1]
    try:
        while True:
            pause = next(pauses, pause)
            time.sleep(pause)
            with storage._translated(target, "read"):
                found = blob.get_blob_properties().copy
            if found.status == "success":
                return
            if found.status != "pending":
                raise OSError(
                    f"The copy of {source.key!r} to {target!r} failed: {found.status_description}"
                )
    except BaseException:
        _undo(blob, answer)
        raise


def _undo(blob: Any, answer: Mapping[str, Any]) -> None:
    """Stop a copy, and delete the empty blob that it leaves."""
    from azure.core.exceptions import AzureError

    with suppress(AzureError):  # the error that led here is on its way to the caller
        blob.abort_copy(answer["copy_id"])
    with suppress(AzureError):
        found = blob.get_blob_properties()
        if found.copy.id == answer["copy_id"] and found.copy.status != "success":
            blob.delete_blob(**if_match(found.etag))
