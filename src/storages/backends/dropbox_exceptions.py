"""What a storage on Dropbox raises; the SDK is not needed for it."""

from __future__ import annotations


class DropboxStorageException(OSError):  # noqa: N818 - the name that projects know
    """Every error of Dropbox, with a builtin that says which kind it is where there is one."""
