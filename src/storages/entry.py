"""What a listing or a stat knows about one stored object, and what takes a large upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored object or directory.

    Inside a backend `key` is the full remote name, location included, without a leading slash.
    What the public `stat()` and `scan()` return has the name relative to the storage there.
    """

    key: str
    size: int = 0
    """Bytes as stored: of a gzipped object, the compressed ones."""
    modified: datetime | None = None
    """Aware, like the other times."""
    created: datetime | None = None
    accessed: datetime | None = None
    etag: str | None = None
    """Opaque validator: pins one version while it is read in ranges."""
    digest: str | None = None
    """`"md5:<hex>"` or the like; only where it derives from the stored bytes."""
    encoding: str | None = None
    """The content coding, such as `"gzip"`."""
    content_type: str | None = None
    cache_control: str | None = None
    disposition: str | None = None
    """The Content-Disposition: whether a browser shows the file or stores it, and by which name."""
    language: str | None = None
    metadata: Mapping[str, str] | None = field(default=None, hash=False)
    """What users keep beside the content, by name.

    None where it was not told, as in most listings; the fields before may be missing there too.
    """
    is_dir: bool = False
    is_link: bool = False
    """A symbolic link, of which everything else here describes what it leads to."""

    @property
    def name(self) -> str:
        """The same as `key`: in a public result, Django's name."""
        return self.key

    @property
    def is_broken(self) -> bool:
        """Whether it is a link to nothing or to itself: listed, but nothing can be read there."""
        return self.is_link and not (self.is_dir or self.size or self.modified)

    def called(self, key: str) -> Entry:
        """The same under another key, at half the price of `dataclasses.replace`."""
        return self if key == self.key else Entry(key, *_all_but_key(self))


_all_but_key = attrgetter(*[each.name for each in fields(Entry) if each.name != "key"])


def is_marker(key: str, size: int) -> bool:
    """Whether an object stands for a directory, in the manner of the AWS console.

    With content it is a file, though no name leads to it: who copies a bucket must hear of it.
    """
    return key.endswith("/") and not size


class Upload(Protocol):
    """A large object on its way: invisible until `finish`, gone without a trace by `abort`."""

    parallel: bool
    """Whether parts may be written from several threads, out of order."""

    def write(self, number: int, part: bytes) -> None:
        """Send part `number` (from 1); every part but the last has the planned size."""

    def finish(self) -> str | None:
        """Make the object visible, whole; FileExistsError if it had to be new and is not.

        The answer is the key, if the service was free to choose another one and did.
        """

    def abort(self) -> None:
        """Drop what was sent; idempotent, and the target is untouched."""
