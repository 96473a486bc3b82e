"""`storages check`"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import add_comparison, add_filters, add_workers, filters_of, name_text


class Check(Subcommand):
    name = "check"
    help = "Compares two places: which files are equal, differ, or are missing on either side."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="ALIAS, ALIAS:PATH, or ./directory.")
        parser.add_argument("target", metavar="TARGET", help="The same.")
        add_comparison(parser)
        add_filters(parser)
        add_workers(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        counts: Counter[str] = Counter()
        findings = bulk.check(
            options["source"],
            options["target"],
            compare=options["compare"],
            filters=filters_of(options),
            workers=options["workers"],
        )
        for finding in findings:
            counts[finding.state] += 1
            if finding.state == "failed":
                self.stderr.write(f"{name_text(finding.name)}: {finding.error}")
            elif finding.state != "equal" or options["verbosity"] > 1:
                self.stdout.write(f"{finding.state}: {name_text(finding.name)}")
        told = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
        self.stdout.write(f"{told or 'No file on either side'}.")
        if set(counts) - {"equal"}:
            raise CommandError(f"{options['source']} and {options['target']} are not the same.")
        return None
