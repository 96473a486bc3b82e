"""How a run is shown while it goes on, and what is told at its end."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages.commands.base import Subcommand
from storages.commands.shared import (
    add_executor,
    add_filters,
    add_workers,
    executor_of,
    files_text,
    filters_of,
    name_text,
    size_text,
)
from storages.moving.jobs import Outcome
from storages.moving.summary import Planned, Report, Summary
from storages.progress import Bar

VERBS = {
    "copied": ("copied", "would copy"),
    "moved": ("moved", "would move"),
    "deleted": ("deleted", "would delete"),
    "skipped": ("skipped", "would skip"),
    "equal": ("equal", "equal"),
}
"""What is printed before a name: what was done, and what would be."""

MOST = 100
"""Failures that are listed at the end; a report has all of them."""


def add_run(parser: CommandParser) -> None:
    """What every run that copies takes."""
    parser.add_argument(
        "--verify", action="store_true", help="Compare each copy with what was read."
    )
    parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
    add_filters(parser)
    add_workers(parser)
    add_executor(parser)
    add_report(parser)


def run_options(options: dict[str, Any]) -> dict[str, Any]:
    """The same as the fields of a run."""
    return {
        "verify": options["verify"],
        "dry_run": options["dry_run"],
        "filters": filters_of(options),
        "executor": executor_of(options),
    }


def add_report(parser: CommandParser) -> None:
    parser.add_argument(
        "--report", metavar="FILE", help="Write what became of each file there, as lines of JSON."
    )


class Running:
    """Shows the outcomes of a run: file by file with `-v 2` or a dry run, else how far it is.

    `copied` is what it calls a file that was copied. With `-v 0` only failures are told.
    """

    def __init__(
        self, command: Subcommand, options: dict[str, Any], *, copied: str = "copied"
    ) -> None:
        self._command, self._copied = command, copied
        self._is_quiet = options["verbosity"] == 0
        self._dry_run = bool(options.get("dry_run"))
        self._names = options["verbosity"] > 1 or self._dry_run
        self._report = options.get("report")
        self._bar = Bar(command.stdout, shown=options["verbosity"] == 1 and not self._names)
        self._started = time.monotonic()

    def show(self, outcomes: Generator[Outcome], summary: Summary, planned: Planned) -> int:
        """Carry out the run, and return the exit status: 1 if a file has failed."""
        try:
            with opened(self._report) as report, closing(self._bar), closing(outcomes):
                for outcome in outcomes:
                    report.add(outcome, is_dry=self._dry_run)
                    self._tell(outcome)
                    self._bar.show(lambda: self._state(summary, planned))
        except (OSError, ValueError):  # a side that cannot be listed; Refused
            self._conclude(summary)
            raise
        self._conclude(summary)
        return 0 if summary.ok else 1

    def _tell(self, outcome: Outcome) -> None:
        """Name the file, if names are told; failures are told at the end."""
        action = self._copied if outcome.action == "copied" else outcome.action
        if self._names and action in VERBS:
            verb = VERBS[action][self._dry_run]
            self._command.stdout.write(f"{verb} {name_text(outcome.name)}")

    def _state(self, summary: Summary, planned: Planned) -> tuple[float, str]:
        """How much is done, how fast, and how long it still takes if all of it is known."""
        seconds = max(0.001, time.monotonic() - self._started)
        done = summary.done
        total = f"{planned.files:,}{'' if planned.is_complete else '+'}"
        text = f"{done:,} of {total} files, {size_text(summary.bytes)}"
        text += f", {size_text(summary.bytes / seconds)}/s"
        # A file costs time by itself, and by its bytes: what is further along is believed less.
        parts = [(done, planned.files), (summary.bytes, planned.bytes)]
        part = min((some / all_ for some, all_ in parts if all_), default=0.0)
        if planned.is_complete and part:
            text += f", {_clock(seconds / part - seconds)} left"
        return part, text

    def _conclude(self, summary: Summary) -> None:
        tell_failures(self._command, summary)
        for note in summary.notes:
            self._command.stderr.write(note)
        if not self._is_quiet:
            self._command.stdout.write(self._told(summary))

    def _told(self, summary: Summary) -> str:
        """The last line: what was done, how much, and how long it took."""
        counts = summary.counts
        would = "would be " if self._dry_run else ""
        parts = [f"{files_text(counts['copied'])} {would}{self._copied}"]
        if summary.on_server:
            parts[0] += f" ({summary.on_server:,} by the service itself)"
        parts += [f"{counts['equal']:,} equal"] if counts["equal"] else []
        parts += [f"{counts['skipped']:,} skipped"] if counts["skipped"] else []
        parts += [f"{counts['deleted']:,} {would}deleted"] if counts["deleted"] else []
        parts += [f"{counts['failed']:,} failed"] if counts["failed"] else []
        seconds = time.monotonic() - self._started
        return f"{', '.join(parts)}; {size_text(summary.bytes)} in {seconds:.1f} seconds."


def tell_failures(command: Subcommand, summary: Summary) -> None:
    shown = summary.failures[:MOST]
    for failed in shown:
        owner = f"{failed.owner}: " if failed.owner else ""
        command.stderr.write(f"{owner}{name_text(failed.name)}: {name_text(failed.error)}")
    if more := summary.counts["failed"] - len(shown):
        command.stderr.write(f"... and {more:,} more failures.")


def opened(path: str | None) -> Report:
    try:
        return Report(path)
    except OSError as error:
        raise CommandError(f"The report cannot be written: {error}") from error


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
