"""The SDK's errors as builtin ones that name the blob, and that tell no signature."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)


class AzureStorageError(OSError, HttpResponseError):
    """An error of the service; also the SDK's, with `status_code`, `error_code`, `response`."""

    def __init__(
        self, message: str, response: Any = None, status: int | None = None, code: str | None = None
    ) -> None:
        HttpResponseError.__init__(self, message, response)
        OSError.__init__(self, message)
        self.message = message
        self.status_code = status
        self.error_code = code

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"errno": self.errno}  # which is not among the arguments
        # An answer of the SDK holds its connection: it stays here.
        return type(self), (self.args[0], None, self.status_code, self.error_code), state


class AzureFileNotFoundError(AzureStorageError, FileNotFoundError, ResourceNotFoundError): ...


class AzureContainerNotFoundError(AzureStorageError, ResourceNotFoundError):
    """No file is missing, but the place of all: not a FileNotFoundError."""


class AzureFileExistsError(AzureStorageError, FileExistsError, ResourceExistsError): ...


class AzureConflictError(AzureStorageError, ResourceExistsError):
    """The state of a blob forbids what was asked: a lease, a snapshot, a policy, a pending copy."""


class AzureReplacedError(AzureStorageError, ResourceModifiedError):
    """The blob is another version than the one that was asked for."""


class AzurePermissionError(AzureStorageError, PermissionError, ClientAuthenticationError): ...


class AzureUnavailableError(AzureStorageError, ConnectionError):
    """The service could not answer, after the SDK's own attempts."""


class AzureConnectionError(ConnectionError, ServiceRequestError):
    """The service was not reached."""


class AzureAnswerError(ConnectionError, ServiceResponseError):
    """The service was reached, and its answer was lost: what was asked for may be done."""


class BlocksLostError(AzureStorageError):
    """Another writer of the same blob was finished first, which drops the blocks of all others."""

    blocks_lost = True


# https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
STATES = {
    "SnapshotsPresent": "it has snapshots, which would be lost: delete them first",
    "LeaseIdMissing": "somebody holds a lease on it",
    "LeaseIdMismatchWithBlobOperation": "somebody holds a lease on it",
    "LeaseLost": "somebody held a lease on it",
    "BlobImmutableDueToPolicy": "an immutability policy or a legal hold protects it",
    "BlobArchived": "it is in the archive tier: rehydrate it first",
    "BlobBeingRehydrated": "it is on its way out of the archive tier",
    "PendingCopyOperation": "a copy to it is still going on",
    "InvalidBlobType": "it is a page blob or an append blob, not a block blob",
    "DirectoryIsNotEmpty": "it is a directory with files",
    "BlobNotCopied": "no copy to it is going on",
}
"""What a code says of the blob."""

NEEDED = {
    "read": "the permission r (read), or the role Storage Blob Data Reader",
    "write": "the permissions c and w (create, write), or the role Storage Blob Data Contributor",
    "delete": "the permission d (delete), or the role Storage Blob Data Contributor",
    "list": "the permission l (list) of a container's or account's signature, or the role "
    "Storage Blob Data Reader",
    "copy": "the permissions r, c and w (read, create, write), or the role Storage Blob Data "
    "Contributor",
    "sign": "the role Storage Blob Delegator on the account, beside one that may read blobs",
}
"""What each kind of request needs.

https://learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-directory-container-or-blob
"""

PINNED = {"read": "read", "delete": "moved"}
"""The kinds of requests that may be about one version of a blob, and what is done to it."""

BUSY = (408, 429)
"""Statuses below 500 that mean "try again"."""


@contextmanager
def translated(container: str, key: str, doing: str) -> Iterator[None]:
    """Raise builtin errors that name the blob, chained from the SDK's; `doing` is of `NEEDED`."""
    try:
        yield
    except (AzureStorageError, AzureConnectionError, AzureAnswerError):
        raise
    except AzureError as error:
        _forget_secrets(error)
        raise _builtin(error, container, key, doing) from error


def _builtin(error: AzureError, container: str, key: str, doing: str) -> Exception:
    if isinstance(error, HttpResponseError) and error.status_code:
        return _service_error(error, container, key, doing)
    if isinstance(error, ClientAuthenticationError):  # the token credential, or a key that is none
        return AzurePermissionError(f"No credential for Azure: {_first_line(error)}")
    if "SSLError" in type(error.inner_exception).__name__ or "CERTIFICATE_VERIFY" in str(error):
        return AzureStorageError(
            f"No trusted connection to Azure: {_first_line(error)}. For a certificate authority "
            "of your own, give its file as `connection_verify` in client_options "
            "(AZURE_CLIENT_OPTIONS)."
        )
    kind = AzureConnectionError if isinstance(error, ServiceRequestError) else AzureAnswerError
    return kind(f"The connection to Azure broke at {key!r}: {_first_line(error)}")


def _service_error(error: HttpResponseError, container: str, key: str, doing: str) -> Exception:
    status, code = int(error.status_code or 0), code_of(error)
    what = f"{key!r} in the container {container!r}"
    kind: type[AzureStorageError] = AzureStorageError
    number = None
    if code in ("ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"):
        kind, message = AzureContainerNotFoundError, f"The container {container!r} does not exist."
    elif code in STATES:
        kind, message = AzureConflictError, f"Cannot {doing} {what}: {STATES[code]}."
        number = errno.EBUSY
    elif status == 404:
        kind, message = AzureFileNotFoundError, f"{what} does not exist."
        number = errno.ENOENT
    elif status == 412 and (doing in PINNED or code == "SourceConditionNotMet"):
        done = PINNED.get(doing, "read")
        kind, message = AzureReplacedError, f"{what} was replaced while it was {done}."
        number = errno.ESTALE
    elif status == 412 or code == "BlobAlreadyExists":
        kind, message = AzureFileExistsError, f"{what} exists already."
        number = errno.EEXIST
    elif status in (401, 403):
        needs = NEEDED[doing]
        kind, message = AzurePermissionError, f"{code or status}: to {doing} {what} needs {needs}."
        number = errno.EACCES
    else:
        message = f"Cannot {doing} {what}: {status} {code}: {_first_line(error)}"
        if status in BUSY or (status >= 500 and status != 501):
            kind = AzureUnavailableError
    found = kind(message, error.response, status, code)
    found.errno = number
    return found


def code_of(error: BaseException) -> str:
    """The service's code for what went wrong, such as BlobNotFound; empty if it gave none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _first_line(error: BaseException) -> str:
    return (str(getattr(error, "message", error)).splitlines() or [""])[0].rstrip(".")


def _hide(text: str) -> str:
    return re.sub(r"\b(sig=)[^&\s'\")]+", r"\1********", text)


def _forget_secrets(error: AzureError) -> None:
    """Cut an error off from those that it came of where their texts show a signature.

    An address that the service was asked for has the signature of a SAS token in it, and so have
    the variables of the SDK's functions, tokens too: a debug page that shows them gets none.
    """
    error.__traceback__ = None
    cause = error.__cause__ or error.__context__
    while cause is not None:
        cause.__traceback__ = None
        if "sig=" in str(cause):
            error.__cause__ = error.__context__ = None
            break
        cause = cause.__cause__ or cause.__context__
    if "sig=" in str(error.args) + str(error.message):
        error.message = _hide(str(error.message))
        error.args = tuple(_hide(str(each)) for each in error.args)
