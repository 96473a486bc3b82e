"""How places are named, and which two can be synced."""

import errno
import itertools
import os

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.deconstruct import deconstructible

from storages import bulk
from storages.moving.syncing import Sync
from storages.testing import MemoryStorage
from tests.aliases import fill, local_tree, storages_command, tree


def test_a_place_in_itself_is_refused(aliases, tmp_path):
    aliases(live="s3", copy="files", other="django")
    for source, target in [
        ("live:", "live:"),
        ("live:a", "live:"),
        ("live:", "live:a/b"),
        ("copy:a", "copy:a"),
        ("other:a", "other:a/b"),
        (f"{tmp_path}", "copy:"),
        ("/", "copy:"),
    ]:
        with pytest.raises(ValueError, match="lie in one another"):
            bulk.sync(source, target)
    assert not Sync(bulk.place("live:a"), bulk.place("live:ab")).source.overlaps(
        bulk.place("live:ab")
    )


def test_two_aliases_of_one_place_are_known(aliases, config, tmp_path):
    same = config("s3")
    peer = {"BACKEND": "tests.moving.test_places.Peer", "OPTIONS": {"bucket": "a"}}
    other = {"BACKEND": "tests.moving.test_places.Peer", "OPTIONS": {"bucket": "b"}}
    aliases(one=same, two=same, peer=peer, again=peer, other=other, mine="django", yours="django")
    assert bulk.place("one:").overlaps(bulk.place("two:d"))
    assert bulk.place("peer:").overlaps(bulk.place("again:"))
    assert not bulk.place("peer:").overlaps(bulk.place("other:"))
    assert not bulk.place("mine:").overlaps(bulk.place("yours:"))
    os.symlink(tmp_path, tmp_path / "link")
    assert bulk.place(f"{tmp_path}/link/x").overlaps(bulk.place(f"{tmp_path}/x"))


@pytest.mark.parametrize("kind", ["files", "s3", "django", "sftp"])
def test_a_misspelt_source_is_an_error(aliases, kind, tmp_path):
    source, target = aliases(live=kind, copy="memory")
    fill(source, "d/a.txt")
    for run in (bulk.sync, lambda *places: list(bulk.check(*places))):
        with pytest.raises(FileNotFoundError):
            run("live:e", "copy:")
        with pytest.raises(NotADirectoryError, match="is a file, and no directory"):
            run("live:d/a.txt", "copy:")
        with pytest.raises(FileNotFoundError):
            run(f"{tmp_path}/none/", "copy:")
    assert tree(target) == {}


def test_local_paths(aliases, tmp_path, monkeypatch):
    source, _ = aliases(live="memory", copy="memory")
    fill(source, "d/a.txt", "d/e/b.txt")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given, path in {
        "./out": "out",
        "./out/2/": "out/2",
        f"{tmp_path}/abs": "abs",
        "~/x": "home/x",
        "./with:colon": "with:colon",
    }.items():
        assert bulk.sync("live:d", given).counts == {"copied": 2}
        assert local_tree(tmp_path / path)["e/b.txt"] == b"d/e/b.txt"
    assert bulk.sync("./out/2", "copy:").counts == {"copied": 2}


@pytest.mark.parametrize("given", ["out", "C:\\out", "none:a", "copy/a"])
def test_an_unknown_alias(aliases, given):
    aliases(live="memory", copy="memory")
    with pytest.raises(ValueError, match=r"STORAGES has no .* A path of this machine begins"):
        bulk.sync("live:", given)


def test_storages_themselves_are_places(tmp_path):
    source, target = MemoryStorage(), FileSystemStorage(tmp_path)
    fill(source, "a.txt")
    assert bulk.sync(source, target).counts == {"copied": 1}
    assert bulk.sync(bulk.place(source), target).counts == {"equal": 1}


def test_a_listing_that_fails_deletes_nothing(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="files")
    fill(source, *(f"{number:02}.txt" for number in range(20)))
    fill(target, "extra.txt")
    original = type(source)._scan

    def scan(self, prefix):
        yield from itertools.islice(original(self, prefix), 10)
        raise OSError(errno.EIO, "The listing broke off.")

    monkeypatch.setattr(type(source), "_scan", scan)
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert (ran.status, "broke off" in ran.err) == (1, True)
    assert "10 files copied" in ran.out
    assert "extra.txt" in tree(target)


@deconstructible
class Peer(Storage):
    """Stands for another package's storage: only Django's API is known of it."""

    def __init__(self, bucket):
        self.bucket = bucket


@deconstructible
class Required(Storage):
    """As little as Django asks of a storage."""

    def __init__(self):
        self.files = {}

    def _open(self, name, mode="rb"):
        return ContentFile(self.files[name], name)

    def _save(self, name, content):
        self.files[name] = content.read()
        return name

    def delete(self, name):
        self.files.pop(name, None)

    def exists(self, name):
        return name in self.files

    def listdir(self, path):
        prefix = f"{path}/" if path else ""
        below = [name[len(prefix) :] for name in self.files if name.startswith(prefix)]
        dirs = {name.partition("/")[0] for name in below if "/" in name}
        return sorted(dirs), [name for name in below if "/" not in name]

    def size(self, name):
        return len(self.files[name])


def test_a_storage_with_only_the_required_methods(aliases):
    mine = {"BACKEND": "tests.moving.test_places.Required"}
    source, target, back = aliases(live="memory", copy=mine, back="files")
    fill(source, "a.txt", "d/e/b.txt")
    fill(target, "d/e/b.txt", "extra.txt")
    run = {"delete": True, "verify": True}
    assert bulk.sync("live:", "copy:", **run).counts == {"copied": 1, "equal": 1, "deleted": 1}
    assert target.files == tree(source)
    assert bulk.sync("copy:", "back:", **run).counts == {"copied": 2}
    assert bulk.sync("copy:", "back:", compare="checksum").counts == {"equal": 2}
    assert bulk.sync("copy:", "back:").counts == {"equal": 2}
    assert storages_command("mv", "-r", "copy:d", "copy:x").status == 0
    assert sorted(target.files) == ["a.txt", "x/e/b.txt"]
    assert tree(back) == tree(source)


def test_a_storage_that_lists_nothing_says_so(aliases):
    aliases(
        live={"BACKEND": "tests.moving.test_places.Peer", "OPTIONS": {"bucket": "a"}}, x="memory"
    )
    ran = storages_command("sync", "live:", "x:")
    assert (ran.status, ran.err) == (
        1,
        "NotImplementedError: subclasses of Storage must provide a listdir() method",
    )
