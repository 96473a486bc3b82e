"""Fixtures for tests over SFTP, on OpenSSH.

make(**options)  a storage of `sftp_directory`, closed when the test ends
storage          such a one
here             the directory as this machine sees it
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storages.backends.sftpstorage import SFTPStorage
from tests.servers import Sshd


@pytest.fixture
def make(sshd: Sshd, sftp_directory: str) -> Iterator[Callable[..., SFTPStorage]]:
    made: list[SFTPStorage] = []

    def storage(**options: Any) -> SFTPStorage:
        made.append(SFTPStorage(**sshd.options(sftp_directory, **options)))
        return made[-1]

    yield storage
    for each in made:
        each.close()


@pytest.fixture
def storage(make: Callable[..., SFTPStorage]) -> SFTPStorage:
    return make()


@pytest.fixture
def here(sshd: Sshd, sftp_directory: str) -> Path:
    return sshd.local(sftp_directory)
