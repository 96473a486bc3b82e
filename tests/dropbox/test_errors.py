"""Errors of Dropbox: builtin ones that name the file and the cure, and tell no token."""

import datetime
import errno
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dropbox
import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.backends import dropbox_tries
from storages.backends.dropbox import (
    DropBoxFile,
    DropboxFile,
    DropboxStorage,
    DropboxStorageException,
)
from tests.servers import Dropbox

HERE = str(Path(__file__).parents[1])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(dropbox_tries, "BUSY_PAUSES", (0, 0))


def test_a_missing_file_is_the_sdks_error_too(storage: DropboxStorage) -> None:
    for call in (storage.open, storage.size, storage.listdir):
        with pytest.raises(FileNotFoundError, match=r"none\.txt") as caught:
            call("none.txt")
        error = caught.value
        assert isinstance(error, DropboxStorageException)
        assert isinstance(error, dropbox.exceptions.ApiError)
        assert error.errno == errno.ENOENT
        assert error.error.get_path().is_not_found()


@pytest.mark.parametrize(
    ("route", "tags", "kind", "number"),
    [
        ("download", ["path", "not_file"], IsADirectoryError, errno.EISDIR),
        ("download", ["path", "restricted_content"], PermissionError, errno.EACCES),
        ("download", ["unsupported_file"], OSError, errno.EINVAL),
        ("upload", ["path", "insufficient_space"], OSError, errno.ENOSPC),
        ("upload", ["path", "conflict", "file_ancestor"], NotADirectoryError, errno.ENOTDIR),
        ("upload", ["path", "no_write_permission"], PermissionError, errno.EACCES),
        ("upload", ["path", "disallowed_name"], OSError, errno.EINVAL),
        ("upload", ["path", "some_new_reason"], OSError, None),
        ("upload", ["some_new_reason"], OSError, None),
        ("list_folder", ["path", "not_folder"], NotADirectoryError, errno.ENOTDIR),
        ("get_metadata", ["path", "locked"], OSError, errno.EBUSY),
        ("get_temporary_link", ["email_not_verified"], OSError, None),
    ],
)
def test_refusals(
    storage: DropboxStorage,
    dropbox_server: Dropbox,
    route: str,
    tags: list[str],
    kind: type[OSError],
    number: int | None,
) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "download": lambda: storage.open("d/a.txt"),
        "upload": lambda: storage.write("d/a.txt", ContentFile(b"x")),
        "list_folder": lambda: storage.listdir("d/a.txt"),
        "get_metadata": lambda: storage.size("d/a.txt"),
        "get_temporary_link": lambda: storage.url("d/a.txt"),
    }
    dropbox_server.fail(f"files/{route}", error=tags)
    with pytest.raises(kind, match=r"d/a\.txt") as caught:
        calls[route]()
    error = caught.value
    assert isinstance(error, DropboxStorageException)
    assert isinstance(error, dropbox.exceptions.ApiError)
    assert error.errno == number
    assert number is not None or "new_reason" in str(error) or "email_not" in str(error)


def test_exists_is_false_only_for_what_is_missing(
    storage: DropboxStorage, dropbox_server: Dropbox
) -> None:
    assert not storage.exists("none.txt")
    for fault in (
        {"error": ["path", "restricted_content"]},
        {"error": ["other"]},
        {"status": 500, "times": 9},
        {"status": 403, "body": "forbidden"},
        {"status": 404, "body": "no such page"},
        {"status": 200, "body": "<html>sign in to the wi-fi</html>"},
        {"status": 401, "body": "a proxy"},
        {"status": 409, "body": {"odd": 1}},
        {"status": 200, "body": {"odd": 1}},
    ):
        dropbox_server.fail("files/get_metadata", **fault)
        with pytest.raises(DropboxStorageException, match=r"none\.txt"):
            storage.exists("none.txt")
        dropbox_server.work()


def test_links(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    storage.save("d/a b.txt", ContentFile(b"content"))
    link = storage.url("d/a b.txt")
    assert link is not None
    assert dropbox_server.get(link).content == b"content"
    assert storage.url("d/none.txt") is None  # as in django-storages
    assert storage.url("d") is None
    assert storage.url("") is None
    dropbox_server.fail("files/get_temporary_link", error=["path", "restricted_content"])
    with pytest.raises(PermissionError, match=r"d/a b\.txt"):
        storage.url("d/a b.txt")


def test_a_folder_has_no_size(storage: DropboxStorage) -> None:
    storage.save("d/a.txt", ContentFile(b"content"))
    with pytest.raises(IsADirectoryError, match="'d'"):
        storage.size("d")


def test_a_file_by_its_class(storage: DropboxStorage) -> None:
    storage.save("d/a.txt", ContentFile(b"content"))
    for cls in (DropboxFile, DropBoxFile):
        with cls("d/a.txt", storage) as file:
            assert file.read() == b"content"
    assert isinstance(storage.open("d/a.txt"), DropBoxFile)
    with DropboxFile("d/b.txt", storage, "wb") as file:
        file.write(b"x")
    assert storage.size("d/b.txt") == 1


def test_times_and_what_else_is_known(storage: DropboxStorage, dropbox_server: Dropbox) -> None:
    with dropbox_server.client() as client:
        written = datetime.datetime(2001, 2, 3, 4, 5, 6)
        client.files_upload(b"x", f"{storage.root_path}/a.txt", client_modified=written)
    assert storage.get_accessed_time("a.txt") == written.replace(tzinfo=datetime.UTC)
    assert storage.get_modified_time("a.txt").year > 2001
    modified = storage.stat("a.txt").modified
    assert modified is not None
    assert modified.utcoffset() == datetime.timedelta(0)
    with pytest.raises(NotImplementedError):
        storage.get_created_time("a.txt")


def shown(error: BaseException | None) -> str:
    """What a debug page shows of an error, and of those that it came of, beside tests."""
    text = ""
    while error is not None:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        text += "".join(told.format_exception_only()) + repr(vars(error)) + repr(error.args)
        text += "".join(
            str(each.locals) for each in told.stack if not each.filename.startswith(HERE)
        )
        error = error.__cause__ or error.__context__
    return text


FAULTS: list[dict[str, Any]] = [
    {"error": ["path", "restricted_content"]},
    {"status": 400, "body": "Bad."},
    {"status": 401, "body": {"error_summary": "x", "error": {".tag": "invalid_access_token"}}},
    {"status": 401, "body": {"error_summary": "x", "error": {".tag": "other"}}},
    {"status": 429, "retry_after": 1000},
    {"status": 500, "times": 9},
    {"status": 302, "body": "elsewhere"},
    {"status": 403, "body": "forbidden"},
    {"drop": True, "times": 9},
    {"cut": 5, "times": 9},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("route", ["get_metadata", "upload", "download"])
def test_no_error_tells_the_token(
    storage: DropboxStorage,
    dropbox_server: Dropbox,
    route: str,
    fault: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0,))
    storage.save("a.txt", ContentFile(b"x" * 100))
    calls: dict[str, Callable[[], Any]] = {
        "get_metadata": lambda: storage.size("a.txt"),
        "upload": lambda: storage.write("b.txt", ContentFile(b"x")),
        "download": lambda: storage.open("a.txt").read(),
    }
    dropbox_server.fail(f"files/{route}", **fault)
    if route != "get_metadata" and ("cut" in fault or (route == "upload" and "drop" in fault)):
        calls[route]()  # it was stored, as a look shows; or was read, by and by
        return
    with pytest.raises(OSError, match=r"[ab]\.txt") as caught:
        calls[route]()
    assert str(storage.oauth2_access_token) not in shown(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_errors_can_be_pickled(storage: DropboxStorage) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        storage.size("none.txt")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))
    assert (again.errno, again.tags) == (errno.ENOENT, ("path", "not_found"))
    assert repr(again) == repr(caught.value)
