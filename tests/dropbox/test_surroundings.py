"""Dropbox among threads, forks and environments: the session that the storage makes itself."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.dropbox import DropboxStorage
from tests.servers import Dropbox, FaultProxy

PROGRAM = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor

import django
from django.conf import settings
from django.core.files.base import ContentFile

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.dropbox import DropboxStorage

storage = DropboxStorage(**json.loads(sys.argv[1]))
"""


@pytest.fixture
def run(dropbox_server: Dropbox, dropbox_root: str) -> Any:
    """Runs a program with a storage in a process of its own, and gives what it prints."""

    def run(program: str, env: dict[str, str], **options: Any) -> list[str]:
        given = dropbox_server.options(dropbox_root) | {"client_options": {}} | options
        command = [sys.executable, "-W", "error", "-c", PROGRAM + program, json.dumps(given)]
        found = {**os.environ, **dropbox_server.env, **env}
        done = subprocess.run(command, env=found, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


ASK = """
try:
    print(storage.exists("a.txt"))
except OSError as error:
    print(type(error).__mro__[1].__name__, error)
"""


def test_passwords_of_netrc_are_not_used(run: Any, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    assert run(ASK, {"NETRC": str(netrc)}) == ["False"]


def test_certificate_authorities(run: Any, dropbox_server: Dropbox) -> None:
    nowhere = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
    (found,) = run(ASK, nowhere)
    assert "No trusted connection to Dropbox" in found
    assert "REQUESTS_CA_BUNDLE" in found
    options = {"ca_certs": dropbox_server.ca_file}
    assert run(ASK, nowhere, client_options=options) == ["False"]
    assert run(ASK, nowhere | {"CURL_CA_BUNDLE": dropbox_server.ca_file}) == ["False"]


def test_proxies_of_the_environment(run: Any) -> None:
    proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
    assert run(ASK, proxy | direct) == ["False"]
    (found,) = run(ASK, proxy | dict.fromkeys(direct, ""))
    assert "a.txt" in found
    assert "refused" in found


def test_connections_stay_open(run: Any, fault_proxy: Any, dropbox_server: Dropbox) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    program = """
storage.save("a.txt", ContentFile(b"content"))
for _ in range(5):
    storage.exists("a.txt")
    storage.open("a.txt").read()
    storage.open("a.txt")  # and never closed
    storage.listdir("")
"""
    run(program, dropbox_server.env_through(proxy))
    assert proxy.connections == 1


def test_threads_have_connections_of_their_own(
    run: Any, fault_proxy: Any, dropbox_server: Dropbox
) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    program = """
with ThreadPoolExecutor(4) as pool:
    print(set(pool.map(lambda number: storage.exists(f"{number}.txt"), range(40))))
"""
    assert run(program, dropbox_server.env_through(proxy)) == ["{False}"]
    assert 1 <= proxy.connections <= 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_connections_of_its_own(
    run: Any, fault_proxy: Any, dropbox_server: Dropbox
) -> None:
    proxy: FaultProxy = fault_proxy(dropbox_server, http=False)
    program = """
storage.save("a.txt", ContentFile(b"content"))
child = os.fork()
for _ in range(10):
    assert storage.open("a.txt").read() == b"content"
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    run(program, dropbox_server.env_through(proxy))
    assert proxy.connections == 2


def test_what_is_written_is_given_up_when_the_interpreter_ends(
    run: Any, dropbox_server: Dropbox
) -> None:
    program = """
file = storage.open("a.bin", "wb")
file.write(bytes(9 * 1024 * 1024))
print(storage.exists("a.bin"))
"""
    assert run(program, {}, part_size=4 * 1024 * 1024) == ["False"]
    assert run(ASK.replace("a.txt", "a.bin"), {}) == ["False"]


def test_threads_that_ask_for_the_client_at_once(
    dropbox_server: Dropbox, dropbox_root: str
) -> None:
    storage = DropboxStorage(**dropbox_server.options(dropbox_root))
    start = threading.Barrier(8)

    def ask(_: int) -> Any:
        start.wait(10)
        return storage.client

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1
    storage.save("a.txt", ContentFile(b"x"))
    assert storage.client.files_get_metadata(f"{dropbox_root}/a.txt").size == 1
