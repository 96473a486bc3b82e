"""What several subcommands have in common: their arguments, and how they print."""

from __future__ import annotations

import re
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from storages.moving import machines
from storages.moving.executors import Executor, Threads
from storages.moving.filters import Filters
from storages.moving.machines.batches import BYTES, FILES
from storages.moving.machines.dispatching import IN_FLIGHT

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
        metavar="N",
        help="Files that are worked at at once; by default 48, or as many connections as the "
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


AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta:
    """The type of an argument: a time such as `30m`, `12h`, `1d` or `2w`, or `0`."""
    if text == "0":
        return timedelta()
    unit = AGES.get(text[-1:])
    if unit is None or not text[:-1].isdecimal():
        raise ArgumentTypeError(f"{text!r} is no age such as 30m, 12h, 1d or 2w")
    return timedelta(**{unit: int(text[:-1])})


SUFFIXES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def byte_count(text: str) -> int:
    """The type of an argument: bytes, as `500000`, `64K` or `1G`."""
    found = re.fullmatch(r"(\d+)([KMGT]?)(?:iB|B)?", text, re.IGNORECASE)
    if not found:
        raise ArgumentTypeError(f"{text!r} is no number of bytes, such as 500000, 64M or 1G")
    return int(found[1]) * SUFFIXES[found[2].upper()]


LIMITS = (
    ("--batch-files", positive, "N", f"Files that a worker is sent together ({FILES})."),
    ("--batch-bytes", byte_count, "SIZE", f"Bytes of them at most, as 64M ({size_text(BYTES)})."),
    ("--in-flight", positive, "N", f"Batches sent before the first is done ({IN_FLIGHT})."),
    ("--lease", positive, "SECONDS", "Time without a sign, after which a worker is lost."),
)
"""What batches are sent to workers of other machines, and how long these are waited for."""


def add_executor(parser: CommandParser) -> None:
    """Who carries out the run: threads of this process, or workers of other machines."""
    group = parser.add_argument_group("who copies")
    group.add_argument(
        "--executor",
        choices=("threads", "celery", "tasks"),
        default="threads",
        help="Threads of this process (the default), workers of Celery, or of Django's tasks.",
    )
    for option, kind, unit, text in LIMITS:
        group.add_argument(option, type=kind, metavar=unit, help=text)
    group.add_argument("--queue", metavar="NAME", help="The queue that the batches are sent to.")
    group.add_argument(
        "--task-backend", metavar="ALIAS", help="The backend of TASKS: storages, or else default."
    )


def executor_of(options: dict[str, Any]) -> Executor:
    kind = options.get("executor", "threads")
    limits = {
        "files": options.get("batch_files"),
        "size": options.get("batch_bytes"),
        "in_flight": options.get("in_flight"),
        "lease": options.get("lease"),
    }
    limits = {name: value for name, value in limits.items() if value}
    queue, backend = options.get("queue"), options.get("task_backend")
    try:
        if kind == "celery":
            return machines.celery(queue, workers=options["workers"], **limits)
        if kind == "tasks":
            return machines.tasks(backend, queue, workers=options["workers"], **limits)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    return Threads(options["workers"])
