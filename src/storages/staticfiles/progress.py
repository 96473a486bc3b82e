"""How far a run is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import Any

WIDTH = 30
"""Characters of the bar."""

BAR_EVERY = 0.1
LINE_EVERY = 10.0
"""Seconds."""


class Progress:
    """Counts steps, and shows them on Django's `stdout` of a command if `shown`."""

    def __init__(self, stdout: Any, total: int, task: str, *, shown: bool) -> None:
        self._stdout, self._total, self._task = stdout, total, task
        self._shown = shown
        self._bar = shown and bool(stdout.isatty())
        self._count = 0
        self._drawn = ""
        self._next = time.monotonic() + (0 if self._bar else LINE_EVERY)

    def step(self, detail: str = "") -> None:
        """One more is done."""
        self._count += 1
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + (BAR_EVERY if self._bar else LINE_EVERY)
            self._draw(detail)

    def _draw(self, detail: str) -> None:
        told = f"{self._task} {self._count} of {self._total}{detail}"
        if not self._bar:
            self._stdout.write(told)
            return
        full = WIDTH * self._count // max(1, self._total)
        line = f"[{'#' * full}{'.' * (WIDTH - full)}] {told}"
        self._stdout.write("\r" + line.ljust(len(self._drawn)), ending="")
        self._stdout.flush()
        self._drawn = line

    def close(self) -> None:
        """Take the bar away."""
        if self._drawn:
            self._stdout.write("\r" + " " * len(self._drawn) + "\r", ending="")
            self._stdout.flush()
            self._drawn = ""
