"""Memory does not grow with the size of a file: a GiB each way, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.servers import Rclone

LIMIT = 96  # MiB
GIB = 1024 * 1024 * 1024

PROGRAM = """
import json, sys
import django
from django.conf import settings

settings.configure(USE_TZ=True)
django.setup()
from django.core.files.base import File

options, task, size = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
MIB = 1024 * 1024
BLOCK = bytes(range(256)) * 4096


class Endless:
    \"\"\"A file of `size` bytes that takes no memory; it can seek, like a file on disk.\"\"\"

    name, closed = "big.bin", False

    def __init__(self):
        self.place = 0

    def seek(self, place, whence=0):
        self.place = place if whence == 0 else size + place
        return self.place

    def tell(self):
        return self.place

    def read(self, count=-1):
        left = size - self.place
        count = left if count < 0 else min(count, left)
        start, self.place = self.place % MIB, self.place + count
        if not start and not count % MIB:
            return BLOCK * (count // MIB)
        return (BLOCK[start:] + BLOCK * (count // MIB + 1))[:count]


def peak():
    # ru_maxrss would count what the parent had when it started this process.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


before = peak()
from storages.backends.s3 import S3Storage

storage = S3Storage(**options)
if task == "save":
    content = File(Endless())
    content.size = size
    storage.save("big.bin", content)
elif task == "write":
    with storage.open("big.bin", "wb") as file:
        for _ in range(size // MIB):
            file.write(BLOCK)
else:
    total = 0
    with storage.open("big.bin") as file:
        for chunk in file.chunks(MIB):
            assert chunk[:256] == BLOCK[:256]
            total += len(chunk)
    assert total == size
assert storage.size("big.bin") == size
print(peak() - before)
"""


def growth(options: dict[str, Any], task: str) -> float:
    """MiB by which the process grows, the SDK included."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(options), task, str(GIB)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize("how", ["save", "write"])
def test_a_gib_each_way(rclone: Rclone, rclone_bucket: str, how: str) -> None:
    options = rclone.options(rclone_bucket)
    assert growth(options, how) <= LIMIT
    assert growth(options, "read") <= LIMIT
