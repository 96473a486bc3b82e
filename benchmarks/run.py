"""Compare this package with django-storages: the same workloads, side by side.

Both interpreters run workloads.py; each has one package installed that imports as `storages`. So
with FTP servers, ftpserver_workloads.py, and the peer's django-ftpserver; and with collectstatic,
static_workloads.py, and the peer's collectfasta. moving_workloads.py needs the programs aws and
rclone too.
The servers run in the interpreter that runs this file, which needs uvloop and cryptography; for
SFTP, FTP and Dropbox also this package's extras, and for the first two the programs sshd and vsftpd
(or pyftpdlib).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinds import KINDS, Kind
from meter import Sample
from plan import Task, task_names, tasks
from report import SIDES, Line, Results, details, lines, verdicts
from service import Service
from sides import Side, Worker, take_turns

if TYPE_CHECKING:
    from dropbox_service import DropboxService
    from file_service import FileService

    AnyService = Service | FileService | DropboxService

PEER, OURS = SIDES


class Bench:
    def __init__(
        self, service: "AnyService", sides: list[Side], programs: Mapping[str, str | None]
    ) -> None:
        self.service, self.kind, self.sides = service, service.kind, sides
        self.programs = programs  # paths by name
        self.results: Results = {}

    def round(self, number: int, wanted: list[Task]) -> None:
        """Each task on both sides, turn about; who is first alternates."""
        for task in [task for task in wanted if not (number and task.once)]:
            say(f"{self.kind.title}, round {number + 1}: {task.name}")
            for time_ in range(task.times):
                done = self.once(task, self.sides[:: (-1) ** (number + time_)])
                for name, samples in done.items():
                    rounds = self.results.setdefault(task.name, {}).setdefault(name, [])
                    rounds.append(samples)

    def once(self, task: Task, sides: list[Side]) -> dict[str, dict[str, Sample]]:
        """The samples of each side; none of a side that failed, with its complaint kept."""
        self.service.control("reset")
        self.service.control(**task.knobs)
        taking_part = [side for side in sides if side.name == OURS or not task.alone]
        workers = [Worker(side, self.job(task, side)) for side in taking_part]
        take_turns(workers, lambda: self.service.control("stats").get("connections", 0))
        return {worker.side.name: worker.samples for worker in workers}

    def job(self, task: Task, side: Side) -> dict[str, Any]:
        service, kind = self.service, self.kind
        less = side.name == PEER and task.name in kind.slow_peer
        return {
            "service": kind.name,
            "program": kind.program,
            "task": task.name,
            "workload": task.workload,
            "backend": kind.backend,
            "options": kind.options(service),
            "settings": kind.settings,
            "registers_driver": kind.registers_driver,
            "environment": kind.environment(service),
            "signing_key": str(service.signing_key) if kind.signs_with_rsa else "",
            "urls": kind.urls,
            "signature": kind.signature,
            "control_port": service.port,
            "folder": side.name,
            "file": str(service.short if less else service.archive),
            "size": kind.bulk,
            "time_limit": kind.time_limit,
            "lists": side.name == OURS or not kind.peer_lists_a_page,
            "media": str(service.media) if kind.stocked else "",
            "programs": self.programs,
            **task.details,
            **fewer_files(task, side),
        }

    def warm_up(self) -> None:
        """Let both sides compile their modules and the disk cache fill, unmeasured."""
        self.once(Task("first run", "cold"), self.sides)


def fewer_files(task: Task, side: Side) -> dict[str, int]:
    """The files that a slow peer collects or moves, and as of how many its figures are to be."""
    count = task.details.get("peer_files") if side.name == PEER else 0
    return {"files": count, "scaled_to": task.details["files"]} if count else {}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer-python", required=True, help="interpreter with django-storages")
    parser.add_argument("--our-python", required=True, help="interpreter with this package")
    parser.add_argument("--our-pythonpath", default="", help="run ours from here, such as src")
    parser.add_argument("--programs", help="the folder of aws and rclone, if not on the PATH")
    services = ",".join(KINDS)
    parser.add_argument("--service", default=services, help=f"default: {services}")
    parser.add_argument("--rounds", type=int, help="default: 3, with --quick 1")
    names = task_names()
    parser.add_argument(
        "--only", default="", help=f"comma-separated workloads, of: {', '.join(names)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, none paced; coarse"
    )
    parser.add_argument("--json", type=Path, help="also write every round's figures here")
    parser.add_argument(
        "--all-files", action="store_true", help="django-storages collects and moves all files, too"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    kinds = [KINDS[name] for name in chosen(options.service, list(KINDS), parser)]
    options.kinds = [kind.quicker() for kind in kinds] if options.quick else kinds
    options.kinds = [kind.unscaled() if options.all_files else kind for kind in options.kinds]
    options.left_out = options.quick and not options.only
    options.only = chosen(options.only, names, parser)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def wanted(kind: Kind, options: argparse.Namespace) -> list[Task]:
    return [
        task
        for task in tasks(kind, quick=options.quick)
        if task.name in options.only and not (options.left_out and task.slow)
    ]


def chosen(given: str, every: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """Those named, in their own order; all where none is named."""
    names = set(filter(None, given.replace(",", " ").split()))
    if unknown := names - set(every):
        parser.error(f"{', '.join(sorted(unknown))}: none of {', '.join(every)}")
    return [name for name in every if not names or name in names]


def service_of(kind: Kind) -> "AnyService":
    return Service(kind) if kind.stores == "objects" else file_service(kind)


def file_service(kind: Kind) -> "FileService | DropboxService":
    from file_service import SERVICES  # the servers of the tests import this package's SDKs

    found: FileService | DropboxService = SERVICES[kind.name](kind)
    return found


def programs_of(kind: Kind, options: argparse.Namespace) -> dict[str, str | None]:
    """Where the programs are that take part; None for what is not there."""
    return {name: shutil.which(name, path=options.programs) for name in kind.programs}


def missing(kind: Kind, options: argparse.Namespace) -> str:
    """Why this service cannot be measured on this machine."""
    absent = [name for name, path in programs_of(kind, options).items() if path is None]
    reason = f"no program {' and '.join(absent)}" if absent else None
    if kind.stores != "objects":
        reason = file_service(kind).missing()
    return f"{kind.title} left out: {reason}" if reason else ""


def measure(kind: Kind, options: argparse.Namespace, sides: list[Side]) -> tuple[str, Results]:
    """The title, and what was found."""
    with service_of(kind) as service:
        service.fill()
        bench = Bench(service, sides, programs_of(kind, options))
        bench.warm_up()
        for number in range(options.rounds):
            bench.round(number, wanted(kind, options))
        return service.title, bench.results


def describe(options: argparse.Namespace, sides: list[Side], seconds: float) -> str:
    versions = [f"- {side.name}: {side.versions()}" for side in sides]
    for kind in options.kinds:
        versions += [version(path) for path in programs_of(kind, options).values() if path]
    packages = "\n".join(versions)
    return (
        f"{packages}\n- {platform.system()} {platform.machine()}, {os.cpu_count()} cores; "
        f"{time.strftime('%Y-%m-%d')}; medians of {options.rounds} round(s), {seconds:.0f} s"
    )


def version(program: str) -> str:
    found = subprocess.check_output([program, "--version"], text=True)
    return f"- {found.splitlines()[0]}"


def show(title: str, kind: Kind, found: list[Line], results: Results) -> None:
    print(f"\n## {title}\n")
    print(f"CPU time per operation, where a row says nothing else:\n\n{verdicts(found)}\n")
    print(f"Everything measured, peer → ours:\n\n{details(results, kind)}", flush=True)


def main() -> int:
    options = arguments()
    started = time.monotonic()
    path = str(Path(options.our_pythonpath).resolve()) if options.our_pythonpath else ""
    sides = [Side(PEER, options.peer_python), Side(OURS, options.our_python, path)]
    rounds: dict[str, Results] = {}
    missed = []
    problems = list(filter(None, (missing(kind, options) for kind in options.kinds)))
    for kind in [kind for kind in options.kinds if not missing(kind, options)]:
        title, results = measure(kind, options, sides)
        rounds[kind.name] = results
        found = lines(results, kind)
        show(title, kind, found, results)
        missed += [f"{kind.title}: {line.title}" for line in found if line.verdict == "miss"]
    problems += [f"{side.name}: {text}" for side in sides for text in dict.fromkeys(side.problems)]
    print(f"\n{describe(options, sides, time.monotonic() - started)}")
    print("\nMissed: " + ("; ".join(missed) or "nothing") + ".")
    for problem in problems:
        print(f"- {problem}")
    if options.json:
        record: dict[str, Any] = {"rounds": rounds, "missed": missed, "problems": problems}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if options.check and (missed or problems) else 0


if __name__ == "__main__":
    sys.exit(main())
