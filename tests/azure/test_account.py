"""What follows from the credentials: attributes, and the addresses of the clients."""

import base64
import pickle

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings

from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite

KEY = base64.b64encode(b"a key of the account").decode()
OTHER = base64.b64encode(b"another key").decode()
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=named;AccountKey={KEY}"


def test_attributes_that_follow_from_the_connection_string() -> None:
    options = {"connection_string": CONNECTION, "azure_container": "media"}
    storage = AzureStorage(account_name="other", **options)
    assert (storage.account_name, storage.account_key) == ("named", KEY)
    assert (storage.azure_protocol, storage.deconstruct()[2]) == (
        "https",
        {"account_name": "other", "azure_container": "media"},
    )
    assert KEY not in repr(storage)
    again = pickle.loads(pickle.dumps(storage))
    assert again.account_key == KEY
    assert again._connection_key() == storage._connection_key()
    storage = AzureStorage(
        connection_string="BlobEndpoint=https://named.example;SharedAccessSignature=sv=1&sig=x",
        azure_ssl=False,
    )
    assert (storage.account_name, storage.account_key) == (None, None)
    assert storage.azure_protocol == "http"


def test_a_subclass_keeps_its_property() -> None:
    class Named(AzureStorage):
        @property
        def account_name(self) -> str | None:  # type: ignore[override]
            return "mine"

    storage = Named(connection_string=CONNECTION)
    assert (storage.account_name, storage.account_key) == ("mine", KEY)


def test_the_connection_string_for_links_alone() -> None:
    with override_settings(AZURE_CUSTOM_CONNECTION_STRING=CONNECTION):
        storage = AzureStorage(azure_container="media")
        assert storage.url("a.txt") == "https://named.blob.core.windows.net/media/a.txt"
        assert storage.client.url == "https://named.blob.core.windows.net/media"
        assert storage._check("default") == []
        other = AzureStorage(azure_container="media", account_name="account", account_key=OTHER)
        assert other.client.url == "https://account.blob.core.windows.net/media"
        assert other.url("a.txt") == "https://named.blob.core.windows.net/media/a.txt"
        with pytest.raises(ImproperlyConfigured, match="without account_name"):
            AzureStorage(azure_container="media", account_key=OTHER)


@pytest.mark.parametrize("token", ["sv=1&sig=a+b%2Fc%3D", "?sv=1&sig=a%2Bb%2Fc%3D"])
def test_addresses_of_clients_have_the_signature(token: str) -> None:
    storage = AzureStorage(azure_container="media", account_name="account", sas_token=token)
    root = "https://account.blob.core.windows.net/"
    assert storage.service_client.url == f"{root}?sv=1&sig=a%2Bb%2Fc%3D"
    assert storage.client.url == f"{root}media?sv=1&sig=a%2Bb%2Fc%3D"
    assert storage.url("a.txt") == f"{root}media/a.txt?{token.removeprefix('?')}"


def test_the_connection_string_for_links_alone_stores(
    azurite: Azurite, azure_container: str
) -> None:
    with override_settings(AZURE_CUSTOM_CONNECTION_STRING=azurite.connection_string()):
        storage = AzureStorage(azure_container=azure_container)
        storage.save("trailing.dot.", ContentFile(b"content"))
        assert storage.stat("trailing.dot").content_type == "text/vnd.graphviz"
