"""The suite on S3: moto, which is right about conditions, and rclone, which checks signatures."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from storages.backends.s3 import S3Storage
from storages.testing.conformance import StorageConformance
from storages.testing.conformance.headers import OWN
from tests.servers import Moto, Rclone

MiB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=5 * MiB, multipart_chunksize=5 * MiB)


HEADERS = {
    "CacheControl": OWN["cache_control"],
    "ContentDisposition": OWN["disposition"],
    "ContentLanguage": OWN["language"],
    "Metadata": OWN["metadata"],
}


class S3Conformance(StorageConformance):
    header_options = {"object_parameters": HEADERS}  # noqa: RUF012 - read only, as declared
    small_parts = ({"transfer_config": PARTS}, 5 * MiB)
    static_options = {"querystring_auth": False}  # noqa: RUF012 - read only, as declared


class TestMoto(S3Conformance):
    lacks = frozenset({"exclusive-copy", "pinned-copies"})  # it ignores what CopyObject depends on

    @pytest.fixture
    def make_storage(self, moto: Moto, moto_bucket: str) -> Callable[..., Any]:
        return lambda **options: S3Storage(**moto.options(moto_bucket, **options))

    @pytest.fixture
    def other_storage(self, moto: Moto) -> Iterator[S3Storage]:
        with moto.bucket() as bucket:
            yield S3Storage(**moto.options(bucket))


@pytest.mark.variant
class TestRclone(S3Conformance):
    lacks = frozenset({"exclusive-create", "exclusive-copy", "pinned-copies", "key-and-prefix"})
    keeps_directories = True

    @pytest.fixture
    def make_storage(self, rclone: Rclone, rclone_bucket: str) -> Callable[..., Any]:
        return lambda **options: S3Storage(**rclone.options(rclone_bucket, **options))

    @pytest.fixture
    def other_storage(self, rclone: Rclone) -> Iterator[S3Storage]:
        with rclone.bucket() as bucket:
            yield S3Storage(**rclone.options(bucket))
