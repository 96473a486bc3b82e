"""The commands: what they make, and one line for what is wrong."""

from __future__ import annotations

import ftplib
import io
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from django_ftpserver.models import FTPUserAccount, FTPUserGroup

ROOT = Path(__file__).resolve().parents[2]


def run(*args: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


# -- groups and accounts


def test_groups_and_accounts(transactional_db: None) -> None:
    User.objects.create_user("ann")
    assert run("createftpusergroup", "writers", "/shared") == (
        f"FTP user group pk={FTPUserGroup.objects.get().pk}, writers was created.\n"
    )
    run("createftpusergroup", "readers", "--permission", "elr")
    group = FTPUserGroup.objects.get(name="writers")
    assert (group.permission, group.home_dir) == ("elradfmw", "/shared")
    assert run("createftpuseraccount", "ann", "readers", "/home/{username}") == (
        f'FTP user account pk={FTPUserAccount.objects.get().pk}, "ann" was created.\n'
    )
    lines = run("listftpusergroup").splitlines()
    assert [line.split()[1:] for line in lines[1:]] == [
        ["writers", "elradfmw", "/shared"],
        ["readers", "elr"],
    ]
    lines = run("listftpuseraccount").splitlines()
    assert [line.split()[1:] for line in lines[1:]] == [["ann", "readers", "/home/{username}"]]
    assert "was deleted" in run("deleteftpuseraccount", "ann")
    assert "was deleted" in run("deleteftpusergroup", "readers")
    assert [group.name for group in FTPUserGroup.objects.all()] == ["writers"]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("createftpusergroup g", "already exists"),
        ("createftpusergroup new --permission elz", "'z' is no permission"),
        ("createftpusergroup new --permission elradfmwM", "at most 8 characters"),
        ("createftpusergroup new /home/{user}", "only '{username}' is replaced"),
        (f"createftpusergroup {'x' * 31}", "at most 30 characters"),
        ("createftpuseraccount nobody g", "no user 'nobody'"),
        ("createftpuseraccount bob none", "no FTP user group 'none'"),
        ("createftpuseraccount ann g", "'ann' has an FTP account already"),
        ("createftpuseraccount bob g /home/{", "only '{username}' is replaced"),
        ("deleteftpusergroup none", "no FTP user group 'none'"),
        ("deleteftpusergroup g", "'g' has accounts (1)"),
        ("deleteftpuseraccount bob", "'bob' has no FTP account"),
        ("deleteftpuseraccount none", "'none' has no FTP account"),
    ],
)
def test_what_is_wrong_is_told(account: Any, command: str, told: str) -> None:
    account(group="g")
    User.objects.create_user("bob")
    with pytest.raises(CommandError) as caught:
        run(*command.split(" "))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (FTPUserGroup.objects.count(), FTPUserAccount.objects.count()) == (1, 1)


# -- ftpserver


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("127.0.0.1:http", "'http' is no port"),
        ("127.0.0.1:70000", "'70000' is no port"),
        ("127.0.0.1:", "'' is no port"),
        ("no.such.host.invalid:0", "cannot listen on no.such.host.invalid:0"),
        ("127.0.0.1:0 --passive-ports 1-x", "--passive-ports: '1-x' is no port"),
        ("127.0.0.1:0 --passive-ports 30-20", "'30-20' are no ports"),
        ("127.0.0.1:0 --timeout 0", "--timeout 0 must be"),
        ("127.0.0.1:0 --pidfile /none/x", "--pidfile '/none/x' cannot be written"),
        ("127.0.0.1:0 --masquerade-address ftp.example", "'ftp.example' is no IP address"),
        ("127.0.0.1:0 --certfile /none.pem", "--certfile '/none.pem' is not there"),
        ("127.0.0.1:0 --certfile {self} --keyfile /none.pem", "--keyfile '/none.pem'"),
        ("127.0.0.1:0 --certfile {self}", "no certificate with its key"),
        ("127.0.0.1:0 --keyfile {self}", "no certificate: set both"),
        ("127.0.0.1:0 --file-access-user nobody-here", "whom this system does not know"),
    ],
)
def test_a_server_that_cannot_start(arguments: str, told: str) -> None:
    with pytest.raises(CommandError) as caught:
        run("ftpserver", *arguments.format(self=__file__).split(" "))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CommandError, match=f"cannot listen on {address}"):
            run("ftpserver", address)


SETTINGS = """
SECRET_KEY = "for-tests-only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_ftpserver"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
MEDIA_ROOT = "media"
FTPSERVER_FILESYSTEM = "django_ftpserver.filesystems.StorageFS"
FTPSERVER_HOST, FTPSERVER_PORT = "127.0.0.1", 0
"""


class Site:
    """A Django project in a folder, whose commands run in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "settings.py").write_text(SETTINGS)
        self.started: list[subprocess.Popen[str]] = []

    def popen(self, *args: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(self.folder), str(ROOT / "src")])
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": path}
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "django", *args],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *args: str) -> str:
        out, error = self.popen(*args).communicate(timeout=60)
        assert not error, error
        return out

    def set_up(
        self, module: str = "django.contrib.auth.models", user: str = "User", name: str = "ann"
    ) -> None:
        self.run("migrate", "-v", "0")
        self.run("createftpusergroup", "g", "/home/{username}")
        make = f"{user}.objects.create_user({name!r}, password='pw')"
        self.run("shell", "-v", "0", "-c", f"from {module} import {user}; {make}")
        self.run("createftpuseraccount", name, "g")

    def serve(self, *args: str, username: str = "ann") -> tuple[subprocess.Popen[str], ftplib.FTP]:
        process = self.popen("ftpserver", *args)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"FTP server on 127\.0\.0\.1:(\d+); stop it with Ctrl-C\.\n", line)
        assert found, (line, process.stderr and process.poll() and process.stderr.read())
        client = ftplib.FTP(timeout=30)
        client.connect("127.0.0.1", int(found[1]))
        client.login(username, "pw")
        return process, client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    for process in site.started:
        process.kill()
        process.communicate()


PEOPLE = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

class People(BaseUserManager):
    def create_user(self, email, password):
        person = self.model(email=email)
        person.set_password(password)
        person.save()

class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = True
    objects = People()
    USERNAME_FIELD = "email"
"""


def test_users_of_a_project_itself(site: Site) -> None:
    (site.folder / "people").mkdir()
    (site.folder / "people/__init__.py").touch()
    (site.folder / "people/models.py").write_text(PEOPLE)
    with (site.folder / "settings.py").open("a") as file:
        file.write('AUTH_USER_MODEL = "people.Person"\nINSTALLED_APPS.append("people")\n')
    site.run("makemigrations", "people", "-v", "0")
    site.set_up("people.models", "Person", "ann@example.com")
    _, client = site.serve(username="ann@example.com")
    with client:
        client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    assert (site.folder / "media/home/ann@example.com/a.txt").read_bytes() == b"a"
    assert "ann@example.com" in site.run("listftpuseraccount")
    site.run("deleteftpuseraccount", "ann@example.com")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_is_stopped_by_a_signal(site: Site, number: signal.Signals) -> None:
    site.set_up()
    process, client = site.serve("--pidfile", "server.pid")
    with client:
        assert (site.folder / "server.pid").read_text() == f"{process.pid}\n"
        client.storbinary("STOR a.txt", io.BytesIO(b"a"))
        assert (site.folder / "media/home/ann/a.txt").read_bytes() == b"a"
        client.voidcmd("TYPE I")
        with client.transfercmd("STOR half.txt") as data:
            data.sendall(b"half")
            process.send_signal(number)
            assert process.wait(timeout=30) == 0
        assert os.listdir(site.folder / "media/home/ann") == ["a.txt"]
        assert not (site.folder / "server.pid").exists()


def test_a_server_in_the_background(site: Site) -> None:
    site.set_up()
    with (site.folder / "settings.py").open("a") as file:
        file.write('FTPSERVER_DAEMONIZE_OPTIONS = {"out_log": "out.log", "err_log": "err.log"}\n')
    process, client = site.serve("--daemonize", "--pidfile", "server.pid")
    assert process.wait(timeout=30) == 0
    number = int((site.folder / "server.pid").read_text())
    try:
        with client:
            client.storbinary("STOR a.txt", io.BytesIO(b"a"))
            assert client.nlst() == ["a.txt"]
            assert os.getsid(number) not in (os.getsid(0), number)
    finally:
        os.kill(number, signal.SIGTERM)
    _until(lambda: not (site.folder / "server.pid").exists())
    assert "FTP session opened" in (site.folder / "err.log").read_text()


def _until(is_so: Callable[[], bool]) -> None:
    import time

    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work as another user")
def test_files_of_another_user(serve: Any, account: Any, tmp_path: Path) -> None:
    """By the disk itself, and by a storage on it; two clients at once disturb neither."""
    nobody = pwd.getpwnam("nobody")
    from django.core.files.storage import FileSystemStorage

    home = tmp_path / "home"
    home.mkdir()
    for folder in (*list(tmp_path.parents)[:3], tmp_path):
        folder.chmod(folder.stat().st_mode | 0o055)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    (tmp_path / "roots").mkdir(mode=0o700)
    (home / "roots").mkdir(mode=0o700)
    (home / "secret").write_text("of root alone")
    (home / "secret").chmod(0o640)
    account(home_dir=str(home))
    for filesystem in ({}, {"filesystem_class": None}):
        serving = serve(FileSystemStorage(tmp_path), file_access_user="nobody", **filesystem)
        client = serving.client()
        client.storbinary("STOR a.txt", io.BytesIO(b"a"))
        assert os.stat(home / "a.txt").st_uid == nobody.pw_uid
        client.mkd("d")
        assert os.stat(home / "d").st_uid == nobody.pw_uid
        for do in (
            lambda client: client.storbinary("STOR roots/x", io.BytesIO(b"x")),
            lambda client: client.nlst("roots"),
            lambda client: client.retrbinary("RETR secret", lambda data: None),
            lambda client: client.mkd("roots/x"),
        ):
            with pytest.raises(ftplib.error_perm, match="550"):
                do(client)
        client.voidcmd("TYPE I")
        with pytest.raises(ftplib.Error):
            client.storbinary("STOR secret", io.BytesIO(b""), rest=9)
        client.delete("a.txt")
        client.rmd("d")
        assert os.geteuid() == 0
    assert sorted(os.listdir(home)) == ["roots", "secret"]
    assert (home / "secret").read_text() == "of root alone"
    assert os.listdir(home / "roots") == []
