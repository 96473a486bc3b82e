"""Who fails to log in too often has to wait."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter, OrderedDict

REMEMBERED = 10_000
"""Addresses whose failures are kept; those that failed longest ago go first."""


class LoginThrottle:
    """Counts the failed logins of each address, those under way included.

    So nobody gets more tries by making them at once; who has the right password only waits until
    others have shown theirs. An IPv6 client owns a /64 network as a rule:
    all of it counts as one address. Counts are those of one process.
    """

    def __init__(self, limit: int, period: float) -> None:
        self._limit, self._period = limit, period
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._under_way: Counter[str] = Counter()

    def begin(self, address: str) -> float | None:
        """`try_it`, after waiting for the tries under way where the answer depends on them.

        Then `end` has to follow, if there was a try.
        """
        key = _network(address)
        with self._ended:
            while (attempt := self._try(key)) is None and self._under_way[key]:
                self._ended.wait()
            if attempt is not None:
                self._under_way[key] += 1
        return attempt

    def end(self, address: str) -> None:
        """Tell that a try is not under way any more, however it ended."""
        key = _network(address)
        with self._ended:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
            self._ended.notify_all()

    def try_it(self, address: str) -> float | None:
        """Count a try as failed until `succeeded` is told, and return it; None if there were
        too many."""
        with self._lock:
            return self._try(_network(address))

    def _try(self, key: str) -> float | None:
        if not self._limit:
            return 0.0
        now = time.monotonic()
        recent = [each for each in self._failures.pop(key, []) if now - each < self._period]
        if allowed := len(recent) < self._limit:
            recent.append(now)
        if recent:
            self._failures[key] = recent
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return now if allowed else None

    def succeeded(self, address: str, attempt: float) -> None:
        """Take a try back."""
        with self._lock:
            recent = self._failures.get(_network(address), [])
            if attempt in recent:
                recent.remove(attempt)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(found)
