"""`storages cp` and `storages mv`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.running import Running, add_report
from storages.commands.shared import add_executor, add_filters, add_workers, executor_of, filters_of
from storages.moving.copies import Copies


class Cp(Subcommand):
    name = "cp"
    help = "Copies files, with -r what is in directories, between storages and local paths."
    moves = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="ALIAS:PATH or ./path.")
        parser.add_argument(
            "target",
            metavar="TARGET",
            help="The new name of one file; the directory for it, if it is one or ends with a "
            "slash. What is in a directory goes below it.",
        )
        parser.add_argument(
            "-r", "--recursive", action="store_true", help="With all that is in directories."
        )
        parser.add_argument(
            "-n", "--no-clobber", action="store_true", help="Replace no file, skip it."
        )
        parser.add_argument(
            "--verify", action="store_true", help="Compare each copy with what was read."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        add_filters(parser)
        add_workers(parser)
        add_executor(parser)
        add_report(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        run = Copies(
            [bulk.place(each) for each in options["sources"]],
            bulk.place(options["target"]),
            recursive=options["recursive"],
            overwrite=not options["no_clobber"],
            move=self.moves,
            verify=options["verify"],
            dry_run=options["dry_run"],
            filters=filters_of(options),
            executor=executor_of(options),
        )
        return Running(self, options).show(run.outcomes(), run.summary, run.planned)


class Mv(Cp):
    name = "mv"
    help = "Moves files: copies them, and deletes each one whose copy is there."
    moves = True
