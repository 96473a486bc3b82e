"""Which files take part, by patterns like those of rclone: the first that matches counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache


class Filters:
    """Rules in their order: `("include", pattern)` or `("exclude", pattern)`.

    A file that none matches takes part, unless there are only includes. In a pattern `*` and `?`
    stand for anything but a slash, `**` for anything, `[a-z]` for one of these characters. It
    matches the end of a name, from a slash on; with a slash in front, the whole name. With a slash
    at its end it is a directory with all that is in it.
    """

    def __init__(self, rules: Iterable[tuple[str, str]] = ()) -> None:
        self._rules = [(kind == "include", compiled(pattern)) for kind, pattern in rules]
        self._default = not self._rules or not all(includes for includes, _ in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def takes(self, name: str) -> bool:
        """Whether the file of this name, relative to where one looks, takes part."""
        for includes, pattern in self._rules:
            if pattern.search(name):
                return includes
        return self._default


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression to be searched for; ValueError if it is empty."""
    if not pattern.strip("/"):
        raise ValueError(f"The pattern {pattern!r} matches no file: write ** for all of them.")
    anchored, is_dir = pattern.startswith("/"), pattern.endswith("/")
    body = "".join(map(_translated, _pieces(pattern.strip("/"))))
    start = r"\A" if anchored else r"(?:\A|/)"
    try:
        return re.compile(start + body + ("/" if is_dir else r"\Z"), re.DOTALL)
    except re.error as error:  # a range such as [z-a]
        raise ValueError(f"The pattern {pattern!r} is none: {error}.") from error


def _pieces(pattern: str) -> list[str]:
    return re.findall(r"\*\*/|\*\*|\[[!^]?.[^\]]*\]|.", pattern, re.DOTALL)


def _translated(piece: str) -> str:
    if piece == "**/":
        return "(?:.*/)?"
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 2:  # "[...]"
        negated = piece[1] in "!^" and len(piece) > 3
        inside = re.sub(r"[^\w-]", r"\\\g<0>", piece[1 + negated : -1])
        return f"(?!/)[{'^' * negated}{inside}]"
    return re.escape(piece)
