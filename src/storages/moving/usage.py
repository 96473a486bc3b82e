"""How large folders are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from storages.moving.filters import Filters
from storages.moving.places import Place


@dataclass
class Size:
    """Of all files at and below a folder."""

    files: int = 0
    bytes: int = 0


def sizes(place: Place, depth: int, filters: Filters) -> dict[str, Size]:
    """By folder down to `depth`, `""` for all; files directly in `place` count there alone."""
    found: defaultdict[str, Size] = defaultdict(Size)
    found[""] = Size()
    for entry in place.scan():
        if not filters.takes(entry.name):
            continue
        parts = entry.name.split("/")[:-1]
        for level in range(min(len(parts), depth) + 1):
            size = found["/".join(parts[:level])]
            size.files += 1
            size.bytes += entry.size
    if not found[""].files and not place.is_dir():
        found[""] = Size(1, place.side.stat(place.path).size)
    return dict(found)
