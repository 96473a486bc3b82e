"""What the docs say of the FTP server: its tables, its numbers, its examples."""

from __future__ import annotations

import ftplib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand
from django.test import override_settings
from pyftpdlib.handlers import DTPHandler, FTPHandler

from django_ftpserver import checks, conf, empty, signals
from django_ftpserver.management.commands import ftpserver
from django_ftpserver.models import PERMISSIONS
from django_ftpserver.server import FTPServerConfig, FTPServerRunner
from storages import primitives, reading
from storages.backends.s3 import MIN_PART, S3Storage
from storages.options import declared
from storages.testing import MemoryStorage
from storages.transfer import KiB, MiB
from tests.ftpserver.conftest import PASSWORD
from tests.servers import count_requests
from tests.test_docs import PAGES, example, mib, run, text_of

PAGE = "docs/ftpserver.md"
SETTING = re.compile(r"\bFTPSERVER_[A-Z0-9_]+\b")
PART = max(declared(S3Storage)["file_buffer_size"].default, MIN_PART)


def put(client: ftplib.FTP, name: str, content: bytes = b"x", command: str = "STOR") -> str:
    return client.storbinary(f"{command} {name}", io.BytesIO(content))


# -- tables


def test_every_check_has_a_row() -> None:
    code = Path(checks.__file__).read_text("utf-8")
    ids = set(re.findall(r'"django_ftpserver\.([EW]\d{3})"', code))
    rows = re.findall(r"^\| django_ftpserver\.([EW]\d{3}) \|", text_of("docs/checks.md"), re.M)
    assert sorted(rows) == sorted(ids)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_settings_that_the_pages_name_exist(path: Path) -> None:
    assert set(SETTING.findall(path.read_text("utf-8"))) <= conf.DEFAULTS.keys()


def test_every_permission_has_a_row_with_its_commands() -> None:
    obsolete = {"XCUP", "XCWD", "XMKD", "XRMD"}
    for letter, meaning in PERMISSIONS.items():
        pattern = rf"^\| `{letter}` \| {re.escape(meaning)} \| (.+) \|$"
        row = re.search(pattern, text_of(PAGE).replace("Allows to", ""), re.M)
        assert row, letter
        known = {name for name, it in FTPHandler.proto_cmds.items() if it["perm"] == letter}
        assert set(row[1].split(", ")) == known - obsolete


def test_every_option_of_the_command_has_a_row() -> None:
    def options(command: BaseCommand) -> set[str]:
        actions = command.create_parser("manage.py", "ftpserver")._actions
        return {name for each in actions for name in each.option_strings}

    rows = text_of(PAGE).partition("| Option of `ftpserver` |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`(--[a-z-]+)", rows))
    assert told == options(ftpserver.Command()) - options(BaseCommand())


def test_numbers_are_those_of_the_code() -> None:
    page = text_of(PAGE)
    for claim in (
        f"Up to {empty.REMEMBERED:,} are",
        f"nothing comes for {DTPHandler.timeout} seconds",
        f"| {DTPHandler.timeout} seconds | without a byte",
        f"| {FTPHandler.passive_dtp.timeout} seconds | until the client opens",
        f"| FTPSERVER_MAX_CONNECTIONS, {conf.DEFAULTS['FTPSERVER_MAX_CONNECTIONS']} |",
        f"| FTPSERVER_TIMEOUT, {FTPHandler.timeout} |",
        f"FTPSERVER_MAX_LOGIN_FAILURES ({conf.DEFAULTS['FTPSERVER_MAX_LOGIN_FAILURES']})",
        f"FTPSERVER_LOGIN_FAILURE_PERIOD ({conf.DEFAULTS['FTPSERVER_LOGIN_FAILURE_PERIOD']})",
        f"after {FTPHandler.auth_failed_timeout} seconds, the third of",
        f"[{mib(primitives.IN_FLIGHT)}](s3.md",
        f"`RETR`, up to {reading.FIRST // KiB} KiB",
        f"`STOR`, up to {mib(PART)} |",
        f"n parts of {mib(PART)} |",
    ):
        assert claim in page, claim
    assert FTPHandler.max_login_attempts == 3
    assert FTPHandler.timeout == 300  # as the help of FTPSERVER_TIMEOUT says


def test_every_signal_has_a_row_with_its_arguments(
    serve: Any, account: Any, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    class Fake:
        address = "127.0.0.1", 0

        def __init__(self, *args: Any) -> None: ...

        def serve_forever(self) -> None: ...

    FTPServerRunner(FTPServerConfig("127.0.0.1", 0, server_class=Fake)).run()
    storage = MemoryStorage()
    serving = serve(storage, handler_options={"auth_failed_timeout": 0})
    with pytest.raises(ftplib.error_perm, match="530"):
        serving.client(password="wrong")
    client = serving.client()
    client.mkd("d")
    put(client, "d/a.txt")
    client.retrbinary("RETR d/a.txt", lambda data: None)
    storage.write("home/ann/large.bin", ContentFile(bytes(20 * MiB)))
    client.transfercmd("RETR large.bin").close()
    with pytest.raises(ftplib.error_temp, match="426"):
        client.voidresp()
    client.rename("d/a.txt", "b.txt")
    client.delete("b.txt")
    client.rmd("d")
    with client.transfercmd("STOR e.txt") as data:
        data.sendall(b"content")
        serving.wait_until(lambda: serving.bytes_received() == len(b"content"))
        client.putcmd("ABOR")
        assert (client.getmultiline()[:3], client.getmultiline()[:3]) == ("426", "226")
    client.quit()
    wanted = {name for name in dir(signals) if name.startswith("ftp_")}
    serving.wait_until(lambda: {name for name, _ in sent} == wanted)
    page = text_of(PAGE)
    for name, about in sent:
        found = re.search(rf"^\| `{name}` \|.*\| (`.+`) \|$", page, re.M)
        assert found, name
        told = set(found[1].replace("`", "").split(", ")) - {"handler"}
        assert told == about.keys() - {"sender"}, name


# -- requests


def amount(text: str, n: int) -> int:
    """The number that a cell says, such as `2n + 6`."""
    formula = re.match(r"[\dn +]+", text)
    assert formula, text
    found = eval(re.sub(r"(\d)n", r"\1 * n", formula[0]), {"n": n})
    assert isinstance(found, int)
    return found


def test_commands_cost_what_the_page_says(
    moto: Any, moto_bucket: str, fault_proxy: Any, serve: Any, account: Any
) -> None:
    account(permission="elradfMT")
    account("bob", permission="elradfmw")
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    serving = serve(storage)
    client = serving.client("bob")
    other = serving.client("ann")
    for each in (client, other):
        each.voidcmd("TYPE I")
    for user in ("ann", "bob"):
        for name in ("a.txt", "b.txt", "c.txt", "d/1", "d/2", "d/3"):
            storage.write(f"home/{user}/{name}", ContentFile(b"content"))

    def get(name: str, rest: int | None = None) -> None:
        client.retrbinary(f"RETR {name}", lambda data: None, rest=rest)

    def listing(command: str) -> None:
        client.retrlines(command, lambda line: None)
        client.voidcmd("TYPE I")

    def refused(command: str) -> None:
        with pytest.raises(ftplib.error_perm, match="550 The storage cannot do that"):
            other.sendcmd(command)

    commands: dict[str, tuple[int, list[Callable[[], Any]]]] = {
        "`LIST`, `MLSD`, `NLST`, `STAT` of a directory": (
            1,
            [
                lambda: listing("LIST d"),
                lambda: listing("MLSD"),
                lambda: listing("NLST d"),
                lambda: client.sendcmd("STAT d"),
            ],
        ),
        "`LIST` or `NLST` of a file": (
            1,
            [lambda: listing("LIST a.txt"), lambda: listing("NLST b.txt")],
        ),
        "`MLST` of a file": (1, [lambda: client.sendcmd("MLST a.txt")]),
        "`MLST` of a directory": (1, [lambda: client.sendcmd("MLST d")]),
        "`SIZE`, `MDTM`": (1, [lambda: client.size("a.txt"), lambda: client.sendcmd("MDTM a.txt")]),
        "`CWD`": (1, [lambda: client.cwd("/d")]),
        "`RETR`, up to 256 KiB": (1, [lambda: get("/a.txt")]),
        "`REST` and `RETR`": (1, [lambda: get("/a.txt", rest=3)]),
        "`STOR`, up to 5 MiB": (1, [lambda: put(client, "/new", bytes(5 * MiB))]),
        "`STOR` of n parts of 5 MiB": (3, [lambda: put(client, "/new", bytes(15 * MiB))]),
        "`STOU`": (1, [lambda: put(client, "", command="STOU")]),
        "`APPE` of a small file": (1, [lambda: put(client, "/a.txt", command="APPE")]),
        "`REST` and `STOR` of a small file": (
            1,
            [lambda: client.storbinary("STOR /a.txt", io.BytesIO(b"x"), rest=2)],
        ),
        "`DELE`": (1, [lambda: client.delete("/a.txt")]),
        "`MKD`": (1, [lambda: client.mkd("/made")]),
        "`RMD`": (1, [lambda: client.rmd("/made")]),
        "`RNFR` and `RNTO` of a file": (1, [lambda: client.rename("/b.txt", "/c.txt")]),
        "`RNFR` and `RNTO` of a directory of n files": (
            3,
            [lambda: other.rename("/d", "/renamed")],
        ),
        "`MFMT`": (1, [lambda: refused("MFMT 20200229123015 a.txt")]),
        "`SITE CHMOD`": (1, [lambda: refused("SITE CHMOD 644 a.txt")]),
    }
    found = text_of(PAGE).partition("| FTP | What happens | Requests |")[2].partition("\n\n")[0]
    rows = [line[2:-2].split(" |") for line in found.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == list(commands)
    for label, *_, cost in rows:
        n, calls = commands[label]
        for call in calls:
            with count_requests(proxy) as seen:
                call()
            assert len(seen) == amount(cost.strip(), n), (label, seen)


# -- examples


@pytest.fixture
def project(monkeypatch: Any) -> ModuleType:
    """The classes of the page."""
    names = ("receivers", "ftp")
    package = ModuleType("myproject")
    monkeypatch.setitem(sys.modules, "myproject", package)
    for name in names:
        module = ModuleType(f"myproject.{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        vars(module).update(run(example(PAGE, f"myproject/{name}.py"), module.__name__))
        setattr(package, name, module)
    return package


def test_clients_that_may_choose(serve: Any, account: Any) -> None:
    options = {"tls_control_required": False, "tls_data_required": False}
    serving = serve(tls=True, handler_options=options)
    with ftplib.FTP(timeout=30) as client:
        client.connect(serving.host, serving.port)
        client.login("ann", PASSWORD)
        assert put(client, "a.txt").startswith("226")
        assert client.nlst() == ["a.txt"]


def test_a_receiver(serve: Any, account: Any, project: Any) -> None:
    account(home_dir="/{username}")
    serving = serve(handler_class="myproject.ftp.Handler")
    client = serving.client()
    assert client.welcome == "220 FTP of example.com."
    put(client, "a.txt", b"content")
    client.sendcmd("NOOP")
    try:
        assert project.receivers.received == [("ann", "/ann/a.txt", 7)]
    finally:
        signals.ftp_file_received.disconnect(project.receivers.note_upload)


def test_file_systems(serve: Any, account: Any, project: Any) -> None:
    memory = {"BACKEND": "storages.testing.MemoryStorage"}
    for name in ("ann", "partner-eve"):
        account(name, home_dir="/")
    with override_settings(STORAGES={"default": memory, "partners": memory}):
        serving = serve(filesystem_class=project.ftp.PartnerFS)
        for name in ("ann", "partner-eve"):
            put(serving.client(name), f"{name}.txt")
        assert serving.client().nlst() == ["ann.txt"]
        assert serving.client("partner-eve").nlst() == ["partner-eve.txt"]
    serving = serve(filesystem_class="myproject.ftp.ScratchFS")
    put(serving.client(), "a.txt")
    assert serving.client("partner-eve").nlst() == ["a.txt"]


@pytest.mark.parametrize("home", ["/", "{username}", "/home/{username}"])
def test_an_authorizer(serve: Any, account: Any, project: Any, home: str) -> None:
    account(home_dir=home)
    storage = MemoryStorage()
    place = home.format(username="ann").strip("/")
    storage.write(f"{place}/archive/a.txt", ContentFile(b"content"))
    client = serve(storage, authorizer_class="myproject.ftp.Authorizer").client()
    for name in ("archive", "archive/new.txt", "./archive/a.txt"):
        with pytest.raises(ftplib.error_perm, match="550 Not enough privileges"):
            put(client, name)
    for call in (lambda: client.delete("archive/a.txt"), lambda: client.mkd("archive/d")):
        with pytest.raises(ftplib.error_perm, match="550 Not enough privileges"):
            call()
    put(client, "archive2/new.txt")
    assert client.nlst("archive") == ["a.txt"]


def test_a_server_from_python(monkeypatch: Any) -> None:
    runners: list[FTPServerRunner] = []
    monkeypatch.setattr(FTPServerRunner, "run", lambda self: runners.append(self))
    run(example(PAGE, "serve.py"))
    (runner,) = runners
    runner.config.port = 0
    server = runner.create_server()
    try:
        assert server.handler.banner == "FTP of example.com."
        assert server.handler.abstracted_fs.__name__ == "StorageFS"
    finally:
        server.close_all()
