"""Names over SFTP: odd ones, those that are not UTF-8, and those that would leave the root."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends.sftpstorage import SFTPStorage


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- names


NAMES = [
    " spaces  inside ",
    'it\'s "quoted"',
    "new\nline\ttab",
    "ünïcödé 文件 🎉",
    "u\u0308 decomposed",
    "-rf *;$(x)|`y`",
    "%41%2F..",
    "..a",
    "a..",
    "~",
    ".hidden",
    "x" * 255,
]


def test_odd_names(storage: SFTPStorage, here: Path) -> None:
    for name in NAMES:
        storage.write(f"{name}/{name}", ContentFile(name.encode()))
    assert sorted(storage.listdir("")[0]) == sorted(NAMES)
    assert sorted(each.name for each in here.iterdir()) == sorted(NAMES)
    for name in NAMES:
        with storage.open(f"{name}/{name}") as file:
            assert file.read() == name.encode()
        storage.move(f"{name}/{name}", f"{name}/moved")
        assert storage.listdir(name) == ([], ["moved"])
        storage.delete_tree(name)
    assert list(here.iterdir()) == []


def test_names_that_are_not_utf8(storage: SFTPStorage, here: Path) -> None:
    raw = os.fsencode(here) + b"/caf\xe9.txt"
    Path(os.fsdecode(raw)).write_text("latin")
    (here / "a.txt").write_text("x")
    _, files = storage.listdir("")
    assert sorted(map(os.fsencode, files)) == [b"a.txt", b"caf\xe9.txt"]
    (name,) = set(files) - {"a.txt"}
    assert storage.open(name).read() == b"latin"
    storage.delete(name)
    assert storage.listdir("") == ([], ["a.txt"])


def test_a_name_that_is_too_long_is_an_error(storage: SFTPStorage, here: Path) -> None:
    with pytest.raises(OSError, match=r"x{50}") as caught:
        storage.write("x" * 256, ContentFile(b"x"))
    assert not isinstance(caught.value, ConnectionError | FileNotFoundError)
    assert list(here.iterdir()) == []


# -- the wall


@pytest.mark.parametrize("name", ["../x", "d/../../x", "/etc/passwd", "..\\x", "//x", "a\0b"])
@pytest.mark.parametrize("relative", [True, False])
def test_the_root_is_a_wall(make: Any, here: Path, name: str, relative: bool) -> None:
    root = os.path.relpath(here, Path.home()) if relative else str(here)
    storage = make(root_path=f"{root}/root")
    (here / "x").write_text("beside")
    for use in (
        storage.open,
        storage.exists,
        storage.size,
        storage.delete,
        storage.listdir,
        storage.stat,
        lambda name: storage.save(name, ContentFile(b"x")),
        lambda name: storage.copy("a.txt", name),
        lambda name: storage.delete_tree(name),
    ):
        with pytest.raises(SuspiciousFileOperation):
            use(name)
    assert [each.name for each in here.iterdir()] == ["x"]


def test_a_root_above_the_login_directory(make: Any, here: Path) -> None:
    up = os.path.relpath(here, Path.home())
    assert up.startswith("../")
    with make(root_path=up) as storage:
        storage.save("d/a.txt", ContentFile(b"x"))
        assert storage.listdir("") == (["d"], [])
        assert [each.name for each in storage.scan("")] == ["d/a.txt"]
        assert storage.url("d/a.txt") == "/media/d/a.txt"
    assert (here / "d" / "a.txt").read_bytes() == b"x"


def test_the_login_directory_is_the_default_root(make: Any, here: Path) -> None:
    storage = make(root_path="")
    assert set(storage.listdir("")[0]) == {
        each.name for each in Path.home().iterdir() if each.is_dir()
    }
    assert storage.exists("")
    assert make(root_path="/").exists(str(here).lstrip("/"))


def test_a_root_is_made_when_it_is_needed(make: Any, here: Path) -> None:
    storage = make(root_path=f"{here}/new/root", dir_mode=0o750)
    assert storage.listdir("") == ([], [])
    assert list(here.iterdir()) == []
    storage.save("a.txt", ContentFile(b"x"))
    assert mode(here / "new" / "root") == 0o750
