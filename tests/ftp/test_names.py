"""Names on FTP: their encoding, where they begin, and what may never be sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends.ftp import FTPStorage, FTPStorageException
from tests.servers import Ftpd, FtpServer, Vsftpd, count_ftp

# -- encodings


@pytest.mark.parametrize(
    ("offered", "encoding", "sent"),
    [
        ("utf-8", None, "utf-8"),
        ("latin-1", None, "latin-1"),
        ("latin-1", "latin-1", "latin-1"),
        ("latin-1", "utf-8", "utf-8"),
        ("utf-8", "utf-8", "utf-8"),
        ("cp1251", "cp1251", "cp1251"),
    ],
)
def test_the_encoding_is_agreed_on_or_given(
    start: Callable[..., Any], offered: str, encoding: str | None, sent: str
) -> None:
    """What the server takes names for is not asked: the bytes on its disk count."""
    server = start(Ftpd, encoding=offered)
    name = "файл" if sent == "cp1251" else "Grüße"
    with server.directory() as directory:
        storage = FTPStorage(**server.options(directory), encoding=encoding)
        storage.save(f"{name}/{name}.txt", ContentFile(b"content"))
        assert storage.listdir("") == ([name], [])
        assert storage.listdir(name) == ([], [f"{name}.txt"])
        assert storage.open(f"{name}/{name}.txt").read() == b"content"
        (folder,) = server.local(directory).iterdir()
        on_disk = str(folder.name).encode("utf-8", "surrogateescape").decode("utf-8")
        assert on_disk == name.encode(sent).decode(offered)
        storage.close()


def test_a_name_that_the_encoding_lacks(vsftpd: FtpServer, vsftpd_directory: str) -> None:
    """vsftpd does not offer UTF-8, though it takes names as they come."""
    storage = FTPStorage(**vsftpd.options(vsftpd_directory))
    for call in (storage.exists, storage.open, storage.delete, storage.listdir):
        with pytest.raises(FTPStorageException, match=r"日本語.*latin-1.*FTP_STORAGE_ENCODING"):
            call("日本語.txt")
    with pytest.raises(FTPStorageException, match="FTP_STORAGE_ENCODING"):
        storage.save("日本語.txt", ContentFile(b"content"))
    with pytest.raises(FTPStorageException, match="FTP_STORAGE_ENCODING"):
        storage.save("日本語/a.txt", ContentFile(b"content"))
    assert storage.listdir("") == ([], [])
    utf8 = FTPStorage(**vsftpd.options(vsftpd_directory), encoding="utf-8")
    assert utf8.save("日本語.txt", ContentFile(b"content")) == "日本語.txt"
    storage.close()
    utf8.close()


def test_names_in_another_encoding_are_listed_and_can_be_used(
    vsftpd: FtpServer, vsftpd_directory: str
) -> None:
    """A file that another client has named in latin-1, seen in UTF-8."""
    path = bytes(vsftpd.local(vsftpd_directory)) + b"/Gr\xfc\xdfe.txt"
    with open(path, "wb") as file:
        file.write(b"content")
    storage = FTPStorage(**vsftpd.options(vsftpd_directory), encoding="utf-8")
    (name,) = storage.listdir("")[1]
    assert name.encode("utf-8", "surrogateescape") == b"Gr\xfc\xdfe.txt"
    assert storage.open(name).read() == b"content"
    storage.delete(name)
    assert storage.listdir("") == ([], [])
    storage.close()


# -- injection


@pytest.mark.parametrize("bad", ["a\nDELE kept.txt", "a\r\nDELE kept.txt", "a\rb", "a\0b", "a\n"])
def test_no_name_is_another_command(
    ftp_server: FtpServer, ftp_server_directory: str, bad: str
) -> None:
    storage = FTPStorage(**ftp_server.options(ftp_server_directory))
    storage.save("kept.txt", ContentFile(b"kept"))
    calls: list[Callable[[str], Any]] = [
        storage.open,
        storage.exists,
        storage.size,
        storage.delete,
        storage.listdir,
        storage.stat,
        storage.get_modified_time,
        storage.delete_tree,
        lambda name: list(storage.scan(name)),
        lambda name: storage.open(name, "wb"),
        lambda name: storage.save(name, ContentFile(b"new")),
        lambda name: storage.save(f"d/{name}/x", ContentFile(b"new")),
        lambda name: storage.move("kept.txt", name),
        lambda name: storage.copy(name, "other.txt"),
    ]
    with count_ftp(ftp_server) as seen:
        for call in calls:
            with pytest.raises(SuspiciousFileOperation):
                call(bad)
    assert seen == []
    assert storage.listdir("") == ([], ["kept.txt"])
    storage.close()


# -- where they begin


@pytest.mark.parametrize("login", ["/home/user", "/ü b"])
def test_paths_begin_where_the_login_does(start: Callable[..., Any], login: str) -> None:
    server = start(Ftpd, login=login)
    home = server.local(login)
    (home / "inside").mkdir()
    storage = FTPStorage(location=f"{server.location(login).rstrip('/.')}/inside")
    for turn in range(2):
        assert storage.save(f"d/{turn}.txt", ContentFile(b"content")) == f"d/{turn}.txt"
        assert storage.open(f"d/{turn}.txt").read() == b"content"
        storage.close()
    assert sorted(path.name for path in (home / "inside/d").iterdir()) == ["0.txt", "1.txt"]
    with count_ftp(server) as seen:
        storage.exists("d/0.txt")
    assert f"MLST {login}/inside/d/0.txt" in seen
    storage.close()


def test_after_a_failure_the_next_save_lands_where_it_should(
    ftp_server: FtpServer, ftp_server_directory: str
) -> None:
    storage = FTPStorage(**ftp_server.options(ftp_server_directory))
    storage.save("d/a.txt", ContentFile(b"content"))
    for failing in (storage.open, storage.size, storage.listdir):
        for name in ("d/none.txt", "none/none", "d/a.txt/x"):
            with pytest.raises((FileNotFoundError, NotADirectoryError)):
                failing(name)
    assert storage.save("d/x", ContentFile(b"x")) == "d/x"
    local = ftp_server.local(ftp_server_directory)
    assert sorted(str(path.relative_to(local)) for path in local.rglob("*")) == [
        "d",
        "d/a.txt",
        "d/x",
    ]
    storage.close()


def test_the_location_is_made_by_the_first_file(start: Callable[..., Any]) -> None:
    for kind in (Ftpd, Vsftpd):
        server = start(kind)
        with server.directory() as directory:
            storage = FTPStorage(**server.options(f"{directory}/new/deep"))
            assert storage.listdir("") == ([], [])
            assert storage.exists("")
            assert not storage.exists("a.txt")
            storage.save("a.txt", ContentFile(b"content"))
            assert (server.local(directory) / "new/deep/a.txt").read_bytes() == b"content"
            storage.close()
