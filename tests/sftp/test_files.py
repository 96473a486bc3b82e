"""Files on a real SSH server: modes and owners, links, odd names, what may not be done."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.sftpstorage import SFTPStorage
from tests.servers import Sshd, count_sftp

KiB = 1024
MiB = 1024 * KiB

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def replacing(make: Callable[..., SFTPStorage]) -> SFTPStorage:
    return make(file_overwrite=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- modes and owners


@pytest.mark.parametrize("size", [10, 9 * MiB])
def test_modes_whatever_the_umask(
    sshd: Sshd, sftp_directory: str, make: Any, here: Path, size: int
) -> None:
    storage = make(file_mode=0o666, dir_mode=0o2777)
    with count_sftp(sshd, sftp_directory) as seen:
        storage.save("a/b/c.bin", ContentFile(bytes(size)))
    assert mode(here / "a" / "b" / "c.bin") == 0o666
    assert mode(here / "a") == mode(here / "a" / "b") == 0o2777
    # Nobody sees the file before it is as it shall be.
    operations = [each.operation for each in seen]
    assert "setstat" in operations
    assert operations[-1] == "rename"
    assert seen[-1].paths[1] == "a/b/c.bin"
    assert {each.operation for each in seen[:-1] if "a/b/c.bin" in each.paths} <= {"stat"}


def test_without_modes_the_server_decides(make: Any, here: Path) -> None:
    make().save("d/a.txt", ContentFile(b"x"))
    (here / "e").mkdir()
    (here / "e" / "a.txt").touch()
    assert mode(here / "d") == mode(here / "e")
    assert mode(here / "d" / "a.txt") == mode(here / "e" / "a.txt")


@root_only
@pytest.mark.parametrize(
    ("options", "owner"),
    [({"uid": 1234, "gid": 2345}, (1234, 2345)), ({"uid": 1234}, (1234, 0)), ({"gid": 7}, (0, 7))],
)
def test_owners(make: Any, here: Path, options: Any, owner: tuple[int, int]) -> None:
    make(file_mode=0o640, **options).save("d/a.txt", ContentFile(b"x"))
    found = (here / "d" / "a.txt").stat()
    assert (found.st_uid, found.st_gid) == owner
    assert mode(here / "d" / "a.txt") == 0o640
    made = (here / "d").stat()
    assert (made.st_uid, made.st_gid) == owner


def test_a_mode_that_is_refused_leaves_nothing(
    start: Callable[..., Sshd], sftp_directory: str
) -> None:
    server = start(Sshd, denied=("setstat", "lsetstat"))
    with server.directory() as directory:
        for options in ({"file_mode": 0o600}, {"dir_mode": 0o700}):
            with (
                SFTPStorage(**server.options(directory, **options)) as storage,
                pytest.raises(PermissionError, match="d"),
            ):
                storage.save("d/a.txt", ContentFile(b"x"))
            assert list(server.local(directory).iterdir()) == []


# -- links


def test_links_are_followed_but_not_deleted_through(
    storage: SFTPStorage, here: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    (here / "tree" / "sub").mkdir(parents=True)
    (here / "tree" / "a.txt").write_text("content")
    (here / "tree" / "dir").symlink_to(tmp_path)
    (here / "tree" / "up").symlink_to(here)  # a circle
    (here / "tree" / "file").symlink_to("a.txt")
    (here / "tree" / "nowhere").symlink_to("missing")
    (here / "tree" / "loop").symlink_to("loop")
    dirs, files = storage.listdir("tree")
    assert sorted(dirs) == ["dir", "sub", "up"]
    assert sorted(files) == ["a.txt", "file", "loop", "nowhere"]
    assert storage.size("tree/file") == 7
    assert storage.open("tree/dir/outside.txt").read() == b"outside"
    assert not storage.exists("tree/nowhere")
    found = {each.name: each for each in storage.scan("tree")}
    assert sorted(found) == ["tree/a.txt", "tree/file", "tree/loop", "tree/nowhere"]
    assert found["tree/file"].is_link
    assert found["tree/file"].size == 7
    assert found["tree/nowhere"].is_link
    assert not found["tree/a.txt"].is_link
    assert storage.delete_tree("tree") == 4
    assert list(here.iterdir()) == []
    assert (tmp_path / "outside.txt").read_text() == "outside"


def test_deleting_a_link_leaves_what_it_leads_to(storage: SFTPStorage, here: Path) -> None:
    (here / "a.txt").write_text("content")
    (here / "d").mkdir()
    for name, target in (("file", "a.txt"), ("dir", "d"), ("nowhere", "missing")):
        (here / name).symlink_to(target)
        storage.delete(name)
    assert sorted(each.name for each in here.iterdir()) == ["a.txt", "d"]


def test_saving_over_a_link_keeps_what_it_leads_to(make: Any, here: Path) -> None:
    (here / "a.txt").write_text("old")
    (here / "link").symlink_to("a.txt")
    (here / "nowhere").symlink_to("missing")
    assert make().save("link", ContentFile(b"new")) != "link"
    assert make().save("nowhere", ContentFile(b"new")) != "nowhere"
    assert make(file_overwrite=True).save("link", ContentFile(b"new")) == "link"
    assert (here / "a.txt").read_text() == "old"
    assert (here / "link").read_text() == "new"
    assert not (here / "link").is_symlink()


# -- what the server refuses


def test_refusals_of_the_server_surface(start: Callable[..., Sshd]) -> None:
    server = start(Sshd, read_only=True)
    with server.directory() as directory:
        (server.local(directory) / "a.txt").write_text("x")
        with SFTPStorage(**server.options(directory, file_overwrite=True)) as storage:
            for use in (
                lambda: storage.delete("a.txt"),
                lambda: storage.save("a.txt", ContentFile(b"new")),
                lambda: storage.save("d/b.txt", ContentFile(b"new")),
                lambda: storage.move("a.txt", "b.txt"),
                lambda: storage.delete_tree("", everything=True),
            ):
                with pytest.raises(PermissionError, match=r"a\.txt|\.part|d|b\.txt"):
                    use()
            assert storage.open("a.txt").read() == b"x"
        assert [each.name for each in server.local(directory).iterdir()] == ["a.txt"]


def test_listing_what_may_not_be_listed(start: Callable[..., Sshd]) -> None:
    server = start(Sshd, denied=("opendir", "lstat"))
    with server.directory() as directory:
        (server.local(directory) / "d").mkdir()
        with SFTPStorage(**server.options(directory)) as storage:
            with pytest.raises(PermissionError, match=r"'.*/d'"):
                storage.listdir("d")
            with pytest.raises(PermissionError):
                storage.delete_tree("d")
        assert [each.name for each in server.local(directory).iterdir()] == ["d"]


def test_asking_what_may_not_be_asked(start: Callable[..., Sshd]) -> None:
    server = start(Sshd, denied=("stat", "open"))
    with server.directory() as directory, SFTPStorage(**server.options(directory)) as storage:
        for use in (storage.exists, storage.size, storage.open):
            with pytest.raises(PermissionError, match="secret"):
                use("secret.txt")


def test_a_directory_that_is_not_empty_is_told(storage: SFTPStorage, here: Path) -> None:
    (here / "d" / "e").mkdir(parents=True)
    with pytest.raises(OSError, match="/d' is not empty") as caught:
        storage.delete("d")
    assert caught.value.errno == errno.ENOTEMPTY
    storage.delete("d/e")
    storage.delete("d")
    assert list(here.iterdir()) == []


def test_errors_tell_the_whole_path(storage: SFTPStorage, sftp_directory: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"'{sftp_directory}/a.txt' does not exist"):
        storage.size("a.txt")


def test_a_file_is_no_directory(storage: SFTPStorage, here: Path) -> None:
    (here / "a.txt").write_text("x")
    (here / "d").mkdir()
    with pytest.raises(NotADirectoryError, match=r"a\.txt"):
        storage.listdir("a.txt")
    with pytest.raises(OSError, match=r"a\.txt"):
        storage.save("a.txt/b.txt", ContentFile(b"x"))
    with pytest.raises(OSError, match="d"):
        storage.write("d", ContentFile(b"x"), overwrite=True)
    assert sorted(each.name for each in here.iterdir()) == ["a.txt", "d"]


@pytest.mark.parametrize("size", [10, 20 * MiB])
def test_a_full_disk_is_an_error(start: Callable[..., Sshd], size: int) -> None:
    """A limit on the size of files stands for it; the old file stays, and nothing beside it."""

    class Limited(Sshd):
        def _subsystem(self) -> str:
            # In blocks of 512 bytes; the signal would end the server instead of an error.
            server = super()._subsystem().removeprefix("exec ")
            script = self.folder / "limited"
            script.write_text(
                f"#!/bin/sh\ntrap '' XFSZ\nulimit -f {int(size > 10) * 20480}\nexec {server}\n"
            )
            script.chmod(0o755)
            return str(script)

    server = start(Limited)
    with server.directory() as directory:
        old = server.local(directory) / "a.bin"
        old.write_bytes(b"old")
        with SFTPStorage(**server.options(directory, file_overwrite=True)) as storage:
            with pytest.raises(OSError, match="disk full") as caught:
                storage.save("a.bin", ContentFile(bytes(size)))
            assert not isinstance(caught.value, ConnectionError | PermissionError)
            assert storage.open("a.bin").read() == b"old"
        assert [each.name for each in server.local(directory).iterdir()] == ["a.bin"]


# -- what a replaced file leaves to its successor


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o777])
def test_a_replaced_file_keeps_its_mode(replacing: SFTPStorage, here: Path, mode: int) -> None:
    (here / "a.txt").write_text("old")
    (here / "a.txt").chmod(mode)
    replacing.save("a.txt", ContentFile(b"saved"))
    assert (here / "a.txt").stat().st_mode & 0o7777 == mode
    with replacing.open("a.txt", "wb") as file:
        file.write(b"written")
    assert (here / "a.txt").stat().st_mode & 0o7777 == mode
    assert (here / "a.txt").read_text() == "written"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(replacing: SFTPStorage, here: Path) -> None:
    (here / "a.txt").write_text("old")
    os.chown(here / "a.txt", 12345, 23456)
    replacing.save("a.txt", ContentFile(b"saved"))
    found = (here / "a.txt").stat()
    assert (found.st_uid, found.st_gid) == (12345, 23456)


# -- servers that cannot rename over a file


def test_without_posix_rename_the_old_file_steps_aside(start: Callable[..., Sshd]) -> None:
    server = start(Sshd, denied=("posix-rename",))
    with server.directory() as directory:
        here = server.local(directory)
        with SFTPStorage(**server.options(directory, file_overwrite=True)) as storage:
            assert storage.save("a.txt", ContentFile(b"old")) == "a.txt"
            with count_sftp(server, directory) as seen:
                assert storage.save("a.txt", ContentFile(b"new")) == "a.txt"
            assert [each.operation for each in seen].count("rename") == 2
            assert storage.open("a.txt").read() == b"new"
            storage.save("b.txt", ContentFile(b"b"))
            storage.move("b.txt", "a.txt")
            assert storage.open("a.txt").read() == b"b"
            (here / "d").mkdir()
            with pytest.raises(IsADirectoryError, match="d"):
                storage.write("d", ContentFile(b"x"), overwrite=True)
        assert sorted(each.name for each in here.iterdir()) == ["a.txt", "d"]


# -- reading


def test_a_file_that_is_cut_short_while_it_is_read(storage: SFTPStorage, here: Path) -> None:
    (here / "a.bin").write_bytes(os.urandom(20 * MiB))
    with storage.open("a.bin") as file:
        assert len(file.read(1000)) == 1000
        os.truncate(here / "a.bin", MiB)
        with pytest.raises(OSError, match=r"a\.bin"):
            file.read()
    assert storage.size("a.bin") == MiB


def test_a_file_that_grows_is_read_as_it_was(storage: SFTPStorage, here: Path) -> None:
    content = os.urandom(3 * MiB)
    (here / "a.bin").write_bytes(content)
    with storage.open("a.bin") as file:
        head = file.read(10)
        with (here / "a.bin").open("ab") as more:
            more.write(b"more")
        assert head + file.read() == content


def test_a_file_that_was_replaced_is_not_mixed(make: Any, here: Path) -> None:
    """The connection serves others meanwhile, so that the file is opened again."""
    storage = make(max_connections=1)
    (here / "a.bin").write_bytes(os.urandom(5 * MiB))
    with storage.open("a.bin") as file:
        file.read(10)
        storage.save("b.bin", ContentFile(os.urandom(5 * MiB + 1)))
        storage.move("b.bin", "a.bin", overwrite=True)
        with pytest.raises(OSError, match="replaced"):
            file.read()
