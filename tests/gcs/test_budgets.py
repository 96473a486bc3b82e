"""How many requests each operation costs on Google Cloud Storage, counted on the wire."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.base import ContentFile

from storages.backends.gcloud import GoogleCloudStorage
from tests.request_budgets import Costs, MiB, ObjectStoreBudgets
from tests.servers import FaultProxy, Gcs, count_requests


class TestGcs(ObjectStoreBudgets):
    stat = "GET /a.txt"
    read = "GET /download/a.txt"
    read_empty = (read, stat)  # a 416 tells nothing
    save = "POST /upload?uploadType=multipart"
    create = (stat, save)  # as an emulator may check no condition
    copy = "POST /a.txt/rewriteTo/b/"
    delete = "DELETE /a.txt"
    look = "GET ?prefix=a.txt%2F&prettyPrint=false&maxResults=1&"
    page = "GET ?prefix=d%2F"
    batch = "POST /batch/storage/v1"
    rest = batch

    page_size = 1000
    batch_size = 100
    many = 1101

    @pytest.fixture
    def proxy(self, gcs: Gcs, fault_proxy: Callable[..., FaultProxy]) -> FaultProxy:
        return fault_proxy(gcs)

    @pytest.fixture
    def home(self, gcs_bucket: str) -> str:
        return f"/storage/v1/b/{gcs_bucket}/o"

    @pytest.fixture
    def make_storage(self, gcs: Gcs, gcs_bucket: str, proxy: FaultProxy) -> Callable[..., Any]:
        found = gcs.options(gcs_bucket, via=proxy)
        return lambda **options: GoogleCloudStorage(**found, **options)

    def test_save_of_one_whole_part(self, storage: GoogleCloudStorage, costs: Costs) -> None:
        with costs(self.save):
            storage.save("a.txt", ContentFile(bytes(16 * MiB)))

    @pytest.mark.parametrize("size", [16 * MiB + 1, 32 * MiB])
    def test_save_of_parts(self, storage: GoogleCloudStorage, proxy: FaultProxy, size: int) -> None:
        """A last part that could be any other one needs a word that it was the last."""
        with count_requests(proxy) as seen:
            storage.save("a.bin", ContentFile(bytes(size)))
        assert seen[0].startswith("POST ")
        assert "uploadType=resumable" in seen[0]
        ranges = [each.headers["content-range"] for each in seen[1:]]
        end = [f"bytes {16 * MiB}-{size - 1}/{size}"]
        if size == 32 * MiB:
            end = [f"bytes {16 * MiB}-{size - 1}/*", f"bytes */{size}"]
        assert ranges == [f"bytes 0-{16 * MiB - 1}/*", *end]

    def test_save_under_a_name_that_is_taken(
        self, keeping: GoogleCloudStorage, costs: Costs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Google checks the condition by itself; what emulates it may not."""
        keeping.save("a.txt", ContentFile(b"x"))
        monkeypatch.setattr(keeping._connection, "emulated", False)
        with costs(self.save, self.save):
            assert keeping.save("a.txt", ContentFile(b"x")) != "a.txt"

    def test_open_and_read_what_is_compressed(self, make_storage: Any, costs: Costs) -> None:
        storage = make_storage(gzip=True)
        storage.save("a.css", ContentFile(b"a {}" * 1000))
        with costs("GET /download/a.css"), storage.open("a.css") as file:
            assert file.read() == b"a {}" * 1000

    def test_the_bucket_of_the_sdk(
        self, storage: GoogleCloudStorage, gcs_bucket: str, costs: Costs
    ) -> None:
        with costs():
            assert storage.bucket.name == gcs_bucket

    def test_a_listing_asks_for_no_more_than_it_needs(
        self, storage: GoogleCloudStorage, proxy: FaultProxy
    ) -> None:
        storage.save("a.bin", ContentFile(b"x"))
        with count_requests(proxy) as seen:
            storage.listdir("")
        assert "fields=nextPageToken,prefixes,items(name," in unquote(seen[0])
