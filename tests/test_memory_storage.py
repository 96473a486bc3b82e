"""MemoryStorage in the tests of a project: what it asserts, whose files it sees, its links."""

import copy
import pickle
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from storages.testing import MemoryStorage


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def place():
    """The name of a bucket that no other test has."""
    return f"place-{uuid4().hex}"


def put(storage, name, content=b"content"):
    return storage.save(name, ContentFile(content))


# -- assertions


def test_assert_exists_is_silent_when_it_does(storage):
    put(storage, "d/a.txt", "grüße")
    put(storage, "empty.txt", b"")
    assert storage.assert_exists("d/a.txt") is None
    storage.assert_exists("d/a.txt", "grüße")
    storage.assert_exists("d/a.txt", "grüße".encode())
    storage.assert_exists("empty.txt", b"")
    storage.assert_exists("empty.txt", "")


def test_assert_exists_says_what_is_there(storage):
    with pytest.raises(AssertionError, match=r"^'a\.txt' is not stored; stored: nothing\.$"):
        storage.assert_exists("a.txt")
    for name in ("c.txt", "d/b.txt"):
        put(storage, name)
    with pytest.raises(AssertionError, match=r"^'a\.txt' is not stored; stored: c\.txt, d/b\.txt"):
        storage.assert_exists("a.txt")


@pytest.mark.parametrize("wanted", [b"other", "other", b"", b"content and more"])
def test_assert_exists_says_what_is_in_it(storage, wanted):
    put(storage, "a.txt")
    with pytest.raises(AssertionError) as caught:
        storage.assert_exists("a.txt", wanted)
    expected = wanted if isinstance(wanted, bytes) else wanted.encode()
    assert str(caught.value) == f"'a.txt' holds b'content', not {expected!r}."


def test_a_large_difference_is_told_shortly(storage):
    put(storage, "a.bin", b"x" * 1_000_000)
    with pytest.raises(AssertionError) as caught:
        storage.assert_exists("a.bin", b"x" * 999_999)
    assert len(str(caught.value)) < 300


def test_differences_beyond_the_start_are_told(storage):
    put(storage, "a.bin", b"x" * 500 + b"here")
    with pytest.raises(AssertionError) as caught:
        storage.assert_exists("a.bin", b"x" * 500 + b"there")
    found, wanted = str(caught.value).removesuffix(".").split(" holds ")[1].split(", not ")
    assert found != wanted


def test_a_directory_is_no_file(storage):
    put(storage, "d/a.txt")
    with pytest.raises(AssertionError, match="'d' is not stored"):
        storage.assert_exists("d")
    with pytest.raises(AssertionError, match="'d' is stored"):
        storage.assert_missing("d")


def test_assert_missing(storage):
    assert storage.assert_missing("a.txt") is None
    put(storage, "a.txt")
    with pytest.raises(AssertionError, match=r"^'a\.txt' is stored\.$"):
        storage.assert_missing("a.txt")
    storage.delete("a.txt")
    storage.assert_missing("a.txt")


@pytest.mark.parametrize("check", ["assert_exists", "assert_missing"])
def test_assertions_pass_the_gate_of_names(check):
    storage = MemoryStorage(location="in")
    with pytest.raises(SuspiciousFileOperation):
        getattr(storage, check)("../a.txt")


def test_assertions_see_names_and_contents_as_the_project_does():
    storage = MemoryStorage(location="in", gzip=True)
    put(storage, "a.css", b"body {}" * 100)
    storage.assert_exists("a.css", b"body {}" * 100)
    assert storage.stat("a.css").encoding == "gzip"
    with pytest.raises(AssertionError, match=r"stored: a\.css\.$"):
        storage.assert_exists("in/a.css")


# -- whose files it sees


def test_without_a_bucket_each_storage_is_alone(storage):
    put(storage, "a.txt")
    MemoryStorage().assert_missing("a.txt")


def test_a_bucket_is_shared(place):
    put(MemoryStorage(bucket_name=place), "d/a.txt")
    MemoryStorage(bucket_name=place).assert_exists("d/a.txt", b"content")
    MemoryStorage(bucket_name=place, location="d").assert_exists("a.txt", b"content")
    MemoryStorage(bucket_name=f"{place}-other").assert_missing("d/a.txt")


def test_a_copy_shares_the_bucket(place):
    storage = MemoryStorage(bucket_name=place)
    for again in (copy.copy(storage), copy.deepcopy(storage), pickle.loads(pickle.dumps(storage))):
        name = put(storage, "a.txt")
        again.assert_exists(name)
        again.delete(name)
        storage.assert_missing(name)


def test_a_pickle_without_a_bucket_brings_its_files(storage):
    put(storage, "a.txt")
    again = pickle.loads(pickle.dumps(storage))
    again.assert_exists("a.txt", b"content")
    put(again, "b.txt")
    put(again, "b.txt")
    assert len(again.listdir("")[1]) == 3


def test_it_serves_in_storages(settings, place):
    options = {"bucket_name": place, "location": "media"}
    path = "storages.testing.MemoryStorage"
    settings.STORAGES = {"default": {"BACKEND": path, "OPTIONS": options}}
    put(storages["default"], "a.txt")
    MemoryStorage(bucket_name=place).assert_exists("media/a.txt")
    assert storages["default"].url("a.txt") == "/media/media/a.txt"


def test_names_are_kept_unless_it_overwrites(storage):
    first, second = put(storage, "a.txt", b"1"), put(storage, "a.txt", b"2")
    assert first != second
    storage.assert_exists("a.txt", b"1")
    storage.assert_exists(second, b"2")
    replacing = MemoryStorage(file_overwrite=True)
    assert put(replacing, "a.txt", b"1") == put(replacing, "a.txt", b"2") == "a.txt"
    replacing.assert_exists("a.txt", b"2")


# -- links


@pytest.mark.parametrize(
    ("options", "name", "url"),
    [
        ({}, "a.txt", "/media/a.txt"),
        ({}, "d/a b+ü#?.txt", "/media/d/a%20b%2B%C3%BC%23%3F.txt"),
        ({}, "./d//a.txt", "/media/d/a.txt"),
        ({"location": "in"}, "a.txt", "/media/in/a.txt"),
        ({"base_url": "https://cdn.test/x/"}, "a.txt", "https://cdn.test/x/a.txt"),
        ({"base_url": ""}, "a.txt", "a.txt"),
        ({"base_url": "/files"}, "a.txt", "/files/a.txt"),
        ({}, "//evil.test/a.txt", "/media/evil.test/a.txt"),
        ({}, "http://evil.test/a.txt", "/media/http%3A/evil.test/a.txt"),
        ({"base_url": "https://cdn.test/"}, "a:b.txt", "https://cdn.test/a%3Ab.txt"),
    ],
)
def test_url(options, name, url):
    assert MemoryStorage(**options).url(name) == url


def test_url_follows_the_setting(settings, storage):
    settings.MEDIA_URL = "https://media.test/m/"
    assert storage.url("a.txt") == "https://media.test/m/a.txt"


def test_url_of_a_name_outside():
    with pytest.raises(SuspiciousFileOperation):
        MemoryStorage(location="in").url("../a.txt")


def test_a_renamed_file_keeps_the_time_that_was_set(storage):
    time = datetime(2001, 9, 9, tzinfo=UTC)
    storage.save("a.txt", ContentFile(b"a"))
    storage.set_modified_time("a.txt", time)
    storage.move("a.txt", "b.txt")
    assert storage.get_modified_time("b.txt") == time
    storage.copy("b.txt", "c.txt")
    assert storage.get_modified_time("c.txt") > time


def test_an_unknown_option():
    with pytest.raises(ImproperlyConfigured, match="Did you mean 'base_url'"):
        MemoryStorage(baseurl="/x/")
