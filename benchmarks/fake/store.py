"""What a store holds: buckets of objects, uploads in progress, counters and knobs."""

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Buffer = bytes | bytearray | memoryview

# Bytes. Above it no MD5 is known: hashing large bodies here would mask what the client costs.
HASHED_UP_TO = 4 * 1024 * 1024
CHECKED_AT_ONCE = 256 * 1024  # bytes; a copy of so many stays in the processor's cache

_serial = itertools.count(1)


def digest(files: Iterable[tuple[str, Buffer]]) -> str:
    """One for the names and contents of all of them, which have to be in order."""
    found = hashlib.sha256()
    for name, content in files:
        found.update(f"{name}\n{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def new_id() -> str:
    return f"{next(_serial):032x}"


class Stored:
    """One object, or one part of an upload: its content stays in the pieces it arrived in."""

    def __init__(
        self, pieces: Sequence[Buffer], headers: dict[str, Any] | None = None, etag: str = ""
    ) -> None:
        self.pieces = list(pieces)
        self.headers = headers or {}
        self.size = sum(map(len, pieces))
        self.serial = next(_serial)  # grows with every object made
        self.mtime = time.time()
        self.kept = False  # through a reset
        self.listing: tuple[str, str] | None = None  # its text in listings of one kind
        if etag:
            self.etag = etag

    @property
    def data(self) -> Buffer:
        """The content in one piece, joined when it is first read."""
        if len(self.pieces) != 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0]

    @cached_property
    def md5(self) -> bytes | None:
        """None where the content is too large for it."""
        return None if self.size > HASHED_UP_TO else hashlib.md5(self.data).digest()

    @cached_property
    def crc32c(self) -> int:
        from google_crc32c import extend  # known to one dialect only

        found = 0
        for piece in self.pieces:
            view = memoryview(piece)
            for at in range(0, len(view), CHECKED_AT_ONCE):
                found = extend(found, bytes(view[at : at + CHECKED_AT_ONCE]))
        return int(found)

    @cached_property
    def etag(self) -> str:
        """As S3 has it: in quotes, the MD5 in hexadecimal or something opaque."""
        return f'"{self.md5.hex() if self.md5 else new_id()}"'

    def copy(self, headers: dict[str, Any] | None = None) -> "Stored":
        """A new object with the same content (and ETag), and other headers where given."""
        twin = Stored(self.pieces, self.headers if headers is None else headers)
        for known in ("md5", "etag", "crc32c"):
            if known in self.__dict__:
                twin.__dict__[known] = self.__dict__[known]
        return twin


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self._sorted: list[str] = []

    def keys(self) -> list[str]:
        """All keys, sorted; kept until a key comes or goes."""
        if len(self._sorted) != len(self.objects):
            self._sorted = sorted(self.objects)
        return self._sorted

    def put(self, key: str, stored: Stored) -> None:
        if key not in self.objects:
            self._sorted = []
        self.objects[key] = stored

    def remove(self, key: str) -> bool:
        """Whether it was there."""
        if self.objects.pop(key, None) is None:
            return False
        self._sorted = []
        return True

    def digest(self, prefix: str) -> dict[str, object]:
        """How many objects have this prefix, and the digest of their names behind it and data."""
        names = [key for key in self.keys() if key.startswith(prefix)]
        found = ((key.removeprefix(prefix), self.objects[key].data) for key in names)
        return {"files": len(names), "digest": digest(found)}

    def drop_guests(self) -> None:
        """Keep only what the measurement itself has put here."""
        self.objects = {key: stored for key, stored in self.objects.items() if stored.kept}
        self._sorted = []

    def fill(self, prefix: str, count: int, one: Stored) -> None:
        """`count` objects that share the content of one."""
        for number in range(count):
            twin = self.objects[f"{prefix}{number:07d}.bin"] = one.copy()
            twin.kept = one.kept
        self._sorted = []


@dataclass
class Knobs:
    latency_ms: float = 0.0
    rtt_ms: float = 0.0
    conn_mb_s: float = 0.0


class Store:
    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.uploads: dict[str, Any] = {}  # in progress, as the dialect keeps them
        self.ops: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.knobs = Knobs()

    def bucket(self, name: str) -> Bucket:
        """That bucket; made when it is first asked for."""
        return self.buckets.setdefault(name, Bucket())

    def reset(self) -> None:
        self.ops.clear()
        self.totals.clear()
        self.uploads.clear()
        for bucket in self.buckets.values():
            bucket.drop_guests()

    def stats(self) -> dict[str, object]:
        zero = dict.fromkeys(("requests", "connections", "continues", "bytes_in", "bytes_out"), 0)
        return {"ops": dict(self.ops), **zero, **self.totals, "knobs": vars(self.knobs)}
