"""Files and the rows that refer to them, side by side, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from storages.entry import Entry
from storages.names import folded

CACHE = 64 * 1024
"""KiB that are in memory; the rest is in a temporary file that has no name."""

BATCH = 1000
"""Items that are taken out at once, so that others can be put in meanwhile."""

SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE file (
    fold BLOB, key BLOB, kept TEXT, name BLOB, size INTEGER, modified TEXT, etag TEXT,
    PRIMARY KEY (fold, key)
) WITHOUT ROWID;
CREATE TABLE reference (
    fold BLOB, key BLOB, owner BLOB, name BLOB, PRIMARY KEY (fold, key, owner)
) WITHOUT ROWID;
CREATE TABLE doubt (tail BLOB PRIMARY KEY, is_whole INTEGER) WITHOUT ROWID;
CREATE VIEW referred AS SELECT *, EXISTS (
    SELECT 1 FROM file WHERE file.fold = reference.fold AND file.key = reference.key
) AS is_listed FROM reference;
CREATE VIEW unreferred AS SELECT * FROM file WHERE NOT EXISTS (
    SELECT 1 FROM reference WHERE reference.fold = file.fold
);
"""


class Referred(NamedTuple):
    """A file that rows refer to."""

    key: str
    owner: str
    """One of them, as `app.Model(pk).field`."""
    name: str
    """As it is in the row."""


class Ledger:
    """Listed files and what rows refer to, by keys, of which each is one file.

    It is on disk: memory does not grow with it. Keys that differ only in their case, or in how
    their accents are composed, are one file to some services; see what each method says of them.
    """

    def __init__(self) -> None:
        import sqlite3  # which not every Python has

        # Executors may take jobs in other threads, though never in two at once.
        self._db = sqlite3.connect("", check_same_thread=False)
        self._db.executescript(f"PRAGMA cache_size = -{CACHE}; {SCHEMA}")

    def close(self) -> None:
        self._db.close()

    # -- what is put in

    def add_references(self, references: Iterable[Referred]) -> None:
        rows = ((_fold(key), *map(_pack, (key, owner, name))) for key, owner, name in references)
        self._db.executemany("INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?)", rows)

    def add_file(self, key: str, entry: Entry, *, kept: str = "") -> None:
        """What a listing says of a file, and why it is kept even if nothing refers to it."""
        time = entry.modified.isoformat() if entry.modified else None
        found = (_fold(key), _pack(key), kept, _pack(entry.name), entry.size, time, entry.etag)
        self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", found)

    def add_doubt(self, name: str) -> None:
        """Keep the file that has this name seen from another directory, above or below."""
        for number, tail in enumerate(_tails(_fold(name))):
            self._db.execute(
                "INSERT INTO doubt VALUES (?, ?) ON CONFLICT DO UPDATE "
                "SET is_whole = max(is_whole, excluded.is_whole)",
                (tail, number == 0),
            )

    # -- what is asked

    def count(self) -> int:
        """How many files are referred to."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM (SELECT DISTINCT fold, key FROM reference)"
        ).fetchone()
        return int(count)

    def bounds(self) -> tuple[str, str]:
        """The first and the last of the keys that are referred to."""
        first, last = self._db.execute("SELECT min(key), max(key) FROM reference").fetchone()
        return _unpack(first or b""), _unpack(last or b"")

    def referred(self, *, listed: bool) -> Iterator[Referred]:
        """Each file that is referred to once, of those that are listed, or of those that are not.

        Keys must be the same to the letter.
        """
        sql = "SELECT key, min(owner), name FROM referred WHERE is_listed = ? GROUP BY fold, key"
        for found in self._db.execute(sql, (listed,)):
            yield Referred(*map(_unpack, found))

    def missing(self) -> Iterator[Referred]:
        """Each reference of an owner to what is not listed, to the letter."""
        sql = "SELECT key, owner, name FROM referred WHERE NOT is_listed AND owner != x''"
        for found in self._db.execute(sql):
            yield Referred(*map(_unpack, found))

    def orphans(self) -> Iterator[tuple[list[Entry], int]]:
        """The listed files that nothing refers to, not even by another case, in batches.

        With each, how many files are kept in doubt. References that come meanwhile count for what
        has not been taken out.
        """
        sql = (
            "SELECT fold, key, name, size, modified, etag FROM unreferred "
            "WHERE kept = '' AND (fold, key) > (?, ?) ORDER BY fold, key LIMIT ?"
        )
        after: tuple[bytes, bytes] = b"", b""
        while batch := self._db.execute(sql, (*after, BATCH)).fetchall():
            sure = [found for found in batch if not self._is_doubtful(found[0])]
            yield [_entry(*found[2:]) for found in sure], len(batch) - len(sure)
            after = batch[-1][:2]

    def kept(self) -> dict[str, int]:
        """How many files nothing refers to are kept, by the reason."""
        sql = "SELECT kept, count(*) FROM unreferred WHERE kept != '' GROUP BY kept ORDER BY kept"
        return dict(self._db.execute(sql).fetchall())

    def _is_doubtful(self, fold: bytes) -> bool:
        """Whether a name in doubt is a tail of it, or it one of such a name."""
        whole, tails = fold.strip(b"/"), list(_tails(fold))
        sql = "SELECT 1 FROM doubt WHERE tail = ? AND (is_whole OR tail = ?)"
        return any(self._db.execute(sql, (tail, whole)).fetchone() for tail in tails)


def _entry(name: bytes, size: int, modified: str | None, etag: str | None) -> Entry:
    time = None if modified is None else datetime.fromisoformat(modified)
    return Entry(_unpack(name), size, modified=time, etag=etag)


def _tails(name: bytes) -> Iterator[bytes]:
    """`a/b/c`, `b/c`, `c`"""
    parts = name.strip(b"/").split(b"/")
    return (b"/".join(parts[start:]) for start in range(len(parts)))


def _fold(key: str) -> bytes:
    return _pack(folded(key))


def _pack(text: str) -> bytes:
    """Names of files on disk may hold what is no text."""
    return text.encode("utf-8", "surrogatepass")


def _unpack(data: Any) -> str:
    return bytes(data).decode("utf-8", "surrogatepass")
