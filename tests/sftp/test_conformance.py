"""The suite on SFTP: OpenSSH's server, and rclone's."""

from collections.abc import Callable
from typing import Any

import pytest

from storages.backends.sftpstorage import SFTPStorage
from storages.testing.conformance import StorageConformance
from tests.servers import RcloneSftp, Sshd


class TestSshd(StorageConformance):
    object_store = False
    many = 450  # OpenSSH answers 100 names at a time
    lacks = frozenset({"content-type"})

    @pytest.fixture
    def make_storage(self, sshd: Sshd, sftp_directory: str) -> Callable[..., Any]:
        found = sshd.options(sftp_directory, base_url="/media/")
        return lambda **options: SFTPStorage(**(found | options))


@pytest.mark.variant
class TestRclone(StorageConformance):
    object_store = False
    many = 150
    lacks = frozenset({"content-type", "exclusive-create", "exclusive-copy", "pinned-reads"})

    # It removes what is replaced before it renames: of two at once, one may find nothing there.
    test_of_concurrent_replacements_one_stays_whole = None

    @pytest.fixture
    def make_storage(
        self, rclone_sftp: RcloneSftp, rclone_sftp_directory: str
    ) -> Callable[..., Any]:
        found = rclone_sftp.options(rclone_sftp_directory, base_url="/media/")
        return lambda **options: SFTPStorage(**(found | options))
