"""How files move to and from S3: with which checksums, in which parts, how many at once."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage

MiB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=5 * MiB, multipart_chunksize=5 * MiB)


# -- checksums

CHECKSUM = "x-amz-checksum-crc32"
SUPPORTED = Config(signature_version="s3v4", request_checksum_calculation="when_supported")


@pytest.mark.parametrize(("config", "sent"), [(None, False), (SUPPORTED, True)])
@pytest.mark.parametrize("size", [10, 6 * MiB])
def test_checksums(fault_proxy, moto, bucket, config, sent, size):
    proxy = fault_proxy(moto)
    given = {"client_config": config, "transfer_config": PARTS}
    storage = S3Storage(**moto.options(bucket, via=proxy, **given))
    storage.save("a.bin", ContentFile(b"x" * size))
    puts = [each for each in proxy.requests if each.startswith("PUT")]
    assert [CHECKSUM in each.headers for each in puts] == [sent] * (1 if size == 10 else 2)
    assert not any("trailer" in name for each in puts for name in each.headers)
    with storage.open("a.bin") as file:
        assert len(file.read()) == size
    asked = [each for each in proxy.requests if each.startswith("GET")]
    assert not any("x-amz-checksum-mode" in each.headers for each in asked)


# -- how files are moved


def part_sizes(requests):
    """MiB of each part or whole object that was sent, the largest first."""
    puts = [each for each in requests if each.startswith("PUT")]
    return sorted((int(each.headers["content-length"]) / MiB for each in puts), reverse=True)


@pytest.mark.parametrize(
    ("threshold", "chunk", "size", "parts"),
    [
        (8, 8, 8, [8]),
        (8, 8, 9, [8, 1]),
        (12, 5, 12, [12]),
        (12, 5, 13, [5, 5, 3]),
        (1, 8, 2, [2]),
        (5, 8, 9, [8, 1]),
        (1, 1, 7, [5, 2]),  # S3 takes no part of less than 5 MiB
    ],
)
def test_thresholds_and_parts(fault_proxy, moto, bucket, threshold, chunk, size, parts):
    proxy = fault_proxy(moto)
    config = TransferConfig(multipart_threshold=threshold * MiB, multipart_chunksize=chunk * MiB)
    storage = S3Storage(**moto.options(bucket, via=proxy, transfer_config=config))
    storage.save("a.bin", ContentFile(b"x" * size * MiB))
    assert part_sizes(proxy.requests) == parts
    assert storage.size("a.bin") == size * MiB


def in_flight(proxy, is_one, least, work):
    """How many of the requests that `is_one` knows are sent before one of them is answered."""
    seen = []

    def listen(request):
        if is_one(request):
            proxy.stall = True
            seen.append(request)

    proxy.listeners.add(listen)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        try:
            proxy.wait_for(lambda: len(seen) >= least)
            time.sleep(0.3)  # for those that should not come
            count = len(seen)
        finally:  # else the pool would wait for ever
            proxy.listeners.discard(listen)
            proxy.stall = False
        done.result()
    return count


@pytest.mark.parametrize(
    ("options", "parts", "windows"),
    [
        ({"transfer_config": TransferConfig(max_concurrency=2)}, 2, 2),
        ({"transfer_config": TransferConfig(max_concurrency=2, use_threads=False)}, 1, 1),
        ({"use_threads": False}, 1, 1),
        ({"max_memory_size": 5 * MiB}, 1, 1),
        ({"max_memory_size": 10 * MiB}, 2, 3),  # parts of 5 MiB, windows of 3 MiB
    ],
)
def test_concurrency(fault_proxy, moto, bucket, options, parts, windows):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(bucket, via=proxy, **options))
    content = random.Random(1).randbytes(16 * MiB)

    def write():
        with storage.open("a.bin", "wb") as file:
            file.write(content)

    def read():
        with storage.open("a.bin") as file:
            assert file.read() == content

    def is_window(request):
        return not request.headers.get("range", "bytes=0-").startswith("bytes=0-")

    assert in_flight(proxy, lambda request: "partNumber=" in request, parts, write) == parts
    assert in_flight(proxy, is_window, windows, read) == windows


@pytest.mark.parametrize(("size", "parts"), [(5, [5, 5, 1]), (6, [6, 5]), (1, [5, 5, 1])])
def test_file_buffer_size(fault_proxy, moto, bucket, size, parts):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(bucket, via=proxy, file_buffer_size=size * MiB))
    with storage.open("a.bin", "wb") as file:
        file.write(b"x" * 11 * MiB)
    assert part_sizes(proxy.requests) == parts
