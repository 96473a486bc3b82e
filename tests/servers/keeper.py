"""Runs a command until standard input ends, so that a server cannot outlive its test run.

However the test run ends, its end of the pipe is closed. Kept apart from the package: it is
started as a plain file, and has to start quickly.
"""

import contextlib
import signal
import subprocess
import sys
import threading


def keep(farewell: float, command: list[str]) -> int:
    """Run it; `farewell`: seconds between asking the command to stop and killing it."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_end_with_input, args=(child, farewell), daemon=True).start()
    return child.wait()


def _end_with_input(child: subprocess.Popen[bytes], farewell: float) -> None:
    sys.stdin.buffer.read()
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(farewell)
    child.kill()


if __name__ == "__main__":
    sys.exit(1 if keep(float(sys.argv[1]), sys.argv[2:]) else 0)
