"""`file_overwrite=False`: a file that comes between the check and the upload is not lost."""

import io
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from tests.servers import S3Server, count_requests

LARGE = 6 * 1024 * 1024


class Raced(S3Storage):
    """Right after the last check that a key is free, somebody else takes it."""

    checks = 1

    def _check_absent(self, key: str) -> None:
        super()._check_absent(key)
        self.checks -= 1
        if not self.checks:
            self.client.put_object(Bucket=self.bucket_name, Key=key, Body=b"theirs")


@pytest.fixture
def raced(s3_server: S3Server, s3_bucket: str) -> Raced:
    return Raced(**s3_server.options(s3_bucket, file_overwrite=False))


def content(size: int) -> Any:
    return ContentFile(b"o" * size)


CASES = [
    pytest.param(10, 1, marks=pytest.mark.needs("preconditions"), id="one part"),
    pytest.param(LARGE, 1, id="before several parts"),
    pytest.param(LARGE, 2, marks=pytest.mark.needs("preconditions"), id="after several parts"),
]


@pytest.mark.parametrize(("size", "checks"), CASES)
def test_a_lost_race_takes_another_name(raced: Any, size: int, checks: int) -> None:
    raced.part_size = 5 * 1024 * 1024
    raced.checks = checks
    name = raced.save("a.bin", content(size))
    assert name != "a.bin"
    assert raced.open("a.bin").read() == b"theirs"
    assert raced.size(name) == size


def test_a_name_that_is_taken_is_never_replaced(s3_server: S3Server, s3_bucket: str) -> None:
    storage = S3Storage(**s3_server.options(s3_bucket, file_overwrite=False))
    names = [storage.save("a.bin", content(size)) for size in (1, 2, LARGE, 3)]
    assert len(set(names)) == 4
    assert [storage.size(name) for name in names] == [1, 2, LARGE, 3]


def test_a_conflict_after_an_answer_that_was_lost_is_our_own_file(
    moto: Any, moto_bucket: str, fault_proxy: Any
) -> None:
    """The SDK sends a PUT again when its answer is lost, and the second one finds the first."""
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy, file_overwrite=False))
    storage.exists("a.bin")
    proxy.cut(down=0, match="PUT ")
    with count_requests(proxy) as seen:
        assert storage.save("a.bin", content(10)) == "a.bin"
    assert len([each for each in seen if each.startswith("PUT ")]) == 2
    assert storage.listdir("") == ([], ["a.bin"])


@pytest.mark.parametrize("size", [10, LARGE], ids=["one part", "several parts"])
def test_a_service_without_conditions_is_asked_again_without_one(
    moto: Any, moto_bucket: str, size: int
) -> None:
    """Backblaze B2 answers 501 to If-None-Match; here the answer comes from botocore's own hook."""
    options = moto.options(moto_bucket, file_overwrite=False, use_ssl=False)
    storage = S3Storage(**options)
    storage.part_size = 5 * 1024 * 1024
    refused = []

    def refuse(request: Any, **kwargs: Any) -> Any:
        if "If-None-Match" not in request.headers:
            return None
        refused.append(request.url)
        raw = io.BytesIO(b"<Error><Code>NotImplemented</Code><Message>no</Message></Error>")
        raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined]
        return AWSResponse(request.url, 501, {}, raw)

    storage.client.meta.events.register("before-send.s3", refuse)
    try:
        first, second = (storage.save("a.bin", content(size)) for _ in range(2))
    finally:
        storage.client.meta.events.unregister("before-send.s3", refuse)
    assert refused
    assert first == "a.bin" != second
    assert [storage.size(name) for name in (first, second)] == [size, size]


def test_batches_are_deleted_with_the_checksum_that_all_services_know(
    moto: Any, moto_bucket: str, fault_proxy: Any
) -> None:
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    storage.save("a.bin", content(1))
    with count_requests(proxy) as seen:
        storage.delete_many(["a.bin"])
    assert seen[0].headers["content-md5"]
    assert not [name for name in seen[0].headers if "checksum" in name]
    assert storage.listdir("") == ([], [])
