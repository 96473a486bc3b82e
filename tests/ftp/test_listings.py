"""What FTP servers list: lines of all kinds, and what is made of them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from storages.backends.ftp import FTPStorage
from storages.backends.ftp_listing import (
    Listed,
    parse_facts,
    parse_list,
    parse_mlsd,
    parse_mlst,
    time_of,
)
from tests.servers import Ftpd, FtpServer

FILE, DIR, LINK = (False, False), (True, False), (False, True)

UNIX = [
    ("-rw-r--r--   1 owner    group       1234 Jan  1 12:00 a.txt", "a.txt", 1234, FILE),
    ("-rw-r--r--   1 owner    group       1234 Jan  1  2020 a.txt", "a.txt", 1234, FILE),
    (
        "-rw-r--r--   1 owner    group       1234 Feb 29 2024 with spaces.txt",
        "with spaces.txt",
        1234,
        FILE,
    ),
    ("-rw-r--r--   1 owner    group          1 Jan 11 12:00  two before", " two before", 1, FILE),
    ("-rw-r--r--   1 owner    group          1 Jan 11 12:00 after  ", "after  ", 1, FILE),
    ("-rw-r--r--   1 owner    group          1 Jan 11 12:00 a  b", "a  b", 1, FILE),
    ("-rw-r--r--   1 Domain Users Domain Admins 7 Jan 11 12:00 x", "x", 7, FILE),
    ("-rw-r--r--   1 user 12 staff 100 Jan 11 12:00 Jan 1 2020 x", "Jan 1 2020 x", 100, FILE),
    ("drwxr-xr-x    2 0        0            4096 Jan 01 12:00 pub", "pub", 4096, DIR),
    ("drwxrwxrwt+ 2 0 0 4096 Jan 01 12:00 acl", "acl", 4096, DIR),
    ("-rw-r--r--. 1 0 0 5 Jan 01 12:00 selinux", "selinux", 5, FILE),
    ("-rw-r--r--@ 1 0 0 5 Jan 01 12:00 mac", "mac", 5, FILE),
    ("-rwsr-Sr-T 1 0 0 5 Jan 01 12:00 sticky", "sticky", 5, FILE),
    ("-rw-r--r-- owner group 5 Jan 01 12:00 no-links", "no-links", 5, FILE),
    ("-rw-r--r-- 1 owner 5 Jan 01 12:00 no-group", "no-group", 5, FILE),
    ("-rw-r--r--1234 owner group 5 Jan 01 12:00 many-links", "many-links", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 2024-02-29 12:00 iso", "iso", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 2024-02-29 12:00:01.123456789 +0100 full", "full", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 29 Feb 2024 day-first", "day-first", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 29. Feb. 12:00 dots", "dots", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 Mär 29 12:00 german", "german", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 févr. 29 12:00 french", "french", 5, FILE),
    ("-rw-r--r-- 1 0 0 99999999999 Jan 01 12:00 large", "large", 99999999999, FILE),
    ("crw-rw-rw- 1 0 0 1, 3 Jan 01 12:00 null", "null", 0, FILE),
    ("prw-rw-rw- 1 0 0 0 Jan 01 12:00 pipe", "pipe", 0, FILE),
    ("-rw-r--r-- 1 0 0 5 Jan 01 12:00 日本語.txt", "日本語.txt", 5, FILE),
    ("-rw-r--r-- 1 0 0 5 Jan 01 12:00 a -> b", "a -> b", 5, FILE),
    ("lrwxrwxrwx 1 0 0 6 Jan 01 12:00 link -> target", "link", None, LINK),
    ("lrwxrwxrwx 1 0 0 6 Jan 01 12:00 l -> k -> target", "l -> k", None, LINK),
    ("lrwxrwxrwx 1 0 0 11 Jan 01 12:00 l -> k -> target", "l", None, LINK),
    ("lrwxrwxrwx 1 0 0 0 Jan 01 12:00 no-target", "no-target", None, LINK),
]

DOS = [
    ("01-29-26  03:04PM       <DIR>          folder", "folder", 0, DIR),
    ("01-29-26  03:04PM       <DIR>           space before", " space before", 0, DIR),
    ("01-29-26  03:04PM                 1234 a.txt", "a.txt", 1234, FILE),
    ("01-29-26  03:04PM                 1234  with spaces ", " with spaces ", 1234, FILE),
    ("01-29-2026  15:04                 1234 a.txt", "a.txt", 1234, FILE),
    ("2026-01-29  15:04            1,234,567 a.txt", "a.txt", 1234567, FILE),
    ("29.01.2026  15:04            1.234.567 a.txt", "a.txt", 1234567, FILE),
    ("01/29/2026  03:04 PM    <DIR>          folder", "folder", 0, DIR),
    ("01-29-26  03:04PM       <JUNCTION>     link [C:\\place]", "link", None, LINK),
    ("01-29-26  03:04PM       <SYMLINKD>     link [C:\\place]", "link", None, LINK),
]


@pytest.mark.parametrize(("line", "name", "size", "kind"), UNIX + DOS)
def test_a_line(line: str, name: str, size: int | None, kind: tuple[bool, bool]) -> None:
    (found,) = parse_list([line])
    assert found == Listed(name, size, *kind)


@pytest.mark.parametrize(
    "line", ["total 12", "", " ", "ls: none: No such file", "a.txt", "-rw-r--r--"]
)
def test_no_line(line: str) -> None:
    assert list(parse_list([line])) == []


NAMES = st.text(st.characters(exclude_characters="\0\r\n/"), min_size=1)


@given(NAMES, st.integers(0, 2**60), st.booleans())
def test_any_name_comes_out(name: str, size: int, is_dir: bool) -> None:
    unix = f"{'d' if is_dir else '-'}rw-r--r--   1 1000     1000 {size:>12} Jan  1 12:00 {name}"
    what = f"{'<DIR>':14}" if is_dir else str(size)
    dos = f"01-29-26  03:04PM{what:>21} {name}"
    kind = "dir" if is_dir else "file"
    facts = f"Type={kind};Size={size};Modify=20240229120000.123;UNIX.mode=0644; {name}"
    for found in (*parse_list([unix, dos]), *parse_mlsd([facts])):
        assert (found.name, found.is_dir, found.is_link) == (name, is_dir, False)
        assert is_dir or found.size == size


@given(st.text())
def test_any_text_is_a_line_or_none(text: str) -> None:
    list(parse_list([text]))
    list(parse_mlsd([text]))
    parse_mlst(text)


def test_facts() -> None:
    line = "modify=20240229120000;SIZE=12;Type=File;Unique=1AgB; a;b = c.txt"
    entry = parse_facts(line).entry("d/a")  # type: ignore[union-attr]  # it is a line
    assert (entry.key, entry.size, entry.is_dir) == ("d/a", 12, False)
    assert entry.modified == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert entry.etag == "20240229120000-12-1AgB"


@pytest.mark.parametrize(
    ("kind", "is_dir", "is_link"),
    [
        ("dir", True, False),
        ("DIR", True, False),
        ("OS.unix=symlink", False, True),
        ("OS.unix=slink:/target", False, True),
        ("OS.UNIX=SLINK", False, True),
        ("OS.unix=chr-1/3", False, False),
        ("file", False, False),
    ],
)
def test_types(kind: str, is_dir: bool, is_link: bool) -> None:
    (found,) = parse_mlsd([f"type={kind};size=3; a"])
    assert (found.is_dir, found.is_link) == (is_dir, is_link)


def test_a_directory_does_not_list_itself() -> None:
    lines = ["type=cdir; .", "Type=pdir; ..", "type=PDIR; /up", "type=file;size=0; a"]
    assert [found.name for found in parse_mlsd(lines)] == ["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240229120000", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("20240229120000.5", datetime(2024, 2, 29, 12, 0, 0, 500_000, UTC)),
        ("20240229120000.123456789", datetime(2024, 2, 29, 12, 0, 0, 123_456, UTC)),
        (" 20240229120000 ", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("20230229120000", None),
        ("2024", None),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_times(text: str, expected: datetime | None) -> None:
    assert time_of(text) == expected


# -- on servers


def storage_on(server: FtpServer, directory: str, **options: Any) -> FTPStorage:
    return FTPStorage(**server.options(directory, encoding="utf-8"), **options)


ODD = [
    "a b",
    " before",
    "after ",
    "two  inside",
    "-a",
    "ü.txt",
    "1 Jan 2020 x",
    "*",
    "[a]",
    "~",
    ".x",
]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"without": ("MLSD",)},
        {"without": ("MLSD", "MLST", "FEAT")},
        {"without": ("MLSD", "MLST"), "dos": True},
        {"without": ("MLSD", "MLST", "SIZE", "MDTM")},
    ],
)
def test_odd_names_on_servers_of_all_kinds(
    start: Callable[..., Any], settings: dict[str, Any]
) -> None:
    server = start(Ftpd, **settings)
    with server.directory() as directory:
        for name in ODD:
            folder = server.local(f"{directory}/in {name}")
            folder.mkdir()
            (folder / name).write_bytes(b"content")
        storage = storage_on(server, directory)
        assert sorted(storage.listdir("")[0]) == sorted(f"in {name}" for name in ODD)
        for name in ODD:
            assert storage.listdir(f"in {name}") == ([], [name])
            assert storage.size(f"in {name}/{name}") == 7
            assert [each.size for each in storage.scan(f"in {name}")] == [7]
            assert storage.open(f"in {name}/{name}").read() == b"content"
        with pytest.raises(FileNotFoundError):
            storage.listdir("none")
        with pytest.raises(NotADirectoryError):
            storage.listdir("in a b/a b")
        assert not storage.exists("none")
        assert storage.exists("in a b")
        storage.close()


def test_links(ftp_server: FtpServer, ftp_server_directory: str) -> None:
    local = ftp_server.local(ftp_server_directory)
    (local / "folder").mkdir()
    (local / "folder/a.txt").write_bytes(b"content")
    (local / "to-file").symlink_to("folder/a.txt")
    (local / "to-folder").symlink_to("folder")
    storage = storage_on(ftp_server, ftp_server_directory)
    assert sorted(storage.listdir("")[0]) == ["folder", "to-folder"]
    assert storage.listdir("")[1] == ["to-file"]
    assert storage.stat("to-file").size == 7
    assert storage.open("to-folder/a.txt").read() == b"content"
    storage.delete("to-file")
    assert storage.open("folder/a.txt").read() == b"content"
    storage.close()


def test_a_link_is_not_followed_where_the_server_tells_of_it(
    vsftpd: FtpServer, vsftpd_directory: str
) -> None:
    local = vsftpd.local(vsftpd_directory)
    for folder in ("outside", "inside/deep"):
        (local / folder).mkdir(parents=True)
        (local / folder / "a.txt").write_bytes(b"content")
        vsftpd.own(local / folder)
    vsftpd.own(local / "inside")
    (local / "inside/link").symlink_to("../outside")
    (local / "inside/circle").symlink_to(".")
    (local / "inside/broken").symlink_to("nowhere")
    storage = storage_on(vsftpd, vsftpd_directory)
    assert sorted(storage.listdir("inside")[0]) == ["circle", "deep", "link"]
    assert storage.listdir("inside")[1] == ["broken"]
    found = [entry.name for entry in storage.scan("inside")]
    assert "inside/deep/a.txt" in found
    assert "inside/link/a.txt" not in found
    storage.delete_tree("inside")
    assert sorted(os.listdir(local)) == ["outside"]
    assert (local / "outside/a.txt").read_bytes() == b"content"
    storage.close()


def test_litter_is_hidden_and_swept(ftp_server: FtpServer, ftp_server_directory: str) -> None:
    """What an upload left that ended with its process, a day after."""
    local = ftp_server.local(ftp_server_directory)
    old, young = (local / f".storehouse-{age}.part" for age in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
        ftp_server.own(path)
    os.utime(old, (1, 1))
    storage = storage_on(ftp_server, ftp_server_directory)
    assert storage.listdir("") == ([], [])
    storage.save("a.txt", ContentFile(b"content"))
    assert sorted(os.listdir(local)) == [young.name, "a.txt"]
    storage.close()
