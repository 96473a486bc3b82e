"""Copies from another storage of the same account: what they send, and what goes along."""

import base64
import contextlib
import errno
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile

from storages.backends import s3_copy
from storages.backends.s3 import S3Storage
from storages.entry import Entry
from storages.testing import MemoryStorage
from tests.servers import Moto, count_requests

MiB = 1024 * 1024
KEY = b"0123456789abcdef-customer-secret"
THEIRS = {
    "CacheControl": "no-cache",
    "ContentDisposition": "inline",
    "ContentEncoding": "br",
    "ContentLanguage": "en",
    "ContentType": "application/x-own",
    "Metadata": {"owner": "them", "title": "=?UTF-8?B?R3LDvMOfZQ==?="},
}


@pytest.fixture
def proxy(moto: Moto, fault_proxy: Any) -> Any:
    return fault_proxy(moto)


@pytest.fixture
def target(moto: Moto, moto_bucket: str, proxy: Any) -> S3Storage:
    ours = {"CacheControl": "immutable", "Metadata": {"owner": "us"}, "StorageClass": "STANDARD_IA"}
    storage = S3Storage(**moto.options(moto_bucket, via=proxy, object_parameters=ours))
    storage.exists("warm-up")
    return storage


@pytest.fixture
def other_bucket(moto: Moto) -> Iterator[str]:
    with moto.bucket() as name:
        yield name


@pytest.fixture
def origin(moto: Moto, other_bucket: str, proxy: Any) -> S3Storage:
    return S3Storage(**moto.options(other_bucket, via=proxy, location="live"))


def copy(origin: S3Storage, entry: Entry, target: S3Storage, name: str, **more: Any) -> None:
    target._copy(entry, name, target._prepare(name)[0], origin=origin, **more)


def test_a_copy_from_a_listing_is_one_request(
    target: S3Storage, origin: S3Storage, proxy: Any, moto_bucket: str
) -> None:
    origin.save("a.css", ContentFile(b"x"))
    (entry,) = origin._scan("live/")
    with count_requests(proxy) as seen:
        copy(origin, entry, target, "b.css")
    assert [each.split("?")[0] for each in seen] == [f"PUT /{moto_bucket}/b.css"]
    assert seen[0].headers["x-amz-copy-source-if-match"] == entry.etag


@pytest.mark.parametrize("parts", [False, True])
def test_headers_are_those_of_the_source(
    target: S3Storage, origin: S3Storage, monkeypatch: Any, moto_bucket: str, parts: bool
) -> None:
    content = bytes(6 * MiB if parts else 10)
    if parts:
        monkeypatch.setattr(s3_copy, "COPY_PART", 5 * MiB)
        target.copy_limit = MiB
    origin.object_parameters = THEIRS
    origin.save("a.bin", ContentFile(content))
    (entry,) = origin._scan("live/")
    copy(origin, entry, target, "b.css")
    found = target.client.head_object(Bucket=moto_bucket, Key="b.css")
    assert {name: found[name] for name in THEIRS} == THEIRS
    assert found["StorageClass"] == "STANDARD_IA"
    assert found["ContentLength"] == len(content)
    assert target.stat("b.css").metadata == {"owner": "them", "title": "Grüße"}


@pytest.mark.parametrize("parts", [False, True])
def test_the_source_has_a_key_of_its_own(
    target: S3Storage, origin: S3Storage, proxy: Any, monkeypatch: Any, parts: bool
) -> None:
    if parts:
        monkeypatch.setattr(s3_copy, "COPY_PART", 5 * MiB)
        target.copy_limit = MiB
    origin.object_parameters = {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": KEY,
        "ExpectedBucketOwner": "123456789012",
    }
    content = bytes(6 * MiB)
    origin.save("a.bin", ContentFile(content))
    (entry,) = origin._scan("live/")
    with count_requests(proxy) as seen:
        copy(origin, entry, target, "b.bin")
    copied = [each for each in seen if "x-amz-copy-source" in each.headers]
    assert len(copied) == (2 if parts else 1)
    encoded = base64.b64encode(KEY).decode()
    prefix = "server-side-encryption-customer-key"
    for each in copied:
        assert each.headers[f"x-amz-copy-source-{prefix}"] == encoded
        assert prefix not in str(each.headers).replace(f"x-amz-copy-source-{prefix}", "")
        assert each.headers["x-amz-source-expected-bucket-owner"] == "123456789012"
    assert target.size("b.bin") == len(content)


def test_a_source_replaced_before_it_is_copied_in_parts(
    target: S3Storage, origin: S3Storage, moto_bucket: str
) -> None:
    target.copy_limit = MiB
    origin.save("a.bin", ContentFile(bytes(6 * MiB)))
    (entry,) = origin._scan("live/")
    origin.save("a.bin", ContentFile(b"x" * 6 * MiB))
    with pytest.raises(OSError, match=r"live/a\.bin") as caught:
        copy(origin, entry, target, "b.bin")
    assert caught.value.errno == errno.ESTALE
    assert not target.exists("b.bin")
    assert "Uploads" not in target.client.list_multipart_uploads(Bucket=moto_bucket)


def test_a_copy_keeps_a_file_where_conditions_are_ignored(
    target: S3Storage, origin: S3Storage
) -> None:
    origin.save("a.txt", ContentFile(b"source"))
    target.save("b.txt", ContentFile(b"target"))
    (entry,) = origin._scan("live/")
    with pytest.raises(FileExistsError):
        copy(origin, entry, target, "b.txt", exclusive=True)
    with target.open("b.txt") as file:
        assert file.read() == b"target"


KEYS = {"access_key": "a", "secret_key": "b"}
OURS: dict[str, Any] = {"bucket_name": "ours", "region_name": "eu-west-1", **KEYS}


@pytest.mark.parametrize(
    ("ours", "theirs", "reached"),
    [
        ({}, {}, True),
        ({}, {"bucket_name": "other", "location": "d"}, True),
        (
            {},
            {"region_name": "us-east-1", "client_config": Config(retries={"mode": "adaptive"})},
            True,
        ),
        ({}, {"secret_key": "c"}, False),
        ({}, {"security_token": "t"}, False),
        ({}, {"endpoint_url": "https://s3.example.com"}, False),
        (
            {"endpoint_url": "https://s3.example.com/"},
            {"endpoint_url": "https://s3.example.com"},
            True,
        ),
    ],
)
def test_the_service_reaches_what_the_same_keys_do(
    ours: dict[str, Any], theirs: dict[str, Any], reached: bool
) -> None:
    storage = S3Storage(**(OURS | ours))
    assert storage._reaches(S3Storage(**(OURS | theirs))) is reached
    assert not storage._reaches(MemoryStorage())


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"a b": "x"}, "'a b'"),
        ({"grüße": "x"}, "'grüße'"),
        ({"Owner": "me", "owner": "you"}, "'owner'"),
    ],
)
def test_metadata_that_s3_refuses_is_named(metadata: dict[str, str], told: str) -> None:
    storage = S3Storage(**OURS)
    with pytest.raises(ValueError, match=told) as caught:
        storage._prepare_like("d/a.bin", Entry("b.bin", metadata=metadata))
    assert "d/a.bin" in str(caught.value)


def test_names_in_capitals_are_small_letters(moto: Moto, moto_bucket: str) -> None:
    storage = S3Storage(**moto.options(moto_bucket))
    params = storage._prepare_like("a.bin", Entry("b", metadata={"Owner": "Grüße"}))
    storage._put("a.bin", b"x", params)
    with contextlib.closing(moto.client()) as client:
        found = client.head_object(Bucket=moto_bucket, Key="a.bin")["Metadata"]
    assert found == {"owner": "=?UTF-8?B?R3LDvMOfZQ==?="}
    assert storage.stat("a.bin").metadata == {"owner": "Grüße"}
