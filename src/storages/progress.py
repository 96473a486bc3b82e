"""How far a run is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

WIDTH = 30
"""Characters of the bar."""

BAR_EVERY = 0.1
LINE_EVERY = 10.0
"""Seconds."""


class Bar:
    """Shows on Django's `stdout` of a command, if `shown`, how far something is."""

    def __init__(self, stdout: Any, *, shown: bool) -> None:
        self._stdout, self._shown = stdout, shown
        self._is_bar = shown and bool(stdout.isatty())
        self._drawn = ""
        self._next = time.monotonic() + (0 if self._is_bar else LINE_EVERY)

    def show(self, tell: Callable[[], tuple[float, str]]) -> None:
        """Show what `tell` gives, the part that is done and a text, if it is time for it."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + (BAR_EVERY if self._is_bar else LINE_EVERY)
        done, text = tell()
        if not self._is_bar:
            self._stdout.write(text)
            return
        columns = shutil.get_terminal_size().columns - 1  # a longer line would begin another one
        width = max(0, min(WIDTH, columns - len(text) - len("[] ")))
        full = int(width * min(1.0, done))
        line = f"[{'#' * full}{'.' * (width - full)}] {text}" if width else text
        line = line[:columns]
        self._stdout.write("\r" + line.ljust(len(self._drawn)), ending="")
        self._stdout.flush()
        self._drawn = line

    def close(self) -> None:
        """Take the bar away; the next line begins where it was."""
        if self._drawn:
            self._stdout.write("\r" + " " * len(self._drawn) + "\r", ending="")
            self._stdout.flush()
            self._drawn = ""


class Progress:
    """Counts steps of a known number, and shows them."""

    def __init__(self, stdout: Any, total: int, task: str, *, shown: bool) -> None:
        self._total, self._task = total, task
        self._bar = Bar(stdout, shown=shown)
        self._count = 0

    def step(self, detail: str = "") -> None:
        """One more is done."""
        self._count += 1
        self._bar.show(
            lambda: (
                self._count / max(1, self._total),
                f"{self._task} {self._count} of {self._total}{detail}",
            )
        )

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()
