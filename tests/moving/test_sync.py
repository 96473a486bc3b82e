"""`storages sync`: what differs is copied once, between storages of any two kinds."""

import itertools
import os
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage

from storages import bulk
from storages.testing import MemoryStorage
from tests.aliases import LOCAL, OLD, fill, put, tree

REMOTE = ("sftp", "ftp", "azure", "gcs", "dropbox")
PAIRS = [
    *itertools.product(LOCAL, LOCAL),
    *itertools.chain(*((("files", kind), (kind, "files")) for kind in REMOTE)),
    ("s3", "azure"),
    ("gcs", "s3"),
    ("sftp", "ftp"),
    # its listings tell minutes
    pytest.param("files", "vsftpd", marks=pytest.mark.variant),
    pytest.param("vsftpd", "files", marks=pytest.mark.variant),
]
NAMES = ("a.txt", "d/b.txt", "d/e/c.css", "ü b/%20.txt")


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_second_run_copies_what_has_changed(aliases, source, target):
    source, target = aliases(live=source, copy=target)
    fill(source, *NAMES, age=timedelta(hours=1))
    first = bulk.sync("live:", "copy:")
    assert not first.failures
    assert first.counts == {"copied": 4}
    assert tree(target) == tree(source) == {name: name.encode() for name in NAMES}
    assert bulk.sync("live:", "copy:").counts == {"equal": 4}
    if bulk.sets_times(source) and bulk.sets_times(target):
        put(source, "d/b.txt", b"another", OLD)  # of the same length, and older
    else:
        put(source, "d/b.txt", b"another one")
    assert bulk.sync("live:", "copy:").counts == {"copied": 1, "equal": 3}
    assert tree(target)["d/b.txt"].startswith(b"another")
    assert bulk.sync("live:", "copy:").counts == {"equal": 4}
    assert {each.state for each in bulk.check("live:", "copy:")} == {"equal"}


@pytest.mark.parametrize("mode", ["auto", "checksum", "size"])
@pytest.mark.parametrize(
    ("source", "target"),
    [("files", "s3"), ("s3", "files"), ("azure", "files"), ("s3", "s3"), ("memory", "files")],
)
def test_compressed_files_are_compared(aliases, config, source, target, mode):
    def compressing(kind):
        return config(kind, gzip=True) if kind in ("memory", "s3") else kind

    source, target = aliases(live=compressing(source), copy=compressing(target))
    text = b"text, and more text " * 500
    fill(source, "a.png", age=timedelta(hours=1))
    put(source, "a.css", text, OLD if bulk.sets_times(source) else None)
    run = {"compare": mode}
    assert bulk.sync("live:", "copy:", **run).counts == {"copied": 2}
    assert tree(target)["a.css"] == text
    assert bulk.sync("live:", "copy:", **run).counts == {"equal": 2}
    assert {each.state for each in bulk.check("live:", "copy:", **run)} == {"equal"}
    put(source, "a.css", text + text)
    if isinstance(source, FileSystemStorage):  # all this happens in one second
        os.utime(source.path("a.css"), (2e9, 2e9))
    if isinstance(target, FileSystemStorage):
        os.utime(target.path("a.css"), (1e9, 1e9))
    assert bulk.sync("live:", "copy:", **run).counts == {"copied": 1, "equal": 1}
    assert tree(target)["a.css"] == text + text


# -- what happens meanwhile


def test_a_file_that_is_replaced_while_it_is_copied_is_read_again(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="files")
    big = os.urandom(1 << 20)
    put(source, "a.bin", big)
    original = type(source)._fetch
    once = iter([True])

    def fetch(self, entry, start, stop):
        if next(once, None):
            put(source, "a.bin", b"new")
        return original(self, entry, start, stop)

    monkeypatch.setattr(type(source), "_fetch", fetch)
    put(source, "a.bin", os.urandom(1 << 20))
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}
    assert tree(target) == {"a.bin": b"new"}
    assert os.listdir(target.path("")) == ["a.bin"]


def test_so_is_a_file_on_disk(aliases, monkeypatch):
    source, target = aliases(live="files", copy="memory")
    put(source, "a.bin", b"old" * 1000, OLD)
    original = type(source).open
    once = iter([True])

    def change(self, name, mode="rb"):
        file = original(self, name, mode)
        if mode == "rb" and next(once, None):
            with open(source.path("a.bin"), "r+b") as other:
                other.write(b"NEW")
        return file

    monkeypatch.setattr(type(source), "open", change)
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}
    assert tree(target) == {"a.bin": b"NEW" + b"old" * 999}


def test_a_file_that_vanishes_is_a_failure(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt", "b.txt")
    original = type(source)._scan

    def scan(self, prefix):
        for entry in list(original(self, prefix)):
            if entry.key == "a.txt":
                source.delete("a.txt")
            yield entry

    monkeypatch.setattr(type(source), "_scan", scan)
    fill(target, "extra.txt")
    summary = bulk.sync("live:", "copy:", delete=True)
    assert [(each.name, each.kind) for each in summary.failures] == [("a.txt", "FileNotFoundError")]
    assert sorted(tree(target)) == ["b.txt", "extra.txt"]


class Corrupting(MemoryStorage):
    """Stores something else than it is given."""

    def _put(self, key, source, params, *, exclusive=False):
        return super()._put(key, source[:-1] + b"?", params, exclusive=exclusive)


@pytest.mark.parametrize("kind", ["files", "memory"])
def test_verification_finds_a_wrong_copy(aliases, kind):
    entry = {"BACKEND": "tests.moving.test_sync.Corrupting", "OPTIONS": {}}
    source, target = aliases(live="files", copy=entry)
    fill(source, "a.txt")
    summary = bulk.sync("live:", "copy:", verify=True)
    assert "was not stored as it was" in summary.failures[0].error
    assert tree(target) == {}  # so that the next run copies it
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}


@pytest.mark.parametrize(("source", "target"), [*itertools.product(LOCAL, LOCAL), ("sftp", "ftp")])
def test_a_right_copy_is_verified(aliases, source, target):
    source, target = aliases(live=source, copy=target)
    fill(source, "a.css", "d/b.bin")
    assert bulk.sync("live:", "copy:", verify=True).counts == {"copied": 2}
    assert tree(target) == tree(source)
