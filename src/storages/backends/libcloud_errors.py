"""Libcloud's errors as builtin ones that name the file, judged by what the server answered."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from django.core.exceptions import ImproperlyConfigured
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError, LibcloudError
from libcloud.storage.types import (
    ContainerDoesNotExistError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
)

if TYPE_CHECKING:
    from storages.backends.libcloud_drivers import Lent


class LibCloudStorageError(OSError, LibcloudError):
    """An error of the service; also Libcloud's, with the HTTP status where there was one."""

    def __init__(self, message: str, key: str = "", status: int | None = None) -> None:
        OSError.__init__(self, message)
        self.value = message
        self.driver = None
        self.object_name = key
        self.status = status

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"errno": self.errno}  # which is not among the arguments
        return type(self), (self.value, self.object_name, self.status), state


class LibCloudFileNotFoundError(
    LibCloudStorageError, FileNotFoundError, ObjectDoesNotExistError
): ...


class LibCloudFileExistsError(LibCloudStorageError, FileExistsError): ...


class LibCloudPermissionError(LibCloudStorageError, PermissionError, InvalidCredsError): ...


class LibCloudReplacedError(LibCloudStorageError):
    """The object is another version than the one that was asked for."""


class LibCloudMismatchError(LibCloudStorageError, ObjectHashMismatchError):
    """What the service stored is not what was sent."""


class LibCloudUnavailableError(LibCloudStorageError, ConnectionError):
    """The service could not answer."""


class LibCloudContainerError(ImproperlyConfigured, ContainerDoesNotExistError):
    """No file is missing, but the place of all."""

    def __init__(self, container: str) -> None:
        message = (
            f"The container {container!r} does not exist: create it once, by "
            f"storage.driver.create_container({container!r}) for example, or correct 'bucket'."
        )
        Exception.__init__(self, message)
        self.value = message
        self.driver = None
        self.container_name = container

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.container_name,)


CERTIFICATES = (
    "Let the environment variable SSL_CERT_FILE name a file of CA certificates, or set "
    "libcloud.security.CA_CERTS_PATH to one."
)

BUSY = (408, 429)
"""Statuses below 500 that mean "try again"."""


@contextmanager
def translated(key: str, doing: str, lent: Lent | None) -> Iterator[None]:
    """Raise builtin errors that name the file; `doing` is what was being done to it.

    Libcloud's classes say little, so the first status that refused something decides. Nothing of
    Libcloud or requests is chained: what they say shows addresses with signatures in them, and
    a debug page would show their variables.
    """
    try:
        yield
        return
    except (LibCloudStorageError, LibCloudContainerError):
        raise
    except Exception as error:
        found = builtin(error, key, doing, lent)
        if found is None:
            raise
    raise found from None


def builtin(error: Exception, key: str, doing: str, lent: Lent | None) -> Exception | None:
    """The error to raise instead of `error`; None if that is not about the service."""
    failed = lent.failed if lent is not None else None
    container = lent.bucket if lent is not None else ""
    if isinstance(error, ContainerDoesNotExistError):
        return LibCloudContainerError(container)
    if isinstance(error, ObjectHashMismatchError):
        return LibCloudMismatchError(f"The service stored {key!r} other than it was sent.", key)
    if failed is not None:
        return of_status(failed.status, key, doing, container, first_line(error))
    if isinstance(error, InvalidCredsError):
        return of_status(401, key, doing, container, "")
    if isinstance(error, ObjectDoesNotExistError):
        return of_status(404, key, doing, container, "")
    if isinstance(error, BaseHTTPError):
        return of_status(int(error.code), key, doing, container, first_line(error))
    if isinstance(error, LibcloudError):
        return LibCloudStorageError(f"Cannot {doing} {key!r}: {first_line(error)}", key)
    if isinstance(error, OSError):
        return _of_connection(error, key, doing)
    return None


def of_status(status: int, key: str, doing: str, container: str, said: str) -> Exception:
    """The error for an HTTP status that refused to do something to a file."""
    what = f"{key!r} in the container {container!r}"
    kind: type[LibCloudStorageError] = LibCloudStorageError
    number = None
    if status == 404 and doing in ("create", "write", "list"):
        return LibCloudContainerError(container)
    if 300 <= status < 400:
        cure = "correct 'host', 'port', 'secure' or 'region'"
        return ImproperlyConfigured(f"Cannot {doing} {what}: {said}; {cure} of the provider.")
    if status == 404:
        kind, message, number = LibCloudFileNotFoundError, f"{what} does not exist.", errno.ENOENT
    elif status in (409, 412) and doing == "create":
        kind, message, number = LibCloudFileExistsError, f"{what} exists already.", errno.EEXIST
    elif status in (401, 403):
        kind, number = LibCloudPermissionError, errno.EACCES
        message = (
            f"{status}: the service refuses to {doing} {what}. Check 'user' and 'key' of the "
            "provider, and what they may do."
        )
    else:
        message = f"Cannot {doing} {what}: {status}: {said}"
        if status in BUSY or (status >= 500 and status != 501):
            kind = LibCloudUnavailableError
    found = kind(message, key, status)
    found.errno = number
    return found


def _of_connection(error: OSError, key: str, doing: str) -> Exception | None:
    if isinstance(error, requests.exceptions.Timeout):
        return TimeoutError(f"The server did not answer in time, to {doing} {key!r}.")
    if isinstance(error, requests.exceptions.SSLError):
        return LibCloudStorageError(
            f"No trusted connection to the server: {_reason(error)}. {CERTIFICATES}", key
        )
    if isinstance(error, requests.exceptions.RequestException):
        return ConnectionError(f"The connection broke, to {doing} {key!r}: {_reason(error)}.")
    if "CA certificate" in str(error):
        return ImproperlyConfigured(f"{first_line(error)}. {CERTIFICATES}")
    return None


def _reason(error: BaseException) -> str:
    """The innermost of what an error came of, without addresses."""
    seen = 0
    while (inner := _inner(error)) is not None and seen < 10:
        error, seen = inner, seen + 1
    return f"{type(error).__name__}: {first_line(error)}"


def _inner(error: BaseException) -> BaseException | None:
    found: Any = getattr(error, "reason", None)
    if isinstance(found, BaseException):
        return found
    return next((each for each in error.args if isinstance(each, BaseException)), None)


def first_line(error: BaseException) -> str:
    """What an error says, in one line, without the query of an address and without objects."""
    text = str(getattr(error, "value", None) or getattr(error, "message", None) or error)
    line = (text.strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"\?[^\s'\"]*", "", re.sub(r"<[\w.]+ object at \w+>:? ?", "", line)).rstrip(".")
