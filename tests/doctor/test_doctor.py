"""`storages.doctor`: what it tells of storages that work, on every service, and leaves there."""

import contextlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, default_storage

from storages import bulk
from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.ftp import FTPStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import S3ManifestStaticStorage, S3Storage
from storages.backends.sftpstorage import SFTPStorage
from storages.doctor import FAILED, OK, SKIPPED, WARNING, ProbeLeftError, examine
from storages.testing import MemoryStorage
from tests.doctor.examining import examined
from tests.servers import count_requests
from tests.servers.connect_proxy import connect_proxy

SERVICES = {
    "moto": (S3Storage, "moto", "moto_bucket"),
    "rclone": (S3Storage, "rclone", "rclone_bucket"),
    "gcs": (GoogleCloudStorage, "gcs", "gcs_bucket"),
    "azurite": (AzureStorage, "azurite", "azure_container"),
    "sshd": (SFTPStorage, "sshd", "sftp_directory"),
    "ftpd": (FTPStorage, "ftpd", "ftp_directory"),
    "vsftpd_tls": (FTPStorage, "vsftpd_tls", "vsftpd_tls_directory"),
    "dropbox": (DropboxStorage, "dropbox_server", "dropbox_root"),
    "swift": (LibCloudStorage, "swift", "swift_container"),
}
OPTIONS = {"azurite": {"expiration_secs": 300, "location": "media"}, "moto": {"location": "media"}}
ALL = ["options", "connect", "write", "read", "range", "stat", "clock", "list", "sign", "fetch"]
OURS = [*ALL, "copy", "condition"]
DIFFERENT = {
    "rclone": {"condition": WARNING},  # it ignores If-None-Match
    "sshd": {"fetch": SKIPPED},  # below MEDIA_URL
    "ftpd": {"fetch": SKIPPED, "condition": WARNING},
    "vsftpd_tls": {"fetch": SKIPPED, "condition": WARNING},
    "swift": {"fetch": FAILED, "condition": WARNING},  # the container is private
}


SECOND = ("rclone", "vsftpd_tls")
"""Servers of a kind of which there is another one."""


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.variant] if name in SECOND else [])
        for name in SERVICES
    ]
)
def name(request):
    return request.param


@pytest.fixture
def storage(name, request):
    cls, server, place = SERVICES[name]
    server, place = request.getfixturevalue(server), request.getfixturevalue(place)
    made = cls(**server.options(place), **OPTIONS.get(name, {}))
    with contextlib.ExitStack() as stack:
        if name == "dropbox":  # whose links lead to names on the internet
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("REQUESTS_CA_BUNDLE", server.ca_file)
            patch.setenv("https_proxy", stack.enter_context(connect_proxy(server.port)))
        yield made
        getattr(made, "close", lambda: None)()


def test_healthy(storage, name):
    steps = examined(storage)
    assert list(steps) == [*OURS, "delete"]
    expected = dict.fromkeys(steps, OK) | DIFFERENT.get(name, {})
    assert {each.name: each.status for each in steps.values()} == expected, steps
    assert all(each.seconds >= 0 for each in steps.values())
    assert all(each.cure for each in steps.values() if each.status in (WARNING, FAILED))
    assert [entry.name for entry in storage.scan()] == []


@pytest.mark.parametrize("name", ["moto", "gcs", "azurite", "sshd", "dropbox"], indirect=True)
def test_a_large_file(storage, name):
    steps = examined(storage, large=True)
    assert list(steps) == [*OURS, "parts", "abort", "delete"]
    assert steps["parts"].status == steps["abort"].status == OK, steps
    assert "in parts of" in steps["parts"].detail
    assert [entry.name for entry in storage.scan()] == []


def test_a_large_file_leaves_no_upload(moto, moto_bucket):
    examined(S3Storage(**moto.options(moto_bucket)), large=True)
    assert moto.unfinished(moto_bucket) == []


def test_requests(moto, moto_bucket, fault_proxy):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    with count_requests(proxy) as seen:
        (probe,) = (step.detail for step in examine(storage) if step.name == "write")
    name, copy = f"/{moto_bucket}/{probe}", f"/{moto_bucket}/{probe[:-4]}-copy.txt"
    asked = [request.split("?")[0] for request in seen]
    assert asked == [
        f"GET {name}",
        f"PUT {name}",
        *[f"GET {name}"] * 2,
        f"HEAD {name}",
        f"GET /{moto_bucket}",
        f"GET {name}",
        f"HEAD {name}",
        f"PUT {copy}",
        f"HEAD {copy}",
        f"HEAD {name}",
        f"PUT {name}",
        f"DELETE {copy}",
        f"DELETE {name}",
    ]


def test_compressed_files(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket), gzip=True, gzip_content_types=["text/plain"])
    steps = examined(storage)
    assert {step.status for step in steps.values()} == {OK}, steps


def test_a_manifest_is_not_needed(moto, moto_bucket):
    steps = examined(S3ManifestStaticStorage(**moto.options(moto_bucket), querystring_auth=True))
    assert {step.status for step in steps.values()} == {OK}, steps


def test_a_storage_in_memory():
    storage = MemoryStorage()
    assert {step.status for step in examine(storage, large=True)} == {OK, SKIPPED}
    assert list(storage.scan()) == []


def test_the_storage_behind_a_lazy_one(settings):
    settings.STORAGES = {"default": {"BACKEND": "storages.testing.MemoryStorage"}}
    steps = examined(default_storage, large=True)
    assert steps["options"].detail == "storages.testing.memory.MemoryStorage"
    assert steps["parts"].status == OK
    assert "location" in [each.name for each in steps["options"].settings]


# -- storages of others, by Django's API alone


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_a_foreign_storage(kind, tmp_path):
    storage = FileSystemStorage(tmp_path / "media") if kind == "disk" else InMemoryStorage()
    steps = examined(storage)
    assert list(steps) == [*ALL, "delete"]
    assert {step.name: step.status for step in steps.values()} == {
        **dict.fromkeys(steps, OK),
        "fetch": SKIPPED,
    }
    assert list(bulk.scan(storage)) == []


class Unlinked(InMemoryStorage):
    def url(self, name):
        raise NotImplementedError("There are no links.")


def test_a_storage_without_links():
    steps = examined(Unlinked())
    assert (steps["sign"].status, steps["fetch"].status) == (SKIPPED, SKIPPED)
    assert "There are no links." in steps["sign"].detail


class Renaming(InMemoryStorage):
    def get_available_name(self, name, max_length=None):
        return f"renamed/{name}"


def test_a_storage_that_renames():
    storage = Renaming()
    steps = examined(storage)
    assert steps["write"].detail.startswith("renamed/.storehouse-doctor-")
    assert steps["delete"].status == OK
    assert list(bulk.scan(storage)) == []


class Broken(InMemoryStorage):
    """Fails in the methods that are named, in ways that are its own."""

    def __init__(self, *broken, error=RuntimeError, **options):
        super().__init__(**options)
        self.broken, self.error = broken, error

    def _fail(self, name):
        if name in self.broken:
            raise self.error(f"no {name} today")

    def _open(self, name, mode="rb"):
        self._fail("open")
        return super()._open(name, mode)

    def _save(self, name, content):
        self._fail("save")
        return super()._save(name, content)

    def delete(self, name):
        self._fail("delete")
        return super().delete(name)

    def listdir(self, path):
        self._fail("listdir")
        return super().listdir(path)


def test_an_error_of_any_kind_fails_its_step_alone():
    steps = examined(Broken("open", "listdir"))
    assert steps["read"].status == steps["list"].status == FAILED
    assert steps["read"].detail == "RuntimeError: no open today"
    assert (steps["range"].status, steps["range"].detail) == (SKIPPED, "needs read")
    assert steps["write"].status == steps["sign"].status == steps["delete"].status == OK


def test_nothing_is_deleted_if_nothing_was_written():
    steps = examined(Broken("save"))
    assert steps["write"].status == FAILED
    assert (steps["delete"].status, steps["delete"].detail) == (SKIPPED, "nothing was written")


def test_what_cannot_be_deleted_is_told():
    storage = Broken("delete")
    step = examined(storage)["delete"]
    (left,) = bulk.scan(storage)
    assert step.status == FAILED
    assert repr(left.name) in step.detail
    assert "no delete today" in step.detail
    assert "by hand" in step.detail


# -- interrupted


def interrupted(storage):
    with pytest.raises(KeyboardInterrupt):
        list(examine(storage))


def test_ctrl_c_leaves_nothing():
    storage = Broken("open", error=KeyboardInterrupt)
    interrupted(storage)
    assert list(bulk.scan(storage)) == []


def test_whoever_stops_listening_leaves_nothing():
    storage = InMemoryStorage()
    with contextlib.closing(examine(storage)) as steps:
        for step in steps:
            if step.name == "write":
                assert len(list(bulk.scan(storage))) == 1
                break
    assert list(bulk.scan(storage)) == []


@pytest.mark.parametrize("how", ["interrupted", "closed"])
def test_what_an_interruption_leaves_is_told(how):
    storage = InMemoryStorage()
    steps = examine(storage)
    next(step for step in steps if step.name == "write")
    storage.delete = lambda name: (_ for _ in ()).throw(OSError("the disk went away"))
    (left,) = bulk.scan(storage)
    with pytest.raises(ProbeLeftError, match="the disk went away") as caught:
        steps.throw(KeyboardInterrupt) if how == "interrupted" else steps.close()
    assert caught.value.names == [left.name]
    assert left.name in str(caught.value)


@pytest.mark.parametrize("make", [InMemoryStorage, lambda: MemoryStorage(file_overwrite=True)])
def test_a_file_of_somebody_else_stays(make, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda count: "ab" * count)
    storage, name = make(), f".storehouse-doctor-{'ab' * 12}.txt"
    storage.save(name, ContentFile(b"somebody's"))
    steps = examined(storage)
    assert steps["connect"].status == FAILED
    assert "try again" in steps["connect"].cure
    with storage.open(name) as file:
        assert file.read() == b"somebody's"
    assert len(list(bulk.scan(storage))) == 1


class Racing(InMemoryStorage):
    """Somebody takes each name just before it is written."""

    def save(self, name, content, max_length=None):
        super().save(name, ContentFile(b"somebody's"))
        return super().save(name, content, max_length)


def test_a_file_of_somebody_faster_stays():
    storage = Racing()
    assert examined(storage)["delete"].status == OK
    (left,) = bulk.scan(storage)
    with storage.open(left.name) as file:
        assert file.read() == b"somebody's"
