"""What clients are told when a storage refuses or fails."""

from __future__ import annotations

import errno
import functools
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.core.exceptions import SuspiciousFileOperation
from pyftpdlib.exceptions import FilesystemError

logger = logging.getLogger("django_ftpserver")

S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")

BY_KIND: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "No such file or directory"),
    (FileExistsError, "There is a file or directory of that name"),
    (IsADirectoryError, "It is a directory"),
    (NotADirectoryError, "It is not a directory"),
    (PermissionError, "The storage does not permit it"),
    (SuspiciousFileOperation, "That is no name for a file"),
    (NotImplementedError, "The storage cannot do that"),
    (TimeoutError, "The storage does not answer; try again later"),
    (ConnectionError, "The storage cannot be reached; try again later"),
)
"""They tell nothing of the storage behind: its own texts are for the log. pyftpdlib ends them."""

BY_NUMBER = {
    errno.ENOTEMPTY: "The directory is not empty",
    errno.ENOSPC: "The storage is full",
    errno.EDQUOT: "The storage is full",
    errno.ENAMETOOLONG: "The name is too long",
    errno.ESTALE: "The file was replaced meanwhile",
}


def explain(error: Exception) -> str:
    """A sentence for the client, without its full stop.

    What nobody expects goes to the log, with its traceback.
    """
    if isinstance(error, FilesystemError):
        return str(error)
    number = getattr(error, "errno", None)
    if number in BY_NUMBER:
        return BY_NUMBER[number]
    for kind, text in BY_KIND:
        if isinstance(error, kind):
            logger.info("%s: %s", text, error)
            return text
    logger.error("A storage failed: %s", error, exc_info=error)
    return "The storage failed"


def answered(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Makes a FilesystemError of whatever a storage raises: anything else ends the session."""

    @functools.wraps(method)
    def call(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            raise FilesystemError(explain(error)) from error

    return cast(Callable[Concatenate[S, P], T], call)


def refused(name: str) -> Callable[..., Any]:
    """A method that does nothing but refuse."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise FilesystemError("The storage cannot do that")

    refuse.__name__ = name
    return refuse
