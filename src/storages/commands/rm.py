"""`storages rm`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import files_text, name_text
from storages.entry import Entry
from storages.moving.places import Place


class Rm(Subcommand):
    name = "rm"
    help = "Deletes files, with -r directories with all that is in them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS:PATH", help="What goes.")
        parser.add_argument(
            "-r", "--recursive", action="store_true", help="With all that is in directories."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument(
            "--everything", action="store_true", help="Allow to empty a whole storage."
        )

    def run(self, options: dict[str, Any]) -> int | None:
        places = [bulk.place(each) for each in options["places"]]
        kinds = [self._is_tree(place, options) for place in places]  # before anything goes
        number, failed = 0, 0
        for place, is_tree in zip(places, kinds, strict=True):
            try:
                number += (self._pretend if options["dry_run"] else self._delete)(place, is_tree)
            except OSError as error:
                failed += 1
                self.stderr.write(f"{place}: {error}")
        if options["verbosity"]:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(f"{files_text(number)} {would}deleted.")
        return 1 if failed else 0

    def _is_tree(self, place: Place, options: dict[str, Any]) -> bool:
        """Whether all that is in a directory goes; CommandError, FileNotFoundError."""
        recursive = options["recursive"]
        if bulk.place(".").is_in(place):
            raise CommandError(f"You are in {place}: go elsewhere to delete it.")
        if not place.path:
            if not recursive or not options["everything"]:
                raise CommandError(f"{place} is a whole storage: that needs -r --everything.")
            return True
        # Where names imply directories, there may be a file and a directory of one name.
        if recursive and place.is_dir():
            return True
        if place.is_file():
            return False
        if place.is_dir():
            raise CommandError(f"{place} is a directory: that needs -r.")
        if place.storage.exists(place.path):  # a link to nothing
            return False
        raise FileNotFoundError(f"There is no {place}.")

    def _delete(self, place: Place, is_tree: bool) -> int:
        if is_tree:
            return int(place.side.delete_tree(place.path, everything=not place.path))
        place.storage.delete(place.path)
        return 1

    def _pretend(self, place: Place, is_tree: bool) -> int:
        number = 0
        for entry in place.scan() if is_tree else [Entry("")]:
            name = place.joined(entry.name) if is_tree else place.path
            self.stdout.write(f"would delete {name_text(name)}")
            number += 1
        return number
