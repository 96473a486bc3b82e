"""Files and directories, by Python's own client, on each kind of storage."""

from __future__ import annotations

import ftplib
import io
import os
from typing import Any

import pytest

from storages import bulk
from storages.backends.s3 import S3Storage

MiB = 1024 * 1024


def put(client: ftplib.FTP, name: str, content: bytes = b"content", **more: Any) -> str:
    return client.storbinary(f"STOR {name}", io.BytesIO(content), **more)


def get(client: ftplib.FTP, name: str, **more: Any) -> bytes:
    found = io.BytesIO()
    client.retrbinary(f"RETR {name}", found.write, **more)
    return found.getvalue()


def names(storage: Any) -> list[str]:
    return sorted(entry.name for entry in bulk.scan(storage))


def stored(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        content: bytes = file.read()
    return content


@pytest.fixture
def serving(serve: Any, storage: Any) -> Any:
    return serve(storage)


@pytest.fixture
def client(serving: Any) -> ftplib.FTP:
    client: ftplib.FTP = serving.client()
    client.voidcmd("TYPE I")
    return client


@pytest.mark.parametrize("size", [0, 1, 70_000, 9 * MiB])
def test_what_is_sent_is_stored_and_comes_back(client: Any, storage: Any, size: int) -> None:
    content = os.urandom(size)
    assert put(client, "a b/ü.bin", content).startswith("226")
    assert names(storage) == ["home/ann/a b/ü.bin"]
    assert stored(storage, "home/ann/a b/ü.bin") == content
    assert get(client, "/a b/ü.bin") == content
    assert client.size("a b/ü.bin") == size


def test_a_file_is_replaced(client: Any, storage: Any) -> None:
    for content in (b"one", b"another"):
        put(client, "a.txt", content)
        assert get(client, "a.txt") == content
    assert names(storage) == ["home/ann/a.txt"]


def test_listings(client: Any) -> None:
    put(client, "b.txt", b"12345")
    put(client, "d/c.txt", b"1")
    put(client, "a b.txt", b"")
    assert client.nlst() == ["a b.txt", "b.txt", "d"]
    assert client.nlst("d") == ["c.txt"]
    assert client.nlst("b.txt") == ["b.txt"]
    lines: list[str] = []
    client.dir(lines.append)
    fields = [line.split(maxsplit=8) for line in lines]
    assert [(mode[0], size, name) for mode, _, _, _, size, _, _, _, name in fields] == [
        ("-", "0", "a b.txt"),
        ("-", "5", "b.txt"),
        ("d", "0", "d"),
    ]
    found = dict(client.mlsd())
    assert {name: (facts["type"], facts.get("size")) for name, facts in found.items()} == {
        "a b.txt": ("file", "0"),
        "b.txt": ("file", "5"),
        "d": ("dir", "0"),
    }
    assert found["b.txt"]["modify"] == client.sendcmd("MDTM b.txt")[4:]
    assert "type=file" in client.sendcmd("MLST b.txt")
    assert "type=dir" in client.sendcmd("MLST d")
    assert "type=dir" in client.sendcmd("MLST /")
    assert "b.txt" in client.sendcmd("STAT /")


def test_directories_come_and_go(client: Any, storage: Any) -> None:
    assert client.mkd("new") == "/new"
    assert client.cwd("new") == '250 "/new" is the current directory.'
    assert client.nlst() == []
    client.mkd("deep")
    assert client.nlst("/") == ["new"]
    assert client.nlst() == ["deep"]
    with pytest.raises(ftplib.error_perm, match="550"):
        client.mkd("deep")
    with pytest.raises(ftplib.error_perm, match=r"550 .*not empty\.$"):
        client.rmd("/new")
    put(client, "deep/a.txt")
    with pytest.raises(ftplib.error_perm, match=r"550 .*not empty\.$"):
        client.rmd("deep")
    client.delete("deep/a.txt")
    assert client.nlst("/new") == ["deep"]  # a directory does not go with its last file
    client.rmd("deep")
    client.cwd("/")
    client.rmd("new")
    assert client.nlst() == []
    assert names(storage) == []


def test_a_home_that_is_the_root_of_the_storage(serve: Any, account: Any, sent: Any) -> None:
    account(home_dir="/")
    serving = serve()
    client = serving.client()
    assert client.cwd("/") == '250 "/" is the current directory.'
    assert client.nlst() == []
    put(client, "a.txt")
    put(client, "/d/b.txt")
    assert names(serving.storage) == ["a.txt", "d/b.txt"]
    assert sorted(client.nlst("/")) == ["a.txt", "d"]
    client.delete("a.txt")
    client.makepasv()
    for command in ("RMD /", "RNFR /", "DELE /", "STOR /"):
        with pytest.raises(ftplib.error_perm, match=r"550 (?!The storage failed)"):
            client.sendcmd(command)
    client.quit()
    paths = [about["path"] for name, about in sent if "path" in about]
    assert paths == ["/a.txt", "/d/b.txt", "/a.txt"]


def test_renames_files_and_directories(client: Any, storage: Any) -> None:
    put(client, "a.txt", b"a")
    put(client, "b.txt", b"b")
    client.rename("a.txt", "b.txt")
    assert get(client, "b.txt") == b"a"
    put(client, "d/e/c.txt", b"c")
    client.mkd("d/empty")
    client.rename("d", "moved")
    assert names(storage) == ["home/ann/b.txt", "home/ann/moved/e/c.txt"]
    assert client.nlst("moved") == ["e", "empty"]
    client.rename("moved/empty", "moved/void")
    assert client.nlst("moved") == ["e", "void"]
    for source, target in (("b.txt", "moved"), ("moved", "b.txt"), ("moved", "moved/e/x")):
        with pytest.raises(ftplib.error_perm, match="550"):
            client.rename(source, target)
    assert names(storage) == ["home/ann/b.txt", "home/ann/moved/e/c.txt"]


def test_resumes_and_appends(client: Any) -> None:
    put(client, "a.txt", b"0123456789")
    assert get(client, "a.txt", rest=4) == b"456789"
    assert get(client, "a.txt", rest=10) == b""
    with pytest.raises(ftplib.error_perm, match="554"):
        get(client, "a.txt", rest=11)
    put(client, "a.txt", b"new", rest=4)
    assert get(client, "a.txt") == b"0123new"
    client.storbinary("APPE a.txt", io.BytesIO(b", more"))
    assert get(client, "a.txt") == b"0123new, more"
    client.storbinary("APPE b.txt", io.BytesIO(b"first"))
    assert get(client, "b.txt") == b"first"
    with pytest.raises(ftplib.error_perm, match="554"):
        put(client, "none.txt", b"x", rest=4)
    assert client.nlst() == ["a.txt", "b.txt"]


def test_unique_names(client: Any, storage: Any) -> None:
    put(client, "a.txt", b"old")
    for command in ("STOU", "STOU a.txt", "STOU a.txt"):
        client.storbinary(command, io.BytesIO(b"unique"))
    found = names(storage)
    assert len(found) == 4
    assert [stored(storage, name) for name in found].count(b"unique") == 3
    assert stored(storage, "home/ann/a.txt") == b"old"


def test_what_is_not_there(client: Any) -> None:
    for do in (
        lambda: get(client, "none.txt"),
        lambda: client.size("none.txt"),
        lambda: client.delete("none.txt"),
        lambda: client.rename("none.txt", "b.txt"),
        lambda: client.cwd("none"),
        lambda: client.rmd("none"),
        lambda: client.dir("none"),
        lambda: client.nlst("none"),
        lambda: list(client.mlsd("none")),
        lambda: client.sendcmd("MDTM none.txt"),
        lambda: client.sendcmd("MLST none.txt"),
    ):
        with pytest.raises(ftplib.error_perm, match=r"^5\d\d "):
            do()
    assert client.pwd() == "/"


def test_a_directory_is_no_file(client: Any) -> None:
    put(client, "d/a.txt")
    client.mkd("empty")
    for name in ("d", "empty", "/"):
        for do in (client.delete, client.size, lambda name: get(client, name)):
            with pytest.raises(ftplib.error_perm, match=r"^550 "):
                do(name)
    with pytest.raises(ftplib.error_perm, match=r"^550 "):
        put(client, "empty", b"")
    assert client.nlst() == ["d", "empty"]


def test_what_was_found_out_is_forgotten_when_it_changes(client: Any) -> None:
    put(client, "a.txt", b"1")
    for content in (b"12", b"123"):
        client.nlst("a.txt")  # which learns its size
        put(client, "a.txt", content)
        assert client.size("a.txt") == len(content)
    client.nlst("a.txt")
    client.delete("a.txt")
    with pytest.raises(ftplib.error_perm, match="550"):
        client.size("a.txt")


def test_ascii_transfers(client: Any, storage: Any) -> None:
    client.storlines("STOR a.txt", io.BytesIO(b"one\r\ntwo\r\n"))
    assert stored(storage, "home/ann/a.txt") == b"one\ntwo\n"
    lines: list[str] = []
    client.retrlines("RETR a.txt", lines.append)
    assert lines == ["one", "two"]
    client.voidcmd("TYPE A")
    with client.transfercmd("STOR b.txt") as data:
        data.sendall(b"ends with\r")
    client.voidresp()
    assert stored(storage, "home/ann/b.txt") == b"ends with\r"


def test_times_are_set_where_that_is_possible(serve: Any, storage: Any, account: Any) -> None:
    account(permission="elradfwT")
    client = serve(storage).client()
    put(client, "a.txt")
    if isinstance(storage, S3Storage):
        with pytest.raises(ftplib.error_perm, match=r"^550 The storage cannot do that\.$"):
            client.sendcmd("MFMT 20200229123015 a.txt")
        return
    answer = client.sendcmd("MFMT 20200229123015 a.txt")
    assert answer.startswith("213 Modify=20200229123015; ")
    assert client.sendcmd("MDTM a.txt") == "213 20200229123015"
