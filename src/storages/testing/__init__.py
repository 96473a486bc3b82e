"""For tests: `MemoryStorage`, and in `storages.testing.conformance` what every storage passes."""

from storages.counting import count_requests
from storages.testing.memory import MemoryStorage

__all__ = ["MemoryStorage", "count_requests"]
