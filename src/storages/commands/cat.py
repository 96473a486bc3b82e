"""`storages cat`"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from storages import bulk
from storages.commands.base import Subcommand
from storages.transfer import KiB
from storages.utils import to_bytes

CHUNK = 256 * KiB


class Cat(Subcommand):
    name = "cat"
    help = "Writes the content of files to the standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="ALIAS:PATH", help="The files.")

    def run(self, options: dict[str, Any]) -> int | None:
        write = self._writer()
        for each in options["places"]:
            place = bulk.place(each)
            if not place.path:
                raise CommandError(f"{place} is a whole storage: name a file in it.")
            with place.storage.open(place.path) as file:
                while chunk := to_bytes(file.read(CHUNK)):
                    write(chunk)
        return None

    def _writer(self) -> Callable[[bytes], object]:
        """Writes bytes to what Django wraps, and decodes them for what takes text alone."""
        out: Any = getattr(self.stdout, "_out", self.stdout)
        if hasattr(out, "buffer"):
            return lambda data: (out.buffer.write(data), out.buffer.flush())
        decoder = getincrementaldecoder("utf-8")("surrogateescape")
        return lambda data: out.write(decoder.decode(data))
