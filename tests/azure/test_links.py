"""Links: as they always looked, and honoured by a server that checks each signature."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure.storage.blob import (
    AccountSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings

from storages.backends import azure_links
from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite

KEY = base64.b64encode(b"a key of the account").decode()
NAMES = ["a.txt", "d/a b.txt", "100%.txt", "a%20b.txt", "a+b&c=d#e?f.txt", "ü/日本語.txt", "~'(!*)"]

Make = Callable[..., AzureStorage]


def offline(**options: Any) -> AzureStorage:
    return AzureStorage(**{"account_name": "account", "azure_container": "media"} | options)


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    return lambda **options: AzureStorage(**azurite.options(azure_container, **options))


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=20)


def on_azurite(url: str, azurite: Azurite, domain: str) -> str:
    """The link of a custom domain, as that would pass it on to the account."""
    scheme = urlsplit(url).scheme
    return url.replace(f"{scheme}://{domain}/{azurite.account_name}", azurite.url, 1)


# -- unsigned


@pytest.mark.parametrize(
    ("options", "prefix"),
    [
        ({}, "https://account.blob.core.windows.net/media/"),
        ({"account_key": KEY}, "https://account.blob.core.windows.net/media/"),
        ({"azure_ssl": False}, "http://account.blob.core.windows.net/media/"),
        (
            {"endpoint_suffix": "core.chinacloudapi.cn"},
            "https://account.blob.core.chinacloudapi.cn/media/",
        ),
        ({"custom_domain": "cdn.example.com"}, "https://cdn.example.com/media/"),
        ({"custom_domain": "cdn.example.com/x/"}, "https://cdn.example.com/x/media/"),
        (
            {"custom_domain": "cdn.example.com", "azure_ssl": False},
            "http://cdn.example.com/media/",
        ),
        (
            {
                "custom_domain": "cdn.example.com:81/x",
                "connection_string": "BlobEndpoint=http://127.0.0.1:10000/account",
            },
            "http://cdn.example.com:81/x/account/media/",
        ),
        ({"emulated_mode": True}, "http://127.0.0.1:10000/account/media/"),
        ({"azure_container": "$web"}, "https://account.blob.core.windows.net/%24web/"),
        ({"location": "a b/"}, "https://account.blob.core.windows.net/media/a%20b/"),
        (
            {"connection_string": f"AccountName=other;AccountKey={KEY}"},
            "https://other.blob.core.windows.net/media/",
        ),
        (
            {"custom_connection_string": "BlobEndpoint=https://links.example.com"},
            "https://links.example.com/media/",
        ),
        ({"expiration_secs": 0}, "https://account.blob.core.windows.net/media/"),
    ],
)
def test_unsigned(options: dict[str, Any], prefix: str) -> None:
    storage = offline(**options)
    assert storage.url("a b/ü.txt") == f"{prefix}a%20b/%C3%BC.txt"
    assert storage.url("d/") == f"{prefix}d"
    for name in ("d.", "d./", "d/./", "d.../"):
        assert storage.url(name) == f"{prefix}d"


def test_quoting() -> None:
    url = offline().url("q'\"(!)*;,@$~_-:a?b#c%20+&=")
    assert url.endswith("/media/q%27%22%28%21%29%2A%3B%2C%40%24~_-%3Aa%3Fb%23c%2520%2B%26%3D")


@pytest.mark.parametrize("token", ["sv=1&sig=a%3D", "?sv=1&sig=a%3D"])
def test_a_sas_token_is_part_of_its_links(token: str) -> None:
    url = "https://account.blob.core.windows.net/media/a%20b?sv=1&sig=a%3D"
    assert offline(sas_token=token).url("a b") == url
    custom = offline(sas_token=token, custom_domain="cdn.example.com")
    assert custom.url("a") == "https://cdn.example.com/media/a?sv=1&sig=a%3D"


@pytest.mark.parametrize("options", [{}, {"sas_token": "sv=1&sig=x"}])
def test_what_cannot_sign(options: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SAS token.*anonymous.*account_key"):
        offline(**options).url("a", expire=60)
    with pytest.raises(ImproperlyConfigured):
        offline(expiration_secs=60, **options).url("a")


def test_a_public_storage_beside_a_private_one() -> None:
    class PublicAzureStorage(AzureStorage):
        account_name = "account"
        account_key = KEY
        azure_container = "public"
        expiration_secs = None

    with override_settings(AZURE_URL_EXPIRATION_SECS=60, AZURE_CONTAINER="private"):
        public = PublicAzureStorage().url("a.txt")
        private = AzureStorage(account_name="account", account_key=KEY).url("a.txt")
    assert public == "https://account.blob.core.windows.net/public/a.txt"
    assert "/private/a.txt?se=" in private


def test_options_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = offline(account_key=KEY)
    assert storage.url("a") == "https://account.blob.core.windows.net/media/a"
    storage.custom_domain, storage.azure_container = "cdn.example.com", "other"
    assert storage.url("a") == "https://cdn.example.com/other/a"
    first = storage.url("a", expire=60)
    storage.account_key = base64.b64encode(b"another key").decode()
    assert query_of(storage.url("a", expire=60))["sig"] != query_of(first)["sig"]


# -- signed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("location", ["", "odd location/100%"])
def test_signed_links_are_honoured(make: Make, name: str, location: str) -> None:
    storage = make(location=location)
    storage.save(name, ContentFile(name.encode()))
    url = storage.url(name, expire=60)
    assert get(url).content == name.encode()
    assert get(storage.url(name)).status_code in (403, 404, 409)
    assert get(url.replace("sig=", "sig=A")).status_code == 403
    assert get(storage.url("other", expire=60).partition("?")[2].join([url, ""])).status_code == 403
    assert get(storage.url(name, expire=-5)).status_code == 403


def test_the_time(make: Make) -> None:
    before = int(time.time())
    for storage, options in ((make(), {"expire": 90}), (make(expiration_secs=90), {})):
        until = datetime.strptime(query_of(storage.url("a", **options))["se"], "%Y-%m-%dT%H:%M:%SZ")
        seconds = until.replace(tzinfo=UTC).timestamp() - before
        assert 90 <= seconds <= 92
    assert "?" not in make(expiration_secs=90).url("a", expire=0)
    assert query_of(make().url("a", expire=90.7))["se"]


HEADERS = {
    "content_type": "text/plain; charset=utf-8",
    "content_disposition": 'attachment; filename="a b.txt"',
    "content_language": "de, en",
    "cache_control": "max-age=60, private",
    "content_encoding": "identity",
}


@pytest.mark.parametrize("names", [*[[name] for name in HEADERS], list(HEADERS)])
def test_headers_of_the_answer(make: Make, names: list[str]) -> None:
    storage = make()
    storage.save("a.bin", ContentFile(b"content"))
    wanted = {name: HEADERS[name] for name in names}
    answer = get(storage.url("a.bin", expire=60, parameters=wanted))
    assert answer.content == b"content"
    for name, value in wanted.items():
        assert answer.headers[name.replace("_", "-")] == value


def test_what_is_not_usual_is_signed_by_the_sdk(make: Make) -> None:
    storage = make()
    storage.save("a.txt", ContentFile(b"content"))
    start = datetime.now(UTC) - timedelta(minutes=5)
    more = {"ip": "127.0.0.1", "start": start, "protocol": "https,http", "content_type": "x/y"}
    url = storage.url("a.txt", expire=60, parameters=more)
    assert query_of(url)["sip"] == "127.0.0.1"
    assert (get(url).content, get(url).headers["Content-Type"]) == (b"content", "x/y")
    assert get(storage.url("a.txt", expire=60, parameters={"content_type": None})).ok


def test_an_sdk_that_we_do_not_equal_signs_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = make()
    storage.save("a b.txt", ContentFile(b"content"))
    ours = storage.url("a b.txt", expire=60, parameters=HEADERS)
    monkeypatch.setattr(azure_links, "_layout", lambda: None)
    other = make()
    assert get(other.url("a b.txt", expire=60, parameters=HEADERS)).content == b"content"
    assert urlsplit(ours).path == urlsplit(other.url("a b.txt", expire=60)).path


def test_permissions(make: Make) -> None:
    storage = make()
    url = storage.url("new.txt", expire=60, mode="w")
    assert query_of(url)["sp"] == "w"
    headers = {"x-ms-blob-type": "BlockBlob"}
    assert requests.put(url, data=b"content", headers=headers, timeout=20).status_code == 201
    assert get(url).status_code == 403
    assert requests.delete(url, timeout=20).status_code == 403
    assert get(storage.url("new.txt", expire=60, mode="rb")).content == b"content"
    assert query_of(storage.url("new.txt", expire=60, mode="wr"))["sp"] == "rw"
    delete = storage.url("new.txt", expire=60, mode="d")
    assert requests.delete(delete, timeout=20).status_code == 202
    assert not storage.exists("new.txt")


def test_custom_domains_are_signed_for_the_account(make: Make, azurite: Azurite) -> None:
    storage = make(custom_domain="cdn.example.com")
    storage.save("a b.txt", ContentFile(b"content"))
    url = storage.url("a b.txt", expire=60)
    place = f"{azurite.account_name}/{storage.azure_container}"
    assert url.startswith(f"http://cdn.example.com/{place}/a%20b.txt?se=")
    assert get(on_azurite(url, azurite, "cdn.example.com")).content == b"content"


def test_a_connection_string_for_links(azurite: Azurite, azure_container: str) -> None:
    links = azurite.connection_string().replace("127.0.0.1", "localhost")
    storage = AzureStorage(**azurite.options(azure_container, custom_connection_string=links))
    storage.save("a.txt", ContentFile(b"content"))
    url = storage.url("a.txt", expire=60)
    assert urlsplit(url).hostname == "localhost"
    assert get(url.replace("localhost", "127.0.0.1")).content == b"content"
    only_host = f"BlobEndpoint={azurite.url.replace('127.0.0.1', 'localhost')}"
    storage.custom_connection_string = only_host
    url = storage.url("a.txt", expire=60)
    assert get(url.replace("localhost", "127.0.0.1")).content == b"content"


def sas_storage(azurite: Azurite, container: str, token: str) -> AzureStorage:
    string = f"BlobEndpoint={azurite.url};SharedAccessSignature={token}"
    options = azurite.options(container, client_options={"retry_total": 0})
    return AzureStorage(**options | {"connection_string": string})


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_a_storage_with_the_signature_of_a_container(
    azurite: Azurite, azure_container: str
) -> None:
    token = generate_container_sas(
        azurite.account_name,
        azure_container,
        azurite.account_key,
        permission="racwdl",
        expiry=soon(),
    )
    storage = sas_storage(azurite, azure_container, token)
    storage.save("a b.txt", ContentFile(b"content"))
    assert get(storage.url("a b.txt")).content == b"content"
    assert storage.open("a b.txt").read() == b"content"
    storage.save("large.bin", ContentFile(bytes(9 * 1024 * 1024)))
    storage.copy("a b.txt", "c#d.txt")
    assert storage.listdir("") == ([], ["a b.txt", "c#d.txt", "large.bin"])
    storage.delete_many(storage.list_all())
    assert storage.list_all() == []


def test_a_batch_that_is_refused_goes_one_by_one(azurite: Azurite, azure_container: str) -> None:
    """Azurite answers 500 to a batch under the signature of an account."""
    token = generate_account_sas(
        azurite.account_name,
        azurite.account_key,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, list=True, write=True, create=True, delete=True),
        soon(),
    )
    storage = sas_storage(azurite, azure_container, f"?{token}")
    for name in ("a b.txt", "c.txt"):
        storage.save(name, ContentFile(b"content"))
    storage.delete_many(["a b.txt", "none.txt", "c.txt"])
    assert storage.list_all() == []


def test_a_public_container(azurite: Azurite) -> None:
    with azurite.container(public_access="blob") as name:
        azurite_storage = AzureStorage(**azurite.options(name))
        azurite_storage.save("a b.txt", ContentFile(b"content"))
        assert get(azurite_storage.url("a b.txt")).content == b"content"
        anonymous = AzureStorage(
            azure_container=name, connection_string=f"BlobEndpoint={azurite.url}"
        )
        assert anonymous.open("a b.txt").read() == b"content"
        assert get(anonymous.url("a b.txt")).content == b"content"


def test_an_empty_name() -> None:
    assert offline().url("") == "https://account.blob.core.windows.net/media/"
    with pytest.raises(ValueError, match="name of a file"):
        offline(account_key=KEY).url("", expire=60)
