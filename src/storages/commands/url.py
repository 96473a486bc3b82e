"""`storages url`"""

from __future__ import annotations

import inspect
from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.commands.shared import positive


class Url(Subcommand):
    name = "url"
    help = "Prints the addresses of files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS:PATH", help="The files.")
        parser.add_argument(
            "--expire", type=positive, metavar="SECONDS", help="How long a signed one is good for."
        )

    def run(self, options: dict[str, Any]) -> int | None:
        for each in options["places"]:
            place = bulk.place(each)
            if place.is_local or not place.path:
                raise CommandError(f"{place} has no address: name a file of a storage.")
            extra = {}
            if options["expire"]:
                if "expire" not in inspect.signature(place.storage.url).parameters:
                    raise CommandError(f"Addresses of {place} do not expire: leave out --expire.")
                extra["expire"] = options["expire"]
            try:
                address = place.storage.url(place.path, **extra)
            except NotImplementedError as error:
                raise CommandError(f"The files of {place} have no addresses.") from error
            self.stdout.write(address)
        return None
