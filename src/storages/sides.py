"""Any Django storage as something that has the methods of `RemoteStorage`."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import FileSystemStorage, Storage

from storages.base import RemoteStorage
from storages.foreign import Foreign
from storages.local import Local


def of(storage: Storage) -> Any:
    """The storage itself, or what does the same over it by Django's API or the file system."""
    if isinstance(storage, RemoteStorage):
        return storage
    return (Local if isinstance(storage, FileSystemStorage) else Foreign)(storage)
