"""How the fake of Dropbox fails when a test wants it to, and what it remembers of its calls."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from .dropbox_errors import ApiError, UploadFailed, said
from .wire import Answer

REMEMBERED = 100_000  # calls
RETRY_AFTER = 1  # seconds, where a test says none


@dataclass(slots=True)
class Fault:
    """Befalls the next `times` calls of a route, after `skip` of them.

    Only calls whose argument (JSON) has the text `containing`. One of: `status`, with or without
    a body; `error`, the tags of the error union, and `after` for it to come when the work is done;
    `drop`, the connection ends after the work; `cut`, the answer's body ends after so many bytes;
    `stall`, seconds before the work. A route with `/entry` is one entry of its batch.
    """

    route: str | None = None
    containing: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    body: str | dict[str, Any] | None = None
    retry_after: int | None = None
    error: list[str] | None = None
    after: bool = False
    drop: bool = False
    cut: int | None = None
    stall: float = 0.0

    def meets(self, route: str, arg: str) -> bool:
        return self.route in (None, route) and self.containing in arg

    def answer(self, route: str) -> Answer | None:
        """What comes in place of an answer."""
        if self.error:
            error = ApiError(*self.error)
            if route == "files/upload" and self.error[0] == "path":
                error = UploadFailed(ApiError(*self.error[1:]), "pid_upload_session:failed")
            return error.answer()
        if not self.status:
            return None
        after = self.retry_after if self.retry_after is not None else RETRY_AFTER
        headers = {"Retry-After": str(after)} if self.status in (429, 503) else {}
        if self.body is None and self.status == 429:
            reason = {"reason": {".tag": "too_many_requests"}, "retry_after": after}
            answer = said(429, reason, "too_many_requests")
        elif isinstance(self.body, dict):
            answer = Answer(self.status, self.body, {"Content-Type": "application/json"})
        else:
            text = (self.body or "The server failed, as it was told to.").encode()
            answer = Answer(self.status, text, {"Content-Type": "text/plain; charset=utf-8"})
        answer.headers |= headers
        return answer


@dataclass(slots=True)
class Seen:
    """A call: its route, what it was about, the answer's status, bytes of both bodies."""

    route: str
    about: str
    status: int
    up: int
    down: int


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._count = 0
        self.healed = threading.Event()

    def add(self, wanted: dict[str, Any]) -> None:
        with self._lock:
            self.healed.clear()
            self._faults.append(Fault(**wanted))

    def clear(self) -> None:
        with self._lock:
            self._faults = []
            self.healed.set()

    def of(self, route: str, arg: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.meets(route, arg):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def entry(self, route: str, arg: str) -> None:
        """Fails an entry of a batch with the error that it is to have."""
        fault = self.of(f"{route}/entry", arg)
        if fault and fault.error:
            raise ApiError(*fault.error)

    def note(self, seen: Seen) -> None:
        with self._lock:
            self._seen.append(seen)
            self._count += 1

    def seen(self, *, since: int = 0) -> dict[str, Any]:
        """How many calls there were, and those after the first `since` that are remembered."""
        with self._lock:
            last = self._count - since
            seen = list(self._seen)[-last:] if last > 0 else []
            return {"count": self._count, "seen": [asdict(one) for one in seen]}

    def forget(self) -> None:
        with self._lock:
            self._seen.clear()
            self._count = 0
