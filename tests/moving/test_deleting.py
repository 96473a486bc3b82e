"""`storages sync --delete`: what goes, what never does, and what is kept of it."""

import errno
import itertools
import os
import re
import shutil
from datetime import timedelta

import pytest

from storages import bulk
from storages.moving.filters import Filters
from tests.aliases import CLASSES, LOCAL, OLD, fill, local_tree, put, storages_command, tree


@pytest.fixture
def pair(aliases):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt", "d/b.txt")
    fill(target, "a.txt", "extra.txt", "d/extra.txt", "e/f/extra.txt", "e/g.jpg")
    return source, target


@pytest.mark.parametrize("kind", [*LOCAL, "sftp", "ftp", "azure", "gcs", "dropbox"])
def test_what_the_source_does_not_have_goes(aliases, kind):
    source, target = aliases(live="memory", copy=kind)
    fill(source, "a.txt", "d/b.txt")
    fill(target, "extra.txt", "d/extra.txt", "e/f/extra.txt")
    summary = bulk.sync("live:", "copy:", delete=True)
    assert summary.counts == {"copied": 2, "deleted": 3}
    assert tree(target) == tree(source)
    if bulk.has_directories(target):
        assert not bulk.is_dir(target, "e")  # it has become empty
        assert bulk.is_dir(target, "d")


def test_nothing_goes_without_being_asked(pair):
    assert bulk.sync("live:", "copy:").counts["deleted"] == 0
    assert len(tree(pair[1])) == 6


def test_directories_that_were_empty_stay(pair):
    _, target = pair
    os.makedirs(target.path("empty"))
    os.makedirs(target.path("e/empty"))
    bulk.sync("live:", "copy:", delete=True)
    assert sorted(os.listdir(target.path(""))) == ["a.txt", "d", "e", "empty"]


def test_excluded_files_stay(pair):
    bulk.sync("live:", "copy:", delete=True, filters=Filters([("exclude", "/e/")]))
    assert sorted(tree(pair[1])) == ["a.txt", "d/b.txt", "e/f/extra.txt", "e/g.jpg"]


def test_a_source_without_files_deletes_nothing(pair):
    source, target = pair
    for name in tree(source):
        source.delete(name)
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert (ran.status, len(tree(target))) == (1, 5)
    assert "live: has no file, so none of copy: was deleted." in ran.err


def test_nor_does_one_of_which_nothing_takes_part(pair):
    ran = storages_command("sync", "live:", "copy:", "--delete", "--include", "*.jpg")
    assert (ran.status, len(tree(pair[1]))) == (1, 5)


@pytest.mark.parametrize("dry", [True, False])
def test_too_many_are_none(pair, dry):
    options = ["--dry-run"] if dry else []
    before = len(tree(pair[1]))
    ran = storages_command("sync", "live:", "copy:", "--delete", "--max-delete", "3", *options)
    assert ran.status == 1
    assert "4 files of copy: are not in live:, more than the 3 that may be deleted" in ran.err
    assert " copied" in ran.out
    assert len(tree(pair[1])) == before + (0 if dry else 1)
    ran = storages_command("sync", "live:", "copy:", "--delete", "--max-delete", "4", *options)
    assert (ran.status, "4 " in ran.out) == (0, True)


def test_a_failed_copy_keeps_everything(pair, monkeypatch):
    source, target = pair
    fill(target, "b/x")
    fill(source, "b")
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert ran.status == 1
    assert "nothing was deleted: 5 of copy: are not in live:." in ran.err
    assert len(tree(target)) == 7


def test_what_appears_after_the_listing_stays(pair, monkeypatch):
    source, target = pair
    original = type(source)._scan

    def scan(self, prefix):
        fill(target, "new.txt")  # while the source is listed
        yield from original(self, prefix)

    monkeypatch.setattr(type(source), "_scan", scan)
    assert bulk.sync("live:", "copy:", delete=True).counts["deleted"] == 4
    assert sorted(tree(target)) == ["a.txt", "d/b.txt", "new.txt"]


def test_an_entry_that_may_not_be_looked_at(aliases, monkeypatch):
    """It is no entry that has gone."""
    source, target = aliases(live="files", copy="memory")
    fill(source, "a.txt", "d/b.txt")
    fill(target, "a.txt", "d/b.txt")

    def refused(*_):
        raise PermissionError(errno.EACCES, "No.")

    monkeypatch.setattr("storages.local._entry_of", refused)
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert (ran.status, len(tree(target))) == (1, 2)


@pytest.mark.variant
def test_a_directory_that_the_server_lets_nobody_enter(aliases, vsftpd, vsftpd_directory):
    """vsftpd says of it what it says of one that is missing."""
    options = vsftpd.options(vsftpd_directory)
    source, target = aliases(live={"BACKEND": CLASSES["ftp"], "OPTIONS": options}, copy="memory")
    for storage in (source, target):
        fill(storage, "a.txt", "d/b.txt")
    folder = vsftpd.local(vsftpd_directory) / "d"
    os.chown(folder, 0, 0)
    folder.chmod(0o700)
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert (ran.status, "cannot be listed" in ran.err) == (1, True), ran
    assert len(tree(target)) == 2


def test_a_directory_that_goes_while_it_is_listed(aliases, sshd, sftp_directory, monkeypatch):
    options = sshd.options(sftp_directory)
    source, _ = aliases(live={"BACKEND": CLASSES["sftp"], "OPTIONS": options}, copy="memory")
    fill(source, "a.txt", "d/b.txt", "e/c.txt")
    original = type(source)._list

    def listed(self, prefix):
        if prefix.endswith("d/"):
            shutil.rmtree(sshd.local(sftp_directory) / "d")
        yield from original(self, prefix)

    monkeypatch.setattr(type(source), "_list", listed)
    assert sorted(entry.name for entry in source.scan()) == ["a.txt", "e/c.txt"]


def test_nothing_goes_from_around_the_directory_that_one_is_in(pair, monkeypatch):
    """Unless one has named just that one: an alias may be so for want of a MEDIA_ROOT."""
    monkeypatch.chdir(pair[1].path(""))
    ran = storages_command("sync", "live:", "copy:", "--delete")
    assert ran.status == 1
    assert "You are in copy:, so none of it was deleted" in ran.err
    assert len(tree(pair[1])) == 6
    assert storages_command("sync", "live:", ".", "--delete").status == 0
    assert tree(pair[1]) == tree(pair[0])


@pytest.mark.parametrize(("source", "target"), [("live", "copy:d"), ("live:d", "copy")])
def test_one_place_in_the_other_by_another_address(aliases, config, source, target):
    one = config("s3")
    address = one["OPTIONS"]["endpoint_url"].replace("127.0.0.1", "localhost")
    other = {**one, "OPTIONS": {**one["OPTIONS"], "endpoint_url": address}}
    live, _ = aliases(live=one, copy=other)
    fill(live, "a.txt", "d/b.txt")
    before = tree(live)
    ran = storages_command("sync", source, target, "--delete")
    assert ran.status == 1
    assert "two addresses of one bucket, so nothing was done" in ran.err
    assert tree(live) == before


def test_one_that_cannot_be_deleted_is_a_failure(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="memory")
    fill(source, "kept.txt")
    fill(target, *(f"{number}.txt" for number in range(5)))
    original = type(target)._delete

    def delete(self, key):
        if key == "3.txt":
            raise PermissionError(f"{key!r} may not be deleted.")
        original(self, key)

    monkeypatch.setattr(type(target), "_delete", delete)
    summary = bulk.sync("live:", "copy:", delete=True)
    assert summary.counts == {"copied": 1, "deleted": 4, "failed": 1}
    assert summary.failures[0].name == "3.txt"
    assert sorted(tree(target)) == ["3.txt", "kept.txt"]


# -- backups


def kept(found, folder="old"):
    """The backups in a tree, without the time of the run that made them."""
    pattern = re.compile(rf"{folder}/\d{{4}}-\d\d-\d\dT\d{{6}}Z/(.*)")
    return {match[1]: text for name, text in found.items() if (match := pattern.fullmatch(name))}


@pytest.mark.parametrize("kind", [*LOCAL, "sftp", "gcs"])
def test_what_is_replaced_or_deleted_is_kept(aliases, kind):
    source, target = aliases(live="memory", copy=kind)
    fill(source, "d/a.txt", "d/b.txt", "new.txt")
    put(target, "in/d/a.txt", b"the old one")
    fill(target, "in/extra/c.txt", "beside.txt")
    put(target, "in/d/b.txt", b"d/b.txt")
    run = {"delete": True, "backup_dir": "old", "compare": "size"}
    assert bulk.sync("live:", "copy:in", dry_run=True, **run).counts["deleted"] == 1
    assert kept(tree(target)) == {}
    assert bulk.sync("live:", "copy:in", **run).counts == {"copied": 2, "equal": 1, "deleted": 1}
    found = tree(target)
    assert kept(found) == {"d/a.txt": b"the old one", "extra/c.txt": b"in/extra/c.txt"}
    assert found["in/d/a.txt"] == b"d/a.txt"
    assert len(found) == 6
    assert bulk.sync("live:", "copy:in", **run).counts == {"equal": 3}


def test_each_run_keeps_its_own(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="files")
    times = iter(["2026-01-01T000000Z", "2026-01-02T000000Z"])
    monkeypatch.setattr(
        "storages.moving.syncing.of_this_run", lambda given: f"{given}/{next(times)}"
    )
    put(target, "a.txt", b"first", OLD)
    put(source, "a.txt", b"second", OLD + timedelta(days=1))
    bulk.sync("live:", "copy:", backup_dir="old")
    put(source, "a.txt", b"third", OLD + timedelta(days=2))
    bulk.sync("live:", "copy:", backup_dir="copy:/old/", delete=True)
    assert tree(target) == {
        "a.txt": b"third",
        "old/2026-01-01T000000Z/a.txt": b"first",
        "old/2026-01-02T000000Z/a.txt": b"second",
    }


def test_backups_on_this_machine(aliases, tmp_path, monkeypatch):
    (source,) = aliases(live="memory")
    fill(source, "a.txt")
    monkeypatch.chdir(tmp_path)
    for number, (target, given) in enumerate(
        [("./out", "./old"), (f"{tmp_path}/x/y", f"{tmp_path}/z/old"), ("./v/", "./v/old")]
    ):
        folder = tmp_path / target
        folder.mkdir(parents=True)
        (folder / "extra.txt").write_text(str(number))
        ran = storages_command("sync", "live:", target, "--delete", "--backup-dir", given)
        assert ran.status == 0, ran.err
        assert (folder / "a.txt").read_text() == "a.txt"
        assert kept({f"old/{k}": v for k, v in local_tree(tmp_path / given).items()}) == {
            "extra.txt": str(number).encode()
        }
        again = storages_command("sync", "live:", target, "--delete", "--backup-dir", given)
        assert again.out.startswith("0 files copied, 1 equal;")


@pytest.mark.parametrize(
    ("source", "target", "given", "error"),
    [
        ("live:", "copy:in", "live:old", "live:old is not in the storage of copy:in"),
        ("live:", "copy:in", "in", "copy:in is in in: the backups need a directory of their own"),
        ("live:", "copy:in/x", "copy:in", "copy:in/x is in copy:in"),
        ("live:", "copy:", ".", "copy: is in .:"),
        ("copy:src", "copy:in", "src/old", "src/old is in copy:src"),
        ("live:", "copy:in", "../x", "The path '../x' leaves its storage."),
        ("live:", "./out", "old", "The backups of ./out stay on this machine: write ./old."),
        ("live:", "./out", ".", "./out is in .:"),
    ],
)
def test_backups_in_a_wrong_place(aliases, tmp_path, monkeypatch, source, target, given, error):
    monkeypatch.chdir(tmp_path)
    aliases(live="memory", copy="memory")
    ran = storages_command("sync", source, target, "--backup-dir", given)
    assert (ran.status, error in ran.err) == (1, True), ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_listing_that_ends_early_deletes_nothing(pair, monkeypatch):
    source, target = pair
    original = type(source)._scan

    def scan(self, prefix):
        yield from itertools.islice(original(self, prefix), 1)
        raise ConnectionError("The wire was cut.")

    monkeypatch.setattr(type(source), "_scan", scan)
    with pytest.raises(ConnectionError):
        bulk.sync("live:", "copy:", delete=True)
    assert len(tree(target)) == 5
