"""What a workload's process can tell: CPU, wall time, requests, memory.

Imports little, and http.client late: what is loaded here would be missing from the cold start.
"""

import gc
import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

Sample = dict[str, float]
T = TypeVar("T")

TURN = "turn\n"  # what a process prints to let the other side work
COUNTED = {"requests": "requests", "bytes_out": "received"}  # the server's name: ours


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes.

    Linux hands ru_maxrss on from the process that started this one, so VmHWM comes first.
    """
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def wait_for_turn() -> int:
    """Wait to be told to work; the connections that the server has counted so far."""
    return int(sys.stdin.readline())


class Process(Protocol):
    """Another one, which tells what it has used."""

    def cpu(self) -> float: ...
    def peak_memory(self) -> int: ...


class Meter:
    """Measures sections of one process against the server whose control port it is given.

    Its process and the other side's take turns, so that both see the same machine.
    """

    def __init__(self, control_port: int, before: int) -> None:
        self._port = control_port
        self._cpu, self._peak_memory = time.process_time, peak_memory
        self._base = peak_memory()
        self._connections = 0  # opened in earlier turns
        self._before = before  # opened by anyone, as this turn began

    def watch(self, process: Process) -> None:
        """Measure that process, and its memory over what it has now, instead of this one's."""
        self._cpu, self._peak_memory = process.cpu, process.peak_memory
        self._base = process.peak_memory()

    def next_turn(self) -> None:
        """Let the other side work, and wait until this one may go on."""
        self._connections = self.connections() or 0
        sys.stdout.write(TURN)
        sys.stdout.flush()
        self._before = wait_for_turn()

    @contextmanager
    def section(self, operations: int = 1) -> Iterator[Sample]:
        """CPU and wall seconds, requests and bytes received, each per operation."""
        sample: Sample = {}
        gc.collect()
        before = self._counters()
        cpu, wall = self._cpu(), time.perf_counter()
        yield sample
        wall, cpu = time.perf_counter() - wall, self._cpu() - cpu
        after = self._counters()
        found = {
            name: after[counter] - before[counter]
            for counter, name in COUNTED.items()
            if counter in after  # a real server does not count bytes
        }
        found.update(cpu=cpu, wall=wall)
        sample.update({name: value / operations for name, value in found.items()})

    def each(self, call: Callable[[Any], object], names: Sequence[Any], turns: int) -> Sample:
        """A sample per operation of calling with each of the names, in several turns."""
        samples = []
        for turn in range(turns):
            self.next_turn()
            share = names[turn::turns]
            with self.section(len(share)) as sample:
                for name in share:
                    call(name)
            samples.append(sample)
        return {key: sum(sample[key] for sample in samples) / turns for key in samples[0]}

    def crowd(
        self,
        count: int,
        begin: Callable[[int], T],
        go_on: Callable[[T], object],
        *,
        operations: int,
    ) -> Sample:
        """A sample per operation of threads that all begin, and then go on together, measured."""
        meeting, problems = threading.Barrier(count + 1), list[BaseException]()

        def work(number: int) -> None:
            try:
                begun = begin(number)
                meeting.wait()  # all are warm
                meeting.wait()  # and measured from here
                go_on(begun)
                meeting.wait()
            except BaseException as problem:  # the first is the reason for all others
                problems.append(problem)
                meeting.abort()
                raise

        workers = [threading.Thread(target=work, args=(number,)) for number in range(count)]
        for worker in workers:
            worker.start()
        with suppress(threading.BrokenBarrierError):
            meeting.wait()
            with self.section(operations) as sample:
                meeting.wait()
                meeting.wait()
        for worker in workers:
            worker.join()
        if problems:
            raise problems[0]
        return sample

    def process(self) -> Sample:
        """Of the whole process so far: peak memory over Django's, connections opened."""
        found = {"memory": self.memory(), "connections": self.connections()}
        return {name: number for name, number in found.items() if number is not None}

    def memory(self) -> int:
        """Bytes by which the process has ever been larger than with Django alone, or idle."""
        return self._peak_memory() - self._base

    def connections(self) -> int | None:
        """Those of this process so far; None from a server that does not count them."""
        now: int | None = self._counters().get("connections")
        return None if now is None else self._connections + now - self._before

    def _counters(self) -> dict[str, Any]:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        try:
            connection.request("GET", "/_ctl/stats")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()
