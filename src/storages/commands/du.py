"""`storages du`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import (
    add_filters,
    files_text,
    filters_of,
    name_text,
    positive,
    size_text,
)

WIDTH = 30
"""Characters of the longest bar."""


class Du(Subcommand):
    name = "du"
    help = "Tells how large folders are, the largest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", metavar="ALIAS[:PATH]", help="Where to look.")
        parser.add_argument(
            "--depth",
            type=positive,
            default=1,
            metavar="N",
            help="Folders in folders, to this depth (1).",
        )
        parser.add_argument("-b", "--bytes", action="store_true", help="Sizes in bytes.")
        add_filters(parser)

    def run(self, options: dict[str, Any]) -> int | None:
        usage = bulk.usage(options["place"], options["depth"], filters=filters_of(options))
        total = usage.pop("")
        largest = max((each.bytes for each in usage.values()), default=0)
        for path, each in sorted(usage.items(), key=lambda item: (-item[1].bytes, item[0])):
            bar = "#" * round(WIDTH * each.bytes / largest) if largest else ""
            shown = f"  {bar:{WIDTH}}" if self.stdout.isatty() else ""
            self.stdout.write(f"{self._size(each.bytes, options)}{shown}  {name_text(path)}")
        self.stdout.write(f"{self._size(total.bytes, options)}  {files_text(total.files)}")
        return None

    def _size(self, count: int, options: dict[str, Any]) -> str:
        return f"{str(count) if options['bytes'] else size_text(count):>12}"
