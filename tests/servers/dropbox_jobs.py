"""Batches of the fake of Dropbox: at once, or as jobs that one has to ask about.

https://www.dropbox.com/developers/documentation/http/documentation#files-delete_batch-check
"""

import contextlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .dropbox_errors import ApiError, BadRequest, Fields

ASKS = 1  # answers that a job is in progress
LARGEST = 1000  # entries
SOON = 1.0  # seconds after which a job is done, whether or not anybody asks

Work = Callable[[], list[Fields]]
Lock = contextlib.AbstractContextManager[bool]  # the store's: a job holds up everybody else


@dataclass(slots=True)
class Job:
    kind: str
    work: Work
    asks: int  # answers that it is in progress
    lock: Lock
    entries: list[Fields] | None = None

    def run(self) -> list[Fields]:
        with self.lock:
            if self.entries is None:
                self.entries = self.work()
            return self.entries


class Jobs:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.reset()

    def reset(self) -> None:
        self.asks = ASKS
        self._jobs: dict[str, Job] = {}

    def launch(self, kind: str, work: Work) -> Fields:
        """Nothing is done yet: who does not ask cannot know when it will be."""
        key = f"dbjid:{secrets.token_urlsafe(32)}"
        job = self._jobs[key] = Job(kind, work, self.asks, self._lock)
        timer = threading.Timer(SOON, job.run)
        timer.daemon = True
        timer.start()
        return {".tag": "async_job_id", "async_job_id": key}

    def check(self, kind: str, arg: Fields) -> Fields:
        job = self._jobs.get(arg["async_job_id"])
        if not job or job.kind != kind:
            raise ApiError("invalid_async_job_id")
        if job.asks > 0:
            job.asks -= 1
            return {".tag": "in_progress"}
        return {".tag": "complete", "entries": job.run()}


def entries_of(arg: Fields, *needs: str) -> list[Fields]:
    """The entries of a batch, each of which needs these fields."""
    entries: list[Fields] = arg["entries"]
    if len(entries) > LARGEST:
        raise BadRequest(f"request body: entries: {len(entries)} items, more than {LARGEST}")
    for entry in entries:
        if missing := [name for name in needs if name not in entry]:
            raise BadRequest(f"request body: entries: missing required field {missing[0]!r}")
    return entries
