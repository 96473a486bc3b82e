"""Fixtures for tests of the Dropbox storage.

make(**options)  a storage of `dropbox_root`
storage          such a one
"""

from collections.abc import Callable

import pytest

from storages.backends.dropbox import DropboxStorage
from tests.servers import Dropbox


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., DropboxStorage]:
    found = dropbox_server.options(dropbox_root)
    return lambda **options: DropboxStorage(**(found | options))


@pytest.fixture
def storage(make: Callable[..., DropboxStorage]) -> DropboxStorage:
    return make()
