"""Names on Dropbox: paths, and the hash that Dropbox has of a content."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import IO

from storages.names import clean_name, key_for
from storages.transfer import MiB

BLOCK = 4 * MiB
"""Bytes of a block of Dropbox's content hash, and what parts of an upload are made of.

https://www.dropbox.com/developers/reference/content-hash
"""


def dropbox_key(root_path: str, name: str) -> str:
    """The key of a cleaned name below `root_path`, in Unicode's composed form.

    Dropbox stores names composed, and does not find a file by another form of its name. A single
    slash is the root, as in django-storages.
    """
    key = key_for(clean_name(root_path).strip("/"), "" if name == "/" else name)
    return key if key.isascii() else unicodedata.normalize("NFC", key)


def path_of(key: str) -> str:
    """How the API calls a key, or a prefix: the root is empty, all else begins with a slash."""
    key = key.rstrip("/")
    return f"/{key}" if key else ""


class ContentHash:
    """Dropbox's hash of a content: SHA-256 over the SHA-256 digests of its blocks of 4 MiB."""

    def __init__(self) -> None:
        self._blocks = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = BLOCK

    def update(self, data: bytes) -> None:
        """Add bytes to what is hashed."""
        view = memoryview(data)
        while view:
            piece, view = view[: self._room], view[self._room :]
            self._block.update(piece)
            self._room -= len(piece)
            if not self._room:
                self._blocks.update(self._block.digest())
                self._block, self._room = hashlib.sha256(), BLOCK

    def hexdigest(self) -> str:
        """The hash of what was added so far, as the API writes it."""
        whole = self._blocks.copy()
        if self._room < BLOCK:
            whole.update(self._block.digest())
        return whole.hexdigest()


def content_hash(content: IO[bytes] | bytes) -> str:
    """Dropbox's hash of bytes, or of a binary file from its place on, which is not held in memory.

    What `stat(name).digest` is after "dropbox:".
    """
    found = ContentHash()
    if isinstance(content, bytes):
        found.update(content)
    else:
        while chunk := content.read(1 * MiB):
            found.update(chunk)
    return found.hexdigest()


def block_digests(part: bytes) -> bytes:
    """The digests of a part's blocks, one after another: SHA-256 of them is the part's hash."""
    view = memoryview(part)
    starts = range(0, len(view), BLOCK)
    return b"".join(hashlib.sha256(view[start : start + BLOCK]).digest() for start in starts)
