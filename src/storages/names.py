"""Names: the only place that decides which remote path a Django name may reach."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation

OURS = ".storehouse-"
"""How the names of what this package itself stores begin, in any directory."""

# Path parts of word characters that don't begin with a dot: nothing in it needs cleaning.
_PART = r"[\w\-+=@~!()' ,][\w\-+=@~!()' ,.]*"
_is_plain = re.compile(f"{_PART}(?:/{_PART})*").fullmatch


def is_ours(name: str) -> bool:
    """Whether it is of what this package itself stores, and not of a user's file."""
    return f"/{OURS}" in f"/{name}"


def clean_name(name: str) -> str:
    """`name` with forward slashes and without `.`, `..` and empty parts where they can go.

    A slash at the end stays. Leading `..` parts stay too: `safe_join` refuses them.
    """
    name = str(name)
    if _is_plain(name):
        return name
    slashed = name.replace("\\", "/")
    clean = posixpath.normpath(slashed) if slashed else ""
    if clean.startswith("//"):  # POSIX lets two leading slashes stand
        clean = clean[1:]
    if clean == ".":
        return ""
    if slashed.endswith("/") and not clean.endswith("/"):
        clean += "/"
    return clean


def folded(name: str) -> str:
    """What all names have in common that are one name to whoever ignores case."""
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).lower()


def safe_join(base: str, *paths: str) -> str:
    """Join `paths` to `base`; ValueError if the result lies outside of `base`.

    The result has no leading slash, and keeps a trailing one. With an empty base, a path that
    begins with a slash is taken from the root of the storage.
    """
    if len(paths) == 1 and _is_plain(paths[0]) and (not base or _is_plain(base)):
        return f"{base}/{paths[0]}" if base else paths[0]
    root = posixpath.normpath("/" + base.strip("/"))
    joined = root
    for path in paths:
        path = path.replace("\\", "/")
        joined = path if path.startswith("/") else f"{joined}/{path}"
    final = _collapse(joined)
    if final is None or (final != root and not final.startswith(root.rstrip("/") + "/")):
        raise ValueError(f"the path {'/'.join(paths)!r} is located outside of {base or '/'!r}")
    if joined.endswith("/") and final != "/":
        final += "/"
    return final.lstrip("/")


def _collapse(path: str) -> str | None:
    """The absolute `path` without `.` and `..`; None if it climbs above the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def key_for(location: str, name: str) -> str:
    """The remote key of a cleaned `name` below `location`.

    Raises SuspiciousFileOperation for a name that leaves `location` or holds a NUL character.
    """
    if "\0" in name:
        raise SuspiciousFileOperation(f"The name {name!r} holds a NUL character.")
    try:
        key = safe_join(location, name)
    except ValueError as error:
        raise SuspiciousFileOperation(
            f"Access to {name!r} denied: it leaves the location of the storage, {location!r}."
        ) from error
    # "/media" and "../media" are the location "media" itself, not a file beside what is in it.
    return key + "/" if key == location.strip("/") != "" else key


def check_location(storage: Any) -> None:
    """Raise ImproperlyConfigured if the `location` of `storage` has a leading slash."""
    if str(storage.location).startswith("/"):
        raise ImproperlyConfigured(
            f"The location of {type(storage).__name__} is {str(storage.location)!r}, but remote "
            f"keys have no leading slash: write {str(storage.location).lstrip('/')!r}."
        )
