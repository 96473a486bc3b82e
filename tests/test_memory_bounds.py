"""Memory does not grow with the size of a file: each way once, in a process of its own.

A file is several times as large as what the process may grow by, and has more parts and windows
than there are at once: a larger one would only take longer.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Azurite, Dropbox, Ftpd, Gcs, Rclone, Sshd

pytestmark = pytest.mark.variant

LIMIT = 96  # MiB
SIZE = 256 * 1024 * 1024

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
from django.utils.module_loading import import_string

storage = import_string(sys.argv[4])(**options)
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


def growth(cls: str, options: dict[str, Any], task: str, **env: str) -> float:
    """MiB by which the process grows, the SDK included."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(options), task, str(SIZE), cls]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **env}
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_s3(rclone: Rclone, rclone_bucket: str, how: str) -> None:
    cls, options = "storages.backends.s3.S3Storage", rclone.options(rclone_bucket)
    assert growth(cls, options, how) <= LIMIT
    assert growth(cls, options, "read") <= LIMIT


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_google_cloud(gcs: Gcs, gcs_bucket: str, how: str) -> None:
    cls = "storages.backends.gcloud.GoogleCloudStorage"
    options = gcs.options(gcs_bucket, credentials=None)
    assert growth(cls, options, how) <= LIMIT
    assert growth(cls, options, "read") <= LIMIT


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_azure(azurite: Azurite, azure_container: str, how: str) -> None:
    cls = "storages.backends.azure_storage.AzureStorage"
    options = azurite.options(azure_container)
    assert growth(cls, options, how) <= LIMIT
    assert growth(cls, options, "read") <= LIMIT


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_dropbox(dropbox_server: Dropbox, dropbox_root: str, how: str) -> None:
    cls, env = "storages.backends.dropbox.DropboxStorage", dropbox_server.env
    options = dropbox_server.options(dropbox_root)
    del options["client_options"]  # a session cannot be told to another process
    assert growth(cls, options, how, **env) <= LIMIT
    assert growth(cls, options, "read", **env) <= LIMIT


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_sftp(sshd: Sshd, sftp_directory: str, how: str) -> None:
    cls, options = "storages.backends.sftpstorage.SFTPStorage", sshd.options(sftp_directory)
    assert growth(cls, options, how) <= LIMIT
    assert growth(cls, options, "read") <= LIMIT


@pytest.mark.parametrize("how", ["save", "write"])
def test_on_ftp(ftpd: Ftpd, ftp_directory: str, how: str) -> None:
    cls, options = "storages.backends.ftp.FTPStorage", ftpd.options(ftp_directory)
    assert growth(cls, options, how) <= LIMIT
    assert growth(cls, options, "read") <= LIMIT


def test_on_libcloud(rclone: Rclone, rclone_bucket: str) -> None:
    cls = "storages.backends.apache_libcloud.LibCloudStorage"
    provider = {
        "type": "minio",
        "user": rclone.access_key,
        "key": rclone.secret_key,
        "bucket": rclone_bucket,
        "host": "127.0.0.1",
        "port": rclone.port,
        "secure": False,
    }
    assert growth(cls, {"provider": provider}, "save") <= LIMIT
    assert growth(cls, {"provider": provider}, "read") <= LIMIT


def test_on_libclouds_local_driver(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    cls = "storages.backends.apache_libcloud.LibCloudStorage"
    options = {"provider": {"type": "local", "user": str(tmp_path), "bucket": "media"}}
    assert growth(cls, options, "save") <= LIMIT
    assert growth(cls, options, "read") <= LIMIT
