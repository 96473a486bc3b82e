"""`storages sync`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.running import Running, add_run, run_options
from storages.commands.shared import add_comparison, count
from storages.moving.syncing import Sync as Run


class Sync(Subcommand):
    name = "sync"
    help = "Makes the target like the source: copies what differs, and with --delete also deletes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="ALIAS, ALIAS:PATH, or ./directory.")
        parser.add_argument("target", metavar="TARGET", help="The same; what is not there is made.")
        group = add_comparison(parser)
        group.add_argument(
            "--ignore-existing",
            action="store_const",
            dest="compare",
            const="existing",
            help="Leave every file that the target has as it is.",
        )
        parser.add_argument(
            "--delete", action="store_true", help="Delete files that the source does not have."
        )
        parser.add_argument(
            "--max-delete", type=count, metavar="N", help="Delete none if it were more than these."
        )
        parser.add_argument(
            "--backup-dir",
            default="",
            metavar="PATH",
            help="Where replaced and deleted files go: a directory in the storage of the target, "
            "in which each run makes one of its own.",
        )
        add_run(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        if options["max_delete"] is not None and not options["delete"]:
            raise CommandError("--max-delete needs --delete.")
        run = Run(
            bulk.place(options["source"]),
            bulk.place(options["target"]),
            compare=options["compare"],
            delete=options["delete"],
            max_delete=options["max_delete"],
            backup_dir=options["backup_dir"],
            **run_options(options),
        )
        return Running(self, options).show(run.outcomes(), run.summary, run.planned)
