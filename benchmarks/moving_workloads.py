"""As workloads.py, for many files moved: `python moving_workloads.py JOB`, with either package.

The peer's side also stands for the programs that people use for it (see movers.py); of a program,
what is measured is its process, from its start to its end.
"""

import http.client
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fake.store import digest
from kinds import BUCKET
from meter import Meter, Sample
from movers import BUCKETS, MOVERS, Bulk, Children, Program, Spot
from workloads import Job, Samples, check, main

OTHER = BUCKETS[1]  # the bucket that is copied to
SIZE = 20_000  # bytes of each file


class Server:
    """The control requests that the workloads need."""

    def __init__(self, job: Job) -> None:
        self._port = job["control_port"]

    def fill(self, spot: Spot, count: int) -> list[str]:
        """Make so many objects of the same content; their names."""
        prefix = f"{spot.path}/"
        self._ask("POST", "fill", bucket=spot.bucket, prefix=prefix, count=count, size=SIZE)
        return [f"{number:07d}.bin" for number in range(count)]

    def found(self, spot: Spot) -> dict[str, Any]:
        return self._ask("GET", "digest", bucket=spot.bucket, prefix=f"{spot.path}/")

    def drop(self, *buckets: str) -> None:
        for bucket in buckets:
            self._request("DELETE", f"/{bucket}")

    def _ask(self, method: str, action: str, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self._request(method, f"/_ctl/{action}?{urlencode(query)}")
        )
        return found

    def _request(self, method: str, target: str) -> bytes:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port)) as connection:
            connection.request(method, target)
            return connection.getresponse().read()


class Way:
    """One way of moving: where from and where to, for a side that has places of its own."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._way, self._side, self._folder = job["way"], job["folder"], folder
        self._media, self._server = Path(job["media"]), Server(job)

    def prepare(self, label: str, count: int) -> tuple[Spot, Spot, list[str]]:
        """Where the files are and where they are to go, and their names."""
        target = Spot(f"{self._side}/{label}", OTHER)
        if self._way == "delete":
            return target, target, self._server.fill(target, count)
        disk, bucket = Spot(str(self._media)), Spot(self._media.name, BUCKET)
        names = names_in(self._media)[:count]
        if self._way == "up":
            return disk, target, names
        return bucket, Spot(str(self._folder / label)) if self._way == "down" else target, names

    def check(self, target: Spot, names: Sequence[str]) -> None:
        """Everything has arrived, byte for byte; or everything has gone."""
        wanted = [] if self._way == "delete" else names
        found = self._server.found(target) if target.bucket else found_in(Path(target.path))
        check(found, {"files": len(wanted), "digest": digest(contents(self._media, wanted))})


def found_in(folder: Path) -> dict[str, Any]:
    """As the server tells it of a prefix."""
    names = names_in(folder)
    return {"files": len(names), "digest": digest(contents(folder, names))}


def names_in(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def contents(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    return ((name, (folder / name).read_bytes()) for name in names)


def move(job: Job, meter: Meter) -> Samples:
    """Many files copied or deleted, by ours or by the job's mover; and by ours as a command."""
    ours = job["folder"] == "ours"
    movers = {"files": "bulk" if ours else job["mover"]}
    if ours and job["as_command"]:
        movers["command"] = "command"
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        way = Way(job, Path(folder))
        return {label: moved(job, meter, way, label, mover) for label, mover in movers.items()}


def moved(job: Job, meter: Meter, way: Way, label: str, name: str) -> Sample:
    source, target, names = way.prepare(label, job["files"])
    mover = MOVERS[name](job, source, target)
    if isinstance(mover, Program):
        meter.watch(Children())
    meter.next_turn()
    with meter.section(len(names)) as sample:
        (mover.delete if job["way"] == "delete" else mover.copy)(names)
    way.check(target, names)
    return {**sample, "memory": meter.memory()}


def compare(job: Job, meter: Meter) -> Samples:
    """Two buckets with as many files, all of them equal: what it costs to find that out."""
    server, sides = Server(job), [Spot("media", name) for name in ("left", "right")]
    for side in sides:
        server.fill(side, job["files"])
    ours = Bulk(job, *sides)
    meter.next_turn()
    with meter.section(len(sides)) as sample:
        check(ours.sync(), {"equal": job["files"]})
    server.drop(*(side.bucket for side in sides))
    return {"side": {**sample, "memory": meter.memory()}}


def cold(job: Job, meter: Meter) -> Samples:
    """One file by everyone who moves on this side, so that every module is compiled."""
    names = ["first.jpg"]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        Path(folder, "source").mkdir()
        Path(folder, "source", *names).write_bytes(b"first")
        for name in ("command", "bulk") if job["folder"] == "ours" else ("loop", "aws", "rclone"):
            target = Spot(f"{job['folder']}/{name}", OTHER)
            MOVERS[name](job, Spot(f"{folder}/source"), target).copy(names)
            MOVERS[name](job, target, Spot(f"{folder}/{name}")).copy(names)
            MOVERS[name](job, target, target).delete(names)
    return {}


WORKLOADS = {call.__name__: call for call in (move, compare, cold)}


if __name__ == "__main__":
    main(WORKLOADS)
