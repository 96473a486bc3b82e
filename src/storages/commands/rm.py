"""`storages rm`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import files_text
from storages.moving.places import Place


class Rm(Subcommand):
    name = "rm"
    help = "Deletes files, with -r directories with all that is in them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS:PATH")
        parser.add_argument("-r", "--recursive", action="store_true")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument(
            "--everything", action="store_true", help="Allow to empty a whole storage."
        )

    def run(self, options: dict[str, Any]) -> int | None:
        places = [bulk.place(each) for each in options["places"]]
        for place in places:
            self._check(place, options)
        count = 0
        for place in places:
            count += self._pretend(place) if options["dry_run"] else self._delete(place)
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{files_text(count)} {would}deleted.")
        return None

    def _check(self, place: Place, options: dict[str, Any]) -> None:
        """Before anything goes."""
        if not place.path and not (options["recursive"] and options["everything"]):
            raise CommandError(f"{place} is a whole storage: that needs -r --everything.")
        if place.is_dir():
            if not options["recursive"]:
                raise CommandError(f"{place} is a directory: that needs -r.")
        else:
            place.side.stat(place.path)

    def _delete(self, place: Place) -> int:
        if place.is_dir():
            return int(place.side.delete_tree(place.path, everything=not place.path))
        place.storage.delete(place.path)
        return 1

    def _pretend(self, place: Place) -> int:
        count = 0
        for entry in place.scan() if place.is_dir() else (place.side.stat(place.path),):
            self.stdout.write(f"would delete {entry.name}")
            count += 1
        return count
