"""Compares django-storages 1.14.6 with this package on one server of each service.

Both import as ``storages``, so each lives in its own environment (``requirements-peer.txt``), in a
worker process. Each writes, the other reads, lists, signs and deletes; a third party looks at what
lies in the bucket. Exit status 1: something differs that ``expected.py`` does not list, or
something that it lists is not different any more.
"""

import argparse
import contextlib
import fnmatch
import os
import pathlib
import signal
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from comparison import Comparison
from expected import EXPECTED
from faults import FAULTS
from report import Report, understood
from scenarios import every
from scenarios.static import write_files
from services import NAMES, Services
from sides import Side, SideError


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer-python", required=True, help="Python that has django-storages")
    parser.add_argument("--our-python", required=True, help="Python that has this package")
    parser.add_argument("--our-pythonpath", help="folder to import this package from")
    parser.add_argument("--only", default="*", help="pattern of the scenarios to run")
    parser.add_argument(
        "--service", action="append", choices=NAMES, help="only this one; repeat it"
    )
    parser.add_argument(
        "--jobs", type=int, default=2, help="how many scenarios run at once (default: 2)"
    )
    parser.add_argument("--list", action="store_true", help="print the expected differences too")
    parser.add_argument(
        "--identical",
        action="store_true",
        help="expect no difference at all, as between one package and itself",
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="compare the peer with itself, then with itself made faulty in ways that must be seen",
    )
    return parser.parse_args()


@contextlib.contextmanager
def laboratory(peer_python, our_python, our_pythonpath=None):
    """A Comparison with its servers and its two workers, all gone afterwards."""
    with contextlib.ExitStack() as stack:
        static = stack.enter_context(tempfile.TemporaryDirectory())
        write_files(pathlib.Path(static))
        services = stack.enter_context(Services())
        peer = stack.enter_context(Side("peer", peer_python, static))
        ours = stack.enter_context(Side("ours", our_python, static, pythonpath=our_pythonpath))
        yield Comparison(peer, ours, services)


def compare(options, expected):
    """The Report of every chosen scenario."""
    services = options.service or NAMES
    chosen = [
        one
        for one in every()
        if one.service in services and fnmatch.fnmatchcase(one.id, options.only)
    ]
    report = Report(expected, len(chosen), complete=services if options.only == "*" else ())
    waiting = deque(chosen)
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            jobs = [
                pool.submit(_work, options, expected, waiting, job == 0)
                for job in range(options.jobs)
            ]
            found = {key: checks for job in jobs for key, checks in job.result().items()}
        finally:
            waiting.clear()  # after a signal no job starts another scenario
    for scenario in chosen:
        for check in found[str(scenario)]:
            report.add(check)
    return report


def _work(options, expected, waiting, is_first):
    """Take scenarios until none is left, in a laboratory of its own; their checks by id."""
    found = {}
    with laboratory(options.peer_python, options.our_python, options.our_pythonpath) as comparison:
        if is_first:
            for side, versions in comparison.versions().items():
                print(f"{side}: {', '.join(' '.join(pair) for pair in versions.items())}")
        try:
            for scenario in _taken_from(waiting):
                checks = comparison.checks(scenario)
                if not understood(checks, expected):
                    # On a busy machine the peer fails by chance: what does so twice is told.
                    print(f"once more: {scenario}", flush=True)
                    checks = comparison.checks(scenario)
                found[str(scenario)] = checks
        except SideError:
            waiting.clear()  # the other jobs need not go on either
            raise
    return found


def _taken_from(waiting):
    with contextlib.suppress(IndexError):
        while True:
            yield waiting.popleft()


def self_test(peer_python):
    """How many faults the comparison does not see, plus one if it sees some where there is none."""
    by_id = {str(scenario): scenario for scenario in every()}
    missed = 0
    with laboratory(peer_python, peer_python) as comparison:
        for service in NAMES:
            where = _differing(comparison, by_id[f"{service}, default"], None)
            missed += _judge(f"{service}: no fault", not where, where)
        for name, fault in FAULTS.items():
            where = _differing(comparison, by_id[fault.scenario], name)
            seen = any(f": {fault.where}" in one for one in where)
            missed += _judge(name, seen, where)
    print(f"{len(FAULTS) + len(NAMES) - missed} passed, {missed} failed")
    return missed


def _differing(comparison, scenario, fault):
    comparison.take_on(fault)
    return [check.where for check in comparison.checks(scenario) if not check.agrees]


def _judge(name, ok, where):
    print(f"{'ok' if ok else 'FAILED':8}{name}: {len(where)} differences", flush=True)
    return not ok


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["NO_PROXY"] = "*"
    options = arguments()
    started = time.monotonic()
    try:
        if options.self_test:
            return 1 if self_test(options.peer_python) else 0
        report = compare(options, () if options.identical else EXPECTED)
    except SideError as error:
        print(error, file=sys.stderr)
        return 2
    report.print(list_expected=options.list, seconds=time.monotonic() - started)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
