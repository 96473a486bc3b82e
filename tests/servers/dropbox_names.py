"""Names and paths as Dropbox takes them, and the hash of a content.

https://www.dropbox.com/developers/documentation/http/documentation#path-formats
https://www.dropbox.com/developers/reference/content-hash
https://help.dropbox.com/organize/file-names
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterator

from .dropbox_errors import ApiError, BadRequest

BLOCK = 1 << 22  # bytes
LONGEST = 255  # characters of a name
DISALLOWED = {"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"}

# What the reference says of each kind of path; what does not match is a bad request.
PATH = r"/(?:.|[\r\n])*"
NAMESPACE = rf"ns:[0-9]+(?:{PATH})?"
READ = re.compile(rf"{PATH}|id:.*|rev:[0-9a-f]{{9,}}|{NAMESPACE}")
WRITE = re.compile(rf"{PATH}|{NAMESPACE}")
WRITE_OR_ID = re.compile(rf"{PATH}|{NAMESPACE}|id:.*")
FOLDER = re.compile(rf"(?:{PATH})?|id:.*|{NAMESPACE}")


def match(pattern: re.Pattern[str], path: object) -> str:
    if not isinstance(path, str):
        raise BadRequest(f"request body: path: expected string, got {path!r}")
    if not pattern.fullmatch(path):
        raise BadRequest(f"request body: path: {path!r} did not match pattern {pattern.pattern!r}")
    return path


@functools.lru_cache(1 << 14)
def fold(name: str) -> str:
    """The lower case that names are compared by.

    Character by character, and only characters that Unicode had when Dropbox began: clients that
    synchronise have found out so (https://github.com/samschott/maestral/pull/409).
    """
    return name.lower() if name.isascii() else "".join(map(_lower, name))


def _lower(character: str) -> str:
    lower = character.lower()
    known = unicodedata.ucd_3_2_0.category(character) != "Cn"
    return lower if known and len(lower) == 1 else character


def split(path: str, *, write: bool = False) -> list[str]:
    """The names of a path that begins with a slash; none of the root, which is empty.

    Where it writes, names become Unicode's composed form. Nothing in the reference says so; the
    clients that synchronise have found that names come back composed, and that a path which is
    not composed is not found (https://github.com/samschott/maestral/pull/678).
    """
    if not path:
        return []
    names = path.split("/")[1:]
    for name in names:
        if not _well_formed(name):
            raise ApiError("malformed_path")
        if write and fold(name) in DISALLOWED:
            raise ApiError("disallowed_name")
    return [unicodedata.normalize("NFC", name) for name in names] if write else names


def _well_formed(name: str) -> bool:
    """Neither empty, nor a way up, nor with what the help center forbids."""
    if name in ("", ".", "..") or len(name) > LONGEST or name != name.rstrip(" \t\n\v\f"):
        return False
    return not re.search("[\\\\\0\x7f\ud800-\udfff]", name)


def numbered(name: str, *, conflicted: bool = False) -> Iterator[str]:
    """Names to try in place of one that is taken."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    if conflicted:
        yield f"{stem} (conflicted copy){ending}"
    for number in range(1, 1 << 31):
        mark = f"conflicted copy {number}" if conflicted else str(number)
        yield f"{stem} ({mark}){ending}"


def content_hash(*pieces: bytes) -> str:
    """Of the pieces one after another; all but the last are whole blocks, or there is one."""
    digests = []
    for piece in pieces:
        view = memoryview(piece)
        starts = range(0, len(view), BLOCK)
        digests += [hashlib.sha256(view[start : start + BLOCK]).digest() for start in starts]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def check_hash(data: bytes, wanted: str | None) -> None:
    if wanted is not None and content_hash(data) != wanted:
        raise ApiError("content_hash_mismatch")
