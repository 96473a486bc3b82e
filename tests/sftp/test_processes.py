"""Processes that end, and that fork, while they use an SSH server."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.servers import Sshd

PROGRAM = """
import json, os, sys, threading
import django
from django.conf import settings

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.sftpstorage import SFTPStorage

storage = SFTPStorage(**json.loads(sys.argv[1]))
"""


def run(options: dict[str, Any], program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM + program, json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_process_ends_without_a_word(sshd: Sshd, sftp_directory: str) -> None:
    done = run(
        sshd.options(sftp_directory),
        "storage.exists('a'); storage.sftp.listdir('.'); print(storage.listdir(''))",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "([], [])\n", "")


def test_a_process_that_ends_does_not_wait_for_what_it_reads(
    sshd: Sshd, sftp_directory: str
) -> None:
    (sshd.local(sftp_directory) / "a.bin").write_bytes(bytes(20_000_000))
    done = run(  # which has less patience than the storage
        sshd.options(sftp_directory, timeout=600),
        "file = storage.open('a.bin'); print(len(file.read(10)))",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "10\n", "")


@pytest.mark.parametrize("end", ["", "sys.exit(1)", "1 / 0"])
def test_a_process_that_ends_leaves_no_half_file(sshd: Sshd, sftp_directory: str, end: str) -> None:
    done = run(
        sshd.options(sftp_directory),
        f"file = storage.open('d/a.bin', 'wb'); file.write(bytes(20_000_000))\n{end}",
    )
    assert ("ZeroDivisionError" in done.stderr) == (end == "1 / 0")
    assert list(sshd.local(sftp_directory).iterdir()) == []


def test_forked_children_have_connections_of_their_own(sshd: Sshd, sftp_directory: str) -> None:
    """Threads of the parent use it meanwhile, so that locks are held when it forks."""
    done = run(
        sshd.options(sftp_directory),
        """
import gc, warnings
from django.core.files.base import ContentFile
warnings.simplefilter("ignore", DeprecationWarning)  # that threads run is the point
storage.save("a.bin", ContentFile(bytes(3_000_000)))
storage.sftp.listdir(".")
reader, stop = storage.open("a.bin"), threading.Event()
reader.read(10)

def use():
    while not stop.is_set():
        with storage.open("a.bin") as file:
            assert len(file.read()) == 3_000_000

threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
for _ in range(10):
    pid = os.fork()
    if not pid:
        status = 1
        try:
            stop.set()
            gc.collect()
            assert storage.size("a.bin") == 3_000_000
            assert storage.sftp.listdir(".") is not None
            assert len(reader.read()) == 3_000_000 - 10
            storage.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
assert len(reader.read()) == 3_000_000 - 10
storage.sftp.listdir(".")
print("done")
""",
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
