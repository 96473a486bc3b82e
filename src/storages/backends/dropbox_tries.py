"""How often a request is sent to Dropbox, and how long to wait meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from dropbox.exceptions import InternalServerError, RateLimitError

from storages.backends.dropbox_errors import DropboxRateLimitError, Task
from storages.backends.dropbox_failures import UNSENT, failure, is_untrusted

RATE_TRIES = 10
"""Times that a request is sent again because there were too many."""
LONGEST_WAIT = 300
"""Seconds that one request may wait for its turn, all its times together."""
BUSY_PAUSES = (0.5, 1, 2, 4, 8, 16, 32)
"""Seconds before a request is sent again where Dropbox does not say how long to wait."""
ERROR_PAUSES = (0.25, 0.5, 1, 2)
"""Seconds before further attempts where Dropbox failed or the connection broke, more or less."""

BUSY = ("too_many_write_operations", "too_many_requests")
FAILED = ("internal_error", "content_hash_mismatch")
"""Last tags of refusals that mean: send it again."""


class Tries:
    """Whether a request may have been done by an attempt that failed, and how long to wait.

    `look` answers for it then: it finds what that attempt did, or None, and the request is sent
    again only if it was not done. Nothing is waited for any more once `stop` is set.
    """

    def __init__(
        self,
        *,
        reads: bool = False,
        look: Callable[[], Any] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._stop = stop
        self.unsure = False
        self._look = look
        self._waited = 0.0
        self._busy = 0
        # Whoever reads a file asks again by itself.
        self._pauses = iter(ERROR_PAUSES[:1] if reads else ERROR_PAUSES)
        self._reads = reads

    def done(self) -> Any:
        """The answer of an attempt whose answer was lost; None if it is to be sent (again)."""
        return self._look() if self.unsure and self._look else None

    def failed(self, error: Exception, *, sent: bool) -> bool:
        """Wait, if the request should be sent again after this failure.

        `sent`: this request has failed, rather than that for a token.
        """
        if isinstance(error, RateLimitError):
            return self.busy(error.backoff)
        if isinstance(error, InternalServerError):
            self.unsure |= sent
            return self._again(getattr(error, "retry_after", None))
        if isinstance(error, UNSENT) or not isinstance(error, requests.exceptions.RequestException):
            return False
        self.unsure |= sent
        lost = not isinstance(error, requests.exceptions.Timeout) and not is_untrusted(error)
        return lost and not self._reads and self._again(None)

    def refused(self, tags: tuple[str, ...]) -> bool:
        """Wait, if the request should be sent again although the service refused it."""
        if tags and tags[-1] in BUSY:
            return self.busy(None)
        self.unsure |= tags[-1:] == ("internal_error",)
        return bool(tags) and tags[-1] in FAILED and self._again(None)

    def busy(self, told: float | None) -> bool:
        pause = told or 0
        if not pause:
            pause = _about(BUSY_PAUSES[min(self._busy, len(BUSY_PAUSES) - 1)])
        self._busy += 1
        if self._busy > RATE_TRIES or self._waited + pause > LONGEST_WAIT:
            return False
        return self._sleep(pause)

    def _again(self, told: float | None) -> bool:
        pause = next(self._pauses, None)
        if pause is None or (told or 0) + self._waited > LONGEST_WAIT:
            return False
        return self._sleep(_about(pause) if told is None else told)

    def _sleep(self, pause: float) -> bool:
        """Wait; whether it still makes sense to go on."""
        self._waited += pause
        if self._stop is not None:
            return not self._stop.wait(pause)
        time.sleep(pause)
        return True


def _about(pause: float) -> float:
    """So many seconds, more or less: not all threads come back at once."""
    return pause * random.uniform(0.5, 1.5)


def given_up(error: Exception, task: Task) -> OSError:
    """The builtin error of a request that is not sent again."""
    if isinstance(error, RateLimitError):
        told = f", and asks to wait {error.backoff:g} seconds" if error.backoff else ""
        found = DropboxRateLimitError(
            f"Cannot {task}: Dropbox gets too many requests from this app or account{told}. "
            f"It was asked up to {RATE_TRIES} times and for up to {LONGEST_WAIT} seconds.",
            429,
        )
        found.backoff, found.error = error.backoff, error.error
        return found
    return failure(error, task)
