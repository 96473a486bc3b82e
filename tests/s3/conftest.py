"""bucket: the name of one that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.servers import Moto


@pytest.fixture(scope="module")
def bucket(moto: Moto) -> Iterator[str]:
    with moto.bucket() as name:
        yield name
