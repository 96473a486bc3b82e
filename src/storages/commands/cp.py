"""`storages cp` and `storages mv`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.running import Running, add_run, run_options
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
        add_run(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        run = Copies(
            [bulk.place(each) for each in options["sources"]],
            bulk.place(options["target"]),
            recursive=options["recursive"],
            overwrite=not options["no_clobber"],
            move=self.moves,
            **run_options(options),
        )
        running = Running(self, options, copied="moved" if self.moves else "copied")
        return running.show(run.outcomes(), run.summary, run.planned)


class Mv(Cp):
    name = "mv"
    help = "Moves files: copies them, and deletes each one whose copy is there."
    moves = True
