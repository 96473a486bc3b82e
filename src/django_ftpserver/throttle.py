"""Who fails to log in too often has to wait."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict

REMEMBERED = 10_000
"""Addresses whose failures are kept; those that failed longest ago go first."""


class LoginThrottle:
    """Counts the failed logins of each address, those under way included.

    So nobody gets more tries by making them at once. An IPv6 client owns a /64 network as a rule:
    all of it counts as one address. Counts are those of one process.
    """

    def __init__(self, limit: int, period: float) -> None:
        self._limit, self._period = limit, period
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def try_it(self, address: str) -> float | None:
        """Count a try as failed until `succeeded` is told, and return it; None if there were
        too many."""
        if not self._limit:
            return 0.0
        key, now = _network(address), time.monotonic()
        with self._lock:
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
