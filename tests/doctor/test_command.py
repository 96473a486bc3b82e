"""`manage.py storages doctor`: what it prints, its exit status, and that no secret is in it."""

import io
import json
import threading

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.core.management import CommandError, call_command

from storages.options import option
from storages.testing import MemoryStorage
from tests.doctor.examining import NEVER, SECRET

MEMORY = {"BACKEND": "storages.testing.MemoryStorage", "OPTIONS": {"location": "media"}}
STRANGER = "tests.doctor.test_command.Stranger"


class Stranger(InMemoryStorage):
    """Somebody's storage, which tells its secrets in errors."""

    def __init__(self, bucket, api_token, **more):
        super().__init__()
        self.api_token = api_token

    def listdir(self, path):
        raise ValueError(f"GET https://service/?sig=abc&token={self.api_token} failed")


class Shelf(MemoryStorage):
    """One of ours, with options of each kind."""

    location = "shelf"
    shelf: str | None = option(None, "SHELF", env="SHELF")
    card: str | None = option(None, "SHELF_CARD", env="SHELF_CARD", secret=True)
    rows: int = option(1, "SHELF_ROWS")
    reader: str = option("nobody")

    def get_default_settings(self):
        return super().get_default_settings() | {"reader": "everybody"}


class Interrupted(FileSystemStorage):
    def _open(self, name, mode="rb"):
        raise KeyboardInterrupt


class InterruptedForGood(Interrupted):
    def delete(self, name):
        raise OSError("the disk went away")


@pytest.fixture
def doctor(settings):
    """Run it over these storages, and return its exit status and what it printed."""

    def run(*arguments, **storages):
        settings.STORAGES = storages
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("storages", "doctor", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            return error.returncode, out.getvalue() + err.getvalue() + f"{error}\n"
        return 0, out.getvalue() + err.getvalue()

    return run


def path_of(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def test_a_storage_that_works(doctor):
    status, told = doctor("default", default=MEMORY, other={"BACKEND": "no.such.Storage"})
    assert status == 0
    assert "  options   ok" in told
    assert "ms  storages.testing.MemoryStorage\n" in told
    assert "    location = 'media'  (OPTIONS)" in told
    assert "  delete    ok" in told
    assert "file_overwrite" not in told
    assert "Cure" not in told


def test_all_storages(doctor):
    status, told = doctor(default=MEMORY, other={"BACKEND": path_of(InMemoryStorage)})
    assert status == 0
    assert "default\n" in told
    assert "other\n" in told


def test_one_that_fails(doctor):
    missing = {"BACKEND": "no.such.Storage"}
    status, told = doctor(default=MEMORY, other=missing)
    assert status == 1
    assert "  options   failed" in told
    assert "No module named 'no'" in told
    assert "Cure: Install what is missing" in told
    assert "  delete    ok" in told  # of the first


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (None, "STORAGES has no BACKEND for 'x'; it has: default."),
        ({"BACKEND": path_of(MemoryStorage), "OPTIONS": {"locaton": "a"}}, "'location'?"),
        ({"BACKEND": "storages.backends.s3.S3Storage"}, "Give 'bucket_name' in OPTIONS"),
        ({"BACKEND": STRANGER}, "missing 2 required positional arguments"),
    ],
)
def test_what_cannot_be_made(doctor, config, told):
    storages = {"default": MEMORY} | ({"x": config} if config else {})
    status, found = doctor("x", **storages)
    assert status == 1
    assert told in found
    assert "connect" not in found


def test_what_comes_after_a_failure_is_one_line(doctor, tmp_path):
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    status, told = doctor(default=static)
    assert status == 1
    assert "STATIC_ROOT" in told
    assert told.count("skipped") == 2  # the others, and the deletion
    assert told.count("nothing works before connect does") == 1


def test_the_same_cure_is_told_once(doctor):
    more = {"bucket": "b", "api_token": SECRET}
    _, told = doctor(x={"BACKEND": STRANGER, "OPTIONS": more})
    assert "  list      failed" in told
    assert SECRET not in told


# -- where values came from


def test_where_values_came_from(doctor, settings, monkeypatch):
    settings.SHELF_ROWS = 3
    monkeypatch.setenv("SHELF", "A12")
    monkeypatch.setenv("SHELF_CARD", SECRET)
    config = {"BACKEND": path_of(Shelf), "OPTIONS": {"file_overwrite": True}}
    status, told = doctor(default=config)
    assert status == 0
    lines = [line.strip() for line in told.splitlines() if " = " in line]
    assert lines == [
        "location = 'shelf'  (attribute of Shelf)",
        "file_overwrite = True  (OPTIONS)",
        "shelf = 'A12'  (environment SHELF)",
        "card = '********'  (environment SHELF_CARD)",
        "rows = 3  (setting SHELF_ROWS)",
        "reader = 'everybody'  (Shelf.get_default_settings())",
    ]
    assert SECRET not in told


def test_all_values(doctor):
    _, told = doctor("-v", "2", default=MEMORY)
    assert "    file_overwrite = False  (default)" in told
    assert "    location = 'media'  (OPTIONS)" in told


def test_options_of_strangers(doctor):
    given = {"bucket": "b-1", "api_token": SECRET, "public": True}
    _, told = doctor(x={"BACKEND": STRANGER, "OPTIONS": given})
    assert "    bucket = '********'  (OPTIONS)" in told
    assert "    api_token = '********'  (OPTIONS)" in told
    assert "    public = True  (OPTIONS)" in told
    assert "https://service/?…" in told
    assert SECRET not in told


def test_options_of_django(doctor, tmp_path):
    config = {"BACKEND": path_of(FileSystemStorage), "OPTIONS": {"location": str(tmp_path)}}
    _, told = doctor(default=config)
    assert f"    location = {str(tmp_path)!r}  (OPTIONS)" in told
    assert list(tmp_path.iterdir()) == []


# -- JSON


def test_json(doctor):
    status, told = doctor("--json", default=MEMORY, other={"BACKEND": "no.such.Storage"})
    assert status == 1
    first, second = map(json.loads, told.splitlines()[:2])
    assert first["alias"] == "default"
    assert first["options"] == [{"name": "location", "value": "media", "origin": "OPTIONS"}]
    assert [step["name"] for step in first["steps"]][:3] == ["options", "connect", "write"]
    assert first["steps"][-1].keys() == {"name", "status", "seconds", "detail", "cure"}
    (failed,) = second["steps"]
    assert (failed["status"], second["options"]) == ("failed", [])


def test_json_of_what_is_none(doctor):
    given = {"reader": threading.Lock()}
    status, told = doctor("--json", default={"BACKEND": path_of(Shelf), "OPTIONS": given})
    assert status == 0
    (shown,) = (each for each in json.loads(told)["options"] if each["name"] == "reader")
    assert "lock" in shown["value"]


def test_a_large_file(doctor):
    status, told = doctor("--large", default=MEMORY)
    assert status == 0
    assert "  parts     ok" in told
    assert "  abort     ok" in told


# -- interrupted


def test_ctrl_c(doctor, tmp_path):
    config = {"BACKEND": path_of(Interrupted), "OPTIONS": {"location": str(tmp_path)}}
    with pytest.raises(KeyboardInterrupt):
        doctor(default=config)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_and_no_deletion(doctor, tmp_path):
    config = {"BACKEND": path_of(InterruptedForGood), "OPTIONS": {"location": str(tmp_path)}}
    status, told = doctor(default=config)
    assert status == 1
    (left,) = tmp_path.iterdir()
    assert repr(left.name) in told
    assert "the disk went away" in told


# -- secrets


SERVICES = {
    "s3": ("storages.backends.s3.S3Storage", "moto", "moto_bucket"),
    "gcs": ("storages.backends.gcloud.GoogleCloudStorage", "gcs", "gcs_bucket"),
    "azure": ("storages.backends.azure_storage.AzureStorage", "azurite", "azure_container"),
    "sftp": ("storages.backends.sftpstorage.SFTPStorage", "rclone_sftp", "rclone_sftp_directory"),
    "ftp": ("storages.backends.ftp.FTPStorage", "ftpd", "ftp_directory"),
    "dropbox": ("storages.backends.dropbox.DropboxStorage", "dropbox_server", "dropbox_root"),
    "swift": ("storages.backends.apache_libcloud.LibCloudStorage", "swift", "swift_container"),
}


def secrets_of(server):
    names = ("secret_key", "access_key", "account_key", "password", "access_token", "key")
    found = [getattr(server, name, None) for name in names]
    token = getattr(getattr(server, "credentials", None), "token", None)
    return [each for each in (*found, token) if isinstance(each, str)]


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("reached", [True, False])
def test_secrets(name, reached, request, doctor, fault_proxy):
    path, server, place = SERVICES[name]
    server, place = request.getfixturevalue(server), request.getfixturevalue(place)
    options = server.options(place)
    if not reached:
        proxy = fault_proxy(server, http=False)
        proxy.refuse()
        once = {"client_options": {"retry_total": 0}} if name == "azure" else {}
        options = server.options(place, via=proxy, **once)
    config = {"BACKEND": path, "OPTIONS": options}
    told = "".join(doctor(*more, default=config)[1] for more in (("-v", "2"), ("--json",)))
    assert "storehouse-doctor" in told or not reached
    secrets = secrets_of(server)
    assert secrets
    for secret in (*secrets, *NEVER):
        assert secret not in told
