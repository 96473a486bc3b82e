"""`storages sync` and `check`: by what two files are told to be the same."""

import os
from datetime import timedelta

import pytest

from storages import bulk
from storages.moving.filters import Filters
from tests.aliases import OLD, fill, put, storages_command, tree
from tests.servers import count_requests

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
    fill(source, "a.txt", ".storehouse-static.json", "d/.storehouse-doctor-1.txt")
    fill(target, "d/.storehouse-static.json", "x.txt")
    part = target.path(".storehouse-0.part")
    with open(part, "wb"):
        pass
    assert bulk.sync("live:", "copy:", delete=True).counts == {"copied": 1, "deleted": 1}
    assert sorted(tree(target)) == ["a.txt", "d/.storehouse-static.json"]
    assert storages_command("cp", "-r", "live:", "copy:").status == 0
    assert sorted(tree(target)) == ["a.txt", "d/.storehouse-static.json"]
    assert os.path.exists(part)
