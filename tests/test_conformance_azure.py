"""The suite on Azurite, Microsoft's emulator of Azure Blob Storage."""

from collections.abc import Callable
from typing import Any

import pytest

from storages.backends.azure_storage import AzureStorage
from storages.testing.conformance import StorageConformance
from tests.servers import Azurite


class SmallAzureStorage(AzureStorage):
    """Smaller parts and pages than users need, as Azure allows them: what is tested is faster."""

    part_size = 64 * 1024
    page_size = 100


class TestAzurite(StorageConformance):
    overwrite_option = "overwrite_files"
    many = 250
    unsupported_names = frozenset({"ends-with-a-dot.", "..."})

    @pytest.fixture
    def make_storage(self, azurite: Azurite, azure_container: str) -> Callable[..., Any]:
        return lambda **options: SmallAzureStorage(**azurite.options(azure_container, **options))
