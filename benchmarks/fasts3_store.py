"""What the fake S3 holds: buckets of objects, uploads in progress, counters and knobs."""

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

Buffer = bytes | bytearray | memoryview

# Bytes. ETags above it are opaque: hashing large bodies here would mask what the client costs.
FAKE_ETAG_ABOVE = 4 * 1024 * 1024

_serial = itertools.count(1)


def new_id() -> str:
    return f"{next(_serial):032x}"


class Stored:
    """One object, or one part of an upload: its content stays in the pieces it arrived in."""

    __slots__ = ("etag", "headers", "listing", "mtime", "pieces", "size")

    def __init__(
        self, pieces: Sequence[Buffer], headers: dict[str, str] | None = None, etag: str = ""
    ) -> None:
        self.pieces = list(pieces)
        self.headers = headers or {}
        self.size = sum(map(len, pieces))
        self.etag = etag or self._new_etag()
        self.mtime = time.time()
        self.listing: str | None = None  # its XML in a listing, kept once made

    @property
    def data(self) -> Buffer:
        """The content in one piece, joined when it is first read."""
        if len(self.pieces) != 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0]

    def _new_etag(self) -> str:
        if self.size > FAKE_ETAG_ABOVE:
            return f'"{new_id()}"'
        return f'"{hashlib.md5(self.data).hexdigest()}"'


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

    def remove(self, key: str) -> None:
        if self.objects.pop(key, None) is not None:
            self._sorted = []

    def fill(self, prefix: str, count: int, size: int) -> None:
        """`count` objects that share one content of `size` bytes."""
        one = Stored([b"x" * size])
        for number in range(count):
            self.objects[f"{prefix}{number:07d}.bin"] = Stored(one.pieces, etag=one.etag)
        self._sorted = []


@dataclass
class MultipartUpload:
    key: str
    headers: dict[str, str]
    parts: dict[int, Stored] = field(default_factory=dict)


@dataclass
class Knobs:
    latency_ms: float = 0.0
    rtt_ms: float = 0.0
    conn_mb_s: float = 0.0


class Store:
    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.uploads: dict[str, MultipartUpload] = {}
        self.ops: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.knobs = Knobs()

    def bucket(self, name: str) -> Bucket:
        """That bucket; made when it is first asked for."""
        return self.buckets.setdefault(name, Bucket())

    def reset(self, *, data: bool) -> None:
        self.ops.clear()
        self.totals.clear()
        if data:
            self.buckets.clear()
            self.uploads.clear()

    def stats(self) -> dict[str, object]:
        zero = dict.fromkeys(("requests", "connections", "continues", "bytes_in", "bytes_out"), 0)
        return {"ops": dict(self.ops), **zero, **self.totals, "knobs": vars(self.knobs)}
