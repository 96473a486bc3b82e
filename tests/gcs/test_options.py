"""The options of the storage on Google Cloud Storage: where they come from, and what they do."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings
from google.auth.credentials import AnonymousCredentials

from storages.backends.gcloud import GoogleCloudFile, GoogleCloudStorage
from storages.checks import check_storages
from storages.files import RemoteFile
from storages.options import declared
from tests.servers import Gcs, count_requests

KiB = 1024

SETTINGS = {
    "bucket_name": "GS_BUCKET_NAME",
    "project_id": "GS_PROJECT_ID",
    "credentials": "GS_CREDENTIALS",
    "default_acl": "GS_DEFAULT_ACL",
    "querystring_auth": "GS_QUERYSTRING_AUTH",
    "file_overwrite": "GS_FILE_OVERWRITE",
    "max_memory_size": "GS_MAX_MEMORY_SIZE",
    "blob_chunk_size": "GS_BLOB_CHUNK_SIZE",
    "object_parameters": "GS_OBJECT_PARAMETERS",
    "cache_control": "GS_CACHE_CONTROL",
    "custom_endpoint": "GS_CUSTOM_ENDPOINT",
    "location": "GS_LOCATION",
    "expiration": "GS_EXPIRATION",
    "file_charset": "GS_FILE_CHARSET",
    "gzip": "GS_IS_GZIPPED",
    "gzip_content_types": "GZIP_CONTENT_TYPES",
    "iam_sign_blob": "GS_IAM_SIGN_BLOB",
    "sa_email": "GS_SA_EMAIL",
    "api_endpoint": "GS_API_ENDPOINT",
    "iam_endpoint": "GS_IAM_ENDPOINT",
}


def test_every_option_has_its_setting() -> None:
    found = {name: each.settings[0] for name, each in declared(GoogleCloudStorage).items()}
    assert found == SETTINGS


def test_settings() -> None:
    values = {name: f"value of {name}" for name in SETTINGS}
    given = {SETTINGS[name]: value for name, value in values.items()}
    with override_settings(**given):
        storage = GoogleCloudStorage.__new__(GoogleCloudStorage)
        assert storage.get_default_settings() == values
    with override_settings(GS_FILE_NAME_CHARSET="latin-1"):
        assert GoogleCloudStorage().file_charset == "latin-1"


def test_defaults() -> None:
    storage = GoogleCloudStorage()
    assert storage.expiration == timedelta(days=1)
    assert storage.file_overwrite is True
    assert storage.querystring_auth is True
    assert (storage.location, storage.object_parameters, storage.gzip) == ("", {}, False)
    assert storage.part_size == 16 * KiB * KiB
    assert GoogleCloudFile is RemoteFile


def test_precedence() -> None:
    class Own(GoogleCloudStorage):
        bucket_name = "of-the-class"
        location = "media"

    with override_settings(GS_BUCKET_NAME="of-the-settings", GS_LOCATION="elsewhere"):
        assert GoogleCloudStorage().bucket_name == "of-the-settings"
        assert (Own().bucket_name, Own().location) == ("of-the-class", "media")
        assert Own(bucket_name="of-the-options").bucket_name == "of-the-options"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blob_chunk_size": 1000}, ["blob_chunk_size (GS_BLOB_CHUNK_SIZE)", "1000", "256 KiB"]),
        ({"blob_chunk_size": 0}, ["GS_BLOB_CHUNK_SIZE"]),
        ({"blob_chunk_size": "256K"}, ["GS_BLOB_CHUNK_SIZE", "'256K'"]),
        ({"expiration": timedelta(days=8)}, ["expiration (GS_EXPIRATION)", "7 days"]),
        ({"expiration": 700_000}, ["GS_EXPIRATION", "7 days", "700000"]),
        ({"expiration": "1 day"}, ["GS_EXPIRATION", "'1 day'"]),
        ({"default_acl": "public"}, ["GS_DEFAULT_ACL", "'public'", "publicRead"]),
        ({"object_parameters": {"ACL": "x"}}, ["GS_OBJECT_PARAMETERS", "'ACL'", "cache_control"]),
        ({"object_parameters": {"acl": "x"}}, ["GS_OBJECT_PARAMETERS", "'x'", "publicRead"]),
        ({"api_endpoint": "localhost:4443"}, ["GS_API_ENDPOINT", "scheme"]),
        ({"iam_endpoint": "iam.test"}, ["GS_IAM_ENDPOINT", "scheme"]),
        ({"location": "/media"}, ["'media'"]),
        ({"bucket": "b"}, ["'bucket'", "bucket_name"]),
    ],
)
def test_what_cannot_be(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        GoogleCloudStorage(**options)
    for word in words:
        assert word in str(caught.value)


def test_a_bucket_is_needed(gcs: Gcs) -> None:
    storage = GoogleCloudStorage(**gcs.options(""))
    for use in (storage.listdir, storage.exists, storage.size, storage.url):
        with pytest.raises(ImproperlyConfigured, match=r"'bucket_name'.*GS_BUCKET_NAME"):
            use("a.txt")


def test_checks() -> None:
    def found(deploy: bool = False, **options: Any) -> list[Any]:
        storage = GoogleCloudStorage(bucket_name="b", **options)
        return [e.id for e in (storage._check_deploy if deploy else storage._check)("default")]

    assert found(querystring_auth=False, default_acl="private") == []
    assert found(cache_control="no-cache") == ["storages.W005"]
    assert found(True, api_endpoint="http://gcs.test") == ["storages.W007"]
    assert found(True, api_endpoint="https://gcs.test") == []
    assert found(True, api_endpoint="http://127.0.0.1:9") == []
    backend = {"BACKEND": "storages.backends.gcloud.GoogleCloudStorage"}
    with override_settings(STORAGES={"default": {**backend, "OPTIONS": {"file_overwrite": False}}}):
        assert [each.id for each in check_storages()] == ["storages.E003"]


def test_places_and_hosts() -> None:
    storage = GoogleCloudStorage(bucket_name="b", custom_endpoint="https://cdn.test")
    assert storage._place() == ("gcs", None, "b")
    assert storage._hosts() == ["https://cdn.test", "https://storage.googleapis.com"]
    assert GoogleCloudStorage()._place() is None


# -- credentials


def test_the_file_of_a_service_account(gcs: Gcs, gcs_bucket: str, tmp_path: Path) -> None:
    key = gcs.service_account
    for path in (str(key), key):
        storage = GoogleCloudStorage(**gcs.options(gcs_bucket, credentials=path))
        assert storage.client._credentials.signer_email == gcs.credentials.signer_email
        assert "X-Goog-Signature=" in storage.url("a.txt")
        assert str(key) not in repr(storage)
        assert "credentials" not in storage.deconstruct()[2]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": "authorized_user"}', "private"])
def test_another_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(ImproperlyConfigured) as caught:
        GoogleCloudStorage(bucket_name="b", credentials=str(path)).exists("a.txt")
    assert "credentials (GS_CREDENTIALS)" in str(caught.value)
    assert f"{str(path)!r}: it is not the JSON file" in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    storage = GoogleCloudStorage(bucket_name="b", credentials=tmp_path / "no.json")
    with pytest.raises(ImproperlyConfigured, match=r"no\.json': No such file"):
        storage.exists("a.txt")


def test_a_key_that_is_broken_is_not_told(gcs: Gcs, tmp_path: Path) -> None:
    told = json.loads(gcs.service_account.read_text())
    told["private_key"] = "hunter2-never-told"
    (tmp_path / "key.json").write_text(json.dumps(told))
    storage = GoogleCloudStorage(bucket_name="b", credentials=str(tmp_path / "key.json"))
    with pytest.raises(ImproperlyConfigured) as caught:
        storage.exists("a.txt")
    assert "hunter2" not in f"{caught.value!r} {storage!r}"


def test_something_else_as_credentials() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"\(GS_CREDENTIALS\) is a dict"):
        GoogleCloudStorage(bucket_name="b", credentials={"private_key": "x"})


def test_an_emulator_gets_no_token_that_it_was_not_given(gcs: Gcs, monkeypatch: Any) -> None:
    """Not even where the environment has credentials: the wire is open to every ear."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcs.service_account))
    storage = GoogleCloudStorage(bucket_name="b", api_endpoint=gcs.url)
    assert isinstance(storage.client._credentials, AnonymousCredentials)
    secure = GoogleCloudStorage(bucket_name="b", api_endpoint="https://own.test")
    assert secure.client._credentials.signer_email == gcs.credentials.signer_email


def test_the_emulator_of_the_environment(gcs: Gcs, gcs_bucket: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
    storage = GoogleCloudStorage(bucket_name=gcs_bucket)
    storage.save("a.txt", ContentFile(b"x"))
    assert isinstance(storage.client._credentials, AnonymousCredentials)
    assert GoogleCloudStorage(**gcs.options(gcs_bucket)).open("a.txt").read() == b"x"


def test_credentials_are_sent(gcs: Gcs, gcs_bucket: str, fault_proxy: Any) -> None:
    proxy = fault_proxy(gcs)
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, via=proxy))
    with count_requests(proxy) as seen:
        storage.save("a.txt", ContentFile(b"x"))
        storage.open("a.txt").close()
    assert {each.headers["authorization"] for each in seen} == {f"Bearer {gcs.credentials.token}"}
    assert {each.headers["user-agent"].partition(" ")[0] for each in seen} == {"django-storehouse"}
