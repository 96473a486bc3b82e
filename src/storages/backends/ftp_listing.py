"""What FTP servers tell of files: the facts of MLST and MLSD, and the lines of LIST."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from storages.entry import Entry

FACTS = ("type", "size", "modify", "unique")
"""The facts that an entry is made of: https://www.rfc-editor.org/rfc/rfc3659#section-7.5"""


class Listed(NamedTuple):
    """A line of a listing; `size` is None where it does not tell."""

    name: str
    size: int | None = None
    is_dir: bool = False
    is_link: bool = False
    facts: Mapping[str, str] = {}

    def entry(self, key: str) -> Entry:
        """The entry `key`, with the time and the validator that only facts tell."""
        modified = time_of(self.facts.get("modify", ""))
        size = 0 if self.is_dir else self.size or 0
        etag = None
        if self.facts and not self.is_dir:
            etag = validator(self.facts.get("modify", ""), size, self.facts.get("unique", ""))
        return Entry(key, size, modified, etag=etag, is_dir=self.is_dir, is_link=self.is_link)


def validator(modify: str, size: int, unique: str = "") -> str | None:
    """What tells versions apart: time and size, and the file's identity where that is known."""
    return "-".join(filter(None, (modify, str(size), unique))) if modify or unique else None


def time_of(text: str) -> datetime | None:
    """The time of `modify` and MDTM, in UTC: YYYYMMDDHHMMSS, perhaps with a fraction."""
    whole, _, fraction = text.strip().partition(".")
    if not whole.isdecimal() or len(whole) != 14:
        return None
    try:
        year, month, day = int(whole[:4]), int(whole[4:6]), int(whole[6:8])
        hour, minute, second = int(whole[8:10]), int(whole[10:12]), int(whole[12:])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    digits = fraction[:6].ljust(6, "0")
    return moment + timedelta(microseconds=int(digits)) if digits.isdecimal() else moment


# -- MLST and MLSD


def parse_facts(line: str) -> Listed | None:
    """A line of facts, a space, and the name; None for what is none."""
    text, space, name = line.partition(" ")
    if not space or not text.endswith(";"):
        return None
    pairs = (each.partition("=") for each in text.split(";") if each)
    facts = {key.lower(): value for key, _, value in pairs}
    kind = facts.get("type", "file").lower()
    size = facts.get("size", "")
    return Listed(
        name,
        int(size) if size.isdecimal() else None,
        kind in ("dir", "cdir", "pdir"),
        kind.startswith(("os.unix=slink", "os.unix=symlink")),
        facts,
    )


def parse_mlst(reply: str) -> Listed | None:
    """What MLST says: the facts stand in a line of their own, which begins with a space."""
    for line in reply.split("\n")[1:]:
        if line.startswith(" ") and (found := parse_facts(line[1:])):
            return found
    return None


def parse_mlsd(lines: Iterable[str]) -> Iterator[Listed]:
    """What is in a directory, without itself and its parent."""
    for line in lines:
        found = parse_facts(line)
        if found and found.facts.get("type", "").lower() not in ("cdir", "pdir"):
            yield found


# -- LIST

_unix = re.compile(
    r"""
    (?P<kind>[-dlbcpsD])[-rwxsStTlL]{9}[+.@]?
    (?:\s*+\d++)?\s++                                    # links
    (?:\S++\s++)+?                                       # owner, group
    (?:(?P<size>\d++)|\d++,\s*+\d++)\s++                 # bytes, or a device
    (?:
        (?:[^\W\d_]{2,}\.?\s+\d{1,2}|\d{1,2}\.?\s+[^\W\d_]{2,}\.?)\s+(?:\d{1,2}:\d\d|\d{4})
        | \d{4}-\d\d-\d\d\s+\d\d:\d\d(?::\d\d\S*(?:\s[-+]\d{4})?)?
    )
    [ ](?P<name>.+)                                       # after one space: names may begin so
    """,
    re.VERBOSE | re.DOTALL,
).fullmatch

_dos = re.compile(
    r"""
    \d{2,4}[-/.]\d\d[-/.]\d{2,4}\s+\d{1,2}:\d\d(?:\s?[AP]M)?
    (?:
        \s+<(?P<kind>DIR|JUNCTION|SYMLINKD?)>(?:[ ]{10}|\s+)
        | \s+(?P<size>\d[\d.,]*)[ ]
    )
    (?P<name>.+)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
).fullmatch


def parse_list(lines: Iterable[str]) -> Iterator[Listed]:
    """What is in a directory, from lines such as those of Unix and of Windows.

    Their times lack the year or the seconds, and always the zone: they are left out.
    """
    for line in lines:
        if found := _unix(line):
            yield _from_unix(found)
        elif found := _dos(line):
            yield _from_dos(found)


def _from_unix(found: re.Match[str]) -> Listed:
    kind, size, name = found["kind"], int(found["size"] or 0), found["name"]
    if kind == "l":
        return Listed(_before_arrow(name, size), None, is_link=True)
    return Listed(name, size, kind == "d")


def _before_arrow(text: str, size: int) -> str:
    """The name in `name -> target`; either may have an arrow too, but the size is the target's."""
    places = [each.start() for each in re.finditer(" -> ", text)]
    fitting = [place for place in places if len(text) - place - 4 == size]
    return text[: (fitting or places or [len(text)])[0]]


def _from_dos(found: re.Match[str]) -> Listed:
    kind, name = (found["kind"] or "").upper(), found["name"]
    if kind and kind != "DIR":
        return Listed(name.partition(" [")[0], None, is_link=True)
    size = re.sub(r"[.,]", "", found["size"] or "0")
    return Listed(name, int(size), kind == "DIR")
