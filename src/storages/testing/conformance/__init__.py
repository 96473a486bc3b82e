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

from storages.testing.conformance._topics import TOPICS

# isort: split
from storages.testing.conformance.atomic import Atomic
from storages.testing.conformance.bulk import Bulk
from storages.testing.conformance.compressed import Compressed
from storages.testing.conformance.directories import Directories
from storages.testing.conformance.headers import Headers
from storages.testing.conformance.identity import Identity
from storages.testing.conformance.integration import Integration
from storages.testing.conformance.listing import Listing
from storages.testing.conformance.naming import Naming
from storages.testing.conformance.reading import Reading
from storages.testing.conformance.saving import Saving
from storages.testing.conformance.suite import needs
from storages.testing.conformance.text import Text
from storages.testing.conformance.threads import Threads
from storages.testing.conformance.times import Times
from storages.testing.conformance.writing import Writing

__all__ = ["TOPICS", "StorageConformance", "needs"]


class StorageConformance(
    Reading,
    Writing,
    Text,
    Atomic,
    Saving,
    Naming,
    Listing,
    Directories,
    Bulk,
    Headers,
    Times,
    Identity,
    Threads,
    Integration,
    Compressed,
):
    """Every test of the suite; the attributes are those of `storages.testing.conformance.suite`."""
