"""Helpers that projects import; nothing here loads an SDK."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.utils import FileProxyMixin, validate_file_name
from django.utils.encoding import force_bytes

from storages.names import check_location, clean_name, safe_join

__all__ = [
    "ReadBytesWrapper",
    "check_location",
    "clean_name",
    "get_available_overwrite_name",
    "is_seekable",
    "lookup_env",
    "safe_join",
    "setting",
    "to_bytes",
]


def setting(name: str, default: Any = None) -> Any:
    """The Django setting `name`, or `default` where the project does not define it."""
    return getattr(settings, name, default)


def lookup_env(names: Iterable[str]) -> str | None:
    """The value of the first environment variable of `names` that is set and not empty."""
    return next((value for name in names if (value := os.environ.get(name))), None)


def to_bytes(content: Any) -> bytes:
    """`content` itself if it is bytes, else its text as UTF-8."""
    return content if isinstance(content, bytes) else force_bytes(content)


def is_seekable(file_object: Any) -> bool:
    """Whether a file says it can seek; one that doesn't say can if it has `seek`."""
    if not hasattr(file_object, "seek"):  # django's File around what can only be read has none
        return False
    seekable = getattr(file_object, "seekable", None)
    return bool(seekable()) if callable(seekable) else True


def get_available_overwrite_name(name: str, max_length: int | None) -> str:
    """`name`, its root shortened to fit `max_length` characters; the extension stays.

    Raises SuspiciousFileOperation if nothing of the root would be left, and for `..` in it.
    """
    name = str(validate_file_name(str(name).replace("\\", "/"), allow_relative_path=True))
    if max_length is None or len(name) <= max_length:
        return name
    folder, base = posixpath.split(name)
    root, extension = posixpath.splitext(base)
    shorter = root[: max(0, len(root) - (len(name) - max_length))]
    if not shorter:
        raise SuspiciousFileOperation(
            f"No name that fits {max_length} characters can be made of {name!r}: "
            "give the file field a larger max_length."
        )
    return posixpath.join(folder, shorter + extension)


class ReadBytesWrapper(FileProxyMixin):  # type: ignore[type-arg]  # generic in the stubs only
    """Reads bytes from `file` even if it holds text; `encoding` is the file's own or UTF-8."""

    file: IO[Any]

    def __init__(self, file: IO[Any], encoding: str | None = None) -> None:
        self.file = file
        self._encoding = encoding or getattr(file, "encoding", None) or "utf-8"

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        content = self.file.read(*args, **kwargs)
        return content.encode(self._encoding) if isinstance(content, str) else content

    def close(self) -> None:
        self.file.close()

    def readable(self) -> bool:
        return True
