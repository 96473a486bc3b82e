"""How many requests each operation costs: the promise of the README, counted on the wire."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from tests.request_budgets import MiB, ObjectStoreBudgets
from tests.servers import FaultProxy, Moto, count_requests


class TestS3(ObjectStoreBudgets):
    stat = "HEAD /a.txt"
    read = "GET /a.txt"
    read_empty = (read,)
    save = "PUT /a.txt"
    create = (stat, save)  # an endpoint of one's own may know no conditions
    copy = "PUT /b.txt"
    delete = "DELETE /a.txt"
    look = "GET ?list-type=2&prefix=a.txt%2F&max-keys=1"
    page = "GET ?list-type=2&prefix=d%2F"
    batch = "POST ?delete"
    rest = batch

    page_size = 1000
    batch_size = 1000
    many = 2001

    @pytest.fixture
    def proxy(self, moto: Moto, fault_proxy: Callable[..., FaultProxy]) -> FaultProxy:
        return fault_proxy(moto)

    @pytest.fixture
    def home(self, moto_bucket: str) -> str:
        return f"/{moto_bucket}"

    @pytest.fixture
    def make_storage(self, moto: Moto, moto_bucket: str, proxy: FaultProxy) -> Callable[..., Any]:
        return lambda **options: S3Storage(**moto.options(moto_bucket, via=proxy, **options))

    def test_save_of_parts(self, storage: S3Storage, proxy: FaultProxy) -> None:
        with count_requests(proxy) as seen:
            storage.save("a.bin", ContentFile(bytes(20 * MiB)))
        assert len(seen) == 2 + 3
        assert seen[0].endswith("a.bin?uploads")
        assert seen[-1].startswith("POST ")

    def test_no_second_round_trip_before_a_body(
        self, storage: S3Storage, proxy: FaultProxy
    ) -> None:
        with count_requests(proxy) as seen:
            storage.save("a.bin", ContentFile(bytes(9 * MiB)))
        assert [each for each in seen if "expect" in each.headers] == []
