"""What is served beside the content, and how it comes from another container of the account."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import azure_copy
from storages.backends.azure_storage import AzureStorage
from storages.entry import Entry
from storages.testing import MemoryStorage
from tests.servers import Azurite, count_requests

AT_ONCE = {"initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0}
Make = Callable[..., AzureStorage]


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    def make(**options: Any) -> AzureStorage:
        given = {"client_options": AT_ONCE, **options}
        return AzureStorage(**azurite.options(azure_container, **given))

    return make


@pytest.fixture
def origin(azurite: Azurite) -> Iterator[AzureStorage]:
    with azurite.container() as container:
        yield AzureStorage(**azurite.options(container, client_options=AT_ONCE))


def test_a_copy_from_a_listing_is_one_request(
    make: Make, origin: AzureStorage, azurite: Azurite, fault_proxy: Any
) -> None:
    proxy = fault_proxy(azurite)
    storage = make(connection_string=azurite.connection_string(proxy))
    origin = AzureStorage(
        connection_string=azurite.connection_string(proxy),
        azure_container=origin.azure_container,
    )
    origin.save("a.txt", ContentFile(b"a"))
    storage.exists("warm-up")
    (entry,) = origin._scan("")
    with count_requests(proxy) as seen:
        storage._copy(entry, "b.txt", storage._prepare("b.txt")[0], origin=origin)
    assert [each.split("?")[0] for each in seen] == [f"PUT {_path(storage)}/b.txt"]
    assert seen[0].headers["x-ms-source-if-match"] == entry.etag
    assert seen[0].headers["x-ms-copy-source"].endswith(f"{_path(origin)}/a.txt")


def _path(storage: AzureStorage) -> str:
    return f"/{storage.service_client.account_name}/{storage.azure_container}"


def test_a_listing_tells_what_is_served(make: Make) -> None:
    storage = make(object_parameters={"cache_control": "no-cache", "metadata": {"Owner": "me"}})
    storage.save("a.txt", ContentFile(b"a"))
    (listed,) = storage.scan()
    found = storage.stat("a.txt")
    assert listed.metadata == found.metadata == {"Owner": "me"}
    assert listed.cache_control == found.cache_control == "no-cache"


def test_a_lost_answer_to_a_copy_from_another_container(
    make: Make, origin: AzureStorage, azurite: Azurite, fault_proxy: Any
) -> None:
    proxy = fault_proxy(azurite)
    storage = make(connection_string=azurite.connection_string(proxy))
    origin = AzureStorage(
        connection_string=azurite.connection_string(proxy),
        azure_container=origin.azure_container,
    )
    origin.save("a.txt", ContentFile(b"a"))
    proxy.cut(down=0, match=r"PUT .*b.txt")
    storage._copy(origin._stat("a.txt"), "b.txt", {}, exclusive=True, origin=origin)
    assert storage.open("b.txt").read() == b"a"


KEY = "a2V5"


@pytest.mark.parametrize(
    ("ours", "theirs", "reached"),
    [
        ({"account_key": KEY}, {"account_key": KEY, "azure_container": "other"}, True),
        ({"account_key": KEY}, {"account_key": KEY, "account_name": "other"}, False),
        ({"account_key": KEY}, {"account_key": "b3RoZXI="}, False),
        ({"account_key": KEY}, {"sas_token": "sig=theirs"}, True),
        ({"sas_token": "sig=ours"}, {"sas_token": "sig=theirs"}, True),
        ({"sas_token": "sig=ours"}, {"account_key": KEY}, False),
    ],
)
def test_the_service_reaches_what_the_credentials_do(
    ours: dict[str, str], theirs: dict[str, str], reached: bool
) -> None:
    base = {"account_name": "media", "azure_container": "ours"}
    storage = AzureStorage(**(base | ours))
    assert storage._reaches(AzureStorage(**(base | theirs))) is reached
    assert not storage._reaches(MemoryStorage())


def test_the_signature_of_the_source_is_in_its_address() -> None:
    """Azurite asks nobody for it."""
    theirs = AzureStorage(account_name="media", azure_container="theirs", sas_token="?sig=a%2Bb")
    address = azure_copy._address(theirs, "a b.txt")
    assert address == "https://media.blob.core.windows.net/theirs/a%20b.txt?sig=a%2Bb"


# -- metadata by names of Azure


def test_names_that_azure_does_not_take_are_those_of_azcopy(make: Make) -> None:
    storage = make()
    wanted = {"content-hash": "x", "Größe": "ü", "plain": "y"}
    storage._put("a.txt", b"a", storage._prepare_like("a.txt", Entry("b", metadata=wanted)))
    raw = storage.client.get_blob_client("a.txt").get_blob_properties().metadata
    assert raw == {
        "rename_content_hash": "x",
        "rename_key_content_hash": "content-hash",
        "rename_Gr__e": "=?UTF-8?B?w7w=?=",
        "rename_key_Gr__e": "=?UTF-8?B?R3LDtsOfZQ==?=",
        "plain": "y",
    }
    assert storage.stat("a.txt").metadata == wanted


@pytest.mark.parametrize("metadata", [{"a": "1", "A": "2"}, {"a-b": "1", "a.b": "2"}])
def test_names_that_are_the_same_to_azure(make: Make, metadata: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"'d/a.txt' cannot have the metadata '(A|a\.b)'"):
        make()._prepare_like("d/a.txt", Entry("b", metadata=metadata))
