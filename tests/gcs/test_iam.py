"""Links that the IAM service signs: for who has credentials without a private key."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from google.auth.credentials import AnonymousCredentials, Scoped

from storages.backends.gcloud import GoogleCloudStorage
from tests.gcs.test_links import fetch
from tests.servers import Gcs, GoogleIam

NAMES = ["a b.txt", "ü+%25#?&=.txt", "日本/😀.txt"]


@pytest.fixture(scope="module")
def make(gcs: Gcs, bucket: str) -> Callable[..., GoogleCloudStorage]:
    return lambda **more: GoogleCloudStorage(**gcs.options(bucket, **more))


@pytest.fixture(scope="module", autouse=True)
def files(make: Any) -> None:
    storage = make()
    for name in NAMES:
        storage.save(name, ContentFile(name.encode()))


def signs(iam: GoogleIam) -> int:
    return sum(":signBlob" in call for call in iam.calls)


def tokens(iam: GoogleIam) -> int:
    return sum("/token" in call for call in iam.calls)


def test_iam_signs_where_the_credentials_cannot(make: Any, google_iam: GoogleIam) -> None:
    storage = make(**google_iam.options())
    for name in NAMES:
        assert fetch(storage.url(name))[:2] == (200, name.encode())
    assert signs(google_iam) == len(NAMES)
    assert tokens(google_iam) == 1


def test_iam_signs_what_only_the_sdk_knows(gcs: Gcs, make: Any, google_iam: GoogleIam) -> None:
    client = gcs.client()
    storage = make(**google_iam.options())
    assert fetch(storage.url("a b.txt", parameters={"client": client}))[0] == 200
    assert "Signature=" in storage.url("a b.txt", parameters={"version": "v2"})
    assert signs(google_iam) == 2
    client.close()


def test_iam_signs_when_it_shall(make: Any, google_iam: GoogleIam) -> None:
    keyed = make(iam_endpoint=google_iam.url)
    keyed.url("a b.txt")
    assert google_iam.calls == []
    forced = make(iam_endpoint=google_iam.url, iam_sign_blob=True)
    assert fetch(forced.url("a b.txt"))[0] == 200
    assert signs(google_iam) == 1


def test_iam_signs_for_another_account(make: Any, google_iam: GoogleIam) -> None:
    credentials: Any = google_iam.credentials()
    credentials.service_account_email = "other@x.iam.gserviceaccount.com"
    options = google_iam.options(credentials=credentials)
    url = make(**options, sa_email=google_iam.email).url("a b.txt")
    assert fetch(url)[0] == 200
    with pytest.raises(OSError, match=r"other@x\.iam.*404.*Gaia id not found"):
        make(**options).url("a b.txt")


def test_the_account_of_a_machine_is_asked_for(make: Any, google_iam: GoogleIam) -> None:
    credentials: Any = google_iam.credentials()
    name, renew = credentials.service_account_email, credentials.refresh
    credentials.service_account_email = "default"

    def refresh(request: Any) -> None:
        renew(request)
        credentials.service_account_email = name

    credentials.refresh = refresh
    assert fetch(make(**google_iam.options(credentials=credentials)).url("a b.txt"))[0] == 200


@pytest.mark.parametrize("name", [None, "default"])
def test_an_account_without_a_name(make: Any, google_iam: GoogleIam, name: str | None) -> None:
    credentials: Any = google_iam.credentials()
    credentials.service_account_email = name
    with pytest.raises(ImproperlyConfigured, match=r"sa_email \(GS_SA_EMAIL\)"):
        make(**google_iam.options(credentials=credentials)).url("a.txt")
    assert signs(google_iam) == 0


def test_one_token_for_many_threads(make: Any, google_iam: GoogleIam) -> None:
    google_iam.delay = 0.02
    storage = make(**google_iam.options())
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(storage.url, NAMES * 2))
    assert {fetch(url)[0] for url in urls} == {200}
    assert tokens(google_iam) == 1


def test_a_token_is_renewed_before_it_ends(make: Any, google_iam: GoogleIam) -> None:
    storage = make(**google_iam.options(credentials=google_iam.credentials(lifetime=227)))
    deadline = time.monotonic() + 15
    while tokens(google_iam) < 2:  # google-auth takes it for ended 225 seconds before it is
        assert fetch(storage.url("a b.txt"))[0] == 200
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_a_token_that_iam_does_not_take_any_more(make: Any, google_iam: GoogleIam) -> None:
    storage = make(**google_iam.options())
    storage.url("a.txt")
    google_iam.fail(401)
    assert fetch(storage.url("a b.txt"))[0] == 200
    assert tokens(google_iam) == 2


def test_iam_is_asked_again_when_it_is_busy(
    make: Any, google_iam: GoogleIam, monkeypatch: Any
) -> None:
    monkeypatch.setattr("storages.backends.gcloud_errors.PAUSES", (0.01,) * 3)
    storage = make(**google_iam.options())
    google_iam.fail(503, times=3)
    assert fetch(storage.url("a b.txt"))[0] == 200
    google_iam.fail(503, times=4)
    with pytest.raises(ConnectionError, match="No link could be signed"):
        storage.url("a b.txt")
    assert signs(google_iam) == 8


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission_to_sign(make: Any, google_iam: GoogleIam, status: int) -> None:
    google_iam.fail(status, times=2)
    with pytest.raises(PermissionError) as caught:
        make(**google_iam.options()).url("a.txt")
    for part in ("iam.serviceAccounts.signBlob", "Service Account Token Creator", google_iam.email):
        assert part in str(caught.value)
    assert "eyJ" not in str(caught.value)  # a token


def test_no_token_to_sign(make: Any, google_iam: GoogleIam) -> None:
    google_iam.fail(400, containing="token")
    with pytest.raises(ImproperlyConfigured, match=r"No credentials.*GS_CREDENTIALS"):
        make(**google_iam.options()).url("a.txt")
    assert signs(google_iam) == 0


def test_iam_is_away(make: Any, google_iam: GoogleIam, fault_proxy: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("storages.backends.gcloud_errors.BROKEN_PAUSES", (0.01,))
    proxy = fault_proxy(google_iam.address)
    storage = make(credentials=google_iam.credentials(), iam_endpoint=proxy.url)
    proxy.refuse()
    with pytest.raises(ConnectionError, match=f"IAM service {proxy.url} .*refused"):
        storage.url("a.txt")


def test_anonymous_credentials_cannot_sign(gcs: Gcs, bucket: str) -> None:
    for options in ({"credentials": None}, {"credentials": AnonymousCredentials()}):
        storage = GoogleCloudStorage(**gcs.options(bucket, **options))
        with pytest.raises(ImproperlyConfigured, match=r"querystring_auth \(GS_QUERYSTRING_AUTH\)"):
            storage.url("a.txt")


def test_the_token_for_iam_has_its_scope(make: Any, google_iam: GoogleIam) -> None:
    """One for the storage alone is of no use to it."""

    class Narrow(type(google_iam.credentials()), Scoped):
        requires_scopes = False

        def with_scopes(self, scopes: Any, default_scopes: Any = None) -> Any:
            other = Narrow(self.token_url, self.service_account_email)
            other._scopes = scopes
            return other

    credentials: Any = Narrow(google_iam.credentials().token_url, google_iam.email)
    storage = make(**google_iam.options(credentials=credentials))
    assert fetch(storage.url("a b.txt"))[0] == 200
    assert credentials.token is None
    found = storage._connection.signers._tokens.credentials
    assert found.scopes == ["https://www.googleapis.com/auth/cloud-platform"]
