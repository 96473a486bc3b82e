"""The options of the storage on FTP: where they come from, and what cannot be set."""

import copy
import pickle
import ssl
import traceback
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings

from storages.backends.ftp import FTPStorage, FTPStorageException
from storages.checks import check_deployment, check_storages
from storages.options import declared
from tests.servers import Ftpd

SETTINGS = {
    "location": "FTP_STORAGE_LOCATION",
    "allow_overwrite": "FTP_ALLOW_OVERWRITE",
    "encoding": "FTP_STORAGE_ENCODING",
    "base_url": "BASE_URL",
    "timeout": "FTP_TIMEOUT",
    "max_connections": "FTP_MAX_CONNECTIONS",
    "verify": "FTP_VERIFY",
    "ca_file": "FTP_CA_FILE",
    "ssl_context": "FTP_SSL_CONTEXT",
    "implicit_tls": "FTP_IMPLICIT_TLS",
}
SECRET = "hunter2"
LOCATION = f"ftp://user:{SECRET}@127.0.0.1:9/media"


def test_every_option_has_its_setting() -> None:
    found = {name: each.settings[0] for name, each in declared(FTPStorage).items()}
    assert found == SETTINGS


def test_settings() -> None:
    values = {name: f"value of {name}" for name in SETTINGS}
    with override_settings(**{SETTINGS[name]: value for name, value in values.items()}):
        assert FTPStorage.__new__(FTPStorage).get_default_settings() == values
    with override_settings(ENCODING="latin-1"):
        assert FTPStorage().encoding == "latin-1"
        with override_settings(FTP_STORAGE_ENCODING="utf-8"):
            assert FTPStorage().encoding == "utf-8"


def test_defaults() -> None:
    storage = FTPStorage()
    assert (storage.allow_overwrite, storage.encoding, storage.base_url) == (False, None, None)
    assert (storage.timeout, storage.max_connections) == (60, 8)
    assert (storage.verify, storage.ca_file, storage.ssl_context) == (True, None, None)
    assert storage.implicit_tls is False
    assert issubclass(FTPStorageException, OSError)


def test_precedence() -> None:
    class Own(FTPStorage):
        location = "ftp://class/"

    with override_settings(FTP_STORAGE_LOCATION="ftp://settings/"):
        assert FTPStorage()._where().host == "settings"
        assert Own()._where().host == "class"
        assert Own(location="ftp://options/")._where().host == "options"


def test_a_subclass_computes_the_location(ftpd: Ftpd, ftp_directory: str) -> None:
    class Computed(FTPStorage):
        folder = "first"

        @property
        def location(self) -> str:
            return ftpd.location(f"{ftp_directory}/{self.folder}")

        def get_default_settings(self) -> dict[str, Any]:
            found = super().get_default_settings()
            del found["location"]
            return found

    storage = Computed()
    storage.save("a.txt", ContentFile(b"1"))
    storage.folder = "second"
    storage.save("a.txt", ContentFile(b"2"))
    folder = ftpd.local(ftp_directory)
    assert (folder / "first/a.txt").read_bytes() == b"1"
    assert (folder / "second/a.txt").read_bytes() == b"2"
    storage.close()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"encoding": "utf8000"}, "encoding .FTP_STORAGE_ENCODING. is 'utf8000'"),
        ({"encoding": "utf-16"}, "extends ASCII"),
        ({"encoding": 8}, "encoding"),
        ({"timeout": 0}, "timeout .FTP_TIMEOUT. is 0"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"max_connections": 0}, "max_connections .FTP_MAX_CONNECTIONS. is 0"),
        ({"max_connections": 1.5}, "max_connections"),
        ({"implicit_tls": True}, "implicit_tls .FTP_IMPLICIT_TLS. is set, but location"),
        ({"ca_file": "/no/such/file.pem"}, "ca_file .FTP_CA_FILE. is '/no/such/file.pem'"),
        ({"ca_file": __file__, "verify": False}, "nothing would be verified"),
        ({"ssl_context": "context"}, "ssl_context .FTP_SSL_CONTEXT. is a str"),
        ({"ssl_context": ssl.create_default_context(), "verify": False}, "verify .* are both set"),
        ({"ssl_context": ssl.create_default_context(), "ca_file": __file__}, "ca_file .* both set"),
        ({"file_overwrite": True}, "Did you mean 'allow_overwrite'"),
    ],
)
def test_bad_options(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=problem) as caught:
        FTPStorage(location=LOCATION, **options)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [str(each.locals) for each in shown.stack if each.name != "test_bad_options"]
    assert SECRET not in str(caught.value) + "".join(frames)


def test_a_ca_file_without_certificates(tmp_path: Path) -> None:
    file = tmp_path / "empty.pem"
    file.write_text("nothing")
    storage = FTPStorage(location="ftps://127.0.0.1:9/", ca_file=str(file))
    with pytest.raises(ImproperlyConfigured, match="no certificates"):
        storage.exists("a.txt")


def test_the_location_is_needed_at_first_use() -> None:
    storage = FTPStorage()
    for call in (storage.exists, storage.open, storage.listdir, storage.url):
        with pytest.raises(ImproperlyConfigured, match="FTP_STORAGE_LOCATION"):
            call("a.txt")


def test_the_password_is_shown_nowhere() -> None:
    storage = FTPStorage(location=LOCATION, timeout=5)
    text, _ = MigrationWriter.serialize(storage)
    shown = [repr(storage), str(storage), text, repr(storage.deconstruct())]
    shown += [repr(storage._where()), repr(storage._pool_key()), repr(vars(storage)["_given"])]
    with pytest.raises(ConnectionError) as caught:
        storage.exists("a.txt")
    shown.append("".join(traceback.format_exception(caught.value)))
    assert SECRET not in "".join(shown)
    assert "location" not in storage.deconstruct()[2]
    assert storage.deconstruct()[2] == {"timeout": 5}


def test_it_travels() -> None:
    storage = FTPStorage(location=LOCATION, allow_overwrite=True)
    for other in (copy.copy(storage), copy.deepcopy(storage), pickle.loads(pickle.dumps(storage))):
        assert other.location == LOCATION
        assert other._where() == storage._where()
        assert other._pool() is storage._pool()


def test_connections_are_shared_where_options_are_the_same() -> None:
    one = FTPStorage(location="ftp://u:p@127.0.0.1:9/a")
    for same in ("ftp://u:p@127.0.0.1:9/b", "ftp://u:p@127.0.0.1:9"):
        assert FTPStorage(location=same)._pool() is one._pool()
    for other in ("ftp://v:p@127.0.0.1:9/a", "ftp://u:q@127.0.0.1:9/a", "aftp://u:p@127.0.0.1:9/a"):
        assert FTPStorage(location=other)._pool() is not one._pool()
    assert FTPStorage(location=one.location, timeout=1)._pool() is not one._pool()
    assert FTPStorage(location=one.location, encoding="latin-1")._pool() is not one._pool()


@pytest.mark.parametrize(
    ("base_url", "name", "expected"),
    [
        (None, "a b.txt", "/media/a%20b.txt"),
        ("https://cdn.example.com/files", "d/ü.txt", "https://cdn.example.com/files/d/%C3%BC.txt"),
        (
            "https://cdn.example.com/files/",
            "what?#.txt",
            "https://cdn.example.com/files/what%3F%23.txt",
        ),
    ],
)
def test_urls(base_url: str | None, name: str, expected: str) -> None:
    assert FTPStorage(location=LOCATION, base_url=base_url).url(name) == expected
    with override_settings(BASE_URL=base_url):
        assert FTPStorage(location=LOCATION).url(name) == expected


def test_no_url() -> None:
    with pytest.raises(ValueError, match="base_url"):
        FTPStorage(location=LOCATION, base_url="").url("a.txt")


# -- checks


def backend(**options: Any) -> dict[str, Any]:
    config = {"BACKEND": "storages.backends.ftp.FTPStorage", "OPTIONS": options}
    return {"STORAGES": {"default": config}}


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"location": "ftp://u:p@files.example.com/"}, ["storages.W007"]),
        ({"location": "aftp://u:p@files.example.com/"}, ["storages.W007"]),
        ({"location": "ftps://u:p@files.example.com/"}, []),
        ({"location": "ftps://u:p@files.example.com/", "verify": False}, ["storages.W006"]),
        ({"location": "ftp://u:p@127.0.0.1/"}, []),
        ({"location": "ftp://u:p@[::1]/"}, []),
        ({"location": "ftp://u:p@localhost/"}, []),
        ({}, []),
    ],
)
def test_deployment(options: dict[str, Any], ids: list[str]) -> None:
    with override_settings(**backend(**options)):
        messages = check_deployment()
    assert [message.id for message in messages] == ids
    assert all("u:p" not in str(message) for message in messages)


def test_checks_of_every_day() -> None:
    with override_settings(**backend(location=LOCATION)):
        assert check_storages() == []
    with override_settings(**backend()):
        assert [message.id for message in check_storages()] == ["storages.E003"]
    with override_settings(**backend(location=f"ftp://u:{SECRET}@h:port/")):
        (message,) = check_storages()
    assert message.id == "storages.E002"
    assert SECRET not in str(message)
