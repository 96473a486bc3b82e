"""Copies on the server: what they keep, what they refuse, and those that take their time."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import azure_copy
from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite, count_requests
from tests.servers.wire import Answer, Call, WireServer

AT_ONCE = {"initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0}
Make = Callable[..., AzureStorage]


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    def make(**options: Any) -> AzureStorage:
        given = {"client_options": AT_ONCE, **options}
        return AzureStorage(**azurite.options(azure_container, **given))

    return make


def test_what_a_copy_keeps(make: Make) -> None:
    kept = {
        "content_type": "x/y",
        "content_language": "de",
        "content_disposition": "inline",
        "cache_control": "no-store",
        "metadata": {"owner": "me"},
    }
    make(object_parameters=kept).save("a b#.txt", ContentFile(b"content"))
    storage = make()
    storage.copy("a b#.txt", "d/c%20d.txt")
    found = storage.client.get_blob_client("d/c%20d.txt").get_blob_properties()
    assert found.metadata == kept.pop("metadata")
    assert {name: found.content_settings[name] for name in kept} == kept
    assert storage.stat("d/c%20d.txt").digest == storage.stat("a b#.txt").digest is not None


def test_a_copy_gets_the_tags_of_new_files(make: Make) -> None:
    make().save("a.txt", ContentFile(b"content"))
    given = {"tags": {"kind": "copy"}, "standard_blob_tier": "Cool"}
    storage = make(object_parameters=given)
    storage.copy("a.txt", "b.txt")
    blob = storage.client.get_blob_client("b.txt")
    assert blob.get_blob_properties().blob_tier == "Cool"
    assert blob.get_blob_tags() == {"kind": "copy"}


def test_a_target_that_appears_in_between(make: Make) -> None:
    """The service decides, not the look before."""
    storage = make()
    storage.save("a.txt", ContentFile(b"source"))
    entry = storage._stat("a.txt")
    storage.save("b.txt", ContentFile(b"target"))
    with pytest.raises(FileExistsError, match=r"b.txt"):
        storage._copy(entry, "b.txt", {}, exclusive=True)
    assert storage.open("b.txt").read() == b"target"
    storage._copy(entry, "b.txt", {})
    assert storage.open("b.txt").read() == b"source"


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_source_that_is_replaced_in_between(make: Make, exclusive: bool) -> None:
    storage = make(overwrite_files=True)
    storage.save("a.txt", ContentFile(b"old"))
    entry = storage._stat("a.txt")
    storage.save("a.txt", ContentFile(b"new"))
    with pytest.raises(OSError, match=r"'a.txt'.* was replaced while it was") as caught:
        storage._copy(entry, "b.txt", {}, exclusive=exclusive)
    assert not isinstance(caught.value, FileExistsError)
    assert not storage.exists("b.txt")


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_answer_that_is_lost(
    make: Make, azurite: Azurite, fault_proxy: Any, exclusive: bool
) -> None:
    proxy = fault_proxy(azurite)
    storage = make(
        connection_string=azurite.connection_string(proxy),
        client_options={**AT_ONCE, "retry_total": 3},
    )
    storage.save("a.txt", ContentFile(b"content"))
    proxy.cut(down=0, match=r"PUT .*b.txt")
    storage.copy("a.txt", "b.txt", overwrite=not exclusive)
    assert storage.open("b.txt").read() == b"content"


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_move_in_doubt_keeps_its_source(
    make: Make, azurite: Azurite, fault_proxy: Any, exclusive: bool
) -> None:
    """A copy of an older version stands at the target: it must not pass for this one."""
    proxy = fault_proxy(azurite)
    storage = make(
        connection_string=azurite.connection_string(proxy),
        client_options={**AT_ONCE, "retry_total": 0},
    )
    storage.save("a.txt", ContentFile(b"old"))
    if not exclusive:
        storage.copy("a.txt", "b.txt")
    storage.write("a.txt", ContentFile(b"new and longer"), overwrite=True)
    proxy.cut(down=0, match=r"PUT .*b.txt")
    with pytest.raises(ConnectionError):
        storage.move("a.txt", "b.txt", overwrite=not exclusive)
    assert storage.open("a.txt").read() == b"new and longer"


def test_a_lost_answer_to_a_copy_that_was_refused(
    make: Make, azurite: Azurite, fault_proxy: Any
) -> None:
    proxy = fault_proxy(azurite)
    storage = make(connection_string=azurite.connection_string(proxy))
    for name in ("a.txt", "b.txt"):
        storage.save(name, ContentFile(b"content"))  # equal, but no copy of each other
    proxy.cut(down=0, match=r"PUT .*b.txt")
    with pytest.raises(FileExistsError):
        storage._copy(storage._stat("a.txt"), "b.txt", {}, exclusive=True)


def test_a_move_that_cannot_copy_keeps_the_source(make: Make) -> None:
    storage = make()
    for name in ("a.txt", "b.txt"):
        storage.save(name, ContentFile(name.encode()))
    with pytest.raises(FileExistsError):
        storage.move("a.txt", "b.txt")
    assert storage.open("a.txt").read() == b"a.txt"


# -- copies that take their time, which Azurite's never do


class Slow:
    """A service whose copies are pending for a while, and then end in some way."""

    def __init__(self, states: list[str]) -> None:
        self.states = iter(states)
        self.calls: list[str] = []
        self.server = WireServer(self.answer)

    def answer(self, call: Call) -> Answer:
        headers = {
            "ETag": '"1"',
            "Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT",
            "x-ms-copy-id": "the-copy",
        }
        self.calls.append(f"{call.method} {call.parts[-1]} {call.query.get('comp', '')}".strip())
        if call.method == "PUT" and call.query.get("comp") == "copy":
            return Answer(204, headers=headers)
        if call.method == "PUT":
            return Answer(202, headers={**headers, "x-ms-copy-status": "pending"})
        if call.method == "DELETE":
            self.calls[-1] += f" {call.headers.get('if-match')}"
            return Answer(202, headers=headers)
        if call.parts[-1] == "b.txt":
            headers["x-ms-copy-status"] = next(self.states)
            headers["x-ms-copy-status-description"] = "500 of the source"
        return Answer(
            200, headers={**headers, "Content-Length": "7", "x-ms-blob-type": "BlockBlob"}
        )

    def storage(self) -> AzureStorage:
        url = f"http://127.0.0.1:{self.server.port}/account"
        return AzureStorage(
            connection_string=f"AccountName=account;AccountKey=a2V5;BlobEndpoint={url}",
            azure_container="media",
            overwrite_files=True,
            client_options={"retry_total": 0},
        )


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Slow]]:
    made: list[Slow] = []

    def start(*states: str) -> Slow:
        found = Slow(list(states))
        threading.Thread(target=found.server.serve_forever, args=(0.05,), daemon=True).start()
        made.append(found)
        return found

    monkeypatch.setattr(azure_copy, "PAUSES", (0,))
    yield start
    for each in made:
        each.server.shutdown()
        each.server.server_close()


def test_a_pending_copy_is_waited_for(slow: Callable[..., Slow]) -> None:
    service = slow("pending", "pending", "success")
    service.storage().copy("a.txt", "b.txt")
    assert service.calls == ["HEAD a.txt", "PUT b.txt", *["HEAD b.txt"] * 3]


@pytest.mark.parametrize("end", ["failed", "aborted"])
def test_a_copy_that_fails_leaves_no_half_file(slow: Callable[..., Slow], end: str) -> None:
    service = slow("pending", end, end)
    with pytest.raises(OSError, match=r"'a.txt' to 'b.txt' failed: 500 of the source"):
        service.storage().move("a.txt", "b.txt")
    assert service.calls[-3:] == ["PUT b.txt copy", "HEAD b.txt", 'DELETE b.txt "1"']
    assert "DELETE a.txt" not in service.calls


def test_a_copy_that_is_not_waited_for_is_stopped(
    slow: Callable[..., Slow], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = slow("pending", "pending")

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(azure_copy.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        service.storage().copy("a.txt", "b.txt")
    assert service.calls[2:4] == ["PUT b.txt copy", "HEAD b.txt"]


def test_a_blob_that_the_customers_key_encrypts_is_copied_through_us(
    make: Make, azurite: Azurite, fault_proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = fault_proxy(azurite)
    storage = make(connection_string=azurite.connection_string(proxy))
    storage.save("a.txt", ContentFile(b"content"))
    entry = storage._stat("a.txt")
    with count_requests(proxy) as seen, pytest.raises(ValueError, match="over HTTPS"):
        # The SDK wants TLS for such a key, which is how far this goes here.
        storage._copy(entry, "b.txt", {"cpk": _key()})
    assert [each.partition(" ")[0] for each in seen] == ["GET"]


def _key() -> Any:
    from azure.storage.blob import CustomerProvidedEncryptionKey

    return CustomerProvidedEncryptionKey("a2V5", "aGFzaA==")
