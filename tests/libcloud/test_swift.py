"""OpenStack Swift: its tokens, and its links."""

from collections.abc import Callable

import pytest

from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import get, put
from tests.servers import FaultProxy, Swift
from tests.servers.counting import count_requests


@pytest.fixture
def on_swift(swift: Swift, swift_container: str) -> LibCloudStorage:
    return LibCloudStorage(provider=swift.provider(swift_container))


def test_swift_logs_in_once(
    swift: Swift, swift_container: str, fault_proxy: Callable[..., FaultProxy]
) -> None:
    proxy = fault_proxy(swift)
    storage = LibCloudStorage(provider=swift.provider(swift_container, via=proxy))
    with count_requests(proxy) as seen:
        put(storage, "a.txt")
        assert get(storage, "a.txt") == b"content"
        assert storage.size("a.txt") == 7
    assert sum(each.startswith("GET /auth") for each in seen) == 1


def test_swift_may_end_a_token(on_swift: LibCloudStorage) -> None:
    put(on_swift, "a.txt")

    def spoil() -> None:
        (lent,) = on_swift._service()._drivers._free
        connection = lent.driver.connection
        connection.auth_token = connection.get_auth_class().auth_token = "ended"

    for call in (
        lambda: get(on_swift, "a.txt"),
        lambda: on_swift.size("a.txt"),
        lambda: put(on_swift, "b.txt"),
        lambda: on_swift.delete("b.txt"),
        lambda: on_swift.listdir(""),
        lambda: list(on_swift.scan()),
        lambda: on_swift.exists("d"),
    ):
        spoil()
        call()
    assert not on_swift.exists("b.txt")


def test_links_to_swift(on_swift: LibCloudStorage, swift: Swift) -> None:
    link = on_swift.url("a ü.txt")
    assert link == f"{swift.url_through(None)}/{on_swift.bucket}/a%20%C3%BC.txt"
