"""Names: odd ones work, equal ones are one, and none leaves the storage."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.testing.conformance.suite import Suite, get, needs, put

ODD_NAMES = [
    "with spaces.txt",
    " spaces around .txt ",
    "100%.txt",
    "a%20b.txt",
    "%2e%2e%2fa.txt",
    "plus+plus.txt",
    "hash#tag.txt",
    "what?.txt",
    "what?a=b&c=d.txt",
    "amp&amp;.txt",
    "equals=.txt",
    "semi;colon.txt",
    "comma,at@.txt",
    "co:lon.txt",
    "quote'd.txt",
    'double"quoted".txt',
    "<angle|pipe>.txt",
    "star*.txt",
    "tilde~.txt",
    "~",
    "brackets[1]{2}(3).txt",
    "dollar$bang!caret^`.txt",
    ".hidden",
    "...",
    "..a",
    "a..b.txt",
    "ends-with-a-dot.",
    "-dash",
    "none",
    "UPPER.TXT",
    "Grüße.txt",
    "cafe\N{COMBINING ACUTE ACCENT}.txt",
    "日本語.txt",
    "\N{GRINNING FACE}.txt",
    "\N{NO-BREAK SPACE}\N{RIGHT-TO-LEFT OVERRIDE}.txt",
    "n" * 200 + ".txt",
]

SAME_NAMES = [
    ("./a.txt", "a.txt"),
    ("d//a.txt", "d/a.txt"),
    ("d/./a.txt", "d/a.txt"),
    ("d///.//a.txt", "d/a.txt"),
    ("d\\a.txt", "d/a.txt"),
    (".\\d\\\\a.txt", "d/a.txt"),
]

OUTSIDE = [
    "..",
    "../a.txt",
    "../../../../../../etc/passwd",
    "d/../../a.txt",
    "./../a.txt",
    "..\\a.txt",
    "d\\..\\..\\a.txt",
    "d/..\\../a.txt",
]

ABSOLUTE = ["/a.txt", "//a.txt", "/etc/passwd", "\\a.txt", "/../a.txt"]

METHODS = [
    "open",
    "exists",
    "size",
    "delete",
    "listdir",
    "get_modified_time",
    "get_created_time",
    "get_accessed_time",
]


class Naming(Suite):
    """A name that comes back is the one that was given, cleaned; and the gate holds."""

    def _calls(self, storage: Any, name: str) -> Iterator[Callable[[], Any]]:
        """Every call that takes a name, to be tried with one that is not allowed."""
        for method in METHODS:
            yield partial(getattr(storage, method), name)
        yield partial(storage.save, name, ContentFile(b"new"))
        yield partial(storage.open, name, "wb")
        if not self.has_feature(storage, "remote"):
            return
        for mode in ("r", "w", "xb", "ab"):
            yield partial(storage.open, name, mode)
        for method in ("url", "stat", "delete_tree"):
            yield partial(getattr(storage, method), name)
        yield partial(storage.write, name, ContentFile(b"new"), overwrite=True)
        yield partial(storage.delete_tree, name, everything=True)
        yield partial(storage.delete_many, ["kept.txt", name])
        yield lambda: list(storage.scan(name))
        for do, pair in product((storage.copy, storage.move), ((name, "b"), ("kept.txt", name))):
            yield partial(do, *pair, overwrite=True)

    @pytest.fixture
    def odd(self, request: Any) -> str:
        name: str = request.param
        if name in self.unsupported_names:
            self.expect_failure(request, "the service does not support the name")
        return name

    @pytest.mark.parametrize("odd", ODD_NAMES, indirect=True)
    def test_odd_names(self, storage: Any, odd: str) -> None:
        inside, below = f"folder/{odd}", f"{odd}/inside.txt"
        put(storage, inside, b"of the file")
        put(storage, below, b"of the directory")
        assert get(storage, inside) == b"of the file"
        assert get(storage, below) == b"of the directory"
        assert storage.exists(inside)
        assert storage.exists(odd)
        assert storage.size(inside) == len(b"of the file")
        assert sorted(storage.listdir("")[0]) == sorted(["folder", odd])
        assert storage.listdir("folder") == ([], [odd])
        assert storage.listdir(odd) == ([], ["inside.txt"])
        storage.delete(inside)
        assert not storage.exists(inside)
        assert storage.exists(below)

    @needs("remote")
    @pytest.mark.parametrize("odd", ODD_NAMES, indirect=True)
    def test_odd_names_beyond_django(self, storage: Any, odd: str) -> None:
        with storage.open(f"{odd}/{odd}", "wb") as file:
            file.write(b"content")
        assert storage.stat(f"{odd}/{odd}").name == f"{odd}/{odd}"
        assert [entry.name for entry in storage.scan()] == [f"{odd}/{odd}"]
        assert [entry.name for entry in storage.scan(odd)] == [f"{odd}/{odd}"]
        storage.copy(f"{odd}/{odd}", f"copy/{odd}")
        storage.move(f"copy/{odd}", f"moved/{odd}")
        assert get(storage, f"moved/{odd}") == b"content"
        storage.delete_many([f"moved/{odd}"])
        assert storage.delete_tree(odd) == 1
        assert list(storage.scan()) == []

    @needs("url")
    @pytest.mark.parametrize("odd", ODD_NAMES, indirect=True)
    def test_odd_names_in_urls(self, storage: Any, odd: str) -> None:
        plain, url = (urlsplit(storage.url(f"{odd}/{name}")) for name in ("plain.txt", odd))
        assert unquote(url.path).endswith(f"/{odd}/{odd}")
        assert (url.scheme, url.netloc) == (plain.scheme, plain.netloc)
        assert url.fragment == ""
        assert url.path.isascii()
        assert not set(url.path) & set(' "<>\\^`{|}')

    @needs("url")
    @pytest.mark.parametrize("name", ["//evil.example/a.txt", "///evil.example/a.txt"])
    def test_no_name_replaces_the_host(self, storage: Any, name: str) -> None:
        with contextlib.suppress(SuspiciousFileOperation):
            assert urlsplit(storage.url(name)).netloc == urlsplit(storage.url("a.txt")).netloc

    @pytest.mark.parametrize(("name", "clean"), SAME_NAMES)
    def test_saving_cleans_the_name(self, storage: Any, name: str, clean: str) -> None:
        if "\\" not in name or self.has_feature(storage, "remote"):
            assert storage.save(name, ContentFile(b"content")) == clean
        else:
            put(storage, clean, b"content")
        assert get(storage, clean) == b"content"
        folder, _, base = clean.rpartition("/")
        assert storage.listdir(folder) == ([], [base])

    @pytest.mark.parametrize(("name", "clean"), [*SAME_NAMES, ("d/../a.txt", "a.txt")])
    def test_equal_names_are_one_file(self, storage: Any, name: str, clean: str) -> None:
        put(storage, "d/other.txt")
        put(storage, clean, b"content")
        if "\\" in name and not self.has_feature(storage, "remote"):
            name = name.replace("\\", "/")
        assert get(storage, name) == b"content"
        assert storage.exists(name)
        assert storage.size(name) == 7
        storage.delete(name)
        assert not storage.exists(clean)

    @needs("remote")
    @pytest.mark.parametrize(("name", "clean"), [*SAME_NAMES, ("d/../a.txt", "a.txt")])
    def test_equal_names_beyond_django(self, storage: Any, name: str, clean: str) -> None:
        with storage.open(name, "wb") as file:
            file.write(b"content")
        assert [entry.name for entry in storage.scan()] == [clean]
        assert storage.stat(name).name == clean
        storage.copy(name, f"copy/{name}")
        assert get(storage, f"copy/{clean}") == b"content"
        storage.move(f"copy/{name}", f"moved/{name}")
        storage.delete_many([name])
        assert [entry.name for entry in storage.scan()] == [f"moved/{clean}"]

    @needs("file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    def test_saving_up_and_down_is_refused_or_cleaned(
        self, make_storage: Any, overwrite: bool
    ) -> None:
        storage = make_storage(**self.overwriting(overwrite))
        with contextlib.suppress(SuspiciousFileOperation):
            assert storage.save("d/../a.txt", ContentFile(b"content")) == "a.txt"
            assert get(storage, "a.txt") == b"content"
        assert storage.listdir("")[1] in ([], ["a.txt"])

    @pytest.mark.parametrize("name", OUTSIDE)
    def test_no_name_leaves_the_storage(self, storage: Any, name: str) -> None:
        if "\\" in name and not self.has_feature(storage, "remote"):
            name = name.replace("\\", "/")
        put(storage, "kept.txt")
        for call in self._calls(storage, name):
            with pytest.raises(SuspiciousFileOperation):
                call()
        assert storage.listdir("") == ([], ["kept.txt"])

    @needs("location")
    @pytest.mark.parametrize("name", [*OUTSIDE, *ABSOLUTE])
    def test_no_name_leaves_the_location(self, make_storage: Any, name: str) -> None:
        storage, around = make_storage(location="inside"), make_storage()
        if "\\" in name and not self.has_feature(storage, "remote"):
            name = name.replace("\\", "/")
        put(storage, "kept.txt")
        put(around, "a.txt", b"outside")
        put(around, "etc/passwd", b"outside")
        for call in self._calls(storage, name):
            with pytest.raises(SuspiciousFileOperation):
                call()
        assert get(around, "a.txt") == get(around, "etc/passwd") == b"outside"
        assert sorted(around.listdir("")[0]) == ["etc", "inside"]
        assert storage.listdir("") == ([], ["kept.txt"])

    @needs("location", "remote")
    @pytest.mark.parametrize("name", ["/inside2/a.txt", "../inside2/a.txt", "/inside/../a.txt"])
    def test_a_location_is_no_mere_prefix(self, make_storage: Any, name: str) -> None:
        storage, around = make_storage(location="inside"), make_storage()
        put(around, "inside2/a.txt")
        put(storage, "kept.txt")
        for call in self._calls(storage, name):
            with pytest.raises(SuspiciousFileOperation):
                call()
        assert get(around, "inside2/a.txt") == b"content"

    @needs("location", "remote", "object-store")
    @pytest.mark.parametrize("name", ["/inside", "", ".", "d/.."])
    def test_a_file_named_like_the_location_is_outside(self, make_storage: Any, name: str) -> None:
        storage, around = make_storage(location="inside"), make_storage()
        put(around, "inside", b"outside")
        for call in (storage.size, storage.stat, storage.open, partial(storage.open, mode="wb")):
            with pytest.raises((OSError, SuspiciousFileOperation)):
                call(name)
        with pytest.raises((ValueError, SuspiciousFileOperation)):
            storage.delete(name)
        assert get(around, "inside") == b"outside"

    @pytest.mark.parametrize("name", ["/a.txt", "//a.txt", "../a.txt"])
    def test_saving_an_absolute_name_is_refused(self, storage: Any, name: str) -> None:
        with pytest.raises(SuspiciousFileOperation):
            storage.save(name, ContentFile(b"content"))
        assert storage.listdir("") == ([], [])

    @needs("file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    @pytest.mark.parametrize("name", ["", ".", "d/", "/", "d/."])
    def test_saving_without_a_file_name_is_refused(
        self, make_storage: Any, name: str, overwrite: bool
    ) -> None:
        storage = make_storage(**self.overwriting(overwrite))
        with pytest.raises((SuspiciousFileOperation, OSError)):
            storage.save(name, ContentFile(b"content"))
        assert storage.listdir("") == ([], [])

    @needs("remote")
    def test_nul_is_refused(self, storage: Any) -> None:
        put(storage, "kept.txt")
        for name in ("a\0b.txt", "\0", "kept.txt\0.png"):
            for call in self._calls(storage, name):
                with pytest.raises(SuspiciousFileOperation):
                    call()
        assert storage.listdir("") == ([], ["kept.txt"])

    def test_generated_names(self, storage: Any) -> None:
        assert storage.generate_filename("d/my photo (1).txt") == "d/my_photo_1.txt"
        assert storage.get_valid_name("my photo?.txt") == "my_photo.txt"
        for name in ("../a.txt", "d/../../a.txt"):
            with pytest.raises(SuspiciousFileOperation):
                storage.generate_filename(name)

    def test_names_that_differ_by_case(self, keeping: Any) -> None:
        put(keeping, "a.txt", b"small")
        saved = keeping.save("A.txt", ContentFile(b"capital"))
        assert (saved != "A.txt") == self.ignores_case
        assert keeping.exists("A.txt")
        assert get(keeping, "a.txt") == b"small"
        assert get(keeping, saved) == b"capital"
        assert sorted(keeping.listdir("")[1]) == sorted(["a.txt", saved])
