"""What every test server shares: a program, a temporary folder, a port, a certain end."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    import pytest

HOST = "127.0.0.1"
STARTUP = 60  # seconds; importing a server takes long when every core is busy
FAREWELL = 15  # seconds; longer than any server's own

_HERE = Path(__file__).resolve().parent
ROOT = _HERE.parents[1]
_NODE_PROGRAMS = ROOT / ".venv" / "node" / "node_modules" / ".bin"


class ServerError(Exception):
    """A server did not start; says what it printed."""


class Server:
    """One server process, from entering to leaving the context.

    A subclass says its command and what its program lacks of the service that it stands for. A
    server that announces its port chooses it itself; the others are given a free one.
    """

    name: ClassVar[str]
    lacks: ClassVar[frozenset[str]] = frozenset()
    announcement: ClassVar[re.Pattern[str] | None] = None  # group 1 is the port
    farewell: ClassVar[float] = 5  # seconds after which a server that will not end is killed

    port: int
    folder: Path
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> str | None:
        """Why this server cannot be started on this machine."""
        return None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Variables for the program, beside those that the tests have."""
        return {}

    def prepare(self) -> None:
        """Called when the server answers."""

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def pid(self) -> int:
        """Process id of the keeper, whose only child is the server."""
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def __enter__(self) -> Self:
        if reason := self.missing():
            raise ServerError(reason)
        self.folder = Path(tempfile.mkdtemp(prefix=f"storehouse-{self.name}-"))
        try:
            self.port = 0 if self.announcement else self.choose_port()
            self.start()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def choose_port(self) -> int:
        return free_port()

    def start(self) -> None:
        self._process = self._spawn()
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End the server and what it has started; its files and its port are kept for `start`."""
        if self._process is None:
            return
        family = {pid: started(pid) for pid in descendants(self._process.pid)}
        _end(self._process)
        self._process = None
        # Sessions may outlive their server; a number may be some other process's by now.
        kill([pid for pid, when in family.items() if when and started(pid) == when])

    def restart(self) -> None:
        """Stop, and start again on the same port; open connections end."""
        if self.announcement:
            raise ServerError(f"{self.name} chooses its port anew whenever it starts")
        self.stop()
        self.start()

    def end_sessions(self) -> None:
        """Kill what serves the connections that are open; new ones are served.

        Only of a server that starts a process for each connection.
        """
        kill(descendants(self.pid)[1:])

    def data_folder(self) -> Path:
        """Where a server that stores files stores them."""
        folder = self.folder / "data"
        folder.mkdir(exist_ok=True)
        return folder

    def _spawn(self) -> subprocess.Popen[bytes]:
        keeper = [sys.executable, "-I", "-S", str(_HERE / "keeper.py"), str(self.farewell)]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [*keeper, *map(str, self.command())],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                start_new_session=True,  # an interrupt of the test run is not for the server
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + STARTUP
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise ServerError(f"{self.name} ended at once:\n{self.log}")
            if self._answers():
                return
            time.sleep(0.02)
        raise ServerError(f"{self.name} does not answer after {STARTUP} seconds:\n{self.log}")

    def _answers(self) -> bool:
        if self.announcement and not self.port:
            if not (match := self.announcement.search(self.log)):
                return False
            self.port = int(match[1])
        with contextlib.suppress(OSError), socket.create_connection(self.address, timeout=1):
            return True
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the keeper, which ends the server first; a fork of ours may still hold its input."""
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def descendants(pid: int) -> list[int]:
    """Process ids of the children, and theirs, parents first; as Linux tells them."""
    everyone = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    parents = {process: state[1] for process in everyone if (state := _state(process))}
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == str(parent)]
    return found[1:]


def _state(pid: int) -> list[str]:
    """State, parent, ... of a process, see proc(5); empty if it has ended."""
    with contextlib.suppress(OSError):
        # "pid (program) state parent ...", and a program's name may have parentheses
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def started(pid: int) -> str:
    """When a process has; empty if it has ended."""
    state = _state(pid)
    return state[19] if state else ""


def runs(pid: int) -> bool:
    """Whether a process has not ended; one that its parent has not asked about yet has."""
    state = _state(pid)
    return bool(state) and state[0] not in "ZX"


def kill(pids: Iterable[int]) -> None:
    """End processes at once, and wait until they have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + FAREWELL
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def find_program(name: str) -> Path | None:
    """An executable of this environment, of the project's npm packages, or of the system."""
    folders = [Path(sys.executable).parent, _NODE_PROGRAMS, os.environ.get("PATH", "")]
    # Debian keeps servers where only root's PATH leads.
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), "/usr/sbin"]))
    return Path(found) if found else None


def installed(module: str) -> bool:
    """Whether a module can be imported; its packages are, to know."""
    with contextlib.suppress(ModuleNotFoundError):
        return find_spec(module) is not None
    return False


def lacking(server: Server | type[Server], *features: str) -> "pytest.MarkDecorator":
    """A strict expected failure where the server lacks one of these features, else nothing."""
    import pytest  # which those who only start servers need not have

    absent = sorted(server.lacks.intersection(features))
    reason = f"{server.name} lacks {', '.join(absent)}"
    return pytest.mark.xfail(bool(absent), reason=reason, strict=True)
