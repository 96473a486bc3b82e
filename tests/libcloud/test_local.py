"""Libcloud's local driver: what lies in its folder, and what is left there after a failure."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from libcloud.storage.types import ContainerDoesNotExistError, ObjectDoesNotExistError

from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import breaking, get, noise, put

MiB = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "media"
    found.mkdir()
    return found


@pytest.fixture
def make(folder: Path) -> Callable[..., LibCloudStorage]:
    provider = {"type": "local", "user": str(folder.parent), "bucket": "media"}
    return lambda **options: LibCloudStorage(provider=provider, **options)


def tree(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


def test_files_are_where_libcloud_has_them(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "a/b/c.txt", b"content")
    assert (folder / "a/b/c.txt").read_bytes() == b"content"
    assert stat.S_IMODE((folder / "a/b/c.txt").stat().st_mode) == 0o664
    container = storage.driver.get_container("media")
    assert [each.name for each in storage.driver.iterate_container_objects(container)] == [
        "a/b/c.txt"
    ]
    storage.driver.upload_object_via_stream(iter([b"theirs"]), container, "a/d.txt")
    assert get(storage, "a/d.txt") == b"theirs"
    assert storage.listdir("a") == (["b"], ["d.txt"])


def test_directories_go_with_their_last_file(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "a/b/c.txt")
    put(storage, "a/d.txt")
    storage.delete("a/b/c.txt")
    assert tree(folder) == ["a", "a/d.txt"]
    storage.delete("a/d.txt")
    assert tree(folder) == []


def test_a_directory_without_files_is_none(make: Any, folder: Path) -> None:
    storage = make()
    (folder / "empty/in/side").mkdir(parents=True)
    assert storage.listdir("") == ([], [])
    assert not storage.exists("empty")
    storage.delete("empty")
    assert tree(folder) == ["empty", "empty/in", "empty/in/side"]


@pytest.mark.parametrize("size", [10, 9 * MiB])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    make: Any, folder: Path, size: int
) -> None:
    storage = make(file_overwrite=True)
    put(storage, "a.bin", b"old")
    for name in ("a.bin", "new/b.bin"):
        with pytest.raises(RuntimeError):
            storage.save(name, breaking(noise(size), RuntimeError("broken")))
    assert tree(folder) == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file(
    make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = make(file_overwrite=True)
    put(storage, "a.bin", b"old")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        storage.save("d/e/a.bin", ContentFile(b"new"))
    assert tree(folder) == ["a.bin"]


def test_files_on_their_way_are_not_listed(make: Any, folder: Path) -> None:
    storage = make()
    (folder / ".storehouse-abc.part").write_bytes(b"half")
    (folder / ".storehouse-abc").write_bytes(b"a file of somebody")
    assert storage.listdir("") == ([], [".storehouse-abc"])
    assert [each.name for each in storage.scan()] == [".storehouse-abc"]


def test_without_hard_links(make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    storage = make()
    put(storage, "a.txt", b"first")
    assert storage.save("a.txt", ContentFile(b"second")) != "a.txt"
    assert get(storage, "a.txt") == b"first"
    with pytest.raises(FileExistsError):
        storage.write("a.txt", ContentFile(b"third"))


def test_a_file_is_no_directory(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "a")
    with pytest.raises(NotADirectoryError, match="'a/b'"):
        storage.save("a/b", ContentFile(b"x"))
    (folder / "d").mkdir()
    with pytest.raises(IsADirectoryError, match="'d'"), storage.open("d", "wb") as file:
        file.write(b"x")
    assert tree(folder) == ["a", "d"]


def test_links_are_followed_to_files_but_not_round_in_circles(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "d/a.txt", b"content")
    (folder / "link.txt").symlink_to("d/a.txt")
    (folder / "nowhere.txt").symlink_to("none.txt")
    (folder / "d/up").symlink_to("..")
    assert get(storage, "link.txt") == b"content"
    assert storage.listdir("") == (["d"], ["link.txt"])
    assert sorted(each.name for each in storage.scan()) == ["d/a.txt", "link.txt"]
    storage.delete("link.txt")
    assert get(storage, "d/a.txt") == b"content"


def test_a_replaced_file_is_not_read_on(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "a.bin", noise(9 * MiB))
    with storage.open("a.bin") as file:
        assert len(file.read(10)) == 10
        (folder / "a.bin").write_bytes(noise(9 * MiB, seed=1))
        with pytest.raises(OSError, match="replaced while it was read"):
            file.read()


def test_what_is_missing(make: Any, folder: Path) -> None:
    storage = make()
    for call in (storage.size, storage.open, storage.get_modified_time):
        with pytest.raises(FileNotFoundError, match=r"'none.txt'") as caught:
            call("none.txt")
        assert isinstance(caught.value, ObjectDoesNotExistError)
    folder.rmdir()
    for call in (storage.exists, storage.listdir, storage.delete, storage.open):
        with pytest.raises(ImproperlyConfigured, match="create_container") as missing:
            call("none.txt")
        assert isinstance(missing.value, ContainerDoesNotExistError)
    storage.driver.create_container("media")
    put(storage, "a.txt")


def test_links(make: Any, folder: Path) -> None:
    assert make().url("a b.txt") == f"{folder}/a%20b.txt"
    assert make(base_url="/media/").url("a b.txt") == "/media/a%20b.txt"


def test_times_are_those_of_the_file(make: Any, folder: Path) -> None:
    storage = make()
    put(storage, "a.txt")
    os.utime(folder / "a.txt", (1_000_000_000, 1_100_000_000))
    assert storage.get_accessed_time("a.txt").timestamp() == 1_000_000_000
    assert storage.get_modified_time("a.txt").timestamp() == 1_100_000_000


def test_a_directory_may_be_on_another_disk(make: Any, folder: Path, monkeypatch: Any) -> None:
    """There nothing is renamed or linked from one directory to another."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (folder / "videos").symlink_to(elsewhere)
    rename, link = os.replace, os.link

    def on_one_disk(do: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def call(source: str, target: str) -> None:
            if os.path.realpath(os.path.dirname(source)) != os.path.realpath(
                os.path.dirname(target)
            ):
                raise OSError(18, "Invalid cross-device link")
            do(source, target)

        return call

    monkeypatch.setattr(os, "replace", on_one_disk(rename))
    monkeypatch.setattr(os, "link", on_one_disk(link))
    for overwrite in (True, False):
        put(make(file_overwrite=overwrite), f"videos/{overwrite}.bin")
    assert sorted(os.listdir(elsewhere)) == ["False.bin", "True.bin"]


def test_no_directory_shows_files_on_their_way(make: Any, folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a/.storehouse-abc.part").write_bytes(b"half")
    assert make().listdir("") == ([], [])
    assert not make().exists("a")
    assert list(make().scan()) == []


def test_links_to_where_they_are(make: Any, folder: Path) -> None:
    storage = make()
    (folder / "x").mkdir()
    (folder / "x/loop").symlink_to(".")
    (folder / "x/self").symlink_to("self")
    assert storage.listdir("") == ([], [])
    assert not storage.exists("x")
    assert list(storage.scan()) == []
    put(storage, "x/a.txt")
    assert storage.listdir("") == (["x"], [])
    assert storage.listdir("x") == (["loop"], ["a.txt"])
    assert [each.name for each in storage.scan()] == ["x/a.txt"]


def test_a_directory_that_is_closed_hinders_no_listing(
    make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lost+found").mkdir()
    put(make(), "a.txt")
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if "lost+found" in path:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert make().listdir("") == (["lost+found"], ["a.txt"])


def test_saving_where_others_remove_the_last_file(make: Any, folder: Path) -> None:
    storage = make(file_overwrite=True)

    def work(number: int) -> None:
        for _ in range(150):
            storage.save(f"d/e/{number}.txt", ContentFile(b"x"))
            storage.delete(f"d/e/{number}.txt")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert tree(folder) == []
