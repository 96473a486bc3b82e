"""What cures the errors of FTP, by the codes of the server's replies.

https://datatracker.ietf.org/doc/html/rfc959#section-4.2
https://datatracker.ietf.org/doc/html/rfc4217
"""

from __future__ import annotations

import re
from typing import Any

from storages.backends.ftp_errors import FTPLoginError
from storages.cures import Cure

LOGIN = Cure(
    "The server does not let the user in: correct user and password in location "
    "(ftp://user:password@host/path), special characters percent-encoded.",
    stops=True,
)
TLS = Cure(
    "The server wants TLS: write ftpes:// instead of ftp:// in location (and implicit_tls=True "
    "with ftps:// where it speaks TLS from the first byte).",
    stops=True,
)
NO_TLS = Cure(
    "The server offers no TLS: let whoever runs it switch it on, or write ftp:// in location and "
    "know that password and files can be read on the way.",
    stops=True,
)
DATA = Cure(
    "The data connection fails: open the server's passive ports in its firewall and tell it its "
    "public address (pasv_address), or try aftp:// in location, where the server connects back.",
)
FULL = Cure("The disk of the server is full, or a quota is reached: make room.")
WRITE = Cure(
    "Let the user write in the directory that location ends with (`chown`, `chmod`), and allow "
    "uploads, renaming and deleting in the server's configuration (vsftpd: write_enable=YES)."
)
MANY = Cure(
    "The server has enough connections of this address or user: lower max_connections, or raise "
    "its limit.",
)

CODES = {
    "421": MANY,
    "425": DATA,
    "426": DATA,
    "430": LOGIN,
    "530": LOGIN,
    "522": TLS,
    "534": NO_TLS,
    "431": NO_TLS,
    "452": FULL,
    "552": FULL,
    "532": WRITE,
    "550": WRITE,
    "553": WRITE,
}

_tls = re.compile(r"\b(?:TLS|SSL|AUTH|encrypt\w*|secure)\b", re.I)
_code = re.compile(r"\b([45]\d\d)\b")


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of a login or a reply; None if there was none, or one that says nothing more."""
    if isinstance(error, FTPLoginError):
        return TLS if "wants TLS" in str(error) else LOGIN
    said = getattr(error, "said", "") or str(error)
    code = str(getattr(error, "code", "") or "") or getattr(_code.search(said), "group", str)()
    if code in ("530", "550", "421", "503") and _tls.search(said):
        return TLS
    if code in ("500", "502", "504", "534") and _tls.search(said):
        return NO_TLS
    return CODES.get(code)
