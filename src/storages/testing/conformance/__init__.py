"""The conformance suite: what every storage must do, as tests that any backend can run.

Whoever writes a backend subclasses `StorageConformance`, and pytest collects every test::

    class TestShelfStorage(StorageConformance):
        lacks = frozenset({"exclusive-create"})

        @pytest.fixture
        def make_storage(self, shelf):
            return lambda **options: ShelfStorage(shelf=shelf, **options)

`make_storage` returns a function: each call of it gives a storage of the same place, which is
empty when a test begins, with other options. A test of something that the storage does not offer
is skipped; a test of what its service cannot do (`lacks`) must fail.
"""

import pytest

_TOPICS = (
    "bulk",
    "compressed",
    "identity",
    "integration",
    "listing",
    "naming",
    "reading",
    "saving",
    "suite",
    "text",
    "threads",
    "times",
    "writing",
)
pytest.register_assert_rewrite(*(f"{__name__}.{topic}" for topic in _TOPICS))

from storages.testing.conformance.bulk import Bulk  # noqa: E402 - asserts are rewritten first
from storages.testing.conformance.compressed import Compressed  # noqa: E402
from storages.testing.conformance.identity import Identity  # noqa: E402
from storages.testing.conformance.integration import Integration  # noqa: E402
from storages.testing.conformance.listing import Listing  # noqa: E402
from storages.testing.conformance.naming import Naming  # noqa: E402
from storages.testing.conformance.reading import Reading  # noqa: E402
from storages.testing.conformance.saving import Saving  # noqa: E402
from storages.testing.conformance.suite import needs  # noqa: E402
from storages.testing.conformance.text import Text  # noqa: E402
from storages.testing.conformance.threads import Threads  # noqa: E402
from storages.testing.conformance.times import Times  # noqa: E402
from storages.testing.conformance.writing import Writing  # noqa: E402

__all__ = ["StorageConformance", "needs"]


class StorageConformance(
    Reading,
    Writing,
    Text,
    Saving,
    Naming,
    Listing,
    Bulk,
    Times,
    Identity,
    Threads,
    Integration,
    Compressed,
):
    """Every test of the suite; the attributes are those of `storages.testing.conformance.suite`."""
