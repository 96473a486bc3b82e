"""What cures the errors of SFTP: of the login, and of the directory."""

from __future__ import annotations

from typing import Any

from storages.backends.sftp_errors import HostKeyError, LoginError
from storages.cures import Cure

LOGIN = Cure(
    "The server does not let the user in: correct username, and password, key_filename or pkey in "
    "params; the public key belongs into ~/.ssh/authorized_keys there (`ssh -v USER@HOST` tells "
    "more).",
    stops=True,
)
# https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of the connection or of a file; None if it is not theirs."""
    if isinstance(error, HostKeyError):
        return Cure(
            f"Compare the host key with whoever runs {storage.host}, and record it: `ssh-keyscan "
            f"{storage.host} >> ~/.ssh/known_hosts`, or name a file of keys as known_host_file.",
            stops=True,
        )
    if isinstance(error, LoginError):
        return LOGIN
    if isinstance(error, PermissionError):
        verb = "list and read" if step in ("connect", "read", "range", "stat", "list") else "write"
        return Cure(
            f"Let the user {verb} in root_path ({storage.root_path!r}) on the server: `chown` or "
            "`chmod u+rwx` the directory, and with ChrootDirectory give a directory below it, "
            "since the root itself cannot be written to."
        )
    return None
