"""As workloads.py, for collectstatic: `python static_workloads.py JOB`, with either package.

Each run is a process of its own (see static_site.py), and what is measured is that process.
"""

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kinds import BUCKET
from meter import Meter, Sample
from workloads import KIB, Job, Samples, check, main

SITE = Path(__file__).with_name("static_site.py")
OURS = "storages.staticfiles"
PAGE = 1000  # objects that one listing has
PER_FOLDER = 100
AGE = 3600  # seconds by which the first checkout is older than what is stored of it
PER_FILE = ("cpu", "wall", "requests", "received", "beside_listings")
STRATEGIES = {False: "Boto3Strategy", True: "Boto3ManifestMemoryStrategy"}  # with a manifest


class Checkout:
    """The source files of a site, and what its runs need."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.source, self._job = folder / "static", job
        make_files(self.source, job.get("files", 5))
        self.names = [
            path.relative_to(self.source).as_posix()
            for path in sorted(self.source.rglob("*"))
            if path.is_file()
        ]
        self.touch(time.time() - AGE)
        self._about = {
            "apps": [OURS] if job["folder"] == "ours" else job.get("peer_apps", ["collectfasta"]),
            "backend": job["backend"],
            "options": {**job["options"], "location": job["folder"]},
            "strategy": STRATEGIES[job.get("manifest", False)],
            "source": str(self.source),
            "cache": str(folder / "cache"),
        }

    def touch(self, when: float) -> None:
        """The files have the same bytes, and this time."""
        for name in self.names:
            os.utime(self.source / name, (when, when))

    def collect(self, meter: Meter) -> Sample:
        """A run of collectstatic; its process is measured, and the requests are those it sent."""
        opened = meter.connections() or 0
        with meter.section() as sample:
            command = [sys.executable, SITE, json.dumps(self._about)]
            found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        sample.update(json.loads(found), connections=(meter.connections() or 0) - opened)
        pages = -(-len(self.names) // PAGE)
        return self._scaled({**sample, "beside_listings": sample["requests"] - pages})

    def _scaled(self, sample: Sample) -> Sample:
        """As of all files, where fewer are collected, one after another."""
        more = self._job.get("scaled_to", self._job.get("files", 5)) - self._job.get("files", 5)
        factor = 1 + more / len(self.names)
        return {name: each * factor if name in PER_FILE else each for name, each in sample.items()}

    def check(self) -> None:
        """What is stored is what was collected; with a manifest, that it names every file."""
        for name in self.names[:: max(1, len(self.names) // 20)]:
            data = (self.source / name).read_bytes()
            check(self._stored(name) == data, True)
        if self._job.get("manifest"):
            paths: dict[str, Any] = json.loads(self._stored("staticfiles.json"))["paths"]
            check(sorted(paths), sorted(self.names))
            check(bool(self._stored(paths[self.names[-1]])), True)

    def _stored(self, name: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._job["control_port"])
        with closing(connection):
            connection.request("GET", f"/{BUCKET}/{self._job['folder']}/{name}")
            answer = connection.getresponse()
            body = answer.read()
        check((name, answer.status), (name, 200))
        return body


def make_files(folder: Path, count: int) -> None:
    """The same each time: of four files, two pictures, a script, and a style sheet that names one
    of them, of 1 to 20 KiB; and the admin's.
    """
    import django.contrib.admin

    chance = random.Random(1)
    for number in range(count):
        kind = ("png", "webp", "js", "css")[number % 4]
        path = folder / f"site/{number // PER_FOLDER:02d}/{number:05d}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = chance.randint(KIB, 20 * KIB)
        if kind == "css":
            first = f'.a{number} {{ background: url("{number - 3:05d}.png") }}\n'.encode()
            path.write_bytes(first + b".more { margin: 0 }\n" * (size // 20))
        else:
            path.write_bytes(chance.randbytes(size) if kind != "js" else b"call();\n" * (size // 8))
    of_admin = Path(django.contrib.admin.__file__).with_name("static")
    shutil.copytree(of_admin, folder, dirs_exist_ok=True)


@contextmanager
def checked_out(job: Job) -> Iterator[Checkout]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        yield Checkout(job, Path(folder))


def collect(job: Job, meter: Meter) -> Samples:
    """A first run, one with nothing changed, and one after a fresh checkout."""
    with checked_out(job) as checkout:
        first = checkout.collect(meter)
        checkout.check()
        meter.next_turn()
        unchanged = checkout.collect(meter)
        meter.next_turn()
        checkout.touch(time.time())
        fresh = checkout.collect(meter)
        checkout.check()
        return {"first": first, "unchanged": unchanged, "fresh": fresh}


def cold(job: Job, meter: Meter) -> Samples:
    """A few files, so that every module is compiled."""
    with checked_out(job) as checkout:
        return {"cold": checkout.collect(meter)}


WORKLOADS = {call.__name__: call for call in (collect, cold)}


if __name__ == "__main__":
    main(WORKLOADS)
