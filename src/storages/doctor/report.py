"""What an examination tells of each of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storages.options import DEFAULT

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Setting:
    """An option: its value, masked if it is secret, and where that came from, in words."""

    name: str
    value: Any
    origin: str

    @property
    def is_default(self) -> bool:
        """Whether nobody has set it."""
        return self.origin == DEFAULT


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried: OK, WARNING, FAILED or SKIPPED; no secret is in any text."""

    name: str
    status: str
    seconds: float = 0.0
    detail: str = ""
    cure: str = ""
    settings: tuple[Setting, ...] = ()
    """Of the first step, "options": what the storage was made with."""


class Skipped(Exception):  # noqa: N818 - no error: the step is not for this storage
    """A step does not apply; its text says why."""


class Doubtful(Exception):  # noqa: N818 - no error: it works, but
    """A step worked, and yet somebody should know what the text says."""

    def __init__(self, detail: str, cure: str) -> None:
        super().__init__(detail)
        self.cure = cure


class ProbeLeftError(OSError):
    """An examination was broken off, and what it had written could not be deleted; `names`."""

    def __init__(self, left: dict[str, str]) -> None:
        self.names = list(left)
        super().__init__(left_behind(left))


def left_behind(left: dict[str, str]) -> str:
    """What to do about files, by name, that could not be deleted for the reasons given."""
    told = "; ".join(f"{name!r} ({why})" if why else repr(name) for name, why in left.items())
    return f"Left in the storage, delete it by hand: {told}"
