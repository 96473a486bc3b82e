"""Errors of SFTP: what the server answers and what breaks, as builtins that name the key."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 1, 2, 3, 4
"""Statuses of version 3 of the protocol, the only version that OpenSSH speaks.

https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02#section-7
"""

ERRNOS = {
    NO_SUCH_FILE: errno.ENOENT,
    PERMISSION_DENIED: errno.EACCES,
    5: errno.EINVAL,  # OpenSSH says so of names that are too long or that the disk cannot hold
    8: errno.EOPNOTSUPP,
    # Of later versions, which some servers use in version 3 too:
    11: errno.EEXIST,
    12: errno.EROFS,
    14: errno.ENOSPC,
    15: errno.EDQUOT,
    18: errno.ENOTEMPTY,
    19: errno.ENOTDIR,
    24: errno.EISDIR,
}


class HostKeyError(PermissionError):
    """The server's host key is not one that the storage trusts, and no login was tried.

    What is raised is a paramiko.BadHostKeyException, too.
    """


class LoginError(PermissionError):
    """The server did not let the user in.

    What is raised is a paramiko.AuthenticationException, too.
    """


class Refusal(Exception):  # noqa: N818 - no error yet: often it is the answer that was asked for
    """A status of the server other than success."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(code, said)
        self.code, self.said = code, said or "nothing more"


def error_of(refusal: Refusal, path: str) -> OSError:
    """The builtin error for what the server said of `path`."""
    if refusal.code == NO_SUCH_FILE:
        return FileNotFoundError(errno.ENOENT, f"{path!r} does not exist.")
    said = f"The server refused this for {path!r}: {refusal.said}."
    if refusal.code in ERRNOS:
        return OSError(ERRNOS[refusal.code], said)
    if refusal.code == FAILURE:
        said += " Is its disk full, a quota reached, or something in the way?"
    return OSError(said)


@contextmanager
def about(path: str) -> Iterator[None]:
    """Raise errors of the protocol as builtins that name `path`."""
    try:
        yield
    except Refusal as refusal:
        raise error_of(refusal, path) from None
    except TimeoutError as error:
        raise TimeoutError(f"While working on {path!r}: {error}") from error
    except ConnectionError as error:
        raise ConnectionError(f"While working on {path!r}: {error}") from error
