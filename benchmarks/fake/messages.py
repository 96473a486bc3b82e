"""What every dialect shares: requests, answers, ranges, preconditions, and the control requests."""

import email.utils
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import parse_qsl, unquote

from fake.store import Buffer, Knobs, Store, Stored


class Request:
    def __init__(
        self, method: str, target: str, headers: dict[str, str], pieces: list[Buffer], base: str
    ) -> None:
        """`base` is the scheme and host that the client used."""
        self.method, self.headers, self.pieces, self.base = method, headers, pieces, base
        self.path, _, query = target.partition("?")
        self.query = dict(parse_qsl(query, keep_blank_values=True)) if query else {}

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def names(self, count: int) -> list[str]:
        """The path's first segments and, as the last of `count`, all of the rest, unquoted."""
        found = [unquote(part) for part in self.path.lstrip("/").split("/", count - 1)]
        return found + [""] * (count - len(found))


@dataclass
class Answer:
    op: str  # what it counts as; "" for a control request, which does not count
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Buffer = b""


def whole(headers: Mapping[str, str], body: bytearray) -> list[Buffer]:
    return [body]


@dataclass(frozen=True)
class Dialect:
    """A service's language: how it answers, and what it does to bodies and headers."""

    handle: Callable[[Store, Request], Answer]
    headers: str = ""  # lines of every answer
    length_header: str = ""  # says how much a chunked body will hold
    unframe: Callable[[Mapping[str, str], bytearray], list[Buffer]] = whole
    prepare: Callable[[Stored], object] = lambda stored: None  # of objects put by control


def date(stamp: float) -> str:
    return email.utils.formatdate(stamp, usegmt=True)


def span(wanted: str, size: int) -> tuple[int, int]:
    """The half-open range that a Range header asks for."""
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last or size), size - 1) + 1


def content(op: str, stored: Stored, wanted: str, headers: dict[str, str]) -> Answer | None:
    """The object, or the range of it that is wanted; None where the range begins too late."""
    if not wanted.startswith("bytes="):
        return Answer(op, 200, headers, memoryview(stored.data))
    start, stop = span(wanted, stored.size)
    if start >= stored.size:
        return None
    headers["content-range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    return Answer(op, 206, headers, memoryview(stored.data)[start:stop])


def control(store: Store, request: Request, dialect: Dialect) -> Answer:
    """Answer a request below /_ctl (see the package)."""
    query: dict[str, Any] = request.query
    action = request.names(2)[1]
    found: dict[str, Any] = {}
    if action == "reset":
        store.reset()
    elif action == "fill":
        one = kept(Stored([b"x" * int(query.get("size", 100))]), dialect)
        store.bucket(query["bucket"]).fill(query.get("prefix", ""), int(query["count"]), one)
    elif action == "put":
        stored = kept(Stored(request.pieces), dialect)
        store.bucket(query["bucket"]).put(query["key"], stored)
    elif action == "digest":
        found = store.bucket(query["bucket"]).digest(query.get("prefix", ""))
    elif not action:
        for knob in fields(Knobs):
            setattr(store.knobs, knob.name, float(query.get(knob.name, 0)))
    body = json.dumps(found or store.stats()).encode()
    return Answer("", headers={"content-type": "application/json"}, body=body)


def kept(stored: Stored, dialect: Dialect) -> Stored:
    dialect.prepare(stored)
    stored.kept = True
    return stored
