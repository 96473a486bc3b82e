"""The suite on Libcloud's drivers: a local folder, moto, Azurite and OpenStack Swift."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance import StorageConformance
from tests.servers import Azurite, Moto, Swift


class SmallLibCloudStorage(LibCloudStorage):
    """Smaller parts and pages than are worth while: what is tested is faster."""

    part_size = 64 * 1024
    page_size = 100


class LibCloudConformance(StorageConformance):
    many = 150


class TestLocal(LibCloudConformance):
    lacks = frozenset({"content-type", "content-encoding", "key-and-prefix"})

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        (tmp_path / "bucket").mkdir()
        provider = {
            "type": "libcloud.storage.types.Provider.LOCAL",
            "user": str(tmp_path),
            "bucket": "bucket",
        }
        return lambda **options: SmallLibCloudStorage(**{"provider": provider, **options})


@pytest.mark.variant
class TestMinio(LibCloudConformance):
    @pytest.fixture
    def make_storage(self, moto: Moto, moto_bucket: str) -> Callable[..., Any]:
        provider = {
            "type": "libcloud.storage.types.Provider.MINIO",
            "user": moto.access_key,
            "key": moto.secret_key,
            "bucket": moto_bucket,
            "host": "127.0.0.1",
            "port": moto.port,
            "secure": False,
        }
        return lambda **options: SmallLibCloudStorage(**{"provider": provider, **options})


@pytest.mark.variant
class TestAzurite(LibCloudConformance):
    # Signed links end with what a manifest takes for a path.
    static_options = {"base_url": "https://cdn.example.com/"}  # noqa: RUF012 - read only, as declared

    @pytest.fixture
    def make_storage(self, azurite: Azurite, azure_container: str) -> Callable[..., Any]:
        provider = {
            "type": "libcloud.storage.types.Provider.AZURE_BLOBS",
            "user": azurite.account_name,
            "key": azurite.account_key,
            "bucket": azure_container,
            "host": "127.0.0.1",
            "port": azurite.port,
            "secure": False,
        }
        return lambda **options: SmallLibCloudStorage(**{"provider": provider, **options})


@pytest.mark.variant
class TestSwift(LibCloudConformance):
    @pytest.fixture
    def make_storage(self, swift: Swift, swift_container: str) -> Callable[..., Any]:
        provider = swift.provider(swift_container)
        return lambda **options: SmallLibCloudStorage(**{"provider": provider, **options})
