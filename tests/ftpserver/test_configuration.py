"""Settings, checks, the migration, and servers that projects make themselves."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

from django_ftpserver.authorizers import FTPAccountAuthorizer
from django_ftpserver.conf import SETTINGS
from django_ftpserver.filesystems import StorageFS
from django_ftpserver.handlers import DjangoFTPHandler, DjangoTLS_FTPHandler
from django_ftpserver.server import FTPServerConfig, FTPServerRunner, ThreadedServer
from django_ftpserver.utils import get_ftp_setting, make_server, parse_ports
from storages.testing import MemoryStorage
from tests.ftpserver.conftest import PASSWORD

# -- database


COLUMNS = {
    "django_ftpserver_ftpusergroup": {
        "id": ("integer", False),
        "name": ("varchar(30)", False),
        "permission": ("varchar(8)", False),
        "home_dir": ("varchar(1024)", True),
    },
    "django_ftpserver_ftpuseraccount": {
        "id": ("integer", False),
        "last_login": ("datetime", True),
        "home_dir": ("varchar(1024)", True),
        "group_id": ("integer", False),
        "user_id": ("integer", False),
    },
}
"""Type of each column, and whether it may be null: those of django-ftpserver 1.0."""


def test_an_existing_database_needs_no_migration(transactional_db: None) -> None:
    call_command("makemigrations", "django_ftpserver", check=True, dry_run=True, verbosity=0)
    migrations = MigrationLoader(None).disk_migrations
    assert [name for app, name in migrations if app == "django_ftpserver"] == ["0001_initial"]
    with connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            cursor.execute(f"PRAGMA table_info({table})")
            found = {name: (kind.lower(), not needed) for _, name, kind, needed, _, _ in cursor}
            assert found == columns
    assert apps.get_app_config("django_ftpserver").default_auto_field.endswith(".AutoField")


# -- settings


def test_defaults() -> None:
    assert {
        name: get_ftp_setting(f"FTPSERVER_{name}") for name in ("HOST", "PORT", "FILESYSTEM")
    } == {
        "HOST": "127.0.0.1",
        "PORT": 21,
        "FILESYSTEM": None,
    }
    assert get_ftp_setting("FTPSERVER_NO_SUCH_SETTING") is None


def test_settings_make_the_configuration(settings: Any) -> None:
    settings.FTPSERVER_TIMEOUT = 7
    settings.FTPSERVER_PASSIVE_PORTS = "30000-30002,30010"
    settings.FTPSERVER_MASQUERADE_ADDRESS = "192.0.2.1"
    settings.FTPSERVER_FILESYSTEM = "django_ftpserver.filesystems.StorageFS"
    settings.FTPSERVER_MAX_CONNECTIONS = 3
    settings.FTPSERVER_MAX_CONNECTIONS_PER_IP = 2
    settings.FTPSERVER_SENDFILE = False
    with FTPServerRunner(FTPServerConfig("127.0.0.1", 0)).create_server() as server:
        handler = server.handler
        assert isinstance(server, ThreadedServer)
        assert issubclass(handler, DjangoFTPHandler)
        assert (handler.timeout, handler.passive_ports) == (7, [30000, 30001, 30002, 30010])
        assert (handler.masquerade_address, handler.use_sendfile) == ("192.0.2.1", False)
        assert handler.abstracted_fs is StorageFS
        assert isinstance(handler.authorizer, FTPAccountAuthorizer)
        assert (server.max_cons, server.max_cons_per_ip) == (3, 2)
    assert DjangoFTPHandler.timeout == 300  # other servers of the process are as they were


def test_what_is_given_comes_first(settings: Any) -> None:
    settings.FTPSERVER_TIMEOUT = 7
    config = FTPServerConfig("127.0.0.1", 0, timeout=9, passive_ports="4000-4001")
    assert (config.timeout, config.passive_ports) == (9, [4000, 4001])
    options = {"banner": "hello", "timeout": 1}
    with pytest.raises(TypeError, match="timeout"):
        FTPServerRunner(FTPServerConfig("127.0.0.1", 0, handler_options=options)).create_server()


@pytest.mark.parametrize(
    ("text", "ports"),
    [("21", [21]), ("30000-30002", [30000, 30001, 30002]), (" 1, 3-4 ", [1, 3, 4])],
)
def test_ports(text: str, ports: list[int]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "5-3", "0", "65536", "1,,2", "1-2-3"])
def test_ports_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_ports(text)


# -- servers that projects make


def test_make_server(serve: Any) -> None:
    server = make_server(
        server_class=FTPServer,
        handler_class="pyftpdlib.handlers.FTPHandler",
        authorizer_class="django_ftpserver.authorizers.FTPAccountAuthorizer",
        filesystem_class=None,
        host_port=("127.0.0.1", 0),
        file_access_user=None,
        timeout=11,
        certfile=None,
    )
    with server:
        assert type(server) is FTPServer
        assert issubclass(server.handler, FTPHandler)
        assert (server.handler.timeout, FTPHandler.timeout) == (11, 300)
        assert server.handler.abstracted_fs is AbstractedFS


def test_an_asynchronous_server_serves_storages_too(serve: Any) -> None:
    storage = MemoryStorage()
    client = serve(storage, server_class=FTPServer).client()
    client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    assert client.nlst() == ["a.txt"]


class Lenient(DjangoTLS_FTPHandler):
    """A project whose clients know no TLS for data."""

    tls_data_required = False


@pytest.mark.parametrize(
    ("handler", "options", "required"),
    [
        ("django_ftpserver.handlers.DjangoTLS_FTPHandler", {}, (True, True)),
        (TLS_FTPHandler, {}, (True, True)),
        (Lenient, {}, (True, True)),  # as django-ftpserver has it
        (TLS_FTPHandler, {"tls_data_required": False}, (True, False)),
    ],
)
def test_tls_is_required_unless_an_option_says_otherwise(
    certificate: Any, handler: Any, options: Any, required: Any
) -> None:
    given = {"certfile": str(certificate[1]), "keyfile": str(certificate[2])}
    config = FTPServerConfig(
        "127.0.0.1", 0, handler_class=handler, handler_options=options, **given
    )
    with FTPServerRunner(config).create_server() as server:
        made = server.handler
        assert (made.tls_control_required, made.tls_data_required) == required
    assert TLS_FTPHandler.ssl_context is None


def test_a_key_without_a_certificate(certificate: Any) -> None:
    config = FTPServerConfig("127.0.0.1", 0, keyfile=str(certificate[2]))
    with pytest.raises(ImproperlyConfigured, match="set both"):
        FTPServerRunner(config).create_server()


class PerUser(StorageFS):
    """A storage for each user."""

    kept: dict[str, MemoryStorage] = {}  # noqa: RUF012 - shared by all of them

    def get_storage(self) -> MemoryStorage:
        return self.kept.setdefault(self.cmd_channel.username, MemoryStorage())


def test_a_storage_for_each_user(serve: Any, account: Any) -> None:
    for name in ("ann", "bob"):
        account(name, home_dir="/")
    serving = serve(filesystem_class=PerUser)
    ann, bob = serving.client("ann"), serving.client("bob")
    ann.storbinary("STOR a.txt", io.BytesIO(b"a"))
    bob.mkd("d")
    assert (ann.nlst(), bob.nlst()) == (["a.txt"], ["d"])
    PerUser.kept["ann"].assert_exists("a.txt", b"a")


def test_the_storage_of_an_alias(serve: Any, settings: Any) -> None:
    options = {"bucket_name": "of the alias"}
    settings.STORAGES = {
        "uploads": {"BACKEND": "storages.testing.MemoryStorage", "OPTIONS": options}
    }
    settings.FTPSERVER_STORAGE = "uploads"
    serve(filesystem_class=StorageFS).client().storbinary("STOR a.txt", io.BytesIO(b"a"))
    MemoryStorage(**options).assert_exists("home/ann/a.txt", b"a")


def test_a_storage_that_cannot_be_made(serve: Any, settings: Any) -> None:
    settings.FTPSERVER_STORAGE = "none"
    client = serve(filesystem_class=StorageFS).connect()
    client.sendcmd("USER ann")
    client.putcmd(f"PASS {PASSWORD}")
    assert client.getmultiline() == "421 The storage failed."


# -- checks


def told(**settings: Any) -> list[str]:
    found = run_checks(app_configs=None, include_deployment_checks=True)
    return sorted(each.id for each in found if each.id and each.id.startswith("django_ftpserver"))


def test_checks(settings: Any) -> None:
    assert told() == ["django_ftpserver.W001", "django_ftpserver.W002"]
    settings.FTPSERVER_FILESYSTEM = "django_ftpserver.filesystems.StorageFS"
    settings.FTPSERVER_CERTFILE = "/etc/ssl/certificate.pem"
    assert told() == []


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("FTPSERVER_PORT", "21", "E001"),
        ("FTPSERVER_SENDFILE", "yes", "E001"),
        ("FTPSERVER_PASSIVE_PORTS", "30000-", "E002"),
        ("FTPSERVER_STORAGE", "none", "E002"),
        ("FTPSERVER_MASQUERADE_ADDRESS", "ftp.example", "E002"),
        ("FTPSERVER_FILESYSTEM", "django_ftpserver.filesystems.StorageFs", "E002"),
        ("FTPSERVER_HANDLER", "no.such.Handler", "E002"),
        ("FTPSERVER_AUTHORIZER", "x", "E002"),
        ("FTPSERVER_TIME_OUT", 5, "W003"),
    ],
)
def test_settings_that_are_wrong(settings: Any, name: str, value: Any, number: str) -> None:
    settings.FTPSERVER_FILESYSTEM = "django_ftpserver.filesystems.StorageFS"
    settings.FTPSERVER_CERTFILE = "/etc/ssl/certificate.pem"
    setattr(settings, name, value)
    assert told() == [f"django_ftpserver.{number}"]


def test_settings_of_a_project_itself(settings: Any) -> None:
    settings.FTPSERVER_BANNER_OF_OURS = "hello"
    assert "django_ftpserver.W003" not in told()
    assert len({each.name for each in SETTINGS}) == len(SETTINGS)
