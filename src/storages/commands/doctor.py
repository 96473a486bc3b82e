"""`manage.py storages doctor`: tries out storages, and prints what it saw and what to do."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from storages.commands.base import Subcommand
from storages.doctor import FAILED, OK, SKIPPED, WARNING, Setting, Step, examine

WIDTH = 100
INDENT = " " * 4
LOOKS = {OK: "SUCCESS", WARNING: "WARNING", FAILED: "ERROR"}
"""How Django's style calls the looks of a status."""


class Doctor(Subcommand):
    name = "doctor"
    help = (
        "Tries out what a project does with a storage: tells how long each step took, or what "
        "failed and how to cure it. What it writes is deleted again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "aliases",
            nargs="*",
            metavar="ALIAS",
            help="Storages of STORAGES; all of them, if none is given.",
        )
        parser.add_argument(
            "--large",
            action="store_true",
            help="Write a file in parts as well, of some MiB, and give up an upload.",
        )
        parser.add_argument("--json", action="store_true", help="Print JSON, a line for a storage.")

    def run(self, options: dict[str, Any]) -> int | None:
        failed = False
        aliases = options["aliases"] or list(settings.STORAGES)
        tell = self._print_json if options["json"] else self._print
        for alias in aliases:
            with closing(examine(alias, large=options["large"])) as steps:
                failed |= tell(alias, steps, every=options["verbosity"] > 1)
        return 1 if failed else 0

    def _print_json(self, alias: str, steps: Iterable[Step], *, every: bool) -> bool:
        found = list(steps)
        shown = [
            _fields(each, "name", "value", "origin")
            for step in found
            for each in step.settings
            if every or not each.is_default
        ]
        told = [_fields(step, "name", "status", "seconds", "detail", "cure") for step in found]
        line = {"alias": alias, "options": shown, "steps": told}
        self.stdout.write(json.dumps(line, default=repr))
        return any(step.status == FAILED for step in found)

    def _print(self, alias: str, steps: Iterable[Step], *, every: bool) -> bool:
        failed, cure, reason = False, "", ""
        self.stdout.write(self.style.MIGRATE_HEADING(alias))
        for step in steps:
            if step.status != SKIPPED or step.detail != reason:  # one line for all of one reason
                self._print_step(step, same=step.cure == cure)
            for each in step.settings:
                if every or not each.is_default:
                    self._print_setting(each)
            failed |= step.status == FAILED
            cure, reason = step.cure or cure, step.detail
        return failed

    def _print_step(self, step: Step, *, same: bool) -> None:
        look = getattr(self.style, LOOKS.get(step.status, ""), str)
        took = "" if step.status == SKIPPED else f"{step.seconds * 1000:.0f} ms"
        status = look(f"{step.status:<8}")
        self.stdout.write(f"  {step.name:<10}{status}{took:>8}  {step.detail}")
        if step.cure:
            cure = "Cure: as above." if same else f"Cure: {step.cure}"
            self.stdout.write(_wrapped(cure))

    def _print_setting(self, each: Setting) -> None:
        self.stdout.write(f"{INDENT}{each.name} = {each.value!r}  ({each.origin})")


def _fields(of: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(of, name) for name in names}


def _wrapped(text: str) -> str:
    """Indented lines, of which none ends within a name or a command."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
