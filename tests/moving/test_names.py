"""Names and links: no file is ever taken for another one."""

import os
import unicodedata
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage

from storages import bulk
from storages.moving.places import Place
from tests.aliases import fill, put, storages_command, tree

# -- names

STRANGE = ["d//b.txt", "./c.txt", "d/../d/e.txt", "../up.txt", "/f.txt", "g\\h.txt", "d/./b.txt"]


@pytest.mark.parametrize("path", ["", "d"])
@pytest.mark.parametrize("name", STRANGE)
def test_a_name_that_leads_to_another_file_fails(aliases, name, path):
    """An object store lists any key; by Django's name of it one would reach another object."""
    source, target = aliases(live="memory", copy="memory")
    fill(source, "d/b.txt", "c.txt", "f.txt", "up.txt", "d/e.txt", "g/h.txt")
    prefix = f"{path}/" if path else ""
    source._put(prefix + name, b"strange", {})
    summary = bulk.sync(f"live:{path}", "copy:")
    assert [(each.name, each.kind) for each in summary.failures] == [(name, "FileNotFoundError")]
    assert "no name that Django's storages can address" in summary.failures[0].error
    assert b"strange" not in tree(target).values()
    states = {each.name: each.state for each in bulk.check(f"live:{path}", "copy:")}
    assert states.pop(name) == "missing in target"
    assert set(states.values()) == {"equal"}


@pytest.mark.parametrize("name", STRANGE)
def test_it_is_not_deleted_either(aliases, name):
    source, target = aliases(live="memory", copy="memory")
    for storage in (source, target):
        fill(storage, "d/b.txt", "c.txt", "f.txt", "up.txt", "d/e.txt", "g/h.txt")
    target._put(name, b"strange", {})
    fill(target, "extra.txt")
    summary = bulk.sync("live:", "copy:", delete=True)
    assert summary.counts == {"equal": 6, "deleted": 1, "failed": 1}
    assert summary.failures[0].name == name
    assert target._stat(name).size == 7
    target._delete(name)
    assert tree(target) == tree(source)


def test_a_marker_of_a_directory_is_no_file(aliases):
    source, target = aliases(live="s3", copy="s3")
    fill(source, "d/a.txt")
    key = f"{source.location}/d/"
    source.client.put_object(Bucket=source.bucket_name, Key=key, Body=b"")
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}
    assert tree(target) == {"d/a.txt": b"d/a.txt"}
    source.delete("d/a.txt")
    assert source.is_dir("d")
    source.remove_dir("d")
    assert not source.is_dir("d")


@pytest.mark.parametrize("kind", ["s3", "gcs", "azure"])
def test_a_marker_with_content_is_a_file_that_no_name_leads_to(aliases, kind):
    source, target = aliases(live=kind, copy=kind)
    fill(source, "d/a.txt")
    key = f"{source.location}/d/"
    source._put(key, b"content", source._prepare(key)[0])
    fill(target, "d/b.txt")
    assert source.listdir("d") == ([], ["a.txt"])
    summary = bulk.sync("live:", "copy:", delete=True)
    assert [(each.name, each.kind) for each in summary.failures] == [("d/", "FileNotFoundError")]
    assert sorted(tree(target)) == ["d/a.txt", "d/b.txt"]
    told = [each.error for each in bulk.sync("live:d", "copy:d").failures]
    assert told == ["'d/' is no name that Django's storages can address: rename it there."]
    source.delete("d/a.txt")
    with pytest.raises(OSError, match="'d' is not empty"):
        source.remove_dir("d")
    assert source.delete_tree("d") == 1
    assert list(source._scan(f"{source.location}/")) == []


@pytest.mark.parametrize("kind", ["files", "s3", "sftp"])
def test_odd_names_travel(aliases, kind):
    source, target = aliases(live="memory", copy=kind)
    names = ["a\tb.txt", "per%20cent", "q?a#b&c", "'\"", "🎉", "-r", "a b ", ".hidden"]
    names += [] if kind == "s3" else ["new\nline"]  # moto does not find it again
    fill(source, *names)
    assert bulk.sync("live:", "copy:").counts == {"copied": len(names)}
    assert tree(target) == tree(source)


def test_case_and_accents_may_be_one_name(aliases):
    """Dropbox takes them for one: nothing is replaced by its twin, and nothing deleted for it."""
    source, target = aliases(live="memory", copy="dropbox")
    fill(source, "a.txt", "A.txt", "b.txt")
    fill(target, "B.TXT", age=timedelta(hours=1))
    summary = bulk.sync("live:", "copy:", delete=True, compare="size")
    assert [(each.name, each.kind) for each in summary.failures] == [("a.txt", "OneName")]
    assert "'A.txt' has the same name" in summary.failures[0].error
    assert tree(target) == {"A.txt": b"A.txt", "B.TXT": b"B.TXT"}
    source.delete("a.txt")
    put(source, "b.txt", b"longer")
    assert bulk.sync("live:", "copy:", delete=True).counts == {"copied": 1, "equal": 1}
    assert sorted(tree(target).values()) == [b"A.txt", b"longer"]


def test_a_file_where_the_target_has_a_directory(aliases):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a", "b/c", "d.txt")
    fill(target, "a/x", "b")
    for options in ({}, {"compare": "existing"}):
        summary = bulk.sync("live:", "copy:", **options)
        assert sorted(each.name for each in summary.failures) == ["a", "b/c"]
    assert tree(target) == {"a/x": b"a/x", "b": b"b", "d.txt": b"d.txt"}


@pytest.mark.parametrize("kind", ["files", "s3", "memory"])
def test_names_that_are_no_unicode(aliases, kind):
    source, target = aliases(live="files", copy=kind)
    fill(source, "a.txt")
    os.rename(os.fsencode(source.path("a.txt")), os.fsencode(source.path("")) + b"/\xff.txt")
    fill(source, "b.txt")
    ran = storages_command("sync", "live:", "copy:")
    if kind == "s3":
        assert (ran.status, list(tree(target))) == (1, ["b.txt"])
        assert ran.err.startswith("\\udcff.txt: ")
    else:
        assert (ran.status, len(tree(target))) == (0, 2)
    ran.err.encode()


def test_what_is_no_file_is_passed_by(aliases):
    """Nobody would ever write into the pipe, and it would be read from forever."""
    source, target = aliases(live="files", copy="memory")
    fill(source, "a.txt")
    os.mkfifo(source.path("pipe"))
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}
    assert list(tree(target)) == ["a.txt"]


# -- links


def test_links_are_followed_and_circles_are_not(aliases, tmp_path):
    source, target = aliases(live="files", copy="memory")
    fill(source, "d/a.txt")
    elsewhere = FileSystemStorage(tmp_path / "elsewhere")
    fill(elsewhere, "b.txt", "deep/c.txt")
    os.symlink(elsewhere.path(""), source.path("d/more"))
    os.symlink(source.path(""), source.path("d/circle"))
    os.symlink(source.path("d"), elsewhere.path("deep/circle"))
    assert bulk.sync("live:", "copy:").counts == {"copied": 3}
    assert sorted(tree(target)) == ["d/a.txt", "d/more/b.txt", "d/more/deep/c.txt"]


NOWHERE = ["nothing", "link.txt", "a.txt/through-a-file", "x" * 300]
"""What links of the name `link.txt` cannot lead to."""


@pytest.mark.parametrize("leads_to", NOWHERE)
def test_what_a_broken_link_has_led_to_is_not_deleted(aliases, leads_to):
    """A disk that is not mounted, say, makes links that lead nowhere."""
    source, target = aliases(live="files", copy="memory")
    names = [f"{number}.txt" for number in range(5)]
    fill(source, "a.txt", *names)
    fill(target, "a.txt", "old.txt", *names)
    put(target, "link.txt", b"")  # an empty file is not the same as nothing
    os.symlink(leads_to, source.path("link.txt"))
    for dry_run in (True, False):
        summary = bulk.sync("live:", "copy:", delete=True, dry_run=dry_run)
        assert "deleted" not in summary.counts
        (failure,) = summary.failures
        assert (failure.name, failure.error) == ("link.txt", "'link.txt' is a link to nothing.")
        assert sorted(tree(target)) == [*names, "a.txt", "link.txt", "old.txt"]


def test_a_link_to_a_directory_that_goes_while_it_is_listed(aliases, tmp_path, monkeypatch):
    source, target = aliases(live="files", copy="memory")
    elsewhere = FileSystemStorage(tmp_path / "elsewhere")
    fill(elsewhere, "b.txt")
    fill(source, "a.txt")
    fill(target, "a.txt", "more/b.txt")
    os.symlink(elsewhere.path(""), source.path("more"))
    original = Place.scan

    def scan(self):
        for entry in original(self):
            yield entry
            if entry.name == "a.txt" and self.storage is source:
                os.rename(tmp_path / "elsewhere", tmp_path / "gone")

    monkeypatch.setattr(Place, "scan", scan)
    summary = bulk.sync("live:", "copy:", delete=True)
    assert [each.error for each in summary.failures] == ["'more' is a link to nothing."]
    monkeypatch.undo()
    assert sorted(tree(target)) == ["a.txt", "more/b.txt"]


@pytest.mark.parametrize("compare", ["auto", "size", "checksum"])
@pytest.mark.parametrize("leads_to", NOWHERE)
def test_an_empty_file_takes_the_place_of_a_broken_link(aliases, leads_to, compare):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt")
    fill(target, "a.txt")
    put(source, "link.txt", b"")
    os.symlink(leads_to, target.path("link.txt"))
    states = {each.name: each.state for each in bulk.check("live:", "copy:", compare=compare)}
    assert states["link.txt"] == "different"
    summary = bulk.sync("live:", "copy:", compare=compare, backup_dir="old")
    assert summary.counts == {"copied": 1, "equal": 1}
    assert tree(target) == tree(source)


@pytest.mark.parametrize("leads_to", NOWHERE)
@pytest.mark.parametrize("backups", [{}, {"backup_dir": "old"}])
def test_a_broken_link_that_is_too_much_is_deleted(aliases, leads_to, backups):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt")
    fill(target, "a.txt")
    os.symlink(leads_to, target.path("link.txt"))
    run = {"delete": True, **backups}
    assert bulk.sync("live:", "copy:", **run).counts == {"equal": 1, "deleted": 1}
    assert not os.path.lexists(target.path("link.txt"))
    assert bulk.sync("live:", "copy:", **run).counts == {"equal": 1}
    kept = [os.readlink(target.path(each.name)) for each in bulk.scan(target) if each.is_broken]
    assert kept == [leads_to] * len(backups)


@pytest.mark.parametrize("leads_to", NOWHERE)
def test_a_broken_link_can_be_named(aliases, leads_to):
    storage, _ = aliases(live="files", copy="memory")
    fill(storage, "a.txt")
    os.symlink(leads_to, storage.path("link.txt"))
    assert storages_command("ls", "live:link.txt").err == "'link.txt' is a link to nothing."
    assert storages_command("rm", "live:link.txt", "--dry-run").status == 0
    assert os.path.lexists(storage.path("link.txt"))
    assert storages_command("rm", "live:link.txt").status == 0
    assert os.listdir(storage.path("")) == ["a.txt"]
    assert storages_command("rm", "live:link.txt").err == "There is no live:link.txt."


def test_deleting_a_tree_leaves_what_links_lead_to(aliases, tmp_path):
    storage, _ = aliases(live="files", copy="memory")
    fill(storage, "d/a.txt", "d/e/b.txt")
    elsewhere = FileSystemStorage(tmp_path / "elsewhere")
    fill(elsewhere, "b.txt")
    os.symlink(elsewhere.path(""), storage.path("d/more"))
    os.symlink(elsewhere.path("b.txt"), storage.path("d/link.txt"))
    assert bulk.delete_tree(storage, "d") == 3
    assert not os.path.exists(storage.path("d"))
    assert tree(elsewhere) == {"b.txt": b"b.txt"}


def test_other_forms_of_a_name_are_equal(aliases):
    """Dropbox composes accents: a second run finds what the first has stored."""
    source, target = aliases(live="memory", copy="dropbox")
    fill(source, unicodedata.normalize("NFD", "é.txt"))
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}
    assert bulk.sync("live:", "copy:", delete=True).counts == {"equal": 1}
    assert list(tree(target)) == [unicodedata.normalize("NFC", "é.txt")]
