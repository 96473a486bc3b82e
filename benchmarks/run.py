"""Compare this package with django-storages: the same workloads, side by side.

Both interpreters run workloads.py; each has one package installed that imports as `storages`.
The server runs in the interpreter that runs this file, which needs uvloop and cryptography.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from meter import Sample
from plan import Task, tasks
from report import Results, details, lines, verdicts
from service import BUCKET, Service
from sides import Side, Worker, take_turns


class Bench:
    def __init__(self, service: Service, sides: list[Side]) -> None:
        self.service, self.sides = service, sides
        self.results: Results = {}
        self.options = {
            "access_key": "benchmark",
            "secret_key": "benchmark-secret",
            "bucket_name": BUCKET,
            "endpoint_url": service.endpoint,
            "region_name": "us-east-1",
            "signature_version": "s3v4",
            "verify": str(service.certificate),
        }

    def round(self, number: int, wanted: list[Task]) -> None:
        """Each task on both sides, turn about; who is first alternates."""
        for task in wanted:
            say(f"round {number + 1}: {task.name}")
            for time_ in range(task.times):
                done = self.once(task, self.sides[:: (-1) ** (number + time_)])
                for side in self.sides:
                    rounds = self.results.setdefault(task.name, {}).setdefault(side.name, [])
                    rounds.append(done[side.name])

    def once(self, task: Task, sides: list[Side]) -> dict[str, dict[str, Sample]]:
        """The samples of each side; none of a side that failed, with its complaint kept."""
        self.service.control("reset")
        self.service.control(**task.knobs)
        workers = [Worker(side, self.job(task, side)) for side in sides]
        take_turns(workers, lambda: self.service.control("stats")["connections"])
        return {worker.side.name: worker.samples for worker in workers}

    def job(self, task: Task, side: Side) -> dict[str, Any]:
        return {
            "task": task.name,
            "workload": task.workload,
            "options": self.options,
            "control_port": self.service.port,
            "folder": side.name,
            "file": str(self.service.archive),
            **task.details,
        }

    def warm_up(self) -> None:
        """Let both sides compile their modules and the disk cache fill, unmeasured."""
        self.once(Task("first run", "cold"), self.sides)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer-python", required=True, help="interpreter with django-storages")
    parser.add_argument("--our-python", required=True, help="interpreter with this package")
    parser.add_argument("--our-pythonpath", default="", help="run ours from here, such as src")
    parser.add_argument("--rounds", type=int, help="default: 3, with --quick 1")
    names = ", ".join(task.name for task in tasks(quick=False))
    parser.add_argument("--only", default="", help=f"comma-separated workloads, of: {names}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; coarse")
    parser.add_argument("--json", type=Path, help="also write every round's figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    options.tasks = chosen(options, parser)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def chosen(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Task]:
    every = tasks(quick=options.quick)
    names = set(filter(None, options.only.replace(",", " ").split()))
    if unknown := names - {task.name for task in every}:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    return [task for task in every if not names or task.name in names]


def measure(options: argparse.Namespace, sides: list[Side]) -> Results:
    with Service() as service:
        service.fill()
        bench = Bench(service, sides)
        bench.warm_up()
        for number in range(options.rounds):
            bench.round(number, options.tasks)
        return bench.results


def describe(options: argparse.Namespace, sides: list[Side], seconds: float) -> str:
    packages = "\n".join(f"- {side.name}: {side.versions()}" for side in sides)
    return (
        f"{packages}\n- {platform.system()} {platform.machine()}, {os.cpu_count()} cores; "
        f"{time.strftime('%Y-%m-%d')}; medians of {options.rounds} round(s), {seconds:.0f} s"
    )


def main() -> int:
    options = arguments()
    started = time.monotonic()
    path = str(Path(options.our_pythonpath).resolve()) if options.our_pythonpath else ""
    sides = [Side("peer", options.peer_python), Side("ours", options.our_python, path)]
    results = measure(options, sides)
    found = lines(results)
    print(describe(options, sides, time.monotonic() - started))
    print(f"\nCPU time per operation, where a row says nothing else:\n\n{verdicts(found)}")
    print(f"\nEverything measured, peer → ours:\n\n{details(results)}")
    missed = [line.row.title for line in found if line.verdict == "miss"]
    problems = [f"{side.name}: {text}" for side in sides for text in dict.fromkeys(side.problems)]
    print("\nMissed: " + ("; ".join(missed) or "nothing") + ".")
    for problem in problems:
        print(f"- {problem}")
    if options.json:
        record: dict[str, Any] = {"rounds": results, "missed": missed, "problems": problems}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if options.check and (missed or problems) else 0


if __name__ == "__main__":
    sys.exit(main())
