"""Errors of FTP: builtins that name the file, and never the password."""

from __future__ import annotations

import ftplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from storages.backends.ftp_location import Location
from storages.options import HIDDEN

UNKNOWN = frozenset({500, 502, 504})
"""Replies to a command that the server does not have."""

REFUSED = frozenset({450, 501, 521, 550, 553})
"""Replies to a command that it will not do with this file: only asking further tells why."""

LOST = frozenset({421, 425, 426})
"""Replies after which the transfer, or all of the connection, has to begin anew."""

_denied = re.compile(r"permission|denied|privilege|not allowed|not permitted|forbidden", re.I)
_missing = re.compile(r"no such|not found|not exist|cannot find", re.I)


class FTPStorageException(OSError):  # noqa: N818 - the name that projects catch
    """What went wrong with the server; the builtin errors below are it, too."""


class FTPFileNotFoundError(FTPStorageException, FileNotFoundError): ...


class FTPFileExistsError(FTPStorageException, FileExistsError): ...


class FTPIsADirectoryError(FTPStorageException, IsADirectoryError): ...


class FTPNotADirectoryError(FTPStorageException, NotADirectoryError): ...


class FTPPermissionError(FTPStorageException, PermissionError): ...


class FTPLoginError(FTPPermissionError):
    """The server did not let the user in."""


class FTPConnectionError(FTPStorageException, ConnectionError): ...


class FTPTimeoutError(FTPStorageException, TimeoutError): ...


class Refusal(FTPStorageException):
    """A reply of the server, where no other error says it better."""

    code: int = 0
    """Its three digits; 0 if they are none."""

    said: str = ""
    """All of it."""

    @property
    def denied(self) -> bool:
        """Whether it says that the file is there, but not for us."""
        return bool(_denied.search(self.said)) and not _missing.search(self.said)


def refusal(task: str, reply: str) -> FTPStorageException:
    """The error that a reply is."""
    code = int(reply[:3]) if reply[:3].isdecimal() else 0
    if not code or code in LOST:
        return FTPConnectionError(f"{task} broke: {reply}")
    error = Refusal(f"{task} failed: {reply}")
    error.code, error.said = code, reply
    return error


@contextmanager
def translated(task: str, location: Location, encoding: str) -> Iterator[None]:
    """Raise what ftplib and sockets raise as errors that tell what was tried.

    Nothing shows the password: neither the message nor what led to it.
    """
    try:
        yield
        return
    except ftplib.Error as error:
        reply = str(error).encode("latin-1").decode(encoding, "replace")
        if location.password:
            reply = reply.replace(location.password, HIDDEN)
        failure = refusal(task, reply)
        error.args = ()
        cause: Exception = error
    except TimeoutError as error:
        failure = FTPTimeoutError(f"{task} broke: {location.server} did not answer in time.")
        cause = error
    except ssl.SSLCertVerificationError as error:
        failure = FTPStorageException(
            f"{task} failed: the certificate of {location.server} is not trusted: "
            f"{error.verify_message} For an authority of your own, give its file as ca_file "
            "(FTP_CA_FILE)."
        )
        cause = error
    except (EOFError, OSError) as error:
        failure = FTPConnectionError(f"{task} broke: {reason(error)} ({location.server})")
        cause = error
    cause.__traceback__ = None  # whose frames hold what was sent
    raise failure from None


def reason(error: BaseException) -> str:
    """What an error of a socket or of TLS says."""
    if isinstance(error, EOFError):
        return "the server hung up"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
