"""The lines of LIST, MLSD and MLST, from what a storage tells of its files."""

from __future__ import annotations

import hashlib
import stat
import time
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storages.entry import Entry

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As clients expect them, whatever the language of the machine."""

RECENT = 180 * 24 * 60 * 60
"""Seconds within which a file's time is told without its year, as `ls` does."""

DIRECTORY, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644
"""Modes: no storage has its own. What a user may do is in MLSD's `perm`."""

OWNER = "ftp"
"""User and group of every file."""


class Listing(list[str]):
    """The names in a directory, with their entries: whoever formats them asks no storage."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        super().__init__(entries)
        self.entries = entries


def mode_of(entry: Entry) -> int:
    return DIRECTORY if entry.is_dir else FILE


def seconds_of(entry: Entry) -> float:
    """When it was modified; 0, the year 1970, where nobody knows."""
    return entry.modified.timestamp() if entry.modified else 0.0


def _digest(key: str) -> str:
    return hashlib.blake2b(key.encode(errors="replace"), digest_size=8).hexdigest()


def list_line(name: str, entry: Entry, split: Callable[[float], time.struct_time]) -> str:
    """A line as `ls -l` prints it; `split` makes a date of seconds."""
    seconds = seconds_of(entry)
    at = split(seconds)
    year_or_time = f"{at.tm_year:5}"
    if 0 <= time.time() - seconds < RECENT:
        year_or_time = f"{at.tm_hour:02}:{at.tm_min:02}"
    return (
        f"{stat.filemode(mode_of(entry))} {1:3} {OWNER:8} {OWNER:8} {entry.size:8} "
        f"{MONTHS[at.tm_mon - 1]} {at.tm_mday:02} {year_or_time} {name}\r\n"
    )


class Facts:
    """What MLSD and MLST tell: the facts that the client wants, and what its user may do.

    See sections 7.5 and 7.5.5 of RFC 3659.
    """

    def __init__(
        self, wanted: Container[str], perms: str, split: Callable[[float], time.struct_time]
    ) -> None:
        self._wanted, self._split = wanted, split
        in_dir = [each for each in perms if each not in "arwMT"]
        in_dir += ["c"] if set(perms) & set("waf") else []
        in_dir += ["p"] if "d" in perms else []
        self._perms = {
            True: "".join(in_dir),
            False: "".join(each for each in perms if each not in "celmpMT"),
        }

    def line(self, name: str, entry: Entry) -> str:
        facts: dict[str, Any] = {
            "type": {".": "cdir", "..": "pdir"}.get(name, "dir") if entry.is_dir else "file",
            "perm": self._perms[entry.is_dir],
            "size": entry.size,
            "unix.mode": f"{mode_of(entry) & 0o777:04o}",
            "unix.uid": 0,
            "unix.gid": 0,
            "unique": _digest(entry.key),
        }
        if entry.modified is not None:
            facts["modify"] = time.strftime("%Y%m%d%H%M%S", self._split(seconds_of(entry)))
        # The type comes first: lftp takes a line that begins with "p" for a pipe of `ls`.
        told = "".join(f"{fact}={facts[fact]};" for fact in facts if fact in self._wanted)
        return f"{told} {name}\r\n"
