"""What several subcommands have in common: their arguments, and how they print."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from storages.moving.executors import Executor, Threads
from storages.moving.filters import Filters

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size_text(size: float) -> str:
    """Bytes for people: three digits and a unit."""
    for unit in UNITS:
        if size < 1000 or unit == UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def time_text(time: datetime | None) -> str:
    """A time in the project's time zone, to the second."""
    if time is None:
        return "-" * 19
    return timezone.localtime(time).strftime("%Y-%m-%d %H:%M:%S")


def files_text(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"


def name_text(name: str) -> str:
    """A name on one line, that changes nothing but the line: what cannot be printed is escaped."""
    if name.isprintable():
        return name
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode()
        for each in name
    )


class _Rule(Action):
    """Keeps includes and excludes in the order in which they were given."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, value: Any, option: str | None = None
    ) -> None:
        kind = (option or "").removeprefix("--")
        namespace.filters = [*(getattr(namespace, "filters", None) or []), (kind, value)]


def add_filters(parser: CommandParser) -> None:
    """`--include` and `--exclude`, of which the first that matches a name counts."""
    for kind in ("include", "exclude"):
        parser.add_argument(
            f"--{kind}",
            action=_Rule,
            dest="filters",
            metavar="PATTERN",
            help=f"{kind.title()} files that match, such as '*.jpg' or '/cache/'; of several "
            "includes and excludes the first that matches counts.",
        )


def filters_of(options: dict[str, Any]) -> Filters:
    rules: Iterable[tuple[str, str]] = options["filters"] or ()
    return Filters(rules)


def add_comparison(parser: CommandParser) -> Any:
    """How files are compared: a group of options that exclude each other."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--checksum",
        action="store_const",
        dest="compare",
        const="checksum",
        help="Compare contents, where no digest is listed by reading them.",
    )
    group.add_argument(
        "--size-only",
        action="store_const",
        dest="compare",
        const="size",
        help="Compare sizes, and digests where both sides list them, but no times.",
    )
    parser.set_defaults(compare="auto")
    return group


def add_workers(parser: CommandParser) -> None:
    parser.add_argument(
        "--workers",
        type=positive,
        help="Files that are worked at at once; by default 32, or as many connections as the "
        "storages may have.",
    )


def positive(text: str) -> int:
    """The type of an argument: a number from 1 on."""
    return _number(text, 1)


def count(text: str) -> int:
    """The type of an argument: a number from 0 on."""
    return _number(text, 0)


def _number(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise ArgumentTypeError(f"{text!r} is no number from {least} on")
    return number


def executor_of(options: dict[str, Any]) -> Executor:
    return Threads(options["workers"])
