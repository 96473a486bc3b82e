"""What fails on FTP: errors say what and why, whichever way the server puts it."""

import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends import ftp_errors
from storages.backends.ftp import FTPStorage, FTPStorageException, FTPStorageFile
from storages.testing.conformance.suite import noise
from tests.servers import Ftpd, FtpServer


@pytest.fixture
def storage(ftp_server: FtpServer, ftp_server_directory: str) -> Iterator[FTPStorage]:
    storage = FTPStorage(**ftp_server.options(ftp_server_directory))
    storage.save("d/a.txt", ContentFile(b"content"))
    yield storage
    storage.close()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s: s.open("none.txt"), FileNotFoundError),
        (lambda s: s.open("d/none.txt"), FileNotFoundError),
        (lambda s: s.open("none/none.txt"), FileNotFoundError),
        (lambda s: s.size("none.txt"), FileNotFoundError),
        (lambda s: s.listdir("none"), FileNotFoundError),
        (lambda s: s.listdir("d/a.txt"), NotADirectoryError),
        (lambda s: s.open("d"), IsADirectoryError),
        (lambda s: s.move("none.txt", "b.txt"), FileNotFoundError),
        (lambda s: s.write("d/a.txt", ContentFile(b"x")), FileExistsError),
        (lambda s: s.write("d", ContentFile(b"x"), overwrite=True), IsADirectoryError),
        (lambda s: s.save("d/a.txt/b.txt", ContentFile(b"x")), NotADirectoryError),
        (lambda s: s.save("d/a.txt/b/c.txt", ContentFile(b"x")), NotADirectoryError),
    ],
)
def test_errors_are_builtins_that_name_the_file(
    storage: FTPStorage, call: Callable[[Any], Any], error: type[OSError]
) -> None:
    with pytest.raises(error, match=r"none|d'|a\.txt") as caught:
        call(storage)
    assert isinstance(caught.value, FTPStorageException | FileExistsError | IsADirectoryError)
    assert storage.open("d/a.txt").read() == b"content"
    assert storage.listdir("") == (["d"], [])
    assert storage.listdir("d") == ([], ["a.txt"])


def test_a_directory_that_is_not_empty_stays(storage: FTPStorage) -> None:
    with pytest.raises(FTPStorageException, match="not empty"):
        storage.delete("d")
    storage.delete("d/a.txt")
    storage.delete("d")
    storage.delete("d")
    assert storage.listdir("") == ([], [])


def test_existence_is_the_truth_whatever_is_overwritten(
    ftp_server: FtpServer, ftp_server_directory: str
) -> None:
    for overwrite in (True, False):
        options = ftp_server.options(ftp_server_directory, allow_overwrite=overwrite)
        storage = FTPStorage(**options)
        name = storage.save("a.txt", ContentFile(b"content"))
        assert storage.exists(name) is True
        assert storage.exists("none.txt") is False
        storage.delete(name)
        assert storage.exists(name) is False
        storage.close()


# -- permissions


@pytest.fixture
def reader(ftpd: Ftpd, ftp_directory: str) -> Iterator[FTPStorage]:
    """Of somebody who may look, but not touch."""
    folder = ftpd.local(ftp_directory)
    (folder / "d").mkdir()
    (folder / "d/a.txt").write_bytes(b"content")
    options = ftpd.options(ftp_directory, user="reader", password="reader")
    storage = FTPStorage(**options, allow_overwrite=True)
    yield storage
    assert [str(path.relative_to(folder)) for path in folder.rglob("*")] == ["d", "d/a.txt"]
    storage.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.save("d/a.txt", ContentFile(b"x")),
        lambda s: s.save("d/b.txt", ContentFile(b"x")),
        lambda s: s.save("new/b.txt", ContentFile(b"x")),
        lambda s: s.save("d/b.bin", ContentFile(noise(9_000_000))),
        lambda s: s.open("d/b.txt", "wb").close(),
        lambda s: s.delete("d/a.txt"),
        lambda s: s.delete("d"),
        lambda s: s.delete_tree("d"),
        lambda s: s.delete_many(["d/a.txt"]),
        lambda s: s.move("d/a.txt", "d/b.txt"),
        lambda s: s.copy("d/a.txt", "d/b.txt"),
    ],
)
def test_what_is_not_permitted_is_told(reader: FTPStorage, call: Callable[[Any], Any]) -> None:
    with pytest.raises(PermissionError, match="550") as caught:
        call(reader)
    assert isinstance(caught.value, FTPStorageException)
    reader.delete("d/none.txt")
    assert reader.open("d/a.txt").read() == b"content"


def test_a_wrong_password(ftp_server: FtpServer, ftp_server_directory: str) -> None:
    """Anonymous logins take any, so a user is wrong there."""
    wrong = {"password": "wr@ng/pass%41"} if ftp_server.name.startswith("ftpd") else {"user": "x"}
    storage = FTPStorage(**ftp_server.options(ftp_server_directory, **wrong))
    with pytest.raises(PermissionError, match=r"Login of '.*' at 127.*refused") as caught:
        storage.exists("a.txt")
    assert isinstance(caught.value, FTPStorageException)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for secret in (wrong.get("password", ftp_server.password), "wr%40ng"):
        assert secret not in "".join(traceback.format_exception(caught.value))
        for frame in shown.stack:
            assert frame.name == "test_a_wrong_password" or secret not in str(frame.locals)


def test_no_error_tells_the_password(
    ftp_server: FtpServer, ftp_server_directory: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = FTPStorage(**ftp_server.options(ftp_server_directory))
    told = []
    for error, call in (
        (FileNotFoundError, lambda: storage.open("none.txt")),
        (FileNotFoundError, lambda: storage.listdir("none")),
        (SuspiciousFileOperation, lambda: storage.open("../a")),
        (ValueError, lambda: storage.delete(".")),
        (PermissionError, lambda: storage.save("x" * 300, ContentFile(b""))),
    ):
        with pytest.raises(error) as caught:
            call()
        told += traceback.format_exception(caught.value)
    assert ftp_server.password not in "".join(told) + caplog.text
    storage.close()


# -- servers that are different


@pytest.fixture
def keeping(start: Callable[..., Any]) -> Iterator[tuple[Ftpd, str]]:
    """A server that renames over nothing."""
    server = start(Ftpd, keeps=True)
    with server.directory() as directory:
        yield server, directory


def test_a_server_that_renames_over_nothing(keeping: tuple[Ftpd, str]) -> None:
    server, directory = keeping
    storage = FTPStorage(**server.options(directory), allow_overwrite=True)
    for content in (b"1", b"2", b"3"):
        assert storage.save("d/a.txt", ContentFile(content)) == "d/a.txt"
        assert storage.open("d/a.txt").read() == content
        storage.save("d/b.txt", ContentFile(content + b"b"))
        storage.move("d/b.txt", "d/a.txt", overwrite=True)
        assert storage.open("d/a.txt").read() == content + b"b"
    with pytest.raises(FileExistsError):
        storage.write("d/a.txt", ContentFile(b"x"))
    assert [path.name for path in server.local(f"{directory}/d").iterdir()] == ["a.txt"]
    storage.close()


def test_what_stood_aside_comes_back(keeping: tuple[Ftpd, str], monkeypatch: Any) -> None:
    server, directory = keeping
    storage = FTPStorage(**server.options(directory), allow_overwrite=True)
    storage.save("a.txt", ContentFile(b"old"))
    tree = storage._pool()._connect()
    with pytest.raises(FileNotFoundError):
        tree._replace(storage._key("none.txt"), storage._key("a.txt"))
    assert storage.open("a.txt").read() == b"old"
    assert storage.listdir("") == ([], ["a.txt"])
    tree.close()
    storage.close()


def test_several_errors_at_once() -> None:
    found = [each for each in vars(ftp_errors).values() if isinstance(each, type)]
    errors = [each for each in found if issubclass(each, FTPStorageException)]
    assert len(errors) == 10
    for each in errors:
        error = pickle.loads(pickle.dumps(each("message")))
        assert isinstance(error, OSError)
        assert str(error) == "message"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("421 Timeout.", ConnectionError),
        ("425 No data connection.", ConnectionError),
        ("426 Aborted.", ConnectionError),
        ("what", ConnectionError),
        ("550 No.", FTPStorageException),
        ("552 No space left.", FTPStorageException),
    ],
)
def test_replies(reply: str, error: type[Exception]) -> None:
    found = ftp_errors.refusal("STOR of 'a.txt'", reply)
    assert isinstance(found, error)
    assert isinstance(found, ConnectionError) is (error is ConnectionError)
    assert re.fullmatch(f"STOR of 'a.txt' (broke|failed): {reply}", str(found))
    assert pickle.loads(pickle.dumps(found)).__dict__ == found.__dict__


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("550 Permission denied.", True),
        ("550 Not enough privileges.", True),
        ("550 Operation not permitted", True),
        ("550 No such file or directory.", False),
        ("550 Access denied: no such file", False),
        ("550 Could not get file size.", False),
    ],
)
def test_refusals(said: str, denied: bool) -> None:
    found = ftp_errors.refusal("SIZE of 'a.txt'", said)
    assert isinstance(found, ftp_errors.Refusal)
    assert found.denied is denied


def test_the_file_class(storage: FTPStorage) -> None:
    """Its arguments have the order that django-storages gives them."""
    with storage.open("d/a.txt") as file:
        assert isinstance(file, FTPStorageFile)
    with FTPStorageFile("d/a.txt", storage, "rb") as file:
        assert file.read() == b"content"
    with FTPStorageFile("d/b.txt", storage, "wb") as file:
        file.write(b"1")
        file.write(b"2")
    assert storage.open("d/b.txt", "r").read() == "12"
