"""Answers that are no success: redirects, pauses to wait for, and those cut in their headers."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import get, put
from tests.libcloud.test_faults import line  # noqa: F401 - a fixture
from tests.servers.wire import Answer, Call, WireServer


class Odd:
    """A service of S3's protocol whose container is there, and whose files answer as told."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.calls: list[str] = []

    def handle(self, call: Call) -> Answer:
        if call.method == "HEAD" and call.path.strip("/") == "media":
            return Answer()
        self.calls.append(f"{call.method} {call.path}")
        if call.path.startswith("/login"):
            return Answer(200, b"Who are you?", {"ETag": '"login"'})
        return self.answer


@pytest.fixture
def odd() -> Iterator[Any]:
    """The service, and a storage on it."""
    service = Odd()
    with WireServer(service.handle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        provider = {
            "type": "minio",
            "user": "someone",
            "key": "secret",
            "bucket": "media",
            "host": "127.0.0.1",
            "port": server.port,
            "secure": False,
            "timeout": 5,
        }
        yield service, LibCloudStorage(provider=provider, file_overwrite=True)
        server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(odd: Any, status: int) -> None:
    service, storage = odd
    service.answer = Answer(status, b"", {"Location": "/login?next=http://me:secret@there/"})
    calls: tuple[Callable[[], Any], ...] = (
        lambda: storage.save("a.txt", ContentFile(b"content")),
        lambda: storage.exists("a.txt"),
        lambda: storage.open("a.txt"),
        lambda: storage.delete("a.txt"),
        lambda: storage.listdir(""),
    )
    for call in calls:
        with pytest.raises(ImproperlyConfigured, match="redirects to elsewhere") as caught:
            call()
        assert "secret" not in str(caught.value)
    assert not any("/login" in each for each in service.calls)


def test_a_redirect_tells_where_to(odd: Any) -> None:
    service, storage = odd
    service.answer = Answer(302, b"", {"Location": "https://me:secret@files.example.com/a?b=c"})
    with pytest.raises(ImproperlyConfigured, match=r"redirects to https://files\.example\.com; "):
        storage.save("a.txt", ContentFile(b"content"))


def test_a_busy_server_does_not_say_how_long_to_wait(odd: Any) -> None:
    """Were it obeyed, the test would end by its timeout only."""
    service, storage = odd
    service.answer = Answer(503, b"", {"Retry-After": "3600"})
    with pytest.raises(ConnectionError, match="503"):
        storage.save("a.txt", ContentFile(b"content"))
    assert len(service.calls) == 3


def test_a_range_that_was_not_asked_for_is_not_taken(odd: Any) -> None:
    service, storage = odd
    service.answer = Answer(206, b"abc", {"Content-Range": "bytes 5-7/100", "ETag": '"e"'})
    with pytest.raises(OSError, match=r"sends no range of 'a\.txt'"):
        storage.open("a.txt").read()


@pytest.mark.parametrize("down", [17, 50, 130])
def test_an_answer_that_ends_in_its_headers_is_none(line: Any, down: int) -> None:  # noqa: F811 - it
    """Its length is unknown then, or even wrong: no file is empty for that."""
    storage, beside, proxy = line
    put(beside, "a.txt", b"content" * 1000)
    assert storage.exists("a.txt")
    proxy.cut(down=down, clean=True, match="^GET ", times=1)
    assert get(storage, "a.txt") == b"content" * 1000
    proxy.cut(down=down, clean=True, match="^(GET|HEAD|PUT) ", times=1000)
    for call in (
        lambda: get(storage, "a.txt"),
        lambda: storage.size("a.txt"),
        lambda: storage.move("a.txt", "b.txt"),
        lambda: storage.save("c.txt", ContentFile(b"content")),
    ):
        with pytest.raises(ConnectionError):
            call()
    proxy.heal()
    with storage.open("a.txt", "ab") as file:
        file.write(b"!")
    assert get(beside, "a.txt") == b"content" * 1000 + b"!"
    assert not beside.exists("b.txt")
