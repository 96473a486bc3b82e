"""`manage.py storages`: what there is to do with files in storages, one subcommand each."""

from __future__ import annotations

import importlib
import os
import pkgutil
import select
import sys
from argparse import SUPPRESS
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management.base import BaseCommand, CommandError, CommandParser

from storages import commands
from storages.commands.base import Subcommand

ERRORS = (OSError, ValueError, NotImplementedError, ImproperlyConfigured, SuspiciousOperation)
"""What a user can do something about; all else is a fault, and shows where it is."""

INTERRUPTED = 130
"""The exit status of what a SIGINT has ended, as shells tell it."""


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
                "-v",
                "--verbosity",
                type=int,
                choices=range(4),
                default=SUPPRESS,
                help="How much is told (1): 0 is what has failed, 2 every file.",
            )
            one.add_arguments(own)
            own.set_defaults(run=type(one))

    def handle(self, **options: Any) -> None:
        run: type[Subcommand] = options.pop("run")
        try:
            status = run(self.stdout, self.stderr, self.style).run(options)
        except KeyboardInterrupt:
            if not getattr(self, "_called_from_command_line", False):
                raise
            self.stderr.write("Interrupted: what was being sent has been given up.")
            sys.exit(INTERRUPTED)
        except ERRORS as error:
            if isinstance(error, BrokenPipeError) and _is_unread(sys.stdout):
                # The interpreter flushes once more as it ends.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(1)
            raise CommandError(_text(error)) from error
        if status:
            raise CommandError("Not all of it could be done: see above.", returncode=status)


def _is_unread(stream: Any) -> bool:
    """Whether nobody reads from this pipe any more, as in `... | head`."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return bool(poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no pipe, or no poll on this system
        return False


def _text(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {text}"


def subcommands() -> list[type[Subcommand]]:
    """Those of the modules of `storages.commands`, in the order of their names."""
    return sorted(_found(), key=lambda each: each.name)


def _found() -> Iterator[type[Subcommand]]:
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        for each in vars(module).values():
            if (
                isinstance(each, type)
                and issubclass(each, Subcommand)
                and each.__module__ == module.__name__
                and getattr(each, "name", None)
            ):
                yield each
