"""What the tests of the suite stand on: fixtures, features, and small helpers."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, ClassVar, TypeVar

import pytest
from django.core.files.base import ContentFile

from storages.base import RemoteStorage
from storages.configured import BaseStorage
from storages.options import declared

Test = TypeVar("Test", bound=Callable[..., Any])

KiB = 1024
MiB = 1024 * KiB

SMALL_PART = 64 * KiB
"""Bytes of a part, where the storage lets a test choose."""

METHODS = frozenset(
    {"stat", "scan", "scandir", "copy", "move", "write", "delete_many", "delete_tree"}
    | {"is_dir", "make_dir", "remove_dir", "move_tree"}
)
OPTIONS = frozenset({"file_overwrite", "gzip", "location"})


BY_CHANCE = frozenset({"exclusive-create", "exclusive-copy"})
"""Features whose tests may pass by chance where the service lacks them."""


def needs(*features: str) -> Callable[[Test], Test]:
    """Mark a test that only makes sense for storages with all of `features`.

    Beside those of `Suite.lacks`, which nobody but the service knows, they are derived: options
    and methods by their names; remote: a `RemoteStorage`; options: a `BaseStorage`; ranges: read
    by ranges; secrets: an option is secret; fork: the system can; headers: kept from another
    storage's; reaches: copies from another storage.
    """

    def mark(test: Test) -> Test:
        test.needs = features  # type: ignore[attr-defined]  # read by Suite
        return test

    return mark


class Suite:
    """What a backend says of itself, and what the tests get for it."""

    lacks: ClassVar[frozenset[str]] = frozenset()
    """What the service cannot do although the storage offers it: its tests must fail.

    exclusive-create: of concurrent creations of one name, all but one are told that they lost.
    exclusive-copy: likewise of copies to one name.
    pinned-reads: a file replaced while it is read is noticed.
    pinned-copies: likewise one that the service copies from another storage.
    content-type, content-encoding: kept with the file, and by a copy.
    cache-control, disposition, language, metadata: likewise, where headers are kept.
    key-and-prefix: `a` and `a/b` can both be files; asked of object stores only.
    url: `url()` ends with the quoted name and needs no network.
    """

    offers: ClassVar[frozenset[str]] = frozenset()
    """Options that `make_storage` takes beyond those that the class declares."""

    object_store: ClassVar[bool] = True
    """Directories are but prefixes: a missing one lists as empty instead of FileNotFoundError."""

    keeps_directories: ClassVar[bool] = False
    """The service keeps the empty directory that an upload made which did not succeed."""

    unsupported_names: ClassVar[frozenset[str]] = frozenset()
    """Those of `naming.ODD_NAMES` that the service refuses or changes: their tests must fail."""

    ignores_case: ClassVar[bool] = False
    """Names that differ only by case are one name."""

    overwrite_option: ClassVar[str] = "file_overwrite"
    """The option that lets `save()` replace files."""

    static_options: ClassVar[dict[str, Any]] = {}
    """Options of a storage for static files, such as `{"querystring_auth": False}`."""

    header_options: ClassVar[dict[str, Any] | None] = None
    """Options of a storage that serves its files with `headers.OWN`, where there are some."""

    small_parts: ClassVar[tuple[dict[str, Any], int] | None] = None
    """Options that make parts small, and their bytes; by default from the option `part_size`."""

    many: ClassVar[int] = 1105
    """Files in the directory that must be listed in pages."""

    clock_error: ClassVar[float] = 2.0
    """Seconds that the service's clock may differ from ours, its resolution included."""

    def overwriting(self, yes: bool) -> dict[str, bool]:
        """Options of a storage whose `save()` replaces files, or does not."""
        return {self.overwrite_option: yes}

    def listed(self, storage: Any) -> tuple[list[str], list[str]]:
        """What is left at the root, but for the directories that the service keeps."""
        dirs, files = storage.listdir("")
        return ([] if self.keeps_directories else dirs), files

    @pytest.fixture
    def make_storage(self) -> Callable[..., Any]:
        """A function of options: a storage of one place that is empty when the test begins.

        Where directories are real, that of the option `location` is there already.
        """
        raise NotImplementedError(f"{type(self).__name__} must define the fixture make_storage.")

    @pytest.fixture
    def storage(self, make_storage: Any) -> Any:
        return make_storage()

    @pytest.fixture
    def keeping(self, make_storage: Any) -> Any:
        """A storage that never replaces a file by `save()`."""
        return make_storage(**self.overwriting(False))

    @pytest.fixture
    def replacing(self, make_storage: Any) -> Any:
        """A storage that replaces files by `save()`."""
        return make_storage(**self.overwriting(True))

    @pytest.fixture
    def other_storage(self, make_storage: Any) -> Any:
        """Another storage of the same service and account, in another bucket if there are some."""
        return make_storage(location="other")

    @pytest.fixture
    def part_options(self, make_storage: Any) -> dict[str, Any]:
        """The options for small parts, where the storage lets a test choose."""
        if self.small_parts is not None:
            return self.small_parts[0]
        chooses = "part_size" in declared(type(make_storage()))
        return {"part_size": SMALL_PART} if chooses else {}

    @pytest.fixture
    def parted(self, make_storage: Any, part_options: Any) -> Any:
        """A storage with parts of `part_size` bytes."""
        return make_storage(**part_options)

    @pytest.fixture
    def part_size(self, parted: Any) -> int:
        if self.small_parts is not None:
            return self.small_parts[1]
        return int(getattr(parted, "part_size", 5 * MiB))

    @pytest.fixture
    def large(self, part_size: int) -> int:
        """Bytes of a file of several parts, of which some are sent before it is closed."""
        return part_size + 600 * KiB

    @pytest.fixture(params=["one part", "several parts"])
    def size(self, request: Any, large: int) -> int:
        """Bytes of a file of one part or of several."""
        return 50 if request.param == "one part" else large

    @pytest.fixture(autouse=True)
    def _check_needs(self, request: Any) -> None:
        """Skip what the storage does not offer; expect to fail what its service lacks."""
        features = getattr(request.function, "needs", ())
        if not features:
            return
        storage = request.getfixturevalue("make_storage")()
        for feature in features:
            if not self.has_feature(storage, feature):
                pytest.skip(f"{type(storage).__name__} does not offer {feature!r}")
            if feature in self.lacks & BY_CHANCE:
                pytest.skip(f"the service lacks {feature!r}: who loses a race is chance")
            if feature in self.lacks:
                self.expect_failure(request, f"the service lacks {feature!r}")

    def has_feature(self, storage: Any, feature: str) -> bool:
        """Whether the storage offers `feature`; what only the service knows counts as offered."""
        if feature in self.offers:
            return True
        if feature in METHODS:
            return hasattr(storage, feature)
        if feature in OPTIONS:
            name = self.overwrite_option if feature == "file_overwrite" else feature
            return name in declared(type(storage))
        derived = {
            "object-store": self.object_store,
            "remote": isinstance(storage, RemoteStorage),
            "options": isinstance(storage, BaseStorage),
            "ranges": isinstance(storage, RemoteStorage) and not storage._reading_streams(),
            "secrets": any(each.secret for each in declared(type(storage)).values()),
            "fork": hasattr(os, "fork"),
            "headers": isinstance(storage, RemoteStorage) and storage._keeps_headers(),
            "own-headers": self.header_options is not None,
            "reaches": isinstance(storage, RemoteStorage)
            and type(storage)._reaches is not RemoteStorage._reaches,
            "pinned-moves": isinstance(storage, RemoteStorage)
            and type(storage)._delete_version is not RemoteStorage._delete_version,
            "key-and-prefix": self.object_store,
        }
        return derived.get(feature, True)

    def expect_failure(self, request: Any, reason: str) -> None:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))


def put(storage: Any, name: str, content: Any = b"content") -> str:
    """Save bytes or text as a new file under exactly that name."""
    saved = storage.save(name, ContentFile(content))
    assert saved == name
    return name


def get(storage: Any, name: str | PurePath) -> bytes:
    """All bytes of a file."""
    with storage.open(name) as file:
        content = file.read()
    assert isinstance(content, bytes)
    return content


def replace(storage: Any, name: str, content: Any) -> None:
    """Put other content in the place of a file, whatever `save()` does with taken names."""
    storage.delete(name)
    put(storage, name, content)


def noise(size: int, seed: int = 0) -> bytes:
    """`size` bytes that no compression makes smaller, the same ones for the same `seed`."""
    return random.Random(seed).randbytes(size)


def rebuild(storage: Any, cls: Any = None, **options: Any) -> Any:
    """Another storage with the same options and `options`; of the class `cls`, if given."""
    if isinstance(storage, BaseStorage):
        return (cls or type(storage))(**(dict(storage._given) | options))
    _, args, given = storage.deconstruct()
    return (cls or type(storage))(*args, **(given | options))


def one_way(content: bytes, most: int | None = None) -> Any:
    """Content that can only be read forward, such as a socket, `most` bytes at a time."""
    return _OneWay(content, most)


def breaking(content: bytes, error: BaseException) -> Any:
    """Content whose reading fails with `error` after its bytes."""
    return _OneWay(content, None, error)


class _OneWay(io.RawIOBase):
    def __init__(
        self, content: bytes, most: int | None, error: BaseException | None = None
    ) -> None:
        super().__init__()
        self._source = io.BytesIO(content)
        self._most = most
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._source.readinto(memoryview(buffer)[: self._most])
        if self._error is not None and not count:
            raise self._error
        return count
