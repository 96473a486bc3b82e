"""The options: what they are called, what cannot stand together, and what the client gets."""

import base64
import contextlib
import traceback
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from storages.backends.azure_account import EMULATOR, EMULATOR_KEY, Account, resolve
from storages.backends.azure_storage import AzureStorage
from storages.options import declared
from tests.servers import Azurite

KEY = base64.b64encode(b"a key of the account").decode()
OTHER = base64.b64encode(b"another key").decode()
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=named;AccountKey={KEY};"
PLAIN = CONNECTION.replace("https", "http")


class Credential:
    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise AssertionError("nobody needs a token here")


def account(**options: Any) -> Account:
    return resolve(AzureStorage(azure_container="media", **options))


# -- names and defaults


def test_defaults() -> None:
    assert AzureStorage().get_default_settings() == {
        "account_name": None,
        "account_key": None,
        "api_version": None,
        "azure_container": None,
        "azure_ssl": True,
        "cache_control": None,
        "client_options": {},
        "connection_string": None,
        "custom_connection_string": None,
        "custom_domain": None,
        "default_content_type": "application/octet-stream",
        "emulated_mode": False,
        "endpoint_suffix": "core.windows.net",
        "expiration_secs": None,
        "location": "",
        "max_memory_size": 2 * 1024 * 1024,
        "object_parameters": {},
        "overwrite_files": False,
        "sas_token": None,
        "timeout": 20,
        "token_credential": None,
        "upload_max_conn": 2,
    }


@pytest.mark.parametrize(
    ("setting", "option"),
    [
        ("AZURE_ACCOUNT_NAME", "account_name"),
        ("AZURE_ACCOUNT_KEY", "account_key"),
        ("AZURE_API_VERSION", "api_version"),
        ("AZURE_CONTAINER", "azure_container"),
        ("AZURE_SSL", "azure_ssl"),
        ("AZURE_CACHE_CONTROL", "cache_control"),
        ("AZURE_CLIENT_OPTIONS", "client_options"),
        ("AZURE_CONNECTION_STRING", "connection_string"),
        ("AZURE_CUSTOM_CONNECTION_STRING", "custom_connection_string"),
        ("AZURE_CUSTOM_DOMAIN", "custom_domain"),
        ("AZURE_DEFAULT_CONTENT_TYPE", "default_content_type"),
        ("AZURE_EMULATED_MODE", "emulated_mode"),
        ("AZURE_ENDPOINT_SUFFIX", "endpoint_suffix"),
        ("AZURE_URL_EXPIRATION_SECS", "expiration_secs"),
        ("AZURE_LOCATION", "location"),
        ("AZURE_BLOB_MAX_MEMORY_SIZE", "max_memory_size"),
        ("AZURE_OBJECT_PARAMETERS", "object_parameters"),
        ("AZURE_OVERWRITE_FILES", "overwrite_files"),
        ("AZURE_SAS_TOKEN", "sas_token"),
        ("AZURE_CONNECTION_TIMEOUT_SECS", "timeout"),
        ("AZURE_TOKEN_CREDENTIAL", "token_credential"),
        ("AZURE_UPLOAD_MAX_CONN", "upload_max_conn"),
    ],
)
def test_each_option_has_its_setting(setting: str, option: str) -> None:
    value = object()
    with override_settings(**{setting: value}):
        assert declared(AzureStorage)[option].resolve() is value


def test_the_options_of_a_secret_kind() -> None:
    secret = {name for name, each in declared(AzureStorage).items() if each.secret}
    assert secret == {
        "account_key",
        "client_options",
        "connection_string",
        "custom_connection_string",
        "object_parameters",
        "sas_token",
        "token_credential",
    }


def test_without_a_container() -> None:
    storage = AzureStorage(account_name="account", account_key=KEY)
    for use in (lambda: storage.exists("a.txt"), lambda: storage.url("a.txt")):
        with pytest.raises(ImproperlyConfigured, match=r"needs 'azure_container'.*AZURE_CONTAINER"):
            use()


def test_without_an_account() -> None:
    storage = AzureStorage(azure_container="media")
    for use in (lambda: storage.exists("a.txt"), lambda: storage.url("a.txt")):
        with pytest.raises(ImproperlyConfigured, match="'account_name' or 'connection_string'"):
            use()


# -- the account and its credential


def test_the_order_of_the_credentials() -> None:
    given: dict[str, Any] = {
        "connection_string": CONNECTION,
        "account_key": OTHER,
        "token_credential": Credential(),
        "sas_token": "sv=1&sig=x",
    }
    found = account(account_name="account", **given)
    assert (found.name, found.key, found.token, found.sas) == ("named", KEY, None, None)
    del given["connection_string"]
    found = account(account_name="account", **given)
    assert (found.name, found.key, found.token, found.sas) == ("account", OTHER, None, None)
    del given["account_key"]
    found = account(account_name="account", **given)
    assert (found.key, found.token, found.sas) == (None, given.pop("token_credential"), None)
    found = account(account_name="account", **given)
    assert (found.key, found.token, found.signature) == (None, None, "sv=1&sig=x")
    found = account(account_name="account")
    assert (found.key, found.token, found.sas) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://account.blob.core.windows.net"),
        ({"azure_ssl": False}, "http://account.blob.core.windows.net"),
        (
            {"endpoint_suffix": "core.chinacloudapi.cn"},
            "https://account.blob.core.chinacloudapi.cn",
        ),
        ({"emulated_mode": True}, f"{EMULATOR}/account"),
        ({"connection_string": CONNECTION}, "https://named.blob.core.windows.net"),
        (
            {"connection_string": f"{CONNECTION}EndpointSuffix=core.chinacloudapi.cn"},
            "https://named.blob.core.chinacloudapi.cn",
        ),
        (
            {"connection_string": f"{PLAIN}EndpointSuffix=core.windows.net"},
            "http://named.blob.core.windows.net",
        ),
        # The SDK, too, leaves the protocol out where there is no suffix.
        ({"connection_string": PLAIN}, "https://named.blob.core.windows.net"),
        (
            {"connection_string": f"{CONNECTION}BlobEndpoint=http://127.0.0.1:7/named/"},
            "http://127.0.0.1:7/named",
        ),
    ],
)
def test_endpoints(options: dict[str, Any], url: str) -> None:
    found = AzureStorage(azure_container="media", account_name="account", **options)
    assert resolve(found).url == url
    assert found.service_client.url == f"{url}/"
    assert found.client.url == f"{url}/media"


@pytest.mark.parametrize(
    "options",
    [
        {"emulated_mode": True},
        {"connection_string": "UseDevelopmentStorage=true"},
        {"connection_string": "usedevelopmentstorage=TRUE;"},
    ],
)
def test_the_emulator(options: dict[str, Any]) -> None:
    found = account(**options)
    assert found.url == f"{EMULATOR}/devstoreaccount1"
    assert found.key == EMULATOR_KEY
    with contextlib.suppress(ValueError):  # an older SDK does not know it
        sdk = BlobServiceClient.from_connection_string("UseDevelopmentStorage=true")
        assert sdk.credential.account_key == EMULATOR_KEY


def test_an_emulator_elsewhere() -> None:
    string = "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite"
    assert account(connection_string=string).url == "http://azurite:10000/devstoreaccount1"


def test_a_connection_string_with_a_signature() -> None:
    string = "BlobEndpoint=https://named.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=x%3D"
    found = account(connection_string=string)
    assert found == Account("named", "https://named.blob.core.windows.net", sas="sv=1&sig=x%3D")
    found = account(
        connection_string="BlobEndpoint=https://named.blob.core.windows.net/?sv=1&sig=x"
    )
    assert (found.url, found.signature) == ("https://named.blob.core.windows.net", "sv=1&sig=x")


@pytest.mark.parametrize(
    "string",
    [
        "hunter2-do-not-tell",
        "AccountKey=hunter2-do-not-tell",
        "AccountName=named;AccountKey=hunter2-do-not-tell",
        "BlobEndpoint=hunter2-do-not-tell",
        "BlobEndpoint=https://named.example;AccountKey=hunter2-do-not-tell",
        f"{CONNECTION};hunter2-do-not-tell",
    ],
)
@pytest.mark.parametrize("option", ["connection_string", "custom_connection_string"])
def test_a_malformed_connection_string(option: str, string: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"malformed|base64") as caught:
        AzureStorage(azure_container="media", account_name="a", **{option: string})
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    told = [frame for frame in frames.stack if "hunter2" in str(frame.locals)]
    assert [frame.name for frame in told] == ["test_a_malformed_connection_string"]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account_key": KEY}, "account_key.*without account_name"),
        ({"account_name": "a", "account_key": "no key!"}, "account_key.*base64"),
        ({"account_name": "a", "token_credential": "text"}, "token_credential.*get_token"),
        (
            {"account_name": "a", "token_credential": Credential(), "azure_ssl": False},
            "token_credential.*HTTPS.*azure_ssl",
        ),
        ({"account_name": "a", "custom_domain": "https://cdn.example"}, "custom_domain.*scheme"),
    ],
)
def test_what_cannot_stand_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        AzureStorage(azure_container="media", **options)


# -- the client


def test_what_the_client_gets() -> None:
    storage = AzureStorage(
        account_name="account",
        account_key=KEY,
        azure_container="media",
        timeout=90,
        api_version="2023-11-03",
        client_options={"retry_total": 7},
    )
    config = storage.service_client._config
    assert storage.service_client.api_version == storage.client.api_version == "2023-11-03"
    assert config.retry_policy.total_retries == 7
    assert config.transport.connection_config.timeout == 90
    assert config.transport.connection_config.read_timeout == 90
    assert config.transport.session.trust_env is False


def test_client_options_win() -> None:
    options = {"connection_timeout": 3, "api_version": "2023-08-03"}
    storage = AzureStorage(
        account_name="account",
        azure_container="media",
        api_version="2023-11-03",
        client_options=options,
    )
    assert storage.service_client.api_version == "2023-08-03"
    assert storage.service_client._config.transport.connection_config.timeout == 3


def test_options_that_the_sdk_refuses() -> None:
    storage = AzureStorage(
        account_name="account", azure_container="media", client_options={"api_version": "1999"}
    )
    with pytest.raises(ImproperlyConfigured, match=r"The SDK refuses the options.*1999"):
        storage.exists("a.txt")


def test_one_client_for_equal_options() -> None:
    def make(**options: Any) -> AzureStorage:
        found = {"account_name": "account", "account_key": KEY, "azure_container": "media"}
        return AzureStorage(**found | options)

    client = make().service_client
    assert make(location="other", azure_container="static").service_client is client
    assert make(client_options={}).service_client is client
    assert make(account_key=OTHER).service_client is not client
    assert make(client_options={"retry_total": 1}).service_client is not client
    assert make(azure_container="static").client is not make().client


# -- a server that is asked


def test_a_client_of_the_real_thing(azurite: Azurite, azure_container: str) -> None:
    storage = AzureStorage(
        azure_container=azure_container,
        account_name=azurite.account_name,
        account_key=azurite.account_key,
        client_options={"api_version": "2023-11-03"},
        connection_string=azurite.connection_string(),
    )
    assert storage.client.exists()
    assert [each.name for each in storage.service_client.list_containers(azure_container)] == [
        azure_container
    ]


def test_what_the_environment_says_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/own-authority.pem")

    def transport(**options: Any) -> Any:
        storage = AzureStorage(account_name="surrounded", azure_container="media", **options)
        return storage.service_client._config.transport

    found = transport()
    assert found.session.proxies["https"] == "http://proxy.example:3128"
    assert found.connection_config.verify == "/etc/own-authority.pem"
    direct = transport(connection_string="BlobEndpoint=https://account.inside.example")
    assert direct.session.proxies == {}
    own = transport(client_options={"use_env_settings": False, "connection_verify": "/own.pem"})
    assert own.session.proxies == {}
    assert own.connection_config.verify == "/own.pem"
