"""What cures an error that a storage raises: the part that is the same for every service."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured


class Cure(NamedTuple):
    """What to do about an error, for whoever runs the project."""

    text: str
    stops: bool = False
    """Whether nothing else can work before; a link that fails stops nothing."""


class LinkError(OSError):
    """A link did not give what it leads to; `code` and `said` are those of the answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        said: str = "",
        signed: bool = False,
        host: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.said = status, code, said
        self.signed, self.host = signed, host


CLOCK = Cure(
    "Set the clock of this machine by NTP (`timedatectl set-ntp true`; in a container or a virtual "
    "machine, that of its host): services refuse signed requests from another time.",
    stops=True,
)

NAME = Cure(
    "The host is not known here: look for a slip in the address, the region or the account in the "
    "options, and whether this machine resolves names (`getent hosts NAME`).",
    stops=True,
)
CERTIFICATE = Cure(
    "The certificate of the server is not trusted: give the file of its authority where the error "
    "says so, or correct the host's name. An expired certificate has to be renewed there.",
    stops=True,
)
REFUSED = Cure(
    "Nothing listens there: look at host, port and scheme in the options, and whether the server "
    "runs.",
    stops=True,
)
SILENT = Cure(
    "No answer came in time: a firewall, a security group or a proxy may swallow it, or the "
    "host or port is wrong.",
    stops=True,
)
BROKEN = Cure(
    "The connection broke: look at host, port and scheme (TLS or not) in the options, and at "
    "proxies on the way. If it happens now and then, try again.",
    stops=True,
)
TAKEN = Cure("Somebody else has a file of that name: try again, with another one.", stops=True)
CONFIGURED = Cure("Correct the options or settings as the error says.", stops=True)
INSTALL = Cure("Install what is missing, or correct the path of the class.", stops=True)
FULL = Cure("The disk is full, or a quota is reached: make room.")
READ_ONLY = Cure("The file system is mounted for reading only: remount it, or use another one.")
DENIED = Cure(
    "Allow it to the account that the storage uses; on a disk, to the user of this process on "
    "the directory that the error names (`chown`, `chmod`)."
)
MISSING_LINK = Cure(
    "Who answers there does not have the file: let the domain of the links lead to this very "
    "bucket, directory and location."
)
PRIVATE_LINK = Cure(
    "The links are not signed, and what they lead to is private: sign them, or make the files "
    "public."
)
OTHER_LINK = Cure(
    "Somebody else answers at that address, such as a login page, an old copy in a CDN or "
    "another site: correct the domain of the links."
)
REFUSED_LINK = Cure(
    "The signature is not accepted: the account that signs may not read the file, or the clock, "
    "the key or the host that was signed for is another one."
)

NUMBERS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
}

INNER: tuple[tuple[type[BaseException], Cure], ...] = (
    (ssl.SSLCertVerificationError, CERTIFICATE),
    (socket.gaierror, NAME),
    (ConnectionRefusedError, REFUSED),
)
"""What decides wherever it is among the causes of an error."""

OUTER: tuple[tuple[type[BaseException], Cure], ...] = (
    (ImproperlyConfigured, CONFIGURED),
    (ImportError, INSTALL),
    (TimeoutError, SILENT),
    (ConnectionError, BROKEN),
    (PermissionError, DENIED),
    (FileExistsError, TAKEN),
)


def cure_of(error: BaseException) -> Cure | None:
    """The cure of an error by its type and number; None where they tell too little."""
    if isinstance(error, LinkError):
        return _of_link(error)
    causes = list(chain(error))
    for kind, cure in INNER:
        if any(isinstance(each, kind) for each in causes):
            return cure
    if isinstance(error, OSError) and error.errno in NUMBERS:
        return NUMBERS[error.errno]
    return next((cure for kind, cure in OUTER if isinstance(error, kind)), None)


def _of_link(error: LinkError) -> Cure | None:
    if error.status in (401, 403):
        return REFUSED_LINK if error.signed else PRIVATE_LINK
    if error.status in (404, 410):
        return MISSING_LINK
    if error.status < 300 and error.status:
        return OTHER_LINK
    return cure_of(error.__cause__) if error.__cause__ is not None else None


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of, the innermost last."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__
