"""Names as Azure takes them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousFileOperation

from storages.backends.azure_options import AzureOptions
from storages.names import clean_name

# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
NAME_LENGTH = 1024
"""Characters of a blob's name, location included."""
NAME_SLASHES = 256


class AzureNames(AzureOptions):
    """The gate of names, with the service's limits."""

    def _normalize_name(self, name: str) -> str:
        """As everywhere, but without dots at the end, which a blob's name cannot have."""
        key = super()._normalize_name(name).rstrip(".")
        if len(key) > NAME_LENGTH:
            raise ValueError(f"{key!r} has {len(key)} characters; Azure takes {NAME_LENGTH}.")
        if key.count("/") > NAME_SLASHES:
            raise ValueError(f"{key!r} has {key.count('/')} slashes; Azure takes {NAME_SLASHES}.")
        return key

    def _prefix(self, path: str) -> str:
        key = super()._normalize_name(clean_name(path))  # a directory's name may end with a dot
        return key if not key or key.endswith("/") else key + "/"

    def _file_key(self, name: str) -> str:
        return super()._file_key(str(name).rstrip("/") or name)

    def get_valid_name(self, name: str) -> str:
        """A name that Azure keeps as it is: as Django makes it, without dots at the end."""
        valid = super().get_valid_name(name).rstrip(".")
        if not valid:
            raise SuspiciousFileOperation(f"No name of a file can be made of {name!r}.")
        return valid

    def get_name_max_len(self) -> int:
        """Characters that a name may have: 1024 less those of the location."""
        return NAME_LENGTH - len(self._root())

    def _save_new(self, name: str, content: Any, max_length: int | None) -> str:
        most = self.get_name_max_len()
        if len(clean_name(name)) <= most:  # else it is refused, rather than cut short
            max_length = min(max_length or most, most)
        return super()._save_new(name, content, max_length)
