"""The two packages: each workload runs in a fresh process of a side's interpreter."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meter import TURN, Sample

PROGRAMS = Path(__file__).parent
VERSIONS = """
import platform
from importlib.metadata import PackageNotFoundError, version
for name in (
    "django-storages", "django-ftpserver", "collectfasta", "django-storehouse", "boto3",
    "google-cloud-storage", "azure-storage-blob", "paramiko", "dropbox", "apache-libcloud",
    "pyftpdlib", "Django",
):
    try:
        print(name, version(name), end=", ")
    except PackageNotFoundError:
        pass
print("Python", platform.python_version())
"""


@dataclass
class Side:
    """One package: the interpreter that has it, and what went wrong there."""

    name: str
    python: str
    path: str = ""  # PYTHONPATH
    problems: list[str] = field(default_factory=list)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Ours, without what would change how Python, SDKs or proxies behave, and with `more`."""
        services = ("AWS_", "AZURE_", "GOOGLE_", "STORAGE_", "DROPBOX_", "LIBCLOUD_", "RCLONE_")
        prefixes = (*services, "REQUESTS_", "SSL_", "PYTHON", "DJANGO_")
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(prefixes) and not key.lower().endswith("_proxy")
        }
        alone = {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        ours = {"PYTHONPATH": self.path} if self.path else {}
        return {**kept, **alone, **ours, **(more or {})}

    def versions(self) -> str:
        command = [self.python, "-c", VERSIONS]
        return subprocess.check_output(command, env=self.environment(), text=True).strip()


class Worker:
    """A process that works in turns; `samples` is there once it has finished."""

    def __init__(self, side: Side, job: dict[str, Any]) -> None:
        self.side, self.name = side, f"{job['service']}, {job['task']}"
        self.samples: dict[str, Sample] = {}
        self._process = subprocess.Popen(
            [side.python, PROGRAMS / job["program"], json.dumps(job)],
            env=side.environment(job["environment"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._alarm = threading.Timer(job["time_limit"], self._process.kill)
        self._alarm.start()

    def turn(self, connections: int) -> bool:
        """Let it work until it gives the turn back; False once it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{connections}\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it failed before it read anything
            return self._end("")
        line = self._process.stdout.readline()
        return line == TURN or self._end(line)

    def _end(self, line: str) -> bool:
        self._process.communicate()
        self._alarm.cancel()
        silent = {"problem": f"it ended with status {self._process.returncode}"}
        found: dict[str, Any] = json.loads(line) if line else silent
        if "problem" in found:
            self.side.problems.append(f"{self.name}: {found['problem']}")
        else:
            self.samples = found
        return False


def take_turns(workers: list[Worker], connections: Callable[[], int]) -> None:
    """Run them to their ends; only one works at a time, so that none disturbs another."""
    while workers:
        workers = [worker for worker in workers if worker.turn(connections())]
