"""Copies and moves on Dropbox, which itself replaces nothing."""

import errno
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import dropbox_tries
from storages.backends.dropbox import DropboxStorage
from storages.testing import MemoryStorage
from tests.looking import content, files
from tests.servers import Dropbox

DO = pytest.mark.parametrize("do", ["copy", "move"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))


def put(storage: DropboxStorage, name: str, content: bytes) -> None:
    storage.write(name, ContentFile(content), overwrite=True)


@DO
def test_nothing_is_sent_through_us(
    storage: DropboxStorage, dropbox_server: Dropbox, do: str
) -> None:
    put(storage, "a.txt", b"content")
    with dropbox_server.counting() as seen:
        getattr(storage, do)("a.txt", "d/b.txt")
    assert {each.route for each in seen} == {"files/get_metadata", f"files/{do}_v2"}
    assert content(storage, "d/b.txt") == b"content"


@DO
def test_replacing_leaves_no_moment_without_a_target(
    storage: DropboxStorage, dropbox_server: Dropbox, do: str
) -> None:
    put(storage, "a.txt", b"source")
    put(storage, "b.txt", b"target")
    with dropbox_server.counting() as seen:
        getattr(storage, do)("a.txt", "b.txt", overwrite=True)
    assert content(storage, "b.txt") == b"source"
    assert files(storage) == (["a.txt", "b.txt"] if do == "copy" else ["b.txt"])
    deleted = [each.about for each in seen if each.route == "files/delete_v2"]
    assert len(deleted) == (do == "move")
    assert not any("b.txt" in each for each in deleted)


@DO
@pytest.mark.parametrize("route", ["files/download", "files/upload"])
def test_what_was_stored_stays_if_replacing_fails(
    storage: DropboxStorage, dropbox_server: Dropbox, do: str, route: str
) -> None:
    put(storage, "a.txt", b"source")
    put(storage, "b.txt", b"target")
    dropbox_server.fail(route, status=403, body={"error_summary": "no", "error": {".tag": "no"}})
    with pytest.raises(OSError, match="txt"):
        getattr(storage, do)("a.txt", "b.txt", overwrite=True)
    assert (content(storage, "a.txt"), content(storage, "b.txt")) == (b"source", b"target")
    assert files(storage) == ["a.txt", "b.txt"]


def test_a_source_that_is_replaced_while_it_moves_stays(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, "a.txt", b"source")
    put(storage, "b.txt", b"target")
    store = storage._put

    def store_slowly(*args: Any, **options: Any) -> Any:
        put(make(), "a.txt", b"newer")
        return store(*args, **options)

    monkeypatch.setattr(storage, "_put", store_slowly)
    with pytest.raises(OSError, match=r"a\.txt' was replaced while it was moved"):
        storage.move("a.txt", "b.txt", overwrite=True)
    assert (content(storage, "a.txt"), content(storage, "b.txt")) == (b"newer", b"source")


def test_another_case_of_the_same_name(storage: DropboxStorage) -> None:
    put(storage, "d/a.txt", b"content")
    before = storage.stat("d/a.txt").etag
    for do in (storage.copy, storage.move):
        with pytest.raises(FileExistsError):
            do("d/a.txt", "d/A.txt")
    storage.copy("d/a.txt", "d/A.txt", overwrite=True)
    assert files(storage) == ["d/a.txt"]
    assert storage.stat("d/a.txt").etag == before
    storage.move("d/a.txt", "d/A.TXT", overwrite=True)
    assert files(storage) == ["d/A.TXT"]
    assert content(storage, "d/a.txt") == b"content"


def test_another_case_that_fails(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    put(storage, "a.txt", b"content")
    denied = ["to", "no_write_permission"]
    dropbox_server.fail("files/move_v2", containing='A.TXT"', skip=1, error=denied)
    with pytest.raises(PermissionError, match=r"A\.TXT"):
        storage.move("a.txt", "A.TXT", overwrite=True)
    assert files(storage) == ["a.txt"]


LOST = pytest.mark.parametrize(
    "lost",
    [{"drop": True}, {"status": 500, "after": True}, {"error": ["internal_error"], "after": True}],
    ids=["cut", "500", "internal"],
)


@LOST
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("times", [1, 5])
def test_a_lost_answer_about_another_case(
    storage: DropboxStorage, dropbox_server: Dropbox, step: int, times: int, lost: Any
) -> None:
    put(storage, "d/a.txt", b"content")
    dropbox_server.fail("files/move_v2", skip=step, times=times, **lost)
    storage.move("d/a.txt", "d/A.TXT", overwrite=True)
    assert files(storage) == ["d/A.TXT"]
    assert content(storage, "d/A.TXT") == b"content"


@pytest.mark.parametrize("step", [1, 2])
def test_another_case_that_fails_for_good(
    storage: DropboxStorage, dropbox_server: Dropbox, step: int
) -> None:
    put(storage, "a.txt", b"content")
    dropbox_server.fail("files/move_v2", skip=step, times=5, status=500)
    with pytest.raises(ConnectionError, match="500"):
        storage.move("a.txt", "A.TXT", overwrite=True)
    assert files(storage) == ["a.txt"]
    assert content(storage, "a.txt") == b"content"


def test_another_case_of_a_name_that_is_taken_meanwhile(
    storage: DropboxStorage, make: Any, dropbox_server: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file gets a name that can be seen."""
    put(storage, "a.txt", b"content")
    other, denied = make(), ["to", "no_write_permission"]
    dropbox_server.fail("files/move_v2", skip=2, error=denied)
    call = storage._call

    def call_slowly(route: str, arg: Any, *args: Any, **options: Any) -> Any:
        if arg.get("autorename"):
            put(other, "a.txt", b"theirs")
        return call(route, arg, *args, **options)

    monkeypatch.setattr(storage, "_call", call_slowly)
    with pytest.raises(PermissionError, match=r"A\.TXT"):
        storage.move("a.txt", "A.TXT", overwrite=True)
    assert files(other) == ["a (1).txt", "a.txt"]
    assert content(other, "a (1).txt") == b"content"


def test_another_case_in_the_mode_update(make: Any) -> None:
    storage = make(write_mode="update")
    storage.save("a.txt", ContentFile(b"content"))
    storage.move("a.txt", "A.txt", overwrite=True)
    assert storage.save("A.txt", ContentFile(b"newer")) == "A.txt"
    assert content(storage, "a.txt") == b"newer"


@DO
def test_a_folder_is_no_target(storage: DropboxStorage, do: str) -> None:
    put(storage, "a.txt", b"content")
    put(storage, "d/b.txt", b"below")
    with pytest.raises(IsADirectoryError, match=r"/d'"):
        getattr(storage, do)("a.txt", "d", overwrite=True)
    with pytest.raises(NotADirectoryError, match=r"d/b\.txt/c"):
        getattr(storage, do)("a.txt", "d/b.txt/c")
    assert files(storage) == ["a.txt", "d/b.txt"]


@DO
def test_a_source_that_goes_meanwhile(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    put(storage, "a.txt", b"content")
    is_taken = storage._is_taken

    def look_slowly(key: str) -> bool:
        make().delete("a.txt")
        return is_taken(key)

    monkeypatch.setattr(storage, "_is_taken", look_slowly)
    with pytest.raises(FileNotFoundError, match=r"a\.txt"):
        getattr(storage, do)("a.txt", "b.txt")
    assert files(storage) == []


@DO
def test_a_target_that_comes_meanwhile(
    storage: DropboxStorage, make: Any, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    put(storage, "a.txt", b"content")

    def look_too_early(key: str) -> bool:
        put(make(), "b.txt", b"theirs")
        return False

    monkeypatch.setattr(storage, "_is_taken", look_too_early)
    with pytest.raises(FileExistsError, match=r"b\.txt"):
        getattr(storage, do)("a.txt", "b.txt")
    assert (content(storage, "a.txt"), content(storage, "b.txt")) == (b"content", b"theirs")


@DO
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("times", [1, 5])
@LOST
def test_a_lost_answer(
    storage: DropboxStorage,
    dropbox_server: Dropbox,
    do: str,
    overwrite: bool,
    times: int,
    lost: Any,
) -> None:
    put(storage, "a.txt", b"content")
    dropbox_server.fail(f"files/{do}_v2", times=times, **lost)
    getattr(storage, do)("a.txt", "b.txt", overwrite=overwrite)
    assert files(storage) == (["a.txt", "b.txt"] if do == "copy" else ["b.txt"])
    assert content(storage, "b.txt") == b"content"


# -- between two folders of one account


@pytest.fixture
def origin(make: Any, dropbox_root: str) -> DropboxStorage:
    other: DropboxStorage = make(root_path=f"{dropbox_root}/live")
    return other


@DO
def test_one_request_from_another_folder(
    storage: DropboxStorage, origin: DropboxStorage, dropbox_server: Dropbox, do: str
) -> None:
    put(origin, "a.txt", b"content")
    (entry,) = origin._scan(origin._root())
    key = storage._new_key("b.txt")
    with dropbox_server.counting() as seen:
        getattr(storage, f"_{do}")(entry, key, storage._prepare(key)[0], origin=origin)
    assert [each.route for each in seen] == [f"files/{do}_v2"]
    assert content(storage, "b.txt") == b"content"
    assert files(origin) == (["a.txt"] if do == "copy" else [])


def test_a_copy_of_another_version_is_undone(
    storage: DropboxStorage, origin: DropboxStorage, dropbox_server: Dropbox
) -> None:
    put(origin, "a.txt", b"old")
    (entry,) = origin._scan(origin._root())
    put(origin, "a.txt", b"new")
    key = storage._new_key("b.txt")
    with dropbox_server.counting() as seen, pytest.raises(OSError, match=r"a\.txt") as caught:
        storage._copy(entry, key, storage._prepare(key)[0], origin=origin)
    assert caught.value.errno == errno.ESTALE
    assert [each.route for each in seen] == ["files/copy_v2", "files/delete_v2"]
    assert files(storage) == ["live/a.txt"]


@pytest.mark.parametrize(
    ("theirs", "reached"),
    [
        ({"root_path": "/other"}, True),
        ({"oauth2_access_token": "other"}, False),
        ({"namespace": "12"}, False),
        ({"client_options": {"headers": {"Dropbox-API-Select-User": "dbmid:other"}}}, False),
    ],
)
def test_only_the_same_account_is_reached(theirs: dict[str, Any], reached: bool) -> None:
    ours = {"oauth2_access_token": "ours", "root_path": "/ours"}
    storage = DropboxStorage(**ours)
    assert storage._reaches(DropboxStorage(**(ours | theirs))) is reached
    assert not storage._reaches(MemoryStorage())
