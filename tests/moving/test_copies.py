"""`storages cp`, `mv` and `rm`: where files go, and what stays."""

import errno
import os
from datetime import timedelta

import pytest
from django.core.files.storage import InMemoryStorage

from storages import bulk
from storages.moving.copies import Copies
from tests.aliases import LOCAL, OLD, fill, local_tree, put, storages_command, tree
from tests.servers import count_requests


@pytest.fixture
def two(aliases, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return aliases(live="memory", copy="memory")


@pytest.mark.parametrize(
    ("sources", "target", "stored"),
    [
        ("live:a.txt", "copy:new.txt", "new.txt"),
        ("live:a.txt", "copy:", "a.txt"),
        ("live:a.txt", "copy:new/", "new/a.txt"),
        ("live:a.txt", "copy:old", "old/a.txt"),  # a directory that is there
        ("live:d/b.txt", "copy:x/y.txt", "x/y.txt"),
        ("live:d/b.txt live:a.txt", "copy:x", "x/a.txt x/b.txt"),
        ("live:d/b.txt live:d/e/c.txt live:a.txt", "copy:", "a.txt b.txt c.txt"),
        ("-r live:d", "copy:x", "x/b.txt x/e/c.txt"),
        ("-r live:d/", "copy:x/", "x/b.txt x/e/c.txt"),
        ("-r live:d", "copy:old", "old/b.txt old/e/c.txt"),
        ("-r live:", "copy:", "a.txt d/b.txt d/e/c.txt"),
        ("-r live:d live:a.txt", "copy:x", "x/d/b.txt x/d/e/c.txt x/a.txt"),
        ("-r live:a.txt", "copy:x.txt", "x.txt"),
        ("-r live:d --exclude e/", "copy:x", "x/b.txt"),
        ("./x.txt ./y.txt", "copy:z", "z/x.txt z/y.txt"),
        ("-r ./deep", "copy:z", "z/z.txt"),
        ("-r .", "copy:z", "z/x.txt z/y.txt z/deep/z.txt"),
    ],
)
@pytest.mark.parametrize("command", ["cp", "mv"])
def test_where_files_go(two, tmp_path, command, sources, target, stored):
    source, copy = two
    fill(source, "a.txt", "d/b.txt", "d/e/c.txt")
    fill(copy, "old/x")
    for name in ("x.txt", "y.txt", "deep/z.txt"):
        (tmp_path / "here" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "here" / name).write_text(name)
    before = tree(source) | local_tree(tmp_path / "here")
    ran = storages_command(command, *sources.split(), target)
    assert ran.status == 0, ran.err
    copied = tree(copy)
    del copied["old/x"]
    assert sorted(copied) == sorted(stored.split())
    left = tree(source) | local_tree(tmp_path / "here")
    moved = set(copied.values())
    kept = {name: text for name, text in before.items() if text not in moved}
    assert left == (kept if command == "mv" else before)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("live:none.txt copy:", "There is no live:none.txt."),
        ("-r live:none copy:", "There is no live:none."),
        ("live:d copy:", "live:d is a directory: that needs -r."),
        ("live: copy:", "live: is a directory: that needs -r."),
        ("-r live:d live:d/e", "live:d and live:d/e lie in one another."),
        ("-r live:d/e live:d", "live:d/e and live:d lie in one another."),
        ("-r live: live:x", "live: and live:x lie in one another."),
        ("live:a.txt live:a.txt", "live:a.txt is live:a.txt itself."),
        ("live:a.txt live:", "live:a.txt is live:a.txt itself."),
        ("live:d/b.txt live:d", "live:d/b.txt is live:d/b.txt itself."),
        ("live:a.txt live:d/a.txt copy:", "would both be 'a.txt' in copy:"),
        ("-r live: live:d copy:", "live: is a whole storage without a name"),
        ("live:../a.txt copy:", "The path '../a.txt' leaves its storage."),
        ("live:a.txt none:", "STORAGES has no 'none'"),
        ("a.txt copy:", "STORAGES has no 'a.txt'"),
        ("--include / -r live: copy:", "The pattern '/' matches no file"),
    ],
)
@pytest.mark.parametrize("command", ["cp", "mv"])
def test_what_is_refused_changes_nothing(two, command, arguments, error):
    source, target = two
    fill(source, "a.txt", "d/a.txt", "d/b.txt", "d/e/c.txt")
    before = tree(source)
    ran = storages_command(command, *arguments.split())
    assert (ran.status, tree(source), tree(target)) == (1, before, {})
    assert error in ran.err


@pytest.mark.parametrize("target", LOCAL)
@pytest.mark.parametrize("source", LOCAL)
def test_moving_between_any_two(aliases, source, target):
    source, target = aliases(live=source, copy=target)
    fill(source, "a.txt", "d/b.txt", "d/e/c.txt")
    ran = storages_command("mv", "-r", "live:d", "copy:x")
    assert ran.status == 0, ran.err
    assert tree(source) == {"a.txt": b"a.txt"}
    assert isinstance(source, InMemoryStorage) or not bulk.is_dir(source, "d")
    assert tree(target) == {"x/b.txt": b"d/b.txt", "x/e/c.txt": b"d/e/c.txt"}


@pytest.mark.parametrize("kind", [*LOCAL, "sftp", "ftp", "azure", "gcs", "dropbox"])
def test_moving_within_one(aliases, kind):
    (storage,) = aliases(live=kind)
    fill(storage, "a.txt", "d/b.txt", "d/e/c.txt")
    assert storages_command("mv", "live:a.txt", "live:x.txt").status == 0
    assert storages_command("mv", "-r", "live:d", "live:y").status == 0
    assert storages_command("cp", "-r", "--verify", "live:y", "live:z").status == 0
    wanted = {"x.txt": b"a.txt"}
    for folder in "yz":
        wanted |= {f"{folder}/b.txt": b"d/b.txt", f"{folder}/e/c.txt": b"d/e/c.txt"}
    assert tree(storage) == wanted
    assert isinstance(storage, InMemoryStorage) or not bulk.is_dir(storage, "d")


def test_a_directory_that_is_not_empty_stays(aliases):
    source, _ = aliases(live="files", copy="memory")
    fill(source, "d/a.txt", "d/e/b.txt", "d/f/c.jpg", "other/x")
    os.makedirs(source.path("other/empty"))
    assert storages_command("mv", "-r", "live:d", "copy:", "--exclude", "*.jpg").status == 0
    assert storages_command("mv", "live:other/x", "copy:").status == 0
    assert tree(source) == {"d/f/c.jpg": b"d/f/c.jpg"}
    assert not os.path.exists(source.path("d/e"))
    assert os.path.isdir(source.path("other/empty"))  # nobody has asked for that


def test_a_directory_of_this_machine_goes_too(two, tmp_path):
    (tmp_path / "here" / "d" / "e").mkdir(parents=True)
    (tmp_path / "here" / "d" / "e" / "a.txt").write_text("a")
    assert storages_command("mv", "-r", "./d", "copy:").status == 0
    assert os.listdir(tmp_path / "here") == []


def test_what_changes_while_it_is_moved_stays(aliases, monkeypatch):
    source, target = aliases(live="files", copy="memory")
    put(source, "a.txt", b"old", OLD)
    original = type(target)._put

    def and_then(self, *args, **more):
        result = original(self, *args, **more)
        put(source, "a.txt", b"new")
        return result

    monkeypatch.setattr(type(target), "_put", and_then)
    ran = storages_command("mv", "live:a.txt", "copy:")
    assert ran.status == 1
    assert "was replaced while it was copied: it stays" in ran.err
    assert tree(source) == {"a.txt": b"new"}


def test_what_could_not_be_copied_stays(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="files")
    fill(source, "d/a.txt", "d/b.txt")
    fill(target, "d/a.txt/x")
    ran = storages_command("mv", "-r", "live:d", "copy:d")
    assert (ran.status, tree(source)) == (1, {"d/a.txt": b"d/a.txt"})
    assert "a.txt: 'd/a.txt' is a directory." in ran.err
    assert "1 file moved, 1 failed" in ran.out


@pytest.mark.parametrize("command", [("mv",), ("mv", "-r")])
@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_one_place_by_two_addresses_is_not_moved_onto_itself(aliases, config, kind, command):
    one = config(kind)
    if kind == "s3":
        address = one["OPTIONS"]["endpoint_url"].replace("127.0.0.1", "localhost")
        other = {**one, "OPTIONS": {**one["OPTIONS"], "endpoint_url": address}}
    else:
        other = config("files", location=one["OPTIONS"]["root_path"])
    live, _ = aliases(live=one, copy=other)
    fill(live, "d/a.txt")
    what = "d" if command[1:] else "d/a.txt"
    ran = storages_command(*command, f"live:{what}", f"copy:{what}")
    assert ran.status == 1
    assert "one directory by two addresses, so nothing was moved" in ran.err
    assert tree(live) == {"d/a.txt": b"d/a.txt"}
    assert storages_command(*command, f"live:{what}", "copy:e/").status == 0
    assert list(tree(live)) == ["e/a.txt"]


def test_nothing_is_moved_to_a_storage_of_which_nobody_knows(aliases, monkeypatch):
    source, target = aliases(live="memory", copy="django")
    fill(source, "a.txt")

    def save(*args, **options):
        raise RuntimeError("only images")

    monkeypatch.setattr(target, "_save", save)
    ran = storages_command("mv", "live:a.txt", "copy:a.txt")
    assert (ran.status, "only images" in ran.err) == (1, True)
    assert tree(source) == {"a.txt": b"a.txt"}


def test_nothing_is_replaced(aliases):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt", "b.txt")
    put(target, "a.txt", b"kept")
    dry = storages_command("mv", "-r", "-n", "--dry-run", "live:", "copy:")
    assert "would skip a.txt" in dry.out
    assert "would move b.txt" in dry.out
    assert tree(target) == {"a.txt": b"kept"}
    ran = storages_command("mv", "-r", "--no-clobber", "live:", "copy:")
    assert (ran.status, "1 skipped" in ran.out) == (0, True)
    assert tree(target) == {"a.txt": b"kept", "b.txt": b"b.txt"}
    assert tree(source) == {"a.txt": b"a.txt"}


def test_twins_are_not_moved_over_each_other(aliases):
    source, target = aliases(live="memory", copy="dropbox")
    fill(source, "d/a.txt", "d/A.txt", "d/b.txt")
    assert storages_command("mv", "-r", "live:d", "copy:d").status == 1
    assert len(tree(source) | tree(target)) == 3
    assert sorted(tree(target)) == ["d/A.txt", "d/b.txt"]


def test_a_file_and_a_directory_of_one_name(aliases):
    """Object stores can have both."""
    source, target = aliases(live="memory", copy="memory")
    fill(source, "a", "a/b")
    assert storages_command("cp", "live:a", "copy:x").status == 0
    assert storages_command("cp", "-r", "live:a", "copy:y").status == 0
    assert tree(target) == {"x": b"a", "y/b": b"a/b"}
    assert storages_command("rm", "live:a").status == 0
    assert tree(source) == {"a/b": b"a/b"}


def test_files_of_one_directory_are_one_run(aliases):
    aliases(live="memory", copy="memory")
    fill(*aliases(live="memory"), *(f"d/{number}.txt" for number in range(9)))
    run = Copies([bulk.place(f"live:d/{number}.txt") for number in range(9)], bulk.place("live:e/"))
    assert len(run._steps) == 1
    assert sum(outcome.action == "copied" for outcome in run.outcomes()) == 9


def test_moving_within_s3_costs_three_requests_a_file(
    aliases, config, moto, moto_bucket, fault_proxy
):
    proxy = fault_proxy(moto)
    options = moto.options(moto_bucket, via=proxy, location="here")
    (storage,) = aliases(live=config("s3") | {"OPTIONS": options})
    put(storage, "d/a.bin", os.urandom(100_000))
    up = proxy.bytes_up
    with count_requests(proxy) as seen:
        assert storages_command("mv", "-r", "live:d", "live:e").status == 0
    assert [each.partition(" ")[0] for each in seen].count("PUT") == 1
    assert proxy.bytes_up - up < 50_000
    assert list(tree(storage)) == ["e/a.bin"]


# -- rm


@pytest.mark.parametrize("kind", [*LOCAL, "sftp"])
def test_deleting(aliases, kind):
    (storage,) = aliases(live=kind)
    fill(storage, "a.txt", "b.txt", "d/c.txt", "d/e/f.txt", "kept.txt")
    for arguments, told in {
        "--dry-run live:a.txt": "would delete a.txt\n1 file would be deleted.",
        "live:a.txt live:b.txt": "2 files deleted.",
        "-r --dry-run live:d": "2 files would be deleted.",
        "-r live:d": "2 files deleted.",
    }.items():
        ran = storages_command("rm", *arguments.split())
        assert (ran.status, told in ran.out) == (0, True), ran
    assert tree(storage) == {"kept.txt": b"kept.txt"}
    assert not bulk.is_dir(storage, "d")
    assert storages_command("rm", "-r", "--everything", "live:").status == 0
    assert tree(storage) == {}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("live:", "live: is a whole storage: that needs -r --everything."),
        ("-r live:", "live: is a whole storage: that needs -r --everything."),
        ("--everything live:", "live: is a whole storage: that needs -r --everything."),
        ("live:a.txt live:d", "live:d is a directory: that needs -r."),
        ("live:a.txt live:none", "There is no live:none."),
        ("-r live:a.txt live:none", "There is no live:none."),
    ],
)
@pytest.mark.parametrize("kind", LOCAL)
def test_nothing_is_deleted_by_mistake(aliases, kind, arguments, error):
    (storage,) = aliases(live=kind)
    fill(storage, "a.txt", "d/c.txt")
    ran = storages_command("rm", *arguments.split())
    assert (ran.status, error in ran.err, len(tree(storage))) == (1, True, 2)


def test_one_that_cannot_be_deleted_leaves_the_others(aliases, monkeypatch):
    (storage,) = aliases(live="memory")
    fill(storage, "a.txt", "b.txt")
    original = type(storage)._delete

    def delete(self, key):
        if key == "a.txt":
            raise PermissionError(errno.EACCES, "No.")
        original(self, key)

    monkeypatch.setattr(type(storage), "_delete", delete)
    ran = storages_command("rm", "live:a.txt", "live:b.txt")
    assert (ran.status, list(tree(storage))) == (1, ["a.txt"])
    assert "live:a.txt: [Errno 13] No." in ran.err
    assert "1 file deleted." in ran.out


@pytest.mark.parametrize("given", [".", "./", "..", "./deeper/..", "default:here", "default:"])
def test_the_directory_that_one_is_in_stays(two, aliases, config, tmp_path, given):
    aliases(default=config("files", location=str(tmp_path)))
    (tmp_path / "here" / "a.txt").touch()
    before = local_tree(tmp_path)
    ran = storages_command("rm", "-r", "--everything", given)
    assert (ran.status, ran.err) == (1, f"You are in {given}: go elsewhere to delete it.")
    assert local_tree(tmp_path) == before


def test_a_path_of_this_machine(aliases, tmp_path):
    aliases(live="memory")
    (tmp_path / "d").mkdir()
    for name in ("a.txt", "d/b.txt"):
        (tmp_path / name).write_text("x")
    assert storages_command("rm", f"{tmp_path}/a.txt").status == 0
    assert storages_command("rm", "-r", f"{tmp_path}/d").status == 0
    assert os.listdir(tmp_path) == []


def test_old_files_keep_their_time(aliases):
    source, target = aliases(live="files", copy="files")
    put(source, "a.txt", b"a", OLD)
    assert storages_command("cp", "live:a.txt", "copy:b.txt").status == 0
    assert abs(bulk.stat(target, "b.txt").modified - OLD) < timedelta(seconds=1)
