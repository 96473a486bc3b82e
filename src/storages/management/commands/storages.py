"""`manage.py storages`: what there is to do with files in storages, one subcommand each."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from argparse import SUPPRESS
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from storages import commands
from storages.commands.base import Subcommand


class Command(BaseCommand):
    help = "Lists, copies, compares, checks and cleans up the files of any storage in STORAGES."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        several = parser.add_subparsers(
            dest="subcommand", required=True, metavar="COMMAND", title="commands"
        )
        for cls in subcommands():
            one = cls(self.stdout, self.stderr, self.style)
            own = several.add_parser(one.name, help=one.help, description=one.help)
            own.add_argument(
                "-v", "--verbosity", type=int, choices=range(4), default=SUPPRESS, help="0 to 3."
            )
            one.add_arguments(own)
            own.set_defaults(run=type(one))

    def handle(self, **options: Any) -> None:
        run: type[Subcommand] = options.pop("run")
        try:
            status = run(self.stdout, self.stderr, self.style).run(options)
        except BrokenPipeError:  # whoever reads has seen enough: `... | head`
            sys.stderr.close()
            status = 1
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        if status:
            sys.exit(status)


def subcommands() -> Iterator[type[Subcommand]]:
    """Those of the modules of `storages.commands`, in the order of their names."""
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        for each in vars(module).values():
            if (
                isinstance(each, type)
                and issubclass(each, Subcommand)
                and each.__module__ == module.__name__
                and getattr(each, "name", None)
            ):
                yield each
