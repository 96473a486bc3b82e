"""Logins: keys and passwords, what is told when they are wrong, a password that is asked for."""

import json
import os
import pty
import select
import sys
import traceback
from pathlib import Path
from typing import Any

import paramiko
import pytest
from django.core.files.base import ContentFile

from storages.backends.sftpstorage import LoginError, SFTPStorage
from tests.servers import RcloneSftp, Sshd


def test_a_password(rclone_sftp: RcloneSftp, rclone_sftp_directory: str) -> None:
    with SFTPStorage(**rclone_sftp.options(rclone_sftp_directory)) as storage:
        assert storage.save("a.txt", ContentFile(b"x")) == "a.txt"


def test_a_key_object(sshd: Sshd, sftp_directory: str) -> None:
    key = paramiko.Ed25519Key.from_private_key_file(sshd.key_filename)
    params = {**sshd.parameters(), "pkey": key}
    del params["key_filename"]
    with SFTPStorage(**sshd.options(sftp_directory, params=params)) as storage:
        assert not storage.exists("a.txt")


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "geheim!"},
        {"username": "nobody-here", "password": "geheim!"},
        {"password": None},
    ],
)
def test_who_is_not_let_in_is_told(
    rclone_sftp: RcloneSftp, rclone_sftp_directory: str, wrong: dict[str, Any]
) -> None:
    params = {**rclone_sftp.parameters(), **wrong}
    options = rclone_sftp.options(rclone_sftp_directory, params=params)
    storage = SFTPStorage(**options)
    with pytest.raises(LoginError) as caught:
        storage.exists("a.txt")
    assert isinstance(caught.value, PermissionError)
    assert isinstance(caught.value, paramiko.AuthenticationException)
    assert f"127.0.0.1:{rclone_sftp.port}" in str(caught.value)
    assert repr(params["username"]) in str(caught.value)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    told = {each.name: str(each.locals) for each in frames.stack}
    del told["test_who_is_not_let_in_is_told"]
    assert [name for name, locals_ in told.items() if "geheim!" in locals_] == []
    assert "geheim!" not in str(caught.value)


def test_a_key_that_is_not_authorized(sshd: Sshd, sftp_directory: str, tmp_path: Path) -> None:
    paramiko.RSAKey.generate(2048).write_private_key_file(str(tmp_path / "key"))
    params = {**sshd.parameters(), "key_filename": str(tmp_path / "key")}
    with pytest.raises(LoginError, match=sshd.user):
        SFTPStorage(**sshd.options(sftp_directory, params=params)).exists("a.txt")


def test_a_file_that_is_no_key(sshd: Sshd, sftp_directory: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    params = {**sshd.parameters(), "key_filename": str(tmp_path / "key")}
    with pytest.raises(LoginError, match="key"):
        SFTPStorage(**sshd.options(sftp_directory, params=params)).exists("a.txt")


# -- asking

PROGRAM = """
import json, os, sys, threading
import django
from django.conf import settings

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.sftpstorage import SFTPStorage

options = json.loads(sys.argv[1])

def tell(line):
    os.write(1, f"{line}\\n".encode())  # at once: what threads print may be mixed

def ask(storage):
    try:
        tell(f"found {storage.exists('a.txt')}")
    except PermissionError as error:
        tell(f"{type(error).__name__} {error}")

"""


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, program: str, options: dict[str, Any]) -> None:
        self.shown = ""
        self._pid, self._master = pty.fork()
        if not self._pid:
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM + program, json.dumps(options)])

    def wait_for(self, text: str) -> str:
        """All that was shown until `text`, which is not shown again."""
        while text not in self.shown:
            ready, _, _ = select.select([self._master], [], [], 60)
            assert ready, f"{text!r} did not come: {self.shown!r}"
            try:
                self.shown += os.read(self._master, 4096).decode()
            except OSError:  # the program has ended
                pytest.fail(f"{text!r} did not come: {self.shown!r}")
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def end(self) -> str:
        """The rest of what was shown."""
        try:
            while data := os.read(self._master, 4096):
                self.shown += data.decode()
        except OSError:
            pass
        os.close(self._master)
        assert os.waitpid(self._pid, 0)[1] == 0
        return self.shown


@pytest.fixture
def asked(rclone_sftp: RcloneSftp, rclone_sftp_directory: str) -> dict[str, Any]:
    """Options that lack the password."""
    params = rclone_sftp.parameters()
    del params["password"]
    return rclone_sftp.options(rclone_sftp_directory, params=params, interactive=True)


def test_the_password_is_asked_for_once(rclone_sftp: RcloneSftp, asked: dict[str, Any]) -> None:
    program = """
first, second = SFTPStorage(**options), SFTPStorage(**options, max_connections=3)
ask(first)
ask(second)
first.close()
ask(first)
threads = [threading.Thread(target=ask, args=(second,)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    terminal = Terminal(program, asked)
    prompt = terminal.wait_for(f"Password of storehouse@127.0.0.1:{rclone_sftp.port}: ")
    assert "Error" not in prompt
    terminal.type(rclone_sftp.password)
    rest = terminal.end()
    assert rest.count("found False") == 6
    assert "Password" not in rest
    assert rclone_sftp.password not in rest


def test_threads_do_not_ask_at_once(rclone_sftp: RcloneSftp, asked: dict[str, Any]) -> None:
    program = """
storage = SFTPStorage(**options)
threads = [threading.Thread(target=ask, args=(storage,)) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    terminal = Terminal(program, asked)
    terminal.wait_for("Password of ")
    terminal.type(rclone_sftp.password)
    rest = terminal.end()
    assert rest.count("found False") == 4
    assert "Password" not in rest


def test_a_wrong_password_is_asked_for_again(
    rclone_sftp: RcloneSftp, asked: dict[str, Any]
) -> None:
    terminal = Terminal("storage = SFTPStorage(**options)\nfor _ in 1, 2, 3: ask(storage)", asked)
    terminal.wait_for("Password of ")
    terminal.type("wrong")
    terminal.wait_for("did not let the user")
    terminal.wait_for("Password of ")
    terminal.type(rclone_sftp.password)
    rest = terminal.end()
    assert rest.count("found False") == 2
    assert "Password" not in rest


def test_without_a_terminal_nobody_is_asked(asked: dict[str, Any], monkeypatch: Any) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(LoginError, match="on a terminal only"):
            SFTPStorage(**asked).exists("a.txt")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(LoginError, match="on a terminal only"):
        SFTPStorage(**asked).exists("a.txt")


def test_a_key_needs_no_password(sshd: Sshd, sftp_directory: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with SFTPStorage(**sshd.options(sftp_directory, interactive=True)) as storage:
        assert not storage.exists("a.txt")
