"""What several subcommands have in common: their arguments, and how they print."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from storages.moving.executors import Executor, Threads
from storages.moving.filters import Filters

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size_text(count: float) -> str:
    """Bytes for people: three digits and a unit."""
    for unit in UNITS:
        if count < 1000 or unit == UNITS[-1]:
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"


def time_text(time: datetime | None) -> str:
    """A time in the project's time zone, to the second."""
    if time is None:
        return "-" * 19
    return timezone.localtime(time).strftime("%Y-%m-%d %H:%M:%S")


def files_text(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


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
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def executor_of(options: dict[str, Any]) -> Executor:
    return Threads(options["workers"])
