"""What every subcommand of `manage.py storages` is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper
from django.core.management.color import Style


class Subcommand(ABC):
    """One subcommand; it writes to `stdout` and `stderr` as Django's commands do."""

    name: str
    help: str

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper, style: Style) -> None:
        self.stdout, self.stderr, self.style = stdout, stderr, style

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what it takes to its own parser."""
        return

    @abstractmethod
    def run(self, options: dict[str, Any]) -> int | None:
        """Do it, and return the exit status; CommandError ends it with 1 and its text."""
