"""`storages cat`"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.transfer import KiB
from storages.utils import to_bytes

CHUNK = 256 * KiB


class Cat(Subcommand):
    name = "cat"
    help = "Writes the content of files to the standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS:PATH")

    def run(self, options: dict[str, Any]) -> int | None:
        # Files need no text: what Django wraps is asked for its bytes, if it has any.
        out: Any = getattr(self.stdout, "_out", sys.stdout)
        out = getattr(out, "buffer", out)
        for each in options["places"]:
            place = bulk.place(each)
            with place.storage.open(place.path) as file:
                while chunk := to_bytes(file.read(CHUNK)):
                    out.write(chunk)
        out.flush()
        return None
