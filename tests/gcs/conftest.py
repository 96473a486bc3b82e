"""bucket: the name of one that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.servers import Gcs


@pytest.fixture(scope="module")
def bucket(gcs: Gcs) -> Iterator[str]:
    with gcs.bucket() as name:
        yield name
