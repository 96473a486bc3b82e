"""The memory of a run, however many and large its files are: each in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.servers import Rclone

pytestmark = pytest.mark.variant

PROGRAM = """
import json, sys
from datetime import UTC, datetime
import django
from django.conf import settings

settings.configure(USE_TZ=True)
django.setup()
from storages import bulk
from storages.base import RemoteStorage
from storages.backends.s3 import S3Storage
from storages.entry import Entry
from storages.testing import MemoryStorage

task, options = sys.argv[1], json.loads(sys.argv[2])
NOW = datetime.now(UTC)
MIB = 1024 * 1024


def peak():
    # ru_maxrss would count what the parent had when it started this process.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Many(MemoryStorage):
    def _scan(self, prefix):
        for number in range(100_000):
            name = f"photos/2026/{number // 1000:03}/a-photo-of-somebody-{number:06}.jpg"
            yield Entry(name, number, NOW, NOW, NOW, f'"{number:032x}"', f"md5:{number:032x}")


class Large(MemoryStorage):
    size = 48 * MIB

    def _scan(self, prefix):
        for number in range(10):
            yield Entry(f"{number}.bin", self.size, NOW)

    def _stat(self, key):
        return Entry(key, self.size, NOW)

    def _fetch(self, entry, start, stop):
        return bytes(stop - start)

    def _reaches(self, origin):
        return False


if task == "many":
    source, target = Many(), Many()
else:
    source, target = Large(), S3Storage(**options)
    next(target.scan(), None)
before = peak()
summary = bulk.sync(source, target)
assert not summary.failures, summary.failures
print(json.dumps({"growth": peak() - before, "counts": summary.counts}))
"""


def run(task: str, **options: Any) -> dict[str, Any]:
    command = [sys.executable, "-c", PROGRAM, task, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_hundred_thousand_files_are_compared() -> None:
    found = run("many")
    assert found["counts"] == {"equal": 100_000}
    assert found["growth"] <= 100  # MiB


def test_large_files_share_the_memory(rclone: Rclone, rclone_bucket: str) -> None:
    found = run("large", **rclone.options(rclone_bucket))
    assert found["counts"] == {"copied": 10}
    assert found["growth"] <= 300  # MiB
