"""Errors: builtin ones that are the SDK's too, that name the blob, and that tell no secret."""

import logging
import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from azure.core import exceptions as sdk
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import generate_container_sas
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite, count_requests

ONCE = {"retry_total": 0}
Make = Callable[..., AzureStorage]


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    def make(**options: Any) -> AzureStorage:
        return AzureStorage(**{**azurite.options(azure_container, client_options=ONCE), **options})

    return make


@pytest.fixture
def signed(azurite: Azurite, azure_container: str) -> Make:
    """Storages that have but a signature, with some permissions."""

    def make(permission: str, *, minutes: int = 5, via: Any = None, **more: Any) -> AzureStorage:
        token = generate_container_sas(
            azurite.account_name,
            azure_container,
            azurite.account_key,
            permission=permission,
            expiry=datetime.now(UTC) + timedelta(minutes=minutes),
        )
        string = f"BlobEndpoint={azurite.url_through(via)};SharedAccessSignature={token}"
        return AzureStorage(
            azure_container=azure_container,
            connection_string=string,
            client_options={**ONCE, **more},
        )

    return make


# -- what is not there


@pytest.mark.parametrize("method", ["open", "size", "stat", "get_modified_time"])
def test_a_missing_file(make: Make, method: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"'d/no.txt' in the container 'c") as caught:
        getattr(make(), method)("d/no.txt")
    assert isinstance(caught.value, sdk.ResourceNotFoundError)
    assert isinstance(caught.value, sdk.HttpResponseError)
    assert caught.value.status_code == 404
    assert caught.value.error_code == "BlobNotFound"
    assert isinstance(caught.value.__cause__, sdk.ResourceNotFoundError)


def test_a_missing_source(make: Make) -> None:
    with pytest.raises(FileNotFoundError):
        make().copy("no.txt", "other.txt")


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s.exists("a.txt"),
        lambda s: s.open("a.txt"),
        lambda s: s.save("a.txt", ContentFile(b"x")),
        lambda s: s.save("a.txt", ContentFile(bytes(9 * 1024 * 1024))),
        lambda s: s.listdir(""),
        lambda s: s.list_all(),
        lambda s: s.delete("a.txt"),
        lambda s: s.delete_many(["a.txt", "b.txt"]),
    ],
)
def test_a_missing_container(make: Make, use: Callable[[AzureStorage], Any]) -> None:
    with pytest.raises(OSError, match="The container 'nobodys' does not exist") as caught:
        use(make(azure_container="nobodys"))
    assert not isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, sdk.ResourceNotFoundError)


# -- what is there already


def test_a_file_that_exists(make: Make) -> None:
    make().save("a.txt", ContentFile(b"x"))
    with pytest.raises(FileExistsError, match=r"'a.txt'.*exists already") as caught:
        make().write("a.txt", ContentFile(b"y"))
    assert isinstance(caught.value, sdk.ResourceExistsError)


def test_a_file_with_snapshots_is_not_deleted(make: Make) -> None:
    storage = make()
    for name in ("a.txt", "b.txt"):
        storage.save(name, ContentFile(b"x"))
    storage.client.get_blob_client("a.txt").create_snapshot()
    with pytest.raises(OSError, match=r"delete 'a.txt'.*it has snapshots") as caught:
        storage.delete("a.txt")
    assert isinstance(caught.value, sdk.ResourceExistsError)
    assert not isinstance(caught.value, FileExistsError)
    with pytest.raises(OSError, match=r"delete 'a.txt'.*it has snapshots"):
        storage.delete_many(["b.txt", "a.txt"])
    assert storage.listdir("") == ([], ["a.txt"])


def test_a_file_that_is_leased(make: Make) -> None:
    storage = make(overwrite_files=True)
    storage.save("a.txt", ContentFile(b"old"))
    lease = storage.client.get_blob_client("a.txt").acquire_lease()
    for use in (
        lambda: storage.save("a.txt", ContentFile(b"new")),
        lambda: storage.delete("a.txt"),
    ):
        with pytest.raises(OSError, match=r"'a.txt'.*lease") as caught:
            use()
        assert not isinstance(caught.value, FileExistsError)
    assert storage.open("a.txt").read() == b"old"
    lease.release()


def test_a_blob_of_another_kind(make: Make) -> None:
    storage = make(overwrite_files=True)
    storage.client.get_blob_client("a.log").create_append_blob()
    with pytest.raises(OSError, match=r"a\.log"):
        storage.save("a.log", ContentFile(bytes(9 * 1024 * 1024)))


def test_a_file_that_was_replaced_while_it_was_read(make: Make) -> None:
    storage = make(overwrite_files=True)
    storage.save("a.bin", ContentFile(bytes(400_000)))
    with storage.open("a.bin") as file:
        file.read(10)
        storage.save("a.bin", ContentFile(b"x" * 400_000))
        with pytest.raises(OSError, match="was replaced while it was read") as caught:
            file.read()
    assert isinstance(caught.value, sdk.ResourceModifiedError)
    assert not isinstance(caught.value, ConnectionError)


# -- what is not allowed


@pytest.mark.parametrize(
    ("permission", "use", "needs"),
    [
        ("l", lambda s: s.open("a.txt"), "permission r"),
        ("r", lambda s: s.save("b.txt", ContentFile(b"x")), "permissions c and w"),
        ("r", lambda s: s.delete("a.txt"), "permission d"),
        ("r", lambda s: s.delete_many(["a.txt", "b.txt"]), "permission d"),
        ("r", lambda s: s.listdir(""), "permission l"),
        ("r", lambda s: s.copy("a.txt", "b.txt"), "permissions r, c and w"),
    ],
)
def test_what_a_signature_does_not_allow(
    make: Make, signed: Make, permission: str, use: Callable[[AzureStorage], Any], needs: str
) -> None:
    make().save("a.txt", ContentFile(b"x"))
    storage = signed(permission)
    with pytest.raises(PermissionError, match=needs) as caught:
        use(storage)
    assert isinstance(caught.value, sdk.ClientAuthenticationError)
    assert_hidden(storage, caught.value)


def test_a_signature_that_has_ended(signed: Make) -> None:
    with pytest.raises(PermissionError):
        signed("r", minutes=-5).open("a.txt")


def test_a_key_that_is_not_the_accounts(make: Make, azurite: Azurite) -> None:
    string = azurite.connection_string().replace(azurite.account_key, "YW5vdGhlciBrZXk=")
    with pytest.raises(PermissionError, match=r"read 'a.txt'"):
        make(connection_string=string).exists("a.txt")


# -- what breaks


def test_nobody_is_there(make: Make) -> None:
    string = "BlobEndpoint=http://127.0.0.1:9/account;AccountName=account;AccountKey=a2V5"
    with pytest.raises(ConnectionError, match=r"connection to Azure broke at 'a.txt'") as caught:
        make(connection_string=string).exists("a.txt")
    assert isinstance(caught.value, sdk.ServiceRequestError)


def test_an_answer_that_does_not_come(make: Make, azurite: Azurite, fault_proxy: Any) -> None:
    proxy = fault_proxy(azurite)
    storage = make(connection_string=azurite.connection_string(proxy))
    storage.exists("warm-up")
    proxy.cut(down=0)
    with pytest.raises(ConnectionError, match=r"a.txt") as caught:
        storage.size("a.txt")
    assert isinstance(caught.value, sdk.ServiceResponseError)


def assert_hidden(storage: AzureStorage, error: BaseException) -> None:
    signature = storage._connection.account.signature.partition("sig=")[2].partition("&")[0]
    assert signature
    assert signature not in "".join(traceback.format_exception(error))
    assert signature not in repr(pickle.dumps(error))


@pytest.mark.parametrize("fault", [{"up": 0}, {"down": 0}, {"refuse": True}])
def test_no_error_tells_the_signature(
    signed: Make, azurite: Azurite, fault_proxy: Any, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "azure")
    caplog.set_level(logging.DEBUG, "storages")
    proxy = fault_proxy(azurite)
    storage = signed("racwdl", via=proxy)
    storage.exists("warm-up")
    for use in (
        lambda: storage.size("a.txt"),
        lambda: storage.listdir(""),
        lambda: storage.delete_many(["a.txt", "b.txt"]),
        lambda: storage.copy("warm-up", "b.txt"),
        lambda: storage.save("a.txt", ContentFile(b"x")),
    ):
        if "refuse" in fault:
            proxy.refuse()
            proxy.cut_now()
        else:
            proxy.cut(**fault)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - any: what it tells is the matter
            use()
        proxy.heal()
        assert_hidden(storage, caught.value)
        assert storage._connection.account.signature not in caplog.text


def test_no_transport_tells_the_signature(signed: Make, azurite: Azurite, fault_proxy: Any) -> None:
    """One of the project's own, whose errors have the whole address in them."""
    proxy = fault_proxy(azurite)
    with requests.Session() as session:
        transport = RequestsTransport(session=session, session_owner=False)
        storage = signed("racwdl", via=proxy, transport=transport)
        proxy.refuse()
        for use in (lambda: storage.size("a.txt"), lambda: storage.listdir("")):
            with pytest.raises(ConnectionError, match="Max retries exceeded") as caught:
                use()
            assert_hidden(storage, caught.value)


# -- pickles


def test_errors_travel(make: Make) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        make().size("no.txt")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(caught.value, protocol))
        assert type(again) is type(caught.value)
        assert str(again) == str(caught.value)
        assert (again.errno, again.status_code) == (caught.value.errno, 404)
        assert again.error_code == "BlobNotFound"


# -- names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 1025, "has 1025 characters; Azure takes 1024"),
        ("/".join("a" * 258), "has 257 slashes; Azure takes 256"),
    ],
)
def test_names_that_azure_does_not_take(
    azurite: Azurite, azure_container: str, fault_proxy: Any, name: str, message: str
) -> None:
    proxy = fault_proxy(azurite)
    storage = AzureStorage(**azurite.options(azure_container, via=proxy))
    with count_requests(proxy) as seen:
        for use in (
            lambda: storage.save(name, ContentFile(b"x")),
            lambda: storage.open(name),
            lambda: storage.exists(name),
            lambda: storage.url(name),
            lambda: storage.delete(name),
        ):
            with pytest.raises(ValueError, match=message):
                use()
    assert seen == []


def test_the_longest_names(make: Make) -> None:
    storage = make(location="in/side")
    most = storage.get_name_max_len()
    assert most == 1024 - len("in/side/")
    name = "x" * (most - 4) + ".txt"
    assert storage.save(name, ContentFile(b"1")) == name
    other = storage.save(name, ContentFile(b"2"))
    assert len(other) == most
    assert other != name
    assert [storage.open(each).read() for each in (name, other)] == [b"1", b"2"]
    with pytest.raises(ValueError, match="1025 characters"):
        storage.save("x" + name, ContentFile(b"x"))
    assert make().get_name_max_len() == 1024


def test_256_slashes(make: Make) -> None:
    storage, name = make(), "/".join("a" * 257)
    storage.save(name, ContentFile(b"x"))
    assert storage.open(name).read() == b"x"


def test_dots_and_slashes_at_the_end(make: Make) -> None:
    """Names that were given to a storage that stripped them still open."""
    storage = make()
    assert storage.save("d/a..", ContentFile(b"x")) == "d/a.."
    assert storage.listdir("d") == ([], ["a"])
    for name in ("d/a", "d/a..", "d/a.", "d/a/", "d/a./"):
        assert storage.open(name).read() == b"x"
        assert storage.size(name) == 1
    storage.save("v1./a.txt", ContentFile(b"y"))
    assert storage.listdir("v1.") == ([], ["a.txt"])
    storage.delete("d/a.")
    assert storage.list_all() == ["v1./a.txt"]


def test_valid_names() -> None:
    storage = AzureStorage(account_name="a", azure_container="c")
    assert storage.get_valid_name("my photo (1)?..") == "my_photo_1"
    assert storage.generate_filename("d/my photo.") == "d/my_photo"
    for name in ("", "...", "?"):
        with pytest.raises(SuspiciousFileOperation, match="name"):
            storage.get_valid_name(name)
