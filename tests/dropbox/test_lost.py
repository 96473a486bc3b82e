"""Answers of Dropbox that are lost: what was done is found, and nothing is done twice."""

import datetime
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import dropbox_tries, dropbox_upload
from storages.backends.dropbox import DropboxStorage, DropboxStorageException
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


LOST: list[dict[str, Any]] = [
    {"drop": True},
    {"error": None, "status": 500, "after": True},
    {"error": ["internal_error"], "after": True},
]
LOSSES = ["cut", "500", "internal"]


@pytest.mark.parametrize("lost", LOST, ids=LOSSES)
@pytest.mark.parametrize("mode", ["add", "overwrite", "update"])
@pytest.mark.parametrize(
    ("body", "route"),
    [(b"small", "files/upload"), (LARGE, "files/upload_session/finish")],
    ids=["small", "large"],
)
def test_a_lost_answer_is_no_conflict(
    make: Callable[..., Any],
    dropbox_server: Dropbox,
    body: bytes,
    route: str,
    mode: str,
    lost: dict[str, Any],
) -> None:
    storage = make(write_mode=mode)
    dropbox_server.fail(route, **lost)
    assert storage.save("a.bin", ContentFile(body)) == "a.bin"
    assert files(storage) == ["a.bin"]
    assert same(storage, "a.bin", body)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Lets something happen while a request waits to be sent again, once."""

    def meanwhile(happen: Callable[[], Any]) -> None:
        left = [happen]

        def sleep(tries: dropbox_tries.Tries, pause: float) -> bool:
            if left:
                left.pop()()
            return True

        monkeypatch.setattr(dropbox_tries.Tries, "_sleep", sleep)

    return meanwhile


@pytest.mark.parametrize("lost", LOST, ids=LOSSES)
@pytest.mark.parametrize(
    ("body", "route"),
    [(b"small", "files/upload"), (LARGE, "files/upload_session/finish")],
    ids=["small", "large"],
)
def test_a_lost_answer_replaces_nothing_newer(
    make: Callable[..., Any],
    dropbox_server: Dropbox,
    meanwhile: Any,
    body: bytes,
    route: str,
    lost: dict[str, Any],
) -> None:
    storage, other = make(write_mode="overwrite"), make(write_mode="overwrite")
    storage.save("a.bin", ContentFile(b"old"))
    dropbox_server.fail(route, **lost)
    meanwhile(lambda: other.save("a.bin", ContentFile(b"newer")))
    assert storage.save("a.bin", ContentFile(body)) == "a.bin"
    assert content(storage, "a.bin") == b"newer"
    dropbox_server.fail(route, **lost)
    meanwhile(lambda: other.delete("a.bin"))
    if body == LARGE:  # the session is gone
        with pytest.raises(DropboxStorageException, match="send it again"):
            storage.save("a.bin", ContentFile(body))
        assert files(storage) == []
    else:
        assert storage.save("a.bin", ContentFile(body)) == "a.bin"
        assert same(storage, "a.bin", body)


@pytest.mark.parametrize("lost", LOST, ids=LOSSES)
def test_a_lost_answer_stores_nothing_twice(
    dropbox_server: Dropbox, dropbox_root: str, lost: dict[str, Any]
) -> None:
    class Own(DropboxStorage):
        def get_available_name(self, name: str, max_length: int | None = None) -> str:
            return "own.bin"

    storage = Own(**dropbox_server.options(dropbox_root, part_size=PART))
    for body, name in ((b"x", "own.bin"), (b"y", "own (1).bin"), (LARGE, "own (2).bin")):
        dropbox_server.fail(
            "files/upload_session/finish" if body == LARGE else "files/upload", **lost
        )
        assert storage.save("a.bin", ContentFile(body)) == name
        dropbox_server.work()
        assert same(storage, name, body)
    assert len(files(storage)) == 3


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("route", ["append_v2", "start"])
def test_a_lost_answer_to_a_part(
    storage: DropboxStorage, dropbox_server: Dropbox, route: str, times: int
) -> None:
    dropbox_server.fail(f"files/upload_session/{route}", drop=True, times=times)
    storage.save("a.bin", ContentFile(LARGE))
    assert same(storage, "a.bin", LARGE)


def test_a_lost_answer_to_the_last_part(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    dropbox_server.fail("files/upload_session/append_v2", containing='"close": true', drop=True)
    storage.save("a.bin", ContentFile(LARGE))
    assert same(storage, "a.bin", LARGE)


def test_a_conflict_after_a_failure_is_one_nevertheless(
    storage: DropboxStorage, dropbox_server: Dropbox
) -> None:
    storage.write("a.bin", ContentFile(b"theirs"))
    dropbox_server.fail("files/upload", status=500)
    with pytest.raises(FileExistsError):
        storage.write("a.bin", ContentFile(b"ours"))
    assert content(storage, "a.bin") == b"theirs"


@pytest.mark.parametrize("lost", LOST, ids=LOSSES)
def test_the_same_file_of_somebody_else_is_a_conflict(
    storage: DropboxStorage, dropbox_server: Dropbox, lost: dict[str, Any]
) -> None:
    with dropbox_server.client() as client:
        path = f"{storage.root_path}/a.bin"
        client.files_upload(b"same", path, client_modified=datetime.datetime(2001, 2, 3))
    dropbox_server.fail("files/upload", **lost)
    with pytest.raises(FileExistsError):
        storage.write("a.bin", ContentFile(b"same"))
    dropbox_server.fail("files/upload", **lost)
    assert storage.save("a.bin", ContentFile(b"same")) != "a.bin"


@pytest.fixture
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is stored is stored in the same second."""
    set_up = dropbox_upload.Commit.__post_init__

    def at_once(commit: dropbox_upload.Commit) -> None:
        set_up(commit)
        commit.written = "2026-01-02T03:04:05Z"

    monkeypatch.setattr(dropbox_upload.Commit, "__post_init__", at_once)


@pytest.mark.usefixtures("one_second")
def test_an_older_upload_is_not_taken_for_a_lost_one(
    make: Callable[..., Any], dropbox_server: Dropbox
) -> None:
    storage = make(write_mode="overwrite")
    meanwhile: list[Callable[[], Any]] = [
        lambda: storage.delete("a.bin"),
        lambda: storage.save("a.bin", ContentFile(b"other")),
    ]
    for between in meanwhile:
        storage.save("a.bin", ContentFile(b"same"))
        between()
        dropbox_server.fail("files/upload", status=500)
        storage.save("a.bin", ContentFile(b"same"))
        assert content(storage, "a.bin") == b"same"


@pytest.mark.usefixtures("one_second")
def test_two_uploads_of_one_second_are_two(
    make: Callable[..., Any], dropbox_server: Dropbox, meanwhile: Any
) -> None:
    storage, other = make(), make()
    dropbox_server.fail("files/upload", status=500)
    meanwhile(lambda: other.write("lock", ContentFile(b"")))
    with pytest.raises(FileExistsError):
        storage.write("lock", ContentFile(b""))


def test_a_part_that_is_there_already(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    """The reference: so it may be if an answer was lost."""
    dropbox_server.fail("files/upload_session/append_v2", drop=True)
    dropbox_server.fail("files/upload_session/append_v2", error=["incorrect_offset"])
    storage.part_size, storage.most_in_flight = PART, 1
    with storage.open("a.bin", "wb") as file:
        file.write(LARGE)
    assert same(storage, "a.bin", LARGE)


def test_a_part_that_cannot_be_there_already(
    storage: DropboxStorage, dropbox_server: Dropbox
) -> None:
    dropbox_server.fail("files/upload_session/append_v2", error=["incorrect_offset"])
    with pytest.raises(DropboxStorageException, match=r"a\.bin.*incorrect_offset"):
        storage.save("a.bin", ContentFile(LARGE))
    assert files(storage) == []


@pytest.mark.parametrize(
    ("body", "route"),
    [(b"small", "files/upload"), (LARGE, "files/upload_session/finish")],
    ids=["small", "large"],
)
def test_another_content_than_was_sent(
    storage: DropboxStorage, dropbox_server: Dropbox, body: bytes, route: str
) -> None:
    made = {"name": "a.bin", "rev": "123456789", "content_hash": "0" * 64}
    dropbox_server.fail(route, status=200, body=made, after=True)
    with pytest.raises(DropboxStorageException, match=r"a\.bin' with another content"):
        storage.save("a.bin", ContentFile(body))
