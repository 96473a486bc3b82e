"""The suite on Azurite, Microsoft's emulator of Azure Blob Storage."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storages.backends.azure_storage import AzureStorage
from storages.testing.conformance import StorageConformance
from storages.testing.conformance.headers import OWN
from tests.servers import Azurite

HEADERS = {
    "cache_control": OWN["cache_control"],
    "content_disposition": OWN["disposition"],
    "content_language": OWN["language"],
    "metadata": OWN["metadata"],
}


class SmallAzureStorage(AzureStorage):
    """Smaller parts and pages than users need, as Azure allows them: what is tested is faster."""

    part_size = 64 * 1024
    page_size = 100


class TestAzurite(StorageConformance):
    header_options = {"object_parameters": HEADERS}  # noqa: RUF012 - read only, as declared
    overwrite_option = "overwrite_files"
    many = 250
    unsupported_names = frozenset({"ends-with-a-dot.", "..."})

    @pytest.fixture
    def make_storage(self, azurite: Azurite, azure_container: str) -> Callable[..., Any]:
        return lambda **options: SmallAzureStorage(**azurite.options(azure_container, **options))

    @pytest.fixture
    def other_storage(self, azurite: Azurite) -> Iterator[SmallAzureStorage]:
        with azurite.container() as container:
            yield SmallAzureStorage(**azurite.options(container))
