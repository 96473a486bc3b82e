"""Who moves the files: either package in this process, or a program that is started.

Each copies what is at one spot to another one, or deletes what is at the latter.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kinds import BUCKET
from workloads import Job, check, new_storage

BUCKETS = (BUCKET, "other")
SITE = Path(__file__).with_name("moving_site.py")


@dataclass(frozen=True)
class Spot:
    """Where files are: a directory of this machine, or below a prefix of a bucket."""

    path: str  # without a slash at its end
    bucket: str = ""


class Mover(Protocol):
    """`names` are those of all files that are to be moved, or to go."""

    def copy(self, names: Sequence[str]) -> None: ...
    def delete(self, names: Sequence[str]) -> None: ...


class Package:
    """One of the two packages, in this process, with storages that are connected."""

    def __init__(self, job: Job, source: Spot, target: Spot) -> None:
        self.source, self.target = (connected(job, spot) for spot in (source, target))
        self.delete(["none.jpg"])

    def delete(self, names: Sequence[str]) -> None:
        raise NotImplementedError


def connected(job: Job, spot: Spot) -> Any:
    from django.core.files.storage import FileSystemStorage

    if not spot.bucket:
        return FileSystemStorage(location=spot.path)
    storage = new_storage(job, bucket_name=spot.bucket, location=spot.path)
    check(storage.exists("none.jpg"), False)
    return storage


class Loop(Package):
    """One file after another, by Django's API: all that django-storages has for it."""

    def copy(self, names: Sequence[str]) -> None:
        for name in names:
            with self.source.open(name) as file:
                check(self.target.save(name, file), name)

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            self.target.delete(name)


class Bulk(Package):
    """Ours, by `storages.bulk`."""

    def copy(self, names: Sequence[str]) -> None:
        check(self.sync(), {"copied": len(names)})

    def delete(self, names: Sequence[str]) -> None:
        from storages import bulk

        bulk.delete_many(self.target, names)

    def sync(self) -> dict[str, int]:
        """How many files were copied, how many equal, and so on."""
        from storages import bulk

        return dict(bulk.sync(self.source, self.target).counts)


class Program:
    """A program, with a command to copy and one to delete."""

    url: str  # how a spot in a bucket is named
    copying: Sequence[str]
    deleting: Sequence[str]

    def __init__(self, job: Job, source: Spot, target: Spot) -> None:
        self.job, self.options = job, job["options"]
        self._source, self._target = (
            self.url.format(spot) if spot.bucket else spot.path for spot in (source, target)
        )

    def program(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return {}

    def copy(self, names: Sequence[str]) -> None:
        self._run(*self.copying, self._source, self._target)

    def delete(self, names: Sequence[str]) -> None:
        self._run(*self.deleting, self._target)

    def _run(self, *arguments: str) -> None:
        """To its end; what it complains of is an error, even if it has gone on."""
        done = subprocess.run(
            [*self.program(), *arguments],
            env={**os.environ, **self.environment()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode or done.stderr:
            raise RuntimeError(f"Status {done.returncode} of {arguments}: {done.stderr[-500:]}")


class Command(Program):
    """Ours, by `manage.py storages`; the buckets are its aliases."""

    url = "{0.bucket}:{0.path}"
    copying = ("storages", "sync")
    deleting = ("storages", "rm", "-r")

    def program(self) -> Sequence[str]:
        storages = {
            name: {"BACKEND": self.job["backend"], "OPTIONS": {**self.options, "bucket_name": name}}
            for name in BUCKETS
        }
        return (sys.executable, str(SITE), json.dumps(storages))


class Aws(Program):
    """The AWS CLI with its defaults: ten requests at once."""

    url = "s3://{0.bucket}/{0.path}"
    copying = ("s3", "sync", "--only-show-errors")
    deleting = ("s3", "rm", "--recursive", "--only-show-errors")

    def program(self) -> Sequence[str]:
        return (self.job["programs"]["aws"],)

    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.options["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.options["secret_key"],
            "AWS_DEFAULT_REGION": self.options["region_name"],
            "AWS_ENDPOINT_URL": self.options["endpoint_url"],
            "AWS_CA_BUNDLE": self.options["verify"],
        }


class Rclone(Program):
    """Rclone with five times as many transfers at once as it has by default."""

    url = "s3:{0.bucket}/{0.path}"
    copying = ("copy", "--transfers", "20", "--checkers", "20")
    deleting = ("delete", "--transfers", "20", "--checkers", "20")

    def program(self) -> Sequence[str]:
        return (self.job["programs"]["rclone"],)

    def environment(self) -> Mapping[str, str]:
        remote = {
            "TYPE": "s3",
            "PROVIDER": "AWS",
            "ACCESS_KEY_ID": self.options["access_key"],
            "SECRET_ACCESS_KEY": self.options["secret_key"],
            "REGION": self.options["region_name"],
            "ENDPOINT": self.options["endpoint_url"],
            "FORCE_PATH_STYLE": "true",
        }
        return {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CA_CERT": self.options["verify"],
            **{f"RCLONE_CONFIG_S3_{name}": value for name, value in remote.items()},
        }


MOVERS: dict[str, Callable[[Job, Spot, Spot], Mover]] = {
    "loop": Loop,
    "bulk": Bulk,
    "command": Command,
    "aws": Aws,
    "rclone": Rclone,
}


class Children:
    """The programs that this process has started and that have ended."""

    def cpu(self) -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def peak_memory(self) -> int:
        """Of the largest one; at least what this process had when it started it."""
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
