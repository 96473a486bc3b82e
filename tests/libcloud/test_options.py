"""Which provider a storage is about, what its entry may say, and what nobody gets to see."""

import base64
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings
from libcloud.storage.drivers.cloudfiles import CloudFilesStorageDriver
from libcloud.storage.drivers.minio import MinIOStorageDriver
from libcloud.storage.drivers.s3 import S3StorageDriver
from libcloud.storage.types import Provider

from storages.backends.apache_libcloud import LibCloudFile, LibCloudStorage

PATH = "libcloud.storage.types.Provider."
S3_CLASS = "libcloud.storage.drivers.s3.S3StorageDriver"
SECRET = "hunter2-do-not-tell"


def provider(kind: Any = "S3", **more: Any) -> dict[str, Any]:
    found = PATH + kind if isinstance(kind, str) and kind.isupper() else kind
    return {"type": found, "user": "someone", "key": SECRET, "bucket": "media", **more}


def driver(kind: Any = "S3", **more: Any) -> Any:
    return LibCloudStorage(provider=provider(kind, **more)).driver


# -- which provider

TWO = {"amazon_1": provider("S3", region="eu-west-1"), "default": provider("S3", bucket="other")}


def test_a_provider_is_named_by_position_option_or_setting() -> None:
    with override_settings(LIBCLOUD_PROVIDERS=TWO):
        assert LibCloudStorage("amazon_1").bucket == "media"
        assert LibCloudStorage("amazon_1", "option").bucket == "media"
        assert LibCloudStorage(provider_name="amazon_1").bucket == "media"
        assert LibCloudStorage().bucket == "other"
        assert LibCloudStorage().provider == TWO["default"]
        with override_settings(DEFAULT_LIBCLOUD_PROVIDER="amazon_1"):
            assert LibCloudStorage().bucket == "media"
            assert LibCloudStorage("default").bucket == "other"


def test_two_providers_in_one_project(tmp_path: Path) -> None:
    entries = {}
    for name in ("one", "two"):
        (tmp_path / name / "media").mkdir(parents=True)
        entries[name] = {"type": PATH + "LOCAL", "user": str(tmp_path / name), "bucket": "media"}
    with override_settings(LIBCLOUD_PROVIDERS=entries):
        one, two = LibCloudStorage("one"), LibCloudStorage("two")
    one.save("a.txt", ContentFile(b"one"))
    two.save("a.txt", ContentFile(b"two"))
    assert (tmp_path / "one/media/a.txt").read_bytes() == b"one"
    assert (tmp_path / "two/media/a.txt").read_bytes() == b"two"


@pytest.mark.parametrize(
    ("entries", "name", "told"),
    [
        (None, None, "needs the setting LIBCLOUD_PROVIDERS"),
        ({"amazon_1": provider()}, "amazon", "Did you mean 'amazon_1'"),
        ({"x": provider()}, None, "no entry 'default'.* It has: x"),
        ({"default": None}, None, "no entry 'default'"),
        ({"default": provider(bucket=None)}, None, "no 'bucket'"),
        ({"default": provider(bucket="")}, None, "no 'bucket'"),
        ({"default": {"user": "u", "key": "k", "bucket": "b"}}, None, "no 'type'"),
    ],
)
def test_what_is_missing_is_told_when_a_storage_is_made(entries: Any, name: Any, told: str) -> None:
    with (
        override_settings(LIBCLOUD_PROVIDERS=entries),
        pytest.raises(ImproperlyConfigured, match=told),
    ):
        LibCloudStorage(name)


def test_a_provider_is_a_dictionary_or_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="must be a dictionary"):
        LibCloudStorage(provider="amazon_1")
    with pytest.raises(ImproperlyConfigured, match="both 'provider' and 'provider_name'"):
        LibCloudStorage("amazon_1", provider=provider())


# -- its type


@pytest.mark.parametrize("kind", [PATH + "S3", Provider.S3, "s3", "S3", S3StorageDriver, S3_CLASS])
def test_ways_to_write_a_type(kind: Any) -> None:
    assert type(driver(kind)) is S3StorageDriver


@pytest.mark.parametrize(
    ("old", "region"),
    [
        ("S3_US_STANDARD_HOST", "us-east-1"),
        ("S3_US_WEST_HOST", "us-west-1"),
        ("S3_US_WEST_OREGON_HOST", "us-west-2"),
        ("S3_EU_WEST_HOST", "eu-west-1"),
        ("S3_AP_SOUTHEAST_HOST", "ap-southeast-1"),
        ("S3_AP_NORTHEAST_HOST", "ap-northeast-1"),
    ],
)
def test_old_constants_of_s3(old: str, region: str) -> None:
    found = driver(old)
    assert type(found) is S3StorageDriver
    assert found.region == region
    assert driver(old, region="eu-central-1").region == "eu-central-1"


@pytest.mark.parametrize(("old", "region"), [("CLOUDFILES_US", "ord"), ("CLOUDFILES_UK", "lon")])
def test_old_constants_of_rackspace(old: str, region: str) -> None:
    found = driver(old)
    assert type(found) is CloudFilesStorageDriver
    assert found.region == region


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (PATH + "S3_EUWEST", "Did you mean 'S3_EU_WEST'"),
        (PATH + "NOWHERE_AT_ALL", "It has: .*S3_EU_WEST"),
        ("no.such.module.Provider.S3", "no storage provider 'no.such.module.Provider.S3'"),
        ("nothing", "no storage provider 'nothing'"),
    ],
)
def test_an_unknown_type_is_told_when_a_storage_is_made(kind: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told):
        LibCloudStorage(provider=provider(kind))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fasteners", None)
    monkeypatch.delitem(sys.modules, "libcloud.storage.drivers.local", raising=False)
    with pytest.raises(ImproperlyConfigured, match="pip install fasteners"):
        driver("LOCAL", user="/tmp")


# -- its further arguments


def test_arguments_reach_the_driver() -> None:
    found = driver("MINIO", host="files.example.org", port=9000, secure=False, timeout=None)
    assert type(found) is MinIOStorageDriver
    assert (found.connection.host, found.connection.port) == ("files.example.org", 9000)
    assert (found.key, found.secret, found.secure) == ("someone", SECRET, False)
    assert driver("GOOGLE_STORAGE", user="GOOG" + "A" * 16, project="p").project == "p"
    assert driver("S3_RGW", host="h", signature_version="2").signature_version == "2"
    token = driver("S3", token="session", timeout=7, proxy_url="http://127.0.0.1:9")
    assert (token.connection.token, token.connection.timeout) == ("session", 7)


@pytest.mark.parametrize("version", ["1.0", 1.0])
def test_openstack_may_be_told_without_prefixes(version: Any) -> None:
    found = driver(
        "OPENSTACK_SWIFT",
        auth_version=version,
        auth_url="http://127.0.0.1:9/auth",
        tenant_name="site",
        region="here",
    ).connection
    assert found._auth_version == "1.0"
    assert found._ex_force_auth_url == "http://127.0.0.1:9/auth"
    assert (found._ex_tenant_name, found._ex_force_service_region) == ("site", "here")


class OwnDriver(S3StorageDriver):
    """A driver of a project's own, which may take what it likes."""

    def __init__(self, key: str, secret: str, **options: Any) -> None:
        self.shelf = options.pop("shelf")
        super().__init__(key, secret, **options)


def test_a_driver_of_ones_own_takes_what_it_likes() -> None:
    assert driver(OwnDriver, shelf="top").shelf == "top"


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("MINIO", {}, "host argument is required"),
        ("S3", {"region": "mars"}, "region: mars"),
        ("LOCAL", {"user": "/no/such/folder"}, "not a directory"),
        ("AZURE_BLOBS", {"key": "abc"}, "cannot be made"),
    ],
)
def test_what_a_driver_refuses_is_told_without_secrets(kind: str, more: Any, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told) as caught:
        driver(kind, **more)
    shown = traceback.TracebackException.from_exception(caught.value)
    assert SECRET not in "".join(shown.format())


# -- travelling, and secrets


def test_the_driver_is_one_for_all_storages_of_a_provider() -> None:
    one, two = (LibCloudStorage(provider=provider(ex_x=None)) for _ in range(2))
    assert one.driver is two.driver
    assert one.driver is not driver(bucket="elsewhere")


def test_deconstruct_and_pickle() -> None:
    with override_settings(LIBCLOUD_PROVIDERS=TWO):
        storage = LibCloudStorage("amazon_1", location="inside")
        assert storage.deconstruct()[1:] == (("amazon_1",), {"location": "inside"})
        again = pickle.loads(pickle.dumps(storage))
    assert (again.bucket, again.location) == ("media", "inside")
    assert again.deconstruct() == storage.deconstruct()


def test_nothing_shows_the_keys() -> None:
    for storage in (LibCloudStorage(provider=provider()),):
        text, _ = MigrationWriter.serialize(storage)
        for shown in (repr(storage), text, repr(storage.provider), repr(storage._service_key())):
            assert SECRET not in shown
    with override_settings(LIBCLOUD_PROVIDERS={"default": provider()}):
        assert (
            SECRET not in repr(LibCloudStorage()) + MigrationWriter.serialize(LibCloudStorage())[0]
        )


def test_a_file_can_be_made_as_before(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    storage = LibCloudStorage(provider=provider("LOCAL", user=str(tmp_path)))
    storage.save("a.txt", ContentFile(b"content"))
    with LibCloudFile("a.txt", storage, "rb") as file:
        assert file.read() == b"content"
    assert storage._get_object("a.txt").size == 7
    assert storage._get_bucket().name == "media"


# -- links that need no server

LINKS = {
    "S3": "https://s3.amazonaws.com:443/media/a%20b.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&",
    "S3_EU_WEST": "https://s3-eu-west-1.amazonaws.com:443/media/a%20b.txt?X-Amz-Algorithm=",
    "GOOGLE_STORAGE": "https://storage.googleapis.com/media/a%20b.txt",
    "AZURE_BLOBS": "https://someone.blob.core.windows.net:443/media/a%20b.txt?st=",
    "DIGITALOCEAN_SPACES": "https://nyc3.digitaloceanspaces.com/media/a%20b.txt",
}


@pytest.mark.parametrize("kind", LINKS)
def test_links(kind: str) -> None:
    key = base64.b64encode(b"key").decode()
    user = "GOOG" + "A" * 16 if kind == "GOOGLE_STORAGE" else "someone"
    storage = LibCloudStorage(provider=provider(kind, key=key, user=user))
    assert storage.url("a b.txt").startswith(LINKS[kind])


def test_links_below_another_address() -> None:
    storage = LibCloudStorage(
        provider=provider("BACKBLAZE_B2"), base_url="https://cdn.example.org/x/", location="in"
    )
    assert storage.url("a b.txt") == "https://cdn.example.org/x/in/a%20b.txt"


def test_a_driver_that_makes_no_links_says_so() -> None:
    with pytest.raises(NotImplementedError, match="set the option 'base_url'"):
        LibCloudStorage(provider=provider("BACKBLAZE_B2")).url("a.txt")


# -- certificates, and no SDK


def test_missing_certificates_are_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libcloud.security.CA_CERTS_PATH", "/no/such/file.pem")
    with pytest.raises(ImproperlyConfigured, match=r"/no/such/file.pem.*SSL_CERT_FILE"):
        LibCloudStorage(provider=provider(host="127.0.0.1", port=9)).exists("a.txt")


PROGRAM = """
import os, sys
{before}
import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.apache_libcloud import LibCloudStorage

try:
    storage = LibCloudStorage(provider={{"type": "s3", "user": "u", "key": "k", "bucket": "b"}})
    print("made")
    storage.exists("a.txt")
except ImproperlyConfigured as error:
    print(error)
"""


def told(before: str) -> list[str]:
    program = PROGRAM.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.stdout.splitlines()


def test_without_libcloud() -> None:
    assert told("sys.modules['libcloud'] = None") == [
        "made",
        "Storages on Apache Libcloud need apache-libcloud: "
        "pip install 'django-storehouse[libcloud]'",
    ]


def test_a_file_of_certificates_that_is_not_there() -> None:
    _, line = told("os.environ['SSL_CERT_FILE'] = '/no/such/file.pem'")
    assert "/no/such/file.pem" in line
    assert "Let the environment variable SSL_CERT_FILE name" in line


def test_settings_load_without_libcloud_being_imported() -> None:
    program = "import storages.backends.apache_libcloud, sys; print('libcloud' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
