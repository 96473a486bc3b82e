"""Uploads to Dropbox: races, sessions, lost answers; what is stored, and what is left."""

import io
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile, File

from storages import writing
from storages.backends import dropbox_tries
from storages.backends.dropbox import DropboxStorage, content_hash
from storages.backends.dropbox_exceptions import DropboxStorageException
from tests.looking import content, files, same
from tests.servers import Dropbox

MiB = 1024 * 1024
PART = 4 * MiB
LARGE = random.Random(0).randbytes(2 * PART + 1000)
WHOLE = LARGE[: 2 * PART]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(dropbox_tries, "BUSY_PAUSES", (0, 0))


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., DropboxStorage]:
    found = dropbox_server.options(dropbox_root, part_size=PART)
    return lambda **options: DropboxStorage(**(found | options))


# -- content


@pytest.mark.parametrize("body", [b"", b"x", WHOLE, LARGE], ids=["none", "x", "whole", "large"])
def test_the_digest_is_dropboxs_hash(storage: DropboxStorage, body: bytes) -> None:
    storage.save("a.bin", ContentFile(body))
    assert storage.stat("a.bin").digest == f"dropbox:{content_hash(body)}"
    assert content_hash(io.BytesIO(body)) == content_hash(body)
    assert same(storage, "a.bin", body)


def test_parts_may_arrive_in_any_order(storage: DropboxStorage) -> None:
    upload = storage._start_upload(storage._key("a.bin"), {"part_size": PART}, exclusive=True)
    assert upload.parallel
    for number in (3, 1, 2):
        upload.write(number, LARGE[(number - 1) * PART : number * PART])
    assert not storage.exists("a.bin")
    upload.finish()
    assert same(storage, "a.bin", LARGE)


def test_thousands_of_parts(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not grow, as elsewhere: Dropbox takes any number of them."""
    monkeypatch.setattr(writing, "STEADY", 1)
    monkeypatch.setattr(writing, "GROWTH", 1)
    storage, body = make(write_mode="overwrite"), 2 * WHOLE + LARGE
    storage.save("a.bin", ContentFile(body))
    with storage.open("b.bin", "wb") as file:
        file.write(body)
    for target in ("c.bin", "d.bin"):
        storage.save(target, ContentFile(b"old"))
    storage.copy("a.bin", "c.bin")
    storage.move("b.bin", "d.bin")
    assert files(storage) == ["a.bin", "c.bin", "d.bin"]
    assert all(same(storage, name, body) for name in files(storage))


def test_a_session_that_is_not_finished_shows_nothing(
    storage: DropboxStorage, dropbox_server: Dropbox
) -> None:
    before = dropbox_server.sessions
    with pytest.raises(ZeroDivisionError), storage.open("a.bin", "wb") as file:
        file.write(LARGE)
        raise ZeroDivisionError
    assert files(storage) == []
    assert len(dropbox_server.sessions) == len(before) + 1  # Dropbox drops it after a week


def test_an_upload_that_is_given_up_waits_for_no_part(
    storage: DropboxStorage, dropbox_server: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, busy = threading.Event(), dropbox_tries.Tries.busy

    def now_busy(tries: dropbox_tries.Tries, told: float | None) -> bool:
        waiting.set()
        return busy(tries, told)

    monkeypatch.setattr(dropbox_tries.Tries, "busy", now_busy)
    dropbox_server.fail("files/upload_session/append_v2", status=429, retry_after=2, times=1000)
    with dropbox_server.counting() as seen:
        file = storage.open("a.bin", "wb")
        file.write(LARGE)
        assert waiting.wait(30)
        file.abort()
    assert 0 < sum(each.status == 429 for each in seen) <= 2  # as many as there are parts
    assert files(storage) == []


def test_a_session_that_dropbox_dropped(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    file = storage.open("a.bin", "wb")
    file.write(LARGE)
    dropbox_server.forget_sessions()
    with pytest.raises(OSError, match=r"dropped what was sent of 'Root-\w+/a\.bin'") as caught:
        file.close()
    assert not isinstance(caught.value, FileNotFoundError)
    assert files(storage) == []


# -- add


def test_the_same_content_is_two_files(storage: DropboxStorage) -> None:
    for body in (b"same", LARGE):
        names = {storage.save("a.bin", ContentFile(body)) for _ in range(2)}
        assert len(names) == 2
        assert all(same(storage, name, body) for name in names)


@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_a_race_keeps_all_files(storage: DropboxStorage, body: bytes) -> None:
    start = threading.Barrier(4)

    def save(number: int) -> str:
        start.wait()
        return storage.save("a.bin", ContentFile(body + b"%d" % number))

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(save, range(4)))
    assert sorted(names) == files(storage)
    assert all(same(storage, name, body + b"%d" % n) for n, name in enumerate(names))


NAME = "d/a-long-name.bin"
CHOSEN = "d/a-long-name (1).bin"


class Racing(io.BytesIO):
    """Content after whose first part was sent somebody else stores a file of the same name."""

    def __init__(self, other: DropboxStorage) -> None:
        super().__init__(LARGE)
        self._other = other

    def read(self, count: int | None = -1, /) -> bytes:
        if self.tell() >= 2 * PART and self._other is not None:
            self._other.write(NAME, ContentFile(b"theirs"), overwrite=True)
            self._other = None  # type: ignore[assignment]  # once
        return super().read(count)


def racing(other: DropboxStorage) -> File:  # type: ignore[type-arg]  # generic in the stubs only
    return File(Racing(other), "a.bin")


def test_a_large_file_that_loses_a_race_is_not_sent_again(
    make: Callable[..., DropboxStorage], dropbox_server: Dropbox
) -> None:
    storage = make()
    with dropbox_server.counting() as seen:
        assert storage.save(NAME, racing(make())) == CHOSEN
    assert same(storage, CHOSEN, LARGE)
    assert content(storage, NAME) == b"theirs"
    assert sum(each.up for each in seen if "append" in each.route) == len(LARGE)


def test_a_name_that_dropbox_may_not_choose(make: Callable[..., DropboxStorage]) -> None:
    """One that it made longer would not fit."""
    storage, most = make(), len(NAME) + 2
    name = storage.save(NAME, racing(make()), max_length=most)
    assert len(name) <= most
    assert same(storage, name, LARGE)
    assert content(storage, NAME) == b"theirs"


@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_names_of_a_subclass_replace_nothing(
    dropbox_server: Dropbox, dropbox_root: str, body: bytes
) -> None:
    class Own(DropboxStorage):
        def get_available_name(self, name: str, max_length: int | None = None) -> str:
            return "own.bin"

    storage = Own(**dropbox_server.options(dropbox_root, part_size=PART))
    assert storage.save("a.bin", ContentFile(body)) == "own.bin"
    assert storage.save("b.bin", ContentFile(b"other" + body)) == "own (1).bin"
    assert same(storage, "own.bin", body)
    assert same(storage, "own (1).bin", b"other" + body)


@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_what_must_be_new_never_gets_another_name(storage: DropboxStorage, body: bytes) -> None:
    with pytest.raises(FileExistsError), storage.open("a.bin", "xb") as file:
        file.write(body)
        storage.save("a.bin", ContentFile(b"theirs"))
    assert files(storage) == ["a.bin"]
    with pytest.raises(FileExistsError):
        storage.write("a.bin", ContentFile(body))
    assert content(storage, "a.bin") == b"theirs"


@pytest.mark.parametrize("mode", ["add", "overwrite", "update"])
@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_a_folder_is_no_file(make: Callable[..., Any], mode: str, body: bytes) -> None:
    storage = make(write_mode=mode)
    storage.save("d/a.bin", ContentFile(b"x"))
    with pytest.raises(IsADirectoryError), storage.open("d", "wb") as file:
        file.write(body)
    with pytest.raises(NotADirectoryError, match=r"d/a\.bin/b"):
        storage.save("d/a.bin/b", ContentFile(body))
    assert files(storage) == ["d/a.bin"]


# -- overwrite


def test_overwriting_with_the_same_content_is_a_new_revision(make: Callable[..., Any]) -> None:
    storage = make(write_mode="overwrite")
    storage.save("a.bin", ContentFile(b"same"))
    before = storage.stat("a.bin")
    storage.save("a.bin", ContentFile(b"same"))
    assert storage.stat("a.bin").etag != before.etag


def test_a_lost_answer_about_a_name_that_dropbox_chose(
    make: Callable[..., Any], dropbox_server: Dropbox
) -> None:
    storage = make()
    dropbox_server.fail("files/upload_session/finish", containing='"autorename": true', drop=True)
    assert storage.save(NAME, racing(make())) == CHOSEN
    assert files(storage) == sorted([CHOSEN, NAME])
    assert same(storage, CHOSEN, LARGE)


# -- failures


@pytest.mark.parametrize("tags", [("path", "insufficient_space"), ("path", "no_write_permission")])
@pytest.mark.parametrize(
    ("body", "route"),
    [(b"small", "files/upload"), (LARGE, "files/upload_session/finish")],
    ids=["small", "large"],
)
def test_a_refusal_leaves_the_old_file(
    storage: DropboxStorage, dropbox_server: Dropbox, tags: Any, body: bytes, route: str
) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    dropbox_server.fail(route, error=list(tags))
    with pytest.raises(DropboxStorageException, match=r"a\.bin"):
        storage.write("a.bin", ContentFile(body), overwrite=True)
    assert content(storage, "a.bin") == b"old"
    assert files(storage) == ["a.bin"]


def test_what_was_damaged_on_its_way_is_sent_again(
    storage: DropboxStorage, dropbox_server: Dropbox
) -> None:
    dropbox_server.fail("files/upload", error=["content_hash_mismatch"])
    storage.save("a.bin", ContentFile(b"content"))
    assert content(storage, "a.bin") == b"content"
