"""`storages orphans`"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.running import add_report, opened, tell_failures
from storages.commands.shared import add_workers, age, files_text, name_text, size_text
from storages.moving.jobs import Outcome
from storages.moving.orphans import Orphans as Run


class Orphans(Subcommand):
    name = "orphans"
    help = "Lists files that no FileField of any model refers to; deletes them only with --delete."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", metavar="ALIAS[:PATH]", help="Where to look.")
        parser.add_argument("--delete", action="store_true", help="Delete them.")
        parser.add_argument(
            "--older-than",
            type=age,
            default="1d",
            metavar="AGE",
            help="Leave younger files alone, and those of unknown age: 30m, 12h, 1d, 2w (1d).",
        )
        parser.add_argument(
            "--keep",
            action="append",
            default=[],
            metavar="PATTERN",
            help="Leave files alone that match, such as '/thumbnails/'; several times.",
        )
        parser.add_argument(
            "--backup-dir",
            default="",
            metavar="PATH",
            help="Move them there, in the same storage, instead of deleting them.",
        )
        parser.add_argument(
            "--missing", action="store_true", help="List rows whose file is gone, too."
        )
        add_workers(parser)
        add_report(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        if options["backup_dir"] and not options["delete"]:
            raise CommandError("--backup-dir needs --delete.")
        run = Run(
            bulk.place(options["place"]),
            delete=options["delete"],
            older_than=options["older_than"],
            keep=options["keep"],
            backup_dir=options["backup_dir"],
            missing=options["missing"],
            workers=options["workers"],
        )
        sizes: Counter[str] = Counter()
        try:
            with opened(options["report"]) as report, closing(run.outcomes()) as outcomes:
                for outcome in outcomes:
                    report.add(outcome)
                    sizes[outcome.action] += outcome.size
                    self._tell(outcome, names=options["verbosity"] > 1)
        except (OSError, ValueError):  # a place that cannot be listed; Refused
            self._conclude(run, sizes)
            raise
        self._conclude(run, sizes)
        return 0 if run.summary.ok else 1

    def _tell(self, outcome: Outcome, *, names: bool) -> None:
        if outcome.action == "orphan":
            self.stdout.write(f"{size_text(outcome.size):>10}  {name_text(outcome.name)}")
        elif outcome.action == "missing":
            self.stdout.write(f"{outcome.owner}: {name_text(outcome.name)}")
        elif names and outcome.action != "failed":
            self.stdout.write(f"{outcome.action} {name_text(outcome.name)}")

    def _conclude(self, run: Run, sizes: Counter[str]) -> None:
        tell_failures(self, run.summary)
        counts = run.summary.counts
        action, what = ("deleted", "deleted") if run.delete else ("orphan", "without a row")
        parts = [f"{files_text(counts[action])} {what}, {size_text(sizes[action])}"]
        parts += [f"{counts['skipped']:,} replaced meanwhile"] if counts["skipped"] else []
        parts += [f"{counts['missing']:,} missing"] if run.missing else []
        parts += [f"{counts['failed']:,} failed"] if counts["failed"] else []
        self.stdout.write(f"{'; '.join(parts)}.")
        if kept := ", ".join(f"{count:,} {why}" for why, count in run.kept.items() if count):
            self.stdout.write(f"Left alone: {kept}.")
