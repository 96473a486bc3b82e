"""How many requests each operation on Azure Blob Storage costs, counted on the wire."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.azure_storage import AzureStorage
from tests.request_budgets import Costs, MiB, ObjectStoreBudgets, fill
from tests.servers import Azurite, FaultProxy, count_requests


class TestAzure(ObjectStoreBudgets):
    stat = "HEAD /a.txt"
    read = "GET /a.txt"
    read_empty = (read, stat)  # no range lies in it; the second request tells its facts
    save = "PUT /a.txt"
    create = (save,)
    copy = "PUT /b.txt"
    delete = "DELETE /a.txt"
    look = "GET ?restype=container&comp=list&prefix=a.txt%2F&maxresults=1"
    page = "GET ?restype=container&comp=list&prefix=d%2F"
    batch = "POST ?restype=container&comp=batch"
    rest = "DELETE /d/0256.txt"

    page_size = 5000
    batch_size = 256
    many = 270

    overwrite_option = "overwrite_files"

    @pytest.fixture
    def proxy(self, azurite: Azurite, fault_proxy: Callable[..., FaultProxy]) -> FaultProxy:
        return fault_proxy(azurite)

    @pytest.fixture
    def home(self, azurite: Azurite, azure_container: str) -> str:
        return f"/{azurite.account_name}/{azure_container}"

    @pytest.fixture
    def make_storage(
        self, azurite: Azurite, azure_container: str, proxy: FaultProxy
    ) -> Callable[..., Any]:
        found = azurite.options(azure_container, via=proxy)
        return lambda **options: AzureStorage(**found, **options)

    def test_save_under_a_name_that_is_taken(self, keeping: AzureStorage, costs: Costs) -> None:
        keeping.save("a.txt", ContentFile(b"x"))
        with costs("PUT /a.txt", "HEAD /a.txt", "PUT /a_"):
            keeping.save("a.txt", ContentFile(b"x"))

    def test_save_of_parts(self, storage: AzureStorage, proxy: FaultProxy) -> None:
        with count_requests(proxy) as seen:
            storage.save("a.bin", ContentFile(bytes(20 * MiB)))
        assert sorted(each.partition("comp=")[2].partition("&")[0] for each in seen) == [
            *["block"] * 3,
            "blocklist",
        ]
        assert "comp=blocklist" in seen[-1]

    def test_a_large_file_under_a_taken_name_is_not_sent_in_vain(
        self, keeping: AzureStorage, proxy: FaultProxy, costs: Costs
    ) -> None:
        keeping.save("a.bin", ContentFile(b"x"))
        before = proxy.bytes_up
        with costs("HEAD /a.bin", "HEAD /a_", *["PUT /a_"] * 3):
            keeping.save("a.bin", ContentFile(bytes(9 * MiB)))
        assert proxy.bytes_up - before < 10 * MiB

    def test_links_that_expire(self, storage: AzureStorage, costs: Costs) -> None:
        with costs():
            storage.url("a.txt", expire=60)

    def test_a_page_is_as_long_as_asked_for(self, storage: AzureStorage, costs: Costs) -> None:
        names = fill(storage, 5)
        storage.page_size = 2
        with costs(*[self.page] * 3):
            assert [entry.name for entry in storage.scan("d")] == names
