"""Bulk functions: the same on file systems, in memory and on S3, and between any two of them."""

import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from storages import bulk
from storages.backends.s3 import S3Storage
from storages.testing import MemoryStorage

KINDS = ["files", "memory", "s3", "django"]
PAIRS = list(itertools.product(KINDS, KINDS))
MiB = 1024 * 1024


@pytest.fixture(scope="module")
def bucket(moto):
    with moto.bucket() as name:
        yield name


@pytest.fixture
def make(tmp_path, moto, bucket):
    """Makes an empty storage of a kind."""
    numbers = itertools.count()

    def make(kind, **options):
        if kind == "files":
            return FileSystemStorage(tmp_path / f"files-{next(numbers)}", **options)
        if kind == "django":
            return InMemoryStorage(**options)
        if kind == "memory":
            return MemoryStorage(**options)
        location = f"{tmp_path.name}-{next(numbers)}"
        return S3Storage(**moto.options(bucket, location=location, **options))

    return make


@pytest.fixture(params=KINDS)
def storage(request, make):
    return make(request.param)


def fill(storage, *names):
    for name in names:
        storage.save(name, ContentFile(name.encode()))


def names(storage, path=""):
    return sorted(entry.name for entry in bulk.scan(storage, path))


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


# -- stat and scan


def test_stat(storage):
    fill(storage, "d/a.txt")
    entry = bulk.stat(storage, "d/a.txt")
    assert (entry.name, entry.size, entry.is_dir) == ("d/a.txt", 7, False)
    now = datetime.now(UTC)
    assert now - timedelta(minutes=5) < entry.modified < now + timedelta(minutes=5)
    with pytest.raises(FileNotFoundError, match=r"none\.txt"):
        bulk.stat(storage, "none.txt")
    for name in ("../a.txt", "d/../../a.txt"):
        with pytest.raises(SuspiciousFileOperation):
            bulk.stat(storage, name)


@pytest.mark.parametrize("aware", [True, False])
def test_times_are_aware_always(settings, storage, aware):
    settings.USE_TZ, settings.TIME_ZONE = aware, "Asia/Kolkata"
    fill(storage, "a.txt")
    times = [bulk.stat(storage, "a.txt").modified, *(e.modified for e in bulk.scan(storage))]
    assert all(abs(datetime.now(UTC) - time) < timedelta(minutes=5) for time in times)


def test_a_directory_is_no_file(storage):
    """Where directories are real their entry says what it is."""
    fill(storage, "d/a.txt")
    try:
        assert bulk.stat(storage, "d").is_dir
    except (FileNotFoundError, IsADirectoryError):
        assert not isinstance(storage, FileSystemStorage)


def test_scan(storage):
    every = ["a.txt", "d/b.txt", "d/e/c.txt", "d2/x.txt", "ü b/%20.txt"]
    fill(storage, *every)
    assert names(storage) == names(storage, ".") == every
    for path in ("d", "d/", "./d", "d2/../d", "d//"):
        assert names(storage, path) == ["d/b.txt", "d/e/c.txt"]
    assert names(storage, "d/e") == ["d/e/c.txt"]
    assert names(storage, "none") == names(storage, "none/x") == names(storage, "a.txt") == []
    assert {entry.name: entry.size for entry in bulk.scan(storage)}["d/b.txt"] == 7
    with pytest.raises(SuspiciousFileOperation):
        names(storage, "../d")


def test_scan_passes_what_goes_meanwhile(make):
    storage = make("files")
    fill(storage, "a.txt", "b.txt", "d/c.txt")
    entries = bulk.scan(storage)
    first = next(entries).name
    for name in ("a.txt", "b.txt", "d/c.txt"):
        if name != first:
            storage.delete(name)
    storage.delete("d")
    assert list(entries) == []


# -- copy


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_copies_between_any_two(make, source, target):
    source, target = make(source), make(target)
    content = os.urandom(9 * MiB)
    source.save("d/a.css", ContentFile(content))
    bulk.copy(source, "d/a.css", target)
    bulk.copy(source, "d/a.css", target, "new/b.css")
    assert read(target, "d/a.css") == read(target, "new/b.css") == content
    assert names(target) == ["d/a.css", "new/b.css"]
    assert names(source) == ["d/a.css"]


@pytest.mark.parametrize("kind", KINDS)
def test_copies_within_one(make, kind):
    storage = make(kind)
    fill(storage, "a.txt")
    bulk.copy(storage, "a.txt", storage, "d/b.txt")
    assert (names(storage), read(storage, "d/b.txt")) == (["a.txt", "d/b.txt"], b"a.txt")


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_copy_onto_itself_changes_nothing(storage, overwrite):
    fill(storage, "d/a.txt")
    for name in ("d/a.txt", "./d/a.txt", "d/../d//a.txt"):
        bulk.copy(storage, "d/a.txt", storage, name, overwrite=overwrite)
    assert (names(storage), read(storage, "d/a.txt")) == (["d/a.txt"], b"d/a.txt")
    with pytest.raises(FileNotFoundError):
        bulk.copy(storage, "none.txt", storage, "none.txt", overwrite=overwrite)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_taken_name(make, source, target):
    source, target = make(source), make(target)
    fill(source, "a.txt")
    target.save("b.txt", ContentFile(b"old"))
    with pytest.raises(FileExistsError, match=r"b\.txt"):
        bulk.copy(source, "a.txt", target, "b.txt")
    assert (names(target), read(target, "b.txt")) == (["b.txt"], b"old")


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_replacing(make, source, target):
    source, target = make(source), make(target)
    fill(source, "a.txt")
    target.save("b.txt", ContentFile(b"old"))
    bulk.copy(source, "a.txt", target, "b.txt", overwrite=True)
    bulk.copy(source, "a.txt", target, "c.txt", overwrite=True)
    assert read(target, "b.txt") == read(target, "c.txt") == b"a.txt"
    assert names(target) == ["b.txt", "c.txt"]


class Full(InMemoryStorage):
    """Has room for one file of a name less than once it had."""

    full = False

    def _save(self, name, content):
        if self.full and name == "a.txt":
            raise OSError("full")
        return super()._save(name, content)


def test_a_replacement_that_fails_half_way_is_told(make):
    target = Full()
    fill(target, "a.txt")
    target.full = True
    with pytest.raises(OSError, match=r"a\.txt.*is 'a_\w+\.txt'") as caught:
        bulk.copy(make_filled(make), "b.txt", target, "a.txt", overwrite=True)
    assert str(caught.value.__cause__) == "full"
    (name,) = names(target)
    assert read(target, name) == b"b.txt"
    assert name in str(caught.value)


def make_filled(make, name="b.txt"):
    storage = make("memory")
    fill(storage, name)
    return storage


@pytest.mark.parametrize("option", [True, False])
@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_the_argument_counts_and_not_the_option(make, kind, option):
    target = make(kind, file_overwrite=option)
    fill(target, "a.txt", "taken.txt")
    for source in (target, make_filled(make, "a.txt")):
        with pytest.raises(FileExistsError):
            bulk.copy(source, "a.txt", target, "taken.txt")
        assert read(target, "taken.txt") == b"taken.txt"
        bulk.copy(source, "a.txt", target, "taken.txt", overwrite=True)
        assert read(target, "taken.txt") == b"a.txt"
        target.delete("taken.txt")
        fill(target, "taken.txt")


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_missing_source(make, source, target):
    target = make(target)
    for overwrite in (True, False):
        with pytest.raises(FileNotFoundError):
            bulk.copy(make(source), "none.txt", target, "a.txt", overwrite=overwrite)
    assert names(target) == []


class Breaking(MemoryStorage):
    """Its connection breaks in the middle of each file, for good."""

    def _fetch(self, entry, start, stop):
        if start > 0:
            raise OSError("the source is gone")
        return super()._fetch(entry, start, stop)


TARGETS = [(kind, {}) for kind in KINDS] + [("files", {"allow_overwrite": True})]


@pytest.mark.parametrize(("kind", "options"), TARGETS)
@pytest.mark.parametrize("size", [MiB, 20 * MiB])
def test_a_copy_that_fails_changes_nothing(make, monkeypatch, kind, options, size):
    monkeypatch.setattr(MemoryStorage, "_reaches", lambda self, origin: False)
    source, target = Breaking(), make(kind, **options)
    source.save("a.bin", ContentFile(b"x" * size))
    fill(target, "old.bin", "d/other.bin")
    for name, overwrite in (("old.bin", True), ("new.bin", False), ("d/new.bin", True)):
        with pytest.raises(OSError, match="the source is gone"):
            bulk.copy(source, "a.bin", target, name, overwrite=overwrite)
    assert names(target) == ["d/other.bin", "old.bin"]
    assert read(target, "old.bin") == b"old.bin"


@pytest.mark.parametrize("options", [{}, {"allow_overwrite": True}])
def test_one_place_by_two_storages(tmp_path, options):
    one, two = (FileSystemStorage(tmp_path, **options) for _ in range(2))
    fill(one, "a.txt")
    bulk.copy(one, "a.txt", two, "a.txt", overwrite=True)
    assert read(one, "a.txt") == b"a.txt"
    with pytest.raises(FileExistsError):
        bulk.copy(one, "a.txt", two, "a.txt")
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("folder", ["", "new/"])
def test_files_get_the_permissions_that_django_gives(tmp_path, folder):
    modes = {"file_permissions_mode": 0o640, "directory_permissions_mode": 0o750}
    target, name = FileSystemStorage(tmp_path, **modes), f"{folder}{'x' * 250}.txt"
    bulk.copy(make_filled(lambda kind: MemoryStorage()), "b.txt", target, name)
    assert os.stat(target.path(name)).st_mode & 0o777 == 0o640
    if folder:
        assert os.stat(target.path(folder)).st_mode & 0o777 == 0o750


# -- delete


def test_delete_many(storage):
    fill(storage, "a.txt", "d/b.txt", "d/c.txt", "keep.txt")
    bulk.delete_many(storage, iter(["a.txt", "missing.txt", "d/b.txt", "./d/c.txt"]))
    assert names(storage) == ["keep.txt"]
    bulk.delete_many(storage, [])
    with pytest.raises(ValueError, match="name"):
        bulk.delete_many(storage, ["keep.txt", ""])
    assert names(storage) == ["keep.txt"]


@pytest.mark.parametrize("path", ["", ".", "/", "./", "d/..", "d/../", "none/..", "d/./.."])
def test_the_root_is_not_deleted_by_accident(storage, path):
    fill(storage, "a.txt", "d/b.txt")
    with pytest.raises((ValueError, SuspiciousFileOperation)):
        bulk.delete_tree(storage, path)
    assert names(storage) == ["a.txt", "d/b.txt"]


def test_nor_by_its_whole_path(make):
    storage = make("files")
    fill(storage, "a.txt")
    with pytest.raises(ValueError, match="everything"):
        bulk.delete_tree(storage, storage.location)
    assert names(storage) == ["a.txt"]


def test_delete_tree(storage):
    fill(storage, "photos/a.txt", "photos/deep/er/b.txt", "photos2/c.txt", "photos.txt")
    assert bulk.delete_tree(storage, "photos/deep") == 1
    assert bulk.delete_tree(storage, "photos") == 1
    assert names(storage) == ["photos.txt", "photos2/c.txt"]
    assert not storage.exists("photos")
    assert "photos" not in storage.listdir("")[0]
    assert bulk.delete_tree(storage, "photos") == 0
    assert bulk.delete_tree(storage, "photos.txt") == 0
    with pytest.raises(SuspiciousFileOperation):
        bulk.delete_tree(storage, "../photos2")
    assert bulk.delete_tree(storage, "", everything=True) == 2
    assert names(storage) == []
    fill(storage, "a.txt")  # the root has stayed
    assert names(storage) == ["a.txt"]


def test_empty_directories_go_too(make):
    storage = make("files")
    fill(storage, "d/a.txt", "other/b.txt")
    for path in ("d/empty", "d/more/empty"):
        os.makedirs(storage.path(path))
    assert bulk.delete_tree(storage, "d/") == 1
    assert os.listdir(storage.location) == ["other"]


class Shelf(Storage):
    """A foreign storage whose directories are only prefixes of names, as on object stores."""

    def __init__(self):
        self.files = {}

    def exists(self, name):
        return name in self.files

    def _save(self, name, content):
        self.files[name] = content.read()
        return name

    def delete(self, name):
        self.files.pop(name, None)

    def size(self, name):
        return len(self.files[name])

    def _time(self, name):
        return datetime.now(UTC)

    get_modified_time = get_created_time = get_accessed_time = _time

    def listdir(self, path):
        start = f"{path.strip('/')}/".lstrip("/")
        rest = [name.removeprefix(start) for name in self.files if name.startswith(start)]
        return sorted({n.split("/")[0] for n in rest if "/" in n}), [
            n for n in rest if "/" not in n
        ]


def test_a_file_named_as_the_tree_stays():
    storage = Shelf()
    fill(storage, "photos/a.txt", "photos", "photos/a.txt.d/b.txt", "photos/a.txt.d")
    assert bulk.delete_tree(storage, "photos") == 3
    assert list(storage.files) == ["photos"]
