"""`storages copymedia`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.running import Running, add_run, run_options
from storages.moving.media import MediaCopy


class CopyMedia(Subcommand):
    name = "copymedia"
    help = "Copies the files that FileFields of this database refer to, and that are not there yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "models",
            nargs="*",
            metavar="app.Model[.field]",
            help="What refers to the files; by default all FileFields.",
        )
        parser.add_argument(
            "--from",
            required=True,
            dest="source",
            metavar="ALIAS[:PATH]",
            help="Where the files are; only single objects are read there.",
        )
        parser.add_argument(
            "--to",
            dest="target",
            metavar="ALIAS[:PATH]",
            help="Where they are to be; by default each field's own storage.",
        )
        parser.add_argument(
            "--database",
            metavar="ALIAS",
            help="Where to read the rows; by default the database of each model.",
        )
        add_run(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        run = MediaCopy(
            bulk.place(options["source"]),
            bulk.place(options["target"]) if options["target"] else None,
            models=options["models"],
            database=options["database"],
            **run_options(options),
        )
        status = Running(self, options).show(run.outcomes(), run.summary, run.planned)
        if not options["verbosity"]:
            return status
        for model, counts in sorted(run.summary.models.items()):
            told = ", ".join(f"{count:,} {action}" for action, count in sorted(counts.items()))
            self.stdout.write(f"  {model}: {told}")
        return status
