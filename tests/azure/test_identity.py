"""A token instead of a key: every operation, and links under user delegation keys."""

import base64
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import ClientAuthenticationError
from django.core.files.base import ContentFile

from storages.backends import azure_client, azure_links
from storages.backends.azure_storage import AzureStorage
from tests.servers import AzureTls

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def storage(azure_tls: AzureTls, azure_tls_container: str) -> AzureStorage:
    storage = AzureStorage(**azure_tls.options(azure_tls_container))
    storage.exists("warm-up")
    azure_tls.calls.clear()
    return storage


def pass_time(storage: AzureStorage, seconds: int) -> None:
    """Let the key at hand be so much nearer to its end; the server has a clock of its own."""
    connection = storage._connection
    assert connection._delegation is not None
    found = connection._delegation
    connection._delegation = found._replace(expires=found.expires - seconds)


def keys_asked_for(server: AzureTls) -> int:
    return sum("comp=userdelegationkey" in call for call in server.calls)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_every_operation(storage: AzureStorage) -> None:
    assert storage.save("a.txt", ContentFile(b"content")) == "a.txt"
    assert storage.save("a.txt", ContentFile(b"content")) != "a.txt"
    storage.save("large.bin", ContentFile(bytes(9 * 1024 * 1024)))
    assert storage.open("a.txt").read() == b"content"
    assert storage.open("large.bin").read() == bytes(9 * 1024 * 1024)
    storage.copy("a.txt", "d/b c.txt")
    storage.move("d/b c.txt", "d/e.txt")
    assert storage.listdir("") == (["d"], sorted(storage.listdir("")[1]))
    storage.delete("a.txt")
    storage.delete_many(storage.list_all())
    assert storage.list_all() == []


@pytest.mark.parametrize("name", ["a.txt", "d/a b+c#d%20é.txt"])
def test_signed_links(storage: AzureStorage, azure_tls: AzureTls, name: str) -> None:
    storage.save(name, ContentFile(b"content"))
    url = storage.url(name, expire=60)
    assert url.startswith(f"https://{azure_tls.host}/{storage.azure_container}/")
    assert {"skoid", "sktid", "skt", "ske", "sks", "skv", "sig"} < query_of(url).keys()
    assert azure_tls.get(url).content == b"content"
    headers = {"content_disposition": 'attachment; filename="ü.txt"', "content_type": "x/y"}
    answer = azure_tls.get(storage.url(name, expire=60, parameters=headers))
    assert answer.headers["Content-Type"] == "x/y"
    assert azure_tls.get(url.replace("sig=", "sig=A")).status_code == 403
    assert azure_tls.get(storage.url(name, expire=-60)).status_code == 403
    assert azure_tls.get(storage.url(name)).status_code in (401, 403, 404, 409)
    assert keys_asked_for(azure_tls) == 1


def test_what_the_sdk_signs(
    storage: AzureStorage, azure_tls: AzureTls, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.save("a.txt", ContentFile(b"content"))
    scoped = {"correlation_id": "6f1a6d0e-3c55-4b0c-9a3e-0d5c5d1f2a77"}
    url = storage.url("a.txt", expire=60, parameters=scoped)
    assert query_of(url)["scid"] == scoped["correlation_id"]
    assert azure_tls.get(url).content == b"content"
    monkeypatch.setattr(azure_links, "_layout", lambda: None)
    other = AzureStorage(**azure_tls.options(str(storage.azure_container)))
    assert azure_tls.get(other.url("a.txt", expire=60)).content == b"content"


def test_links_for_a_custom_domain_and_for_china(azure_tls: AzureTls) -> None:
    with azure_tls.container() as name:
        options = azure_tls.options(name, custom_domain="cdn.example.com")
        storage = AzureStorage(**options)
        storage.save("a.txt", ContentFile(b"content"))
        url = storage.url("a.txt", expire=60)
        assert url.startswith(f"https://cdn.example.com/{name}/a.txt?")
        answer = azure_tls.get(url.replace("cdn.example.com", azure_tls.host))
        assert answer.content == b"content"
        china = AzureStorage(**azure_tls.options(name, endpoint_suffix="core.chinacloudapi.cn"))
        url = china.url("a.txt", expire=60)
        assert urlsplit(url).hostname == f"{azure_tls.account_name}.blob.core.chinacloudapi.cn"
        assert azure_tls.get(url).content == b"content"


def test_one_key_for_all_threads(storage: AzureStorage, azure_tls: AzureTls) -> None:
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda number: storage.url(f"{number}", expire=60), range(50)))
    assert len({query_of(url)["ske"] for url in urls}) == 1
    assert keys_asked_for(azure_tls) == 1


def test_one_key_for_all_storages_of_a_configuration(azure_tls: AzureTls) -> None:
    options = azure_tls.options("media")
    first = AzureStorage(**options)
    first.url("a", expire=60)
    azure_tls.calls.clear()
    AzureStorage(**options | {"azure_container": "other"}).url("a", expire=60)
    assert keys_asked_for(azure_tls) == 0
    AzureStorage(**azure_tls.options("media")).url("a", expire=60)  # another credential
    assert keys_asked_for(azure_tls) == 1


def test_keys_are_renewed(storage: AzureStorage, azure_tls: AzureTls) -> None:
    for passed, expire, asked in [
        (0, HOUR, 1),
        (0, 20 * HOUR, 1),
        (0, 2 * DAY, 2),  # beyond the first key: a key for four days
        (DAY, 2 * DAY, 2),
        (DAY + HOUR, 2 * DAY, 3),
        (0, HOUR, 3),
        (4 * DAY, HOUR, 4),  # it has ended
    ]:
        if passed:
            pass_time(storage, passed)
        url = storage.url("a.txt", expire=expire)
        assert keys_asked_for(azure_tls) == asked, (passed, expire)
        assert query_of(url)["se"] <= query_of(url)["ske"]
        assert azure_tls.get(url).status_code == 404


def test_a_link_for_seven_days_needs_no_key_of_its_own(
    storage: AzureStorage, azure_tls: AzureTls
) -> None:
    for passed, asked in [(0, 1), (60, 1), (3000, 1), (600, 2)]:
        if passed:
            pass_time(storage, passed)
        url = storage.url("a.txt", expire=7 * DAY)
        assert keys_asked_for(azure_tls) == asked
        assert query_of(url)["se"] <= query_of(url)["ske"]
        assert azure_tls.get(url).status_code == 404
    with pytest.raises(ValueError, match=r"7 days at most.*60480[1-9]"):
        storage.url("a.txt", expire=7 * DAY + 2)


def test_a_key_begins_before_our_clock_says(storage: AzureStorage) -> None:
    found = query_of(storage.url("a.txt", expire=60))
    assert found["skt"] < found["se"]
    from datetime import UTC, datetime, timedelta

    begins = datetime.strptime(found["skt"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert begins <= datetime.now(UTC) - timedelta(seconds=azure_client.SKEW - 5)


def test_without_a_time_nobody_asks(storage: AzureStorage, azure_tls: AzureTls) -> None:
    assert "?" not in storage.url("a.txt")
    assert azure_tls.calls == []


def test_a_token_that_is_refused(azure_tls: AzureTls, azure_tls_container: str) -> None:
    for flaw in ("stale", "forged"):
        options = azure_tls.options(azure_tls_container)
        options["token_credential"] = azure_tls.credential(**{flaw: True})
        storage = AzureStorage(**options)
        with pytest.raises(PermissionError, match="Storage Blob Data Reader") as caught:
            storage.open("a.txt")
        assert isinstance(caught.value, ClientAuthenticationError)
        with pytest.raises(PermissionError, match="Storage Blob Delegator"):
            storage.url("a.txt", expire=60)


def test_a_credential_that_has_no_token(azure_tls: AzureTls) -> None:
    class Unavailable:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            raise ClientAuthenticationError("No managed identity endpoint found.")

    options = azure_tls.options("media") | {"token_credential": Unavailable()}
    options["client_options"]["retry_total"] = 0
    storage = AzureStorage(**options)
    with pytest.raises(PermissionError, match="No credential for Azure: No managed identity"):
        storage.exists("a.txt")


def test_the_token_is_for_storage(azure_tls: AzureTls, azure_tls_container: str) -> None:
    credential = azure_tls.credential()
    options = azure_tls.options(azure_tls_container) | {"token_credential": credential}
    storage = AzureStorage(**options)
    for _ in range(3):
        storage.exists("a.txt")
    assert credential.scopes == [("https://storage.azure.com/.default",)]


def test_nothing_of_a_key_travels(storage: AzureStorage) -> None:
    storage.url("a.txt", expire=60)
    key = storage._connection.delegation(0).key
    del storage.token_credential, storage.client_options  # objects of the test's server
    storage._given.clear()
    storage._made_with = ((), storage._given)
    assert base64.b64decode(key.value) not in pickle.dumps(storage)
    assert key.value not in repr(vars(storage))
