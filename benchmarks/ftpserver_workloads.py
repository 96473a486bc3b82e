"""As workloads.py, for FTP servers: `python ftpserver_workloads.py JOB`, with either package.

The site is a process of its own (see ftpserver_site.py), and what is measured is that process; this
one has the clients.
"""

import ftplib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from meter import Meter
from workloads import MIB, SMALL, Job, Samples, check, large, main

SITE = Path(__file__).with_name("ftpserver_site.py")
USERNAME, PASSWORD = "ann", "benchmark"
SILENCE = 250  # seconds that a client waits for the next bytes: a listing may take minutes
START = 30  # seconds that a site may need to listen


class Site:
    """A site that serves; its clients are logged in."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process, self._port = process, port

    def cpu(self) -> float:
        """Seconds of the server's process so far."""
        return float(self._usage()["cpu"])

    def peak_memory(self) -> int:
        return int(self._usage()["memory"])

    def _usage(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def wait(self) -> None:
        """Until it listens."""
        until = time.monotonic() + START
        while True:
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self._port)).close()
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("The FTP server did not start.")
            time.sleep(0.02)

    def client(self) -> ftplib.FTP:
        client = ftplib.FTP(timeout=SILENCE)
        client.connect("127.0.0.1", self._port)
        client.login(USERNAME, PASSWORD)
        client.voidcmd("TYPE I")
        return client


@contextmanager
def serving(job: Job) -> Iterator[Site]:
    """A site that listens, with a new database; it is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        about = {
            "database": os.path.join(folder, "site.sqlite3"),
            "backend": job["backend"],
            "options": job["options"],
            "username": USERNAME,
            "password": PASSWORD,
        }
        subprocess.run([sys.executable, SITE, json.dumps(about)], check=True)
        process = subprocess.Popen(
            [sys.executable, SITE, json.dumps({**about, "port": (port := free_port())})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            site = Site(process, port)
            site.wait()
            yield site
        finally:
            process.terminate()
            process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


# What a client does, by the name of its command.


def stor(client: ftplib.FTP, path: str) -> None:
    client.storbinary(f"STOR {path}", io.BytesIO(SMALL))


def retr(client: ftplib.FTP, path: str) -> None:
    found = bytearray()
    client.retrbinary(f"RETR {path}", found.extend)
    check(found, SMALL)


def listed(client: ftplib.FTP, command: str, folder: str, count: int) -> None:
    lines: list[str] = []
    client.retrlines(f"{command} {folder}", lines.append)
    check(len(lines), count)


def commands(job: Job, meter: Meter) -> Samples:
    """Files of 10 KiB, one command at a time; LIST is of a directory with ten files."""
    names = [f"{job['folder']}/{number:05d}.bin" for number in range(job["count"])]
    with serving(job) as site, closing(site.client()) as client:
        operations = {
            "STOR": lambda name: stor(client, name),
            "RETR": lambda name: retr(client, name),
            "SIZE": lambda name: check(client.size(name), len(SMALL)),
            "MDTM": lambda name: check(client.sendcmd(f"MDTM {name}")[:4], "213 "),
            "LIST": lambda name: listed(client, "LIST", "ten", 10),
            "DELE": client.delete,
        }
        meter.watch(site)
        for operation in operations.values():
            operation(f"{job['folder']}/first.bin")
        samples = {
            label: meter.each(operation, names, job["turns"])
            for label, operation in operations.items()
        }
        return {**samples, "process": meter.process()}


def listing(job: Job, meter: Meter) -> Samples:
    """LIST or MLSD of a directory with many files."""
    command = job["command"]
    with serving(job) as site, closing(site.client()) as client:
        meter.watch(site)
        listed(client, command, "ten", 10)
        meter.next_turn()
        with meter.section() as sample:
            listed(client, command, job["directory"], job["count"])
        return {command: {**sample, **meter.process()}}


def upload(job: Job, meter: Meter) -> Samples:
    """STOR of a large file on disk."""
    source, target = Path(job["file"]), f"{job['folder']}/upload.bin"
    with serving(job) as site, closing(site.client()) as client:
        meter.watch(site)
        stor(client, f"{job['folder']}/first.bin")
        meter.next_turn()
        with meter.section() as sample, source.open("rb") as file:
            client.storbinary(f"STOR {target}", file, MIB)
        return large(meter, sample, client.size(target) or 0, source.stat().st_size)


def download(job: Job, meter: Meter) -> Samples:
    """RETR of a large file, in pieces of 1 MiB at most."""
    source, got, first_byte = Path(job["file"]), 0, 0.0

    def take(piece: bytes) -> None:
        nonlocal got, first_byte
        first_byte = first_byte or time.perf_counter() - started
        got += len(piece)

    with serving(job) as site, closing(site.client()) as client:
        meter.watch(site)
        stor(client, f"{job['folder']}/first.bin")
        retr(client, f"{job['folder']}/first.bin")
        meter.next_turn()
        with meter.section() as sample:
            started = time.perf_counter()
            client.retrbinary(f"RETR {source.name}", take, MIB)
        sample["first_byte"] = first_byte
        return large(meter, sample, got, source.stat().st_size)


def clients(job: Job, meter: Meter) -> Samples:
    """Clients at once, each in a directory of its own: STOR, LIST, RETR and DELE of 10 KiB."""
    rounds, count, each = job["count"], 8, 4

    def work(client: ftplib.FTP, folder: str) -> None:
        stor(client, f"{folder}/small.bin")
        listed(client, "LIST", folder, 1)
        retr(client, f"{folder}/small.bin")
        client.delete(f"{folder}/small.bin")

    def begin(number: int) -> tuple[ftplib.FTP, str]:
        client, folder = site.client(), f"{job['folder']}/{number}"
        work(client, folder)
        return client, folder

    def go_on(begun: tuple[ftplib.FTP, str]) -> None:
        with closing(begun[0]):
            for _ in range(rounds):
                work(*begun)

    with serving(job) as site:
        meter.watch(site)
        sample = meter.crowd(count, begin, go_on, operations=rounds * count * each)
        return {"command": {**sample, **meter.process()}}


def cold(job: Job, meter: Meter) -> Samples:
    """From the start of the server's process until the first file is stored."""
    with serving(job) as site, closing(site.client()) as client:
        stor(client, f"{job['folder']}/first.bin")
        return {"cold": {"cpu": site.cpu()}}


WORKLOADS = {call.__name__: call for call in (commands, listing, upload, download, clients, cold)}


if __name__ == "__main__":
    main(WORKLOADS)
