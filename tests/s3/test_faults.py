"""Wires that break: nothing is half stored, nothing is left behind, reading goes on."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends.s3 import S3Storage
from tests.servers import Moto

MiB = 1024 * 1024


class Line:
    """A storage whose connections go through a proxy, and the server as it really is."""

    def __init__(self, moto: Moto, bucket: str, proxy: Any) -> None:
        self.moto, self.bucket, self.proxy = moto, bucket, proxy
        self.client = moto.client()

    def storage(self, **options: Any) -> S3Storage:
        from botocore.config import Config

        once = Config(
            retries={"total_max_attempts": 1},
            signature_version="s3v4",
            connect_timeout=2,
            read_timeout=10,
        )
        storage = S3Storage(
            **self.moto.options(self.bucket, via=self.proxy, client_config=once, **options)
        )
        storage.part_size = 5 * MiB
        return storage

    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return [each["Key"] for each in found]

    def content(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def wait_for_no_uploads(self) -> None:
        deadline = time.monotonic() + 20
        while self.moto.unfinished(self.bucket):
            assert time.monotonic() < deadline, "a multipart upload was left behind"
            time.sleep(0.05)


@pytest.fixture
def line(moto: Moto, moto_bucket: str, fault_proxy: Callable[..., Any], monkeypatch: Any) -> Line:
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(transfer, "ABORT_PAUSES", (0.1,) * 100)
    return Line(moto, moto_bucket, fault_proxy(moto))


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize(
    "match",
    [
        r"partNumber=1\b",
        r"partNumber=2\b",
        r"partNumber=3\b",
        r"POST .*\?uploadId",
        r"POST .*\?uploads",
    ],
    ids=["part 1", "part 2", "part 3", "completion", "start"],
)
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_upload_that_is_cut_leaves_what_was_there(
    line: Line, match: str, overwrite: bool
) -> None:
    storage = line.storage(file_overwrite=overwrite)
    name = "new.bin"
    if overwrite:
        name = "old.bin"
        line.client.put_object(Bucket=line.bucket, Key=name, Body=b"old")
    line.proxy.cut(up=0, match=match, times=10)
    with pytest.raises(ConnectionError):
        storage.save(name, ContentFile(noise(13 * MiB)))
    assert line.keys() == (["old.bin"] if overwrite else [])
    if overwrite:
        assert line.content("old.bin") == b"old"
    line.wait_for_no_uploads()


def test_a_single_put_that_is_cut_leaves_what_was_there(line: Line) -> None:
    line.client.put_object(Bucket=line.bucket, Key="a.bin", Body=b"old")
    line.proxy.cut(up=100_000, match="PUT ", times=10)
    with pytest.raises(ConnectionError, match=r"a\.bin"):
        line.storage().save("a.bin", ContentFile(noise(MiB)))
    assert line.content("a.bin") == b"old"


def test_an_abort_is_made_up_for_when_the_server_is_back(line: Line) -> None:
    storage = line.storage()
    file = storage.open("a.bin", "wb")
    file.write(noise(12 * MiB))
    file.flush()
    deadline = time.monotonic() + 10
    while not line.moto.unfinished(line.bucket):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    line.proxy.refuse()
    line.proxy.cut_now()
    with pytest.raises(OSError, match=r"a\.bin"):
        file.close()
    assert line.moto.unfinished(line.bucket) == ["a.bin"]
    line.proxy.refuse(False)
    line.wait_for_no_uploads()
    assert line.keys() == []


def test_a_completion_whose_answer_is_lost_has_happened(line: Line) -> None:
    storage = line.storage(file_overwrite=False)
    line.proxy.cut(down=0, match=r"POST .*\?uploadId")
    data = noise(13 * MiB)
    assert storage.save("a.bin", ContentFile(data)) == "a.bin"
    assert line.content("a.bin") == data


@pytest.mark.parametrize("down", [0, 100, 70_000, 1_000_000, 4_000_000])
def test_a_download_that_is_cut_completes(line: Line, down: int) -> None:
    data = noise(21 * MiB)
    line.client.put_object(Bucket=line.bucket, Key="a.bin", Body=data)
    line.proxy.cut(down=down, match="GET ", skip=1, times=4)
    with line.storage().open("a.bin") as file:
        assert b"".join(file.chunks(MiB)) == data


def test_the_first_answer_that_is_cut_is_asked_for_again(line: Line) -> None:
    data = noise(MiB)
    line.client.put_object(Bucket=line.bucket, Key="a.bin", Body=data)
    line.proxy.cut(down=50_000, match="GET ", times=2)
    with line.storage().open("a.bin") as file:
        assert file.read() == data


def test_a_server_that_is_away_is_a_connection_error(line: Line) -> None:
    storage = line.storage()
    line.proxy.refuse()
    for call in (storage.open, storage.exists, storage.size, storage.delete, storage.listdir):
        with pytest.raises(ConnectionError, match=r"a\.bin"):
            call("a.bin")
    with pytest.raises(ConnectionError, match=r"a\.bin"):
        storage.save("a.bin", ContentFile(b"x"))
    assert line.keys() == []


def test_a_copy_in_parts_that_is_cut_leaves_nothing(line: Line, monkeypatch: Any) -> None:
    from storages.backends import s3_copy

    monkeypatch.setattr(s3_copy, "COPY_PART", 5 * MiB)
    line.client.put_object(Bucket=line.bucket, Key="a.bin", Body=noise(16 * MiB))
    line.client.put_object(Bucket=line.bucket, Key="b.bin", Body=b"old")
    storage = line.storage()
    storage.copy_limit = MiB
    line.proxy.cut(up=0, match=r"partNumber=2\b", times=10)
    with pytest.raises(ConnectionError):
        storage.move("a.bin", "b.bin")
    assert line.keys() == ["a.bin", "b.bin"]
    assert line.content("b.bin") == b"old"
    line.wait_for_no_uploads()
    line.proxy.heal()
    storage.move("a.bin", "b.bin")
    assert line.keys() == ["b.bin"]
    assert line.content("b.bin") == noise(16 * MiB)
