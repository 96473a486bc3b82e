"""The service's refusals as builtin errors that name the file."""

from __future__ import annotations

import errno
from functools import partial
from typing import Any, NamedTuple, TypeVar

from dropbox import files
from dropbox.exceptions import (
    ApiError,
    AuthError,
    HttpError,
    InternalServerError,
    RateLimitError,
)
from dropbox.stone_serializers import json_compat_obj_decode
from dropbox.stone_validators import ValidationError

from storages.backends.dropbox_exceptions import DropboxStorageException

E = TypeVar("E", bound=OSError)


def told(kind: type[E], number: int, text: str, **facts: Any) -> E:
    """An error that says this, with its number (of `errno`)."""
    error = kind(text)
    error.errno = number
    for name, value in facts.items():
        setattr(error, name, value)
    return error


class DropboxApiError(DropboxStorageException, ApiError):  # type: ignore[misc]  # the SDK has no types
    """The service refused; also the SDK's ApiError. `tags` say why: ("path", "not_found")."""

    tags: tuple[str, ...] = ()

    def __init__(self, message: str, request_id: str | None = None, error: Any = None) -> None:
        ApiError.__init__(self, request_id, error, None, None)
        OSError.__init__(self, message)

    def __str__(self) -> str:
        return str(self.args[0])

    __repr__ = OSError.__repr__

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"errno": self.errno, "tags": self.tags}
        return type(self), (self.args[0], self.request_id), state  # unions are not for travelling


class DropboxFileNotFoundError(DropboxApiError, FileNotFoundError): ...


class DropboxFileExistsError(DropboxApiError, FileExistsError): ...


class DropboxIsADirectoryError(DropboxApiError, IsADirectoryError): ...


class DropboxNotADirectoryError(DropboxApiError, NotADirectoryError): ...


class DropboxPermissionError(DropboxApiError, PermissionError): ...


class DropboxReplacedError(DropboxApiError):
    """The file is another revision than the one that was asked for."""


class DropboxHttpError(DropboxStorageException, HttpError):  # type: ignore[misc]  # likewise
    """What is no answer of a route; also the SDK's HttpError, with `status_code`."""

    def __init__(self, message: str, status_code: int = 0) -> None:
        HttpError.__init__(self, None, status_code, None)
        OSError.__init__(self, message)

    def __str__(self) -> str:
        return str(self.args[0])

    __repr__ = OSError.__repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.status_code), {"errno": self.errno}


class DropboxAuthError(DropboxHttpError, PermissionError, AuthError):  # type: ignore[misc]  # likewise
    """The token is not good, or not for this; `error` is the SDK's union, where there is one."""

    error: Any = None


class DropboxRateLimitError(DropboxHttpError, RateLimitError):  # type: ignore[misc]  # likewise
    """Dropbox asked to wait for longer than anybody should; `backoff` has the seconds."""

    error: Any = None
    backoff: float | None = None


class DropboxUnavailableError(DropboxHttpError, ConnectionError, InternalServerError):  # type: ignore[misc]  # likewise
    """Dropbox could not answer, several times."""


class DropboxConnectionError(DropboxStorageException, ConnectionError):
    """Dropbox was not reached, or its answer was lost: what was asked for may be done."""


class DropboxTimeoutError(DropboxStorageException, TimeoutError):
    """No answer came in time: what was asked for may be done."""


class Task(NamedTuple):
    """What is asked for, for whoever reads an error."""

    doing: str
    key: str

    def __str__(self) -> str:
        return f"{self.doing} {self.key or '/'!r}"


class Meaning(NamedTuple):
    kind: type[DropboxApiError]
    number: int
    text: str
    """With the key as {}."""


_failed = partial(Meaning, DropboxApiError)
_denied = partial(Meaning, DropboxPermissionError, errno.EACCES)
BAD_NAME = _failed(errno.EINVAL, "Dropbox does not take the name {}")
EXISTS = Meaning(DropboxFileExistsError, errno.EEXIST, "{} exists already")
NO_SPACE = _failed(errno.ENOSPC, "There is not enough space on Dropbox for {}")

# https://www.dropbox.com/developers/documentation/http/documentation#files
MEANINGS = {
    "not_found": Meaning(DropboxFileNotFoundError, errno.ENOENT, "{} does not exist"),
    "not_file": Meaning(DropboxIsADirectoryError, errno.EISDIR, "{} is a directory"),
    "not_folder": Meaning(DropboxNotADirectoryError, errno.ENOTDIR, "{} is not a directory"),
    "file": EXISTS,
    "folder": EXISTS,
    "file_ancestor": Meaning(DropboxNotADirectoryError, errno.ENOTDIR, "{} is below a file"),
    "malformed_path": BAD_NAME,
    "disallowed_name": BAD_NAME,
    "insufficient_space": NO_SPACE,
    "insufficient_quota": NO_SPACE,
    "no_write_permission": _denied("No permission to write {}"),
    "team_folder": _denied("{} is a team folder, which this must not be done to"),
    "restricted_content": _denied("{} is not given out: its content is restricted"),
    "access_restricted": _denied("{} is not given out: its content is restricted"),
    "unsupported_file": _failed(errno.EINVAL, "{} can only be exported, not downloaded"),
    "reset": _failed(errno.ESTALE, "The listing of {} was broken off by Dropbox: list it again"),
    "locked": _failed(errno.EBUSY, "{} is locked"),
}
"""What the last tag of an error means."""

NEEDED = {
    "read": "files.content.read",
    "look at": "files.metadata.read",
    "list": "files.metadata.read",
    "link to": "files.content.read",
}
"""The permission of the app that a task needs; else files.content.write."""


def tags_of(error: Any) -> tuple[str, ...]:
    """The tags of a union as JSON, from the outside."""
    tags = []
    while isinstance(error, dict) and ".tag" in error:
        tag = str(error[".tag"])
        tags.append(tag)
        error = error.get(tag, error.get("reason"))
    return (*tags, error) if isinstance(error, str) else tuple(tags)


def refusal(task: Task, route: str, answer: dict[str, Any], request_id: str | None) -> Any:
    """The error that a route answered with."""
    tags = tags_of(answer.get("error")) or (str(answer.get("error_summary", "unknown")),)
    meaning = MEANINGS.get(tags[-1])
    said = (answer.get("user_message") or {}).get("text")
    if meaning is None:
        kind, number = DropboxApiError, None
        text = f"Cannot {task}: {'/'.join(tags)}"
    else:
        kind, number = meaning.kind, meaning.number
        text = meaning.text.format(repr(task.key or "/"))
    error = kind(f"{text}.{' ' + said if said else ''}", request_id, _union(route, answer))
    error.errno, error.tags = number, tags
    return error


def _union(route: str, answer: dict[str, Any]) -> Any:
    """The error as the SDK has it."""
    found = getattr(files, route.replace("/", "_"), None)
    if found is None:
        return None
    try:
        return json_compat_obj_decode(found.error_type, answer.get("error"), strict=False)
    except (ValidationError, ValueError):  # the SDK does not know this one
        return None
