"""The processes of a comparison: the S3 server and the two workers."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
START_SECONDS = 60
CALL_SECONDS = 120
KEYS = {"access_key": "AKIACOMPAT", "secret_key": "compat+secret/key"}


class SideError(Exception):
    """A process of the comparison itself broke, so nothing can be compared."""


def clean_environment(home):
    """Nothing of the user's own AWS set-up or proxies may take part."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {key: os.environ[key] for key in kept if key in os.environ} | {
        "HOME": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


@contextlib.contextmanager
def s3_server(python):
    """A moto server on a free port; the value is its URL."""
    with tempfile.TemporaryDirectory() as home, open(f"{home}/log", "w+") as log:
        port = _free_port()
        command = [python, str(HERE / "guard.py"), "moto.server", "-H", "127.0.0.1", "-p", port]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=clean_environment(home)
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()
            process.wait()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def _wait_until_up(url, process, log):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            opener.open(f"{url}/moto-api/", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    log.seek(0)
    raise SideError(f"The S3 server did not start: {log.read()[-2000:]}")


class Side:
    """One package at work: a worker process in its environment."""

    def __init__(self, name, python, static_directory, *, pythonpath=None):
        self.name = name
        self._home = tempfile.TemporaryDirectory()
        self._log = open(f"{self._home.name}/log", "w+")  # noqa: SIM115 - closed by close()
        env = clean_environment(self._home.name)
        if pythonpath:
            env["PYTHONPATH"] = str(pathlib.Path(pythonpath).resolve())
        command = [python, str(HERE / "worker.py"), str(static_directory)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=env,
            text=True,
            encoding="utf-8",
        )

    def ask(self, op, **arguments):
        """The worker's answer to one command; SideError if it crashed or took too long."""
        watchdog = threading.Timer(CALL_SECONDS, self._process.kill)
        watchdog.start()
        try:
            print(json.dumps({"op": op, **arguments}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            self._log.seek(0)
            raise SideError(f"{self.name} stopped during {op} {arguments}: {self._log.read()}")
        return json.loads(line)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()
