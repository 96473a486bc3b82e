"""S3 among threads, forks, environments and odd settings."""

import os
import signal
import threading
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends.s3 import S3Storage
from tests.servers import Moto, Rclone, count_requests

MiB = 1024 * 1024


@pytest.mark.parametrize("name", ["client", "bucket", "connection", "unsigned_connection"])
def test_threads_that_ask_for_boto3_at_once(moto: Moto, moto_bucket: str, name: str) -> None:
    # A key of its own makes a connection of its own, which nobody has used.
    storage = S3Storage(**moto.options(moto_bucket) | {"access_key": f"threads-{name}"})
    barrier, found, errors = threading.Barrier(8), [], []

    def ask() -> None:
        barrier.wait(10)
        try:
            found.append(getattr(storage, name))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert len({id(getattr(each, "meta", each).client) for each in found if name != "client"}) <= 1
    assert storage.client.upload_fileobj
    assert not storage.exists("a.txt")


def test_an_endpoint_of_the_environment_is_a_compatible_service_too(
    rclone: Rclone, rclone_bucket: str, monkeypatch: Any
) -> None:
    options = rclone.options(rclone_bucket, file_overwrite=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", options.pop("endpoint_url"))
    storage = S3Storage(**options | {"session_profile": None})
    names = [storage.save("a.txt", ContentFile(content)) for content in (b"1", b"2")]
    assert names[0] == "a.txt" != names[1]
    assert [storage.open(name).read() for name in names] == [b"1", b"2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_upload_to_its_parent(moto: Moto, moto_bucket: str) -> None:
    storage = S3Storage(**moto.options(moto_bucket))
    file = storage.open("a.bin", "wb")
    file.write(bytes(12 * MiB))
    child = os.fork()
    if not child:
        signal.alarm(20)  # instead of hanging for ever
        file.abort()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    file.write(bytes(12 * MiB))
    file.close()
    assert storage.size("a.bin") == 24 * MiB


def test_an_empty_file_is_read_by_one_request(
    moto: Moto, moto_bucket: str, fault_proxy: Any
) -> None:
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    storage.save("a.bin", ContentFile(b""))
    with count_requests(proxy) as seen, storage.open("a.bin") as file:
        assert (file.read(), file.size) == (b"", 0)
    assert len(seen) == 1


def test_a_reader_goes_on_after_an_outage(
    moto: Moto, moto_bucket: str, fault_proxy: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0,))
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    data = os.urandom(30 * MiB)
    storage.save("a.bin", ContentFile(data))
    with storage.open("a.bin") as file:
        first = file.read(9 * MiB)
        proxy.cut(down=10, match="GET ", times=1000)
        with pytest.raises(ConnectionError):
            while file.read(MiB):
                pass
        proxy.heal()
        file.seek(9 * MiB)
        assert first + file.read() == data


def test_double_slashes_in_keys(moto: Moto, moto_bucket: str) -> None:
    client = moto.client()
    for key in ("in/a//x", "in//y", "in/b.txt"):
        client.put_object(Bucket=moto_bucket, Key=key, Body=b"")
    storage = S3Storage(**moto.options(moto_bucket, location="in"))
    assert storage.listdir("") == (["a"], ["b.txt"])
    assert storage.listdir("a") == ([], [])
    assert storage.delete_tree("", everything=True) == 3


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("AWS_S3_URL_PROTOCOL", None),
        ("AWS_S3_URL_PROTOCOL", ""),
        ("AWS_S3_SESSION_PROFILE", ""),
        ("AWS_S3_REGION_NAME", ""),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_LOCATION", None),
        ("AWS_S3_ENDPOINT_URL", ""),
        ("AWS_S3_ADDRESSING_STYLE", ""),
        ("AWS_S3_SIGNATURE_VERSION", ""),
        ("GZIP_CONTENT_TYPES", None),
    ],
)
def test_an_empty_setting_is_as_good_as_none(
    moto: Moto, moto_bucket: str, settings: Any, setting: str, value: Any
) -> None:
    options = moto.options(moto_bucket)
    names = {"AWS_S3_ENDPOINT_URL": "endpoint_url", "AWS_S3_REGION_NAME": "region_name"}
    plain = S3Storage(**options, custom_domain="cdn.example.org", gzip=True)
    settings.__setattr__(setting, value)
    if setting in names:
        options.pop(names[setting])
    storage = S3Storage(**options, custom_domain="cdn.example.org", gzip=True)
    assert storage.url("a.txt") == plain.url("a.txt") == "https://cdn.example.org/a.txt"
    if setting != "AWS_S3_ENDPOINT_URL":  # that would be Amazon
        assert storage.save("a.css", ContentFile(b"x")) == "a.css"
        assert plain.size("a.css")


def test_delete_many_wants_several_names() -> None:
    with pytest.raises(TypeError, match="several names"):
        S3Storage(bucket_name="b").delete_many("ab")


def test_no_password_of_an_address_is_shown() -> None:
    storage = S3Storage(bucket_name="b", endpoint_url="http://user:hunter2@127.0.0.1:9")
    assert "hunter2" not in repr(storage)
