"""What must happen when the interpreter ends: uploads are aborted, then connections are closed."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable

logger = logging.getLogger("storages")


_calls: list[Callable[[], None]] = []


def at_exit(call: Callable[[], None], *, first: bool = False) -> Callable[[], None]:
    """Have `call` called when the interpreter ends, before or after what is registered here."""
    _calls.insert(0 if first else len(_calls), call)
    return call


@atexit.register
def _end() -> None:
    for call in _calls:
        try:
            call()
        except Exception:
            logger.exception("Something could not be ended.")


def come_first() -> None:
    """End before whatever was imported in the meantime: an SDK may stop its threads at exit."""
    atexit.unregister(_end)
    atexit.register(_end)
