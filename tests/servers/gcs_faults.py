"""How the fake of Google Cloud Storage fails, and copies slowly, when a test wants it to."""

import threading
from dataclasses import dataclass
from typing import Any

from .gcs_store import Refused, Stored, new_id
from .wire import Call

MIB = 1 << 20


@dataclass(slots=True)
class Fault:
    """The next `times` calls of this method, whose target contains this text, get this status.

    Nothing of such a call is done; with `keep`, that many bytes of an upload are.
    """

    status: int = 503
    times: int = 1
    method: str | None = None
    containing: str = ""
    keep: int | None = None

    def meets(self, call: Call) -> bool:
        return self.method in (None, call.method) and self.containing in call.target


class Faults:
    def __init__(self) -> None:
        self.bytes_per_rewrite: int | None = None
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._rewrites: dict[str, tuple[object, int]] = {}

    def add(self, fault: dict[str, Any]) -> None:
        with self._lock:
            self._faults = [Fault(**fault)] if fault else []

    def of(self, call: Call) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.meets(call):
                    fault.times -= 1
                    return fault
        return None

    def rewrite(self, call: Call, found: Stored, target: tuple[str, str]) -> dict[str, Any] | None:
        """The answer to one call of many that a rewrite takes; None to the last, which writes."""
        query, size = call.query, len(found.data)
        if (limit := int(query.get("maxBytesRewrittenPerCall", MIB))) < MIB or limit % MIB:
            raise Refused(400, "maxBytesRewrittenPerCall must be a multiple of 1 MiB.")
        of, done = (found.fields["id"], target), 0
        if token := query.get("rewriteToken"):
            meant, done = self._rewrites.get(token, (None, 0))
            if meant != of:
                raise Refused(400, "The rewrite token is not of this rewrite.")
        done += self.bytes_per_rewrite or size
        if done >= size:
            self._rewrites.pop(token or "", None)
            return None
        self._rewrites[token := token or new_id()] = of, done
        return {
            "kind": "storage#rewriteResponse",
            "done": False,
            "objectSize": str(size),
            "totalBytesRewritten": str(done),
            "rewriteToken": token,
        }
