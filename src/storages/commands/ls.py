"""`storages ls`"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import name_text, size_text, time_text
from storages.entry import Entry
from storages.moving.places import Place


class Ls(Subcommand):
    name = "ls"
    help = "Lists the files of a storage."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS[:PATH]", help="Where to look.")
        parser.add_argument("-l", "--long", action="store_true", help="With sizes and times.")
        parser.add_argument(
            "-R", "--recursive", action="store_true", help="With all files below, however deep."
        )
        parser.add_argument("-b", "--bytes", action="store_true", help="Sizes in bytes.")

    def run(self, options: dict[str, Any]) -> int | None:
        places = [bulk.place(each) for each in options["places"]]
        for place in places:
            if len(places) > 1:
                self.stdout.write(f"{place}:")
            for entry in listed(place, options["recursive"]):
                self.stdout.write(_line(entry, options) if options["long"] else _name(entry))
        return None


def listed(place: Place, recursive: bool) -> Iterator[Entry]:
    """The files and directories there, by names relative to it; a file itself, if it is one."""
    if place.path and not place.is_dir():
        yield place.side.stat(place.path)
    elif recursive:
        yield from place.scan()
    else:
        yield from place.scandir()


def _name(entry: Entry) -> str:
    return name_text(f"{entry.name}/" if entry.is_dir else entry.name)


def _line(entry: Entry, options: dict[str, Any]) -> str:
    if entry.is_dir:
        return f"{'-':>10}  {time_text(None)}  {_name(entry)}"
    size = str(entry.size) if options["bytes"] else size_text(entry.size)
    return f"{size:>10}  {time_text(entry.modified)}  {_name(entry)}"
