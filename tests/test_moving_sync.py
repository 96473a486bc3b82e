"""`storages sync`: what differs is copied once, between storages of any two kinds."""

import errno
import itertools
import os
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.deconstruct import deconstructible

from storages import bulk
from storages.moving.filters import Filters
from storages.moving.syncing import Sync
from storages.testing import MemoryStorage
from tests.moving import LOCAL, OLD, fill, local_tree, put, storages_command, tree
from tests.servers import count_requests

REMOTE = ("sftp", "ftp", "azure", "gcs", "dropbox")
PAIRS = [
    *itertools.product(LOCAL, LOCAL),
    *itertools.chain(*((("files", kind), (kind, "files")) for kind in REMOTE)),
    ("s3", "azure"),
    ("gcs", "s3"),
    ("sftp", "ftp"),
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


# -- comparing


@pytest.fixture
def pair(aliases):
    """A source and a target that keep times."""
    source, target = aliases(live="files", copy="files")
    for storage in (source, target):
        put(storage, "a.txt", b"content", OLD)
    return source, target


def copied(**options):
    summary = bulk.sync("live:", "copy:", **options)
    assert not summary.failures
    return summary.counts["copied"]


def test_times_and_sizes_tell(pair):
    source, _ = pair
    assert copied() == 0
    put(source, "a.txt", b"Content", OLD)
    assert copied() == copied(compare="size") == 0
    assert copied(compare="checksum") == 1
    put(source, "a.txt", b"CONTENT", OLD + timedelta(seconds=3))
    assert copied(compare="size") == 0
    assert copied() == 1
    put(source, "a.txt", b"longer content", OLD + timedelta(seconds=3))
    assert copied(compare="existing") == 0
    assert copied(compare="size") == 1


@pytest.mark.parametrize(
    ("source", "target", "same"),
    [
        (0.123456, 0.123456, True),
        (0.123456, 0.123, True),  # exFAT
        (1.9, 1, True),  # SFTP
        (1.9, 0, True),  # FAT
        (1, 2, False),
        (3, 2, True),
        (4, 2, False),
        (0.2, 0.4, False),  # two writes within one second
    ],
)
def test_times_are_as_coarse_as_they_are_kept(pair, source, target, same):
    for storage, seconds in zip(pair, (source, target), strict=True):
        at = 1_600_000_000 + seconds
        os.utime(storage.path("a.txt"), (at, at))
    assert copied() == (0 if same else 1)


def test_a_service_with_times_of_its_own_must_not_be_older(aliases):
    source, _ = aliases(live="files", copy="django")
    put(source, "a.txt", b"content", OLD)
    assert (copied(), copied()) == (1, 0)
    os.utime(source.path("a.txt"), (4e9, 4e9))
    assert copied() == 1


@pytest.mark.parametrize("kinds", [("files", "django"), ("memory", "django"), ("files", "memory")])
def test_checksums(aliases, kinds):
    """Listed by both sides, by one, by none."""
    source, target = aliases(live=kinds[0], copy=kinds[1])
    put(source, "a.txt", b"content")
    put(target, "a.txt", b"CONTENT")
    assert copied(compare="size") == 0
    assert copied(compare="checksum", dry_run=True) == 1
    assert copied(compare="checksum") == 1
    assert tree(target) == {"a.txt": b"content"}
    assert bulk.sync("live:", "copy:", compare="checksum", dry_run=True).counts == {"equal": 1}


def test_a_digest_that_one_side_lists_saves_reading_it(
    aliases, moto, moto_bucket, config, fault_proxy
):
    proxy = fault_proxy(moto)
    options = moto.options(moto_bucket, via=proxy, location="there")
    source, target = aliases(live="files", copy=config("s3") | {"OPTIONS": options})
    put(source, "a.txt", b"content")
    put(target, "a.txt", b"content")
    with count_requests(proxy) as seen:
        assert copied(compare="checksum") == 0
    assert [request.partition("?")[0] for request in seen] == [f"GET /{moto_bucket}"]


def test_an_unknown_comparison(pair):
    with pytest.raises(ValueError, match="no comparison 'guess', but: auto, checksum"):
        bulk.sync("live:", "copy:", compare="guess")


def test_what_appears_meanwhile_is_kept(aliases, monkeypatch):
    """With --ignore-existing, files are created exclusively."""
    source, target = aliases(live="django", copy="memory")
    fill(source, "a.txt", "b.txt")
    original = type(target)._scan

    def scan(self, prefix):
        yield from original(self, prefix)
        put(target, "a.txt", b"of somebody else")

    monkeypatch.setattr(type(target), "_scan", scan)
    assert bulk.sync("live:", "copy:", compare="existing").counts == {"copied": 1, "skipped": 1}
    monkeypatch.undo()
    assert tree(target) == {"a.txt": b"of somebody else", "b.txt": b"b.txt"}


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


# -- links


def test_links_are_followed_and_circles_are_not(aliases, tmp_path):
    source, target = aliases(live="files", copy="memory")
    fill(source, "d/a.txt")
    elsewhere = FileSystemStorage(tmp_path / "elsewhere")
    fill(elsewhere, "b.txt", "deep/c.txt")
    os.symlink(elsewhere.path(""), source.path("d/more"))
    os.symlink(source.path(""), source.path("d/circle"))
    os.symlink(source.path("d"), elsewhere.path("deep/circle"))
    os.symlink("itself", source.path("itself"))
    os.symlink("nothing", source.path("nothing"))
    assert bulk.sync("live:", "copy:").counts == {"copied": 3}
    assert sorted(tree(target)) == ["d/a.txt", "d/more/b.txt", "d/more/deep/c.txt"]


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
    entry = {"BACKEND": "tests.test_moving_sync.Corrupting", "OPTIONS": {}}
    source, target = aliases(live="files", copy=entry)
    fill(source, "a.txt")
    summary = bulk.sync("live:", "copy:", verify=True)
    assert "was not stored as it was read" in summary.failures[0].error
    assert tree(target) == {}  # so that the next run copies it
    assert bulk.sync("live:", "copy:").counts == {"copied": 1}


@pytest.mark.parametrize(("source", "target"), [*itertools.product(LOCAL, LOCAL), ("sftp", "ftp")])
def test_a_right_copy_is_verified(aliases, source, target):
    source, target = aliases(live=source, copy=target)
    fill(source, "a.css", "d/b.bin")
    assert bulk.sync("live:", "copy:", verify=True).counts == {"copied": 2}
    assert tree(target) == tree(source)


# -- which files take part


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        ([], "a.txt a.jpg cache/b.jpg d/cache/c.jpg d/e.txt"),
        ([("exclude", "*.txt")], "a.jpg cache/b.jpg d/cache/c.jpg"),
        ([("exclude", "/*.txt")], "a.jpg cache/b.jpg d/cache/c.jpg d/e.txt"),
        ([("exclude", "cache/")], "a.txt a.jpg d/e.txt"),
        ([("exclude", "/cache/")], "a.txt a.jpg d/cache/c.jpg d/e.txt"),
        ([("include", "*.jpg")], "a.jpg cache/b.jpg d/cache/c.jpg"),
        ([("include", "/d/**")], "d/cache/c.jpg d/e.txt"),
        ([("include", "/d/*")], "d/e.txt"),
        ([("include", "b.jpg"), ("exclude", "*.jpg")], "a.txt cache/b.jpg d/e.txt"),
        ([("exclude", "cache/"), ("include", "*.jpg"), ("exclude", "*")], "a.jpg"),
        ([("include", "[bc].*")], "cache/b.jpg d/cache/c.jpg"),
        ([("include", "[!a-b].*")], "d/cache/c.jpg d/e.txt"),
        ([("include", "d/**/c.jpg")], "d/cache/c.jpg"),
        ([("include", "?.txt")], "a.txt d/e.txt"),
    ],
)
def test_filters(aliases, rules, taken):
    source, target = aliases(live="memory", copy="memory")
    fill(source, "a.txt", "a.jpg", "cache/b.jpg", "d/cache/c.jpg", "d/e.txt")
    assert bulk.sync("live:", "copy:", filters=Filters(rules)).counts["copied"] == len(
        taken.split()
    )
    assert sorted(tree(target)) == sorted(taken.split())


@pytest.mark.parametrize("pattern", ["", "/", "//", "[z-a]"])
def test_a_pattern_that_is_none(pattern):
    with pytest.raises(ValueError, match="The pattern"):
        Filters([("include", pattern)])


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("[]", "[]"),
        ("[!]", "!"),
        ("a[", "a["),
        ("[[]", "["),
        ("[]]", "]"),
        ("[!]]", "x"),
        ("[&&~|]", "~"),
        ("a.b", "a.b"),
        ("(x)", "(x)"),
        ("[\\d]", "\\"),
        ("[^a]", "b"),
    ],
)
def test_a_pattern_of_signs(pattern, name):
    filters = Filters([("include", pattern)])
    assert filters.takes(name)
    assert filters.takes(f"d/{name}")
    assert not filters.takes("")
    assert not filters.takes(f"{name}/more")


def test_what_others_keep_there_takes_no_part(aliases):
    source, target = aliases(live="files", copy="files")
    fill(source, "a.txt", ".storehouse-static.json")
    fill(target, "d/.storehouse-static.json", "x.txt")
    part = target.path(".storehouse-0.part")
    with open(part, "wb"):
        pass
    assert bulk.sync("live:", "copy:", delete=True).counts == {"copied": 1, "deleted": 1}
    assert sorted(tree(target)) == ["a.txt", "d/.storehouse-static.json"]
    assert os.path.exists(part)


# -- places


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
    peer = {"BACKEND": "tests.test_moving_sync.Peer", "OPTIONS": {"bucket": "a"}}
    other = {"BACKEND": "tests.test_moving_sync.Peer", "OPTIONS": {"bucket": "b"}}
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
