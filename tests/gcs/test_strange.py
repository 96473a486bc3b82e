"""What other servers answer in the place of Google Cloud Storage, odd parts and secrets."""

import time
import traceback
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from google.auth import impersonated_credentials
from google.oauth2.credentials import Credentials

from storages.backends.gcloud import GoogleCloudFile, GoogleCloudStorage
from storages.backends.gcloud_upload import ResumableUpload
from tests.gcs.test_errors import ALL, answering, hasty, raised
from tests.servers import Gcs, GoogleIam

__all__ = ["hasty"]


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"delete", "delete_many"}))
def test_a_login_page(name: str) -> None:
    with answering(200, b"<html>log in</html>") as (storage, _):
        error = raised(OSError, ALL[name], storage)
        assert "something else than was asked for" in str(error)
        assert storage.api_endpoint in str(error)


@pytest.mark.parametrize("name", ALL)
def test_a_redirection(name: str) -> None:
    with answering(307, b"elsewhere") as (storage, server):
        send = storage._connection.session.get_adapter("http://").send

        def sent(*args: Any, **kwargs: Any) -> Any:
            answer = send(*args, **kwargs)
            answer.headers["Location"] = "http://127.0.0.1:1/"
            return answer

        storage._connection.session.get_adapter("http://").send = sent
        assert "307 elsewhere" in str(raised(OSError, ALL[name], storage))
        assert server.requests == 1


def test_what_iam_did_not_sign() -> None:
    with answering(200, b"{}") as (storage, _):
        other = GoogleCloudStorage(
            bucket_name="b",
            credentials=Credentials(token="a-secret"),
            iam_endpoint=storage.api_endpoint,
            sa_email="a@b.test",
        )
        with pytest.raises(OSError, match=r"a@b\.test.*something else"):
            other.url("a.txt")


@pytest.mark.parametrize("status", [403, 400])
def test_no_traceback_has_a_secret(status: int) -> None:
    with answering(status, b"{}") as (storage, _):
        url = storage.api_endpoint
        secret = {"refresh_token": "a-secret", "client_secret": "a-secret", "client_id": "c"}
        for credentials in (
            Credentials(token="a-secret"),
            Credentials(token=None, token_uri=f"{url}/token", **secret),
        ):
            made = GoogleCloudStorage(
                bucket_name="b",
                project_id="p",
                credentials=credentials,
                api_endpoint=url,
                iam_endpoint=url,
                sa_email="a@b.test",
            )
            for work in (lambda each: each.url("a.txt"), ALL["size"]):
                with pytest.raises((OSError, ImproperlyConfigured)) as caught:
                    work(made)
                told = traceback.TracebackException.from_exception(
                    caught.value, capture_locals=True
                )
                frames = [each for each in told.format() if __file__ not in each]
                assert frames
                assert not [line for line in frames if "a-secret" in line]


def test_impersonated_credentials_sign_at_the_endpoint(
    gcs: Gcs, gcs_bucket: str, google_iam: GoogleIam
) -> None:
    credentials = impersonated_credentials.Credentials(
        google_iam.credentials(),
        google_iam.email,
        ["https://www.googleapis.com/auth/cloud-platform"],
    )
    storage = GoogleCloudStorage(
        **gcs.options(gcs_bucket, credentials=credentials, iam_endpoint=google_iam.url)
    )
    assert "X-Goog-Signature=" in storage.url("a.txt")
    assert sum(":signBlob" in call for call in google_iam.calls) == 1


@pytest.mark.parametrize("size", [1_000_000, 1])
def test_odd_sizes_of_parts(gcs: Gcs, gcs_bucket: str, size: int) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    with GoogleCloudFile("a", "wb", storage, buffer_size=size) as file:
        file.write(b"x" * 2_500_000)
    assert storage.size("a") == 2_500_000
    upload = ResumableUpload(storage, "b", {})
    upload.write(1, b"x")
    with pytest.raises(OSError, match="no multiple of 256 KiB"):
        upload.write(2, b"x")
    upload.abort()


def test_version_2_has_no_limit(gcs: Gcs) -> None:
    storage = GoogleCloudStorage(**gcs.options("b"))
    late = int(time.time()) + 30 * 86400
    assert f"Expires={late}&" in storage.url("a", {"version": "v2", "expiration": late})
    assert "Expires=" in storage.url("a", {"version": "v2", "expiration": timedelta(days=30)})


def test_the_own_acl_wins_over_the_default(gcs: Gcs) -> None:
    for own, signed in (("private", True), (None, False)):
        storage = GoogleCloudStorage(
            **gcs.options("b", default_acl="publicRead", object_parameters={"acl": own})
        )
        assert ("Signature" in storage.url("a")) is signed


@pytest.mark.parametrize(("name", "most"), [("open", 6), ("delete_many", 3)])
def test_retries_are_not_nested(name: str, most: int) -> None:
    with answering(503, b"{}") as (storage, server):
        raised(ConnectionError, ALL[name], storage)
        assert server.requests <= most


def test_an_emulator_without_a_scheme(monkeypatch: Any) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")
    with pytest.raises(ImproperlyConfigured, match="needs its scheme"):
        GoogleCloudStorage(bucket_name="b").save("a", ContentFile(b"x"))
