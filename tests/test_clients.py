"""The registry of clients that all storages of a process share."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from storages import clients


class Client:
    """Stands for an SDK's."""


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    clients.forget()
    yield
    clients.forget()


def test_one_client_per_key() -> None:
    assert clients.shared("a", Client) is clients.shared("a", Client)
    assert clients.shared("a", Client) is not clients.shared("b", Client)


def test_the_client_that_was_not_asked_for_longest_is_let_go() -> None:
    first, second = (weakref.ref(clients.shared(key, Client)) for key in ("first", "second"))
    for number in range(clients.MOST - 1):
        clients.shared("first", Client)
        clients.shared(number, Client)
    gc.collect()
    assert first() is clients.shared("first", Client)
    assert second() is None


def test_a_client_that_cannot_be_made_is_asked_for_again() -> None:
    def fail() -> Client:
        raise OSError("no connection")

    with pytest.raises(OSError, match="no connection"):
        clients.shared("a", fail)
    assert isinstance(clients.shared("a", Client), Client)
