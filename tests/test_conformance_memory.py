"""The suite on MemoryStorage, and on small backends that leave other things to the core.

Also: what `MemoryStorage` gives to the tests of a project, and the rules of the suite itself.
"""

import importlib
import io
import os
import pkgutil
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils.encoding import filepath_to_uri

from storages.base import RemoteStorage
from storages.entry import Entry
from storages.options import option
from storages.testing import MemoryStorage, conformance
from storages.testing.conformance import StorageConformance
from storages.testing.conformance.compressed import Compressed
from storages.testing.conformance.headers import OWN
from storages.testing.conformance.identity import Identity
from storages.testing.conformance.reading import Reading
from storages.testing.conformance.saving import Saving
from storages.testing.conformance.text import Text
from storages.testing.conformance.threads import Threads


class TestMemoryStorage(StorageConformance):
    header_options = {"object_parameters": OWN}  # noqa: RUF012 - read only, as declared

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        return lambda **options: MemoryStorage(**{"bucket_name": str(tmp_path), **options})

    @pytest.fixture
    def other_storage(self) -> MemoryStorage:
        return MemoryStorage()


class FolderStorage(RemoteStorage):
    """Real directories, the required primitives, and the removal of empty directories."""

    root: str = option(None, required=True)
    location: str = option("")
    file_overwrite: bool = option(False)
    part_size: int = option(8 * 1024 * 1024)

    def _path(self, key: str) -> Path:
        return Path(self.root, key)

    def _entry(self, path: Path) -> Entry:
        found = path.stat()
        return Entry(
            path.relative_to(self.root).as_posix(),
            0 if path.is_dir() else found.st_size,
            datetime.fromtimestamp(found.st_mtime, UTC),
            etag=f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}",
            is_dir=path.is_dir(),
        )

    def _stat(self, key: str) -> Entry:
        try:
            return self._entry(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"{key!r} does not exist.") from None

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        with self._path(entry.key).open("rb") as file:
            found = os.fstat(file.fileno())
            if entry.etag != f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}":
                raise OSError(f"{entry.key!r} was replaced while it was read.")
            return os.pread(file.fileno(), stop - start, start)

    def _put(self, key: str, source: Any, params: Any, *, exclusive: bool = False) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=Path(self.root).parent)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(io.BytesIO(source) if isinstance(source, bytes) else source, file)
        try:
            if exclusive:
                os.link(name, target)
            else:
                os.replace(name, target)
        finally:
            Path(name).unlink(missing_ok=True)

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def _list(self, prefix: str) -> Iterator[Entry]:
        try:
            yield from map(self._entry, self._path(prefix).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"{prefix!r} is no directory.") from None

    def _make_dir(self, key: str) -> None:
        self._path(key).mkdir(parents=True)

    def _remove_dir(self, key: str) -> None:
        with suppress(OSError):
            self._path(key).rmdir()

    def url(self, name: str | None) -> str:
        return "/media/" + filepath_to_uri(self._key(name or ""))


class TestFolderStorage(StorageConformance):
    """Real directories: the defaults of the optional primitives, and `is_dir` entries."""

    object_store = False
    lacks = frozenset({"content-type"})

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        root = tmp_path / "place"
        root.mkdir()

        def make(**options: Any) -> FolderStorage:
            storage = FolderStorage(root=str(root), **options)
            Path(root, storage.location).mkdir(parents=True, exist_ok=True)
            return storage

        return make


class StreamStorage(MemoryStorage):
    """A service where long streams are better than ranges, as with FTP."""

    def _stream(self, entry: Entry, start: int) -> Iterator[bytes]:
        data = self._fetch(entry, 0, entry.size)
        for place in range(start, len(data), 100_000):
            yield data[place : place + 100_000]


class TestStreamStorage(Reading, Text, Saving, Compressed, Threads):
    """What is read by long streams reads the same."""

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        return lambda **options: StreamStorage(bucket_name=str(tmp_path), **options)


class VaultStorage(MemoryStorage):
    """Options from settings, a secret one among them."""

    password: str | None = option(None, "VAULT_PASSWORD", secret=True)
    location: str = option("", "VAULT_LOCATION")


class TestVaultStorage(Identity):
    """Identity where there are secrets."""

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        return lambda **options: VaultStorage(
            **({"bucket_name": str(tmp_path), "password": "hunter2-hidden"} | options)
        )


class TestAsserts:
    """What MemoryStorage gives to the tests of a project."""

    def test_assert_exists(self) -> None:
        storage = MemoryStorage()
        storage.save("d/a.txt", ContentFile("é"))
        storage.assert_exists("d/a.txt")
        storage.assert_exists("./d//a.txt", "é")
        storage.assert_exists("d/a.txt", "é".encode())
        with pytest.raises(AssertionError, match=r"'b\.txt' is not stored; stored: d/a\.txt"):
            storage.assert_exists("b.txt")
        with pytest.raises(AssertionError, match="not stored"):
            storage.assert_exists("d")
        with pytest.raises(AssertionError, match="holds"):
            storage.assert_exists("d/a.txt", "e")

    def test_assert_missing(self) -> None:
        storage = MemoryStorage()
        storage.assert_missing("d/a.txt")
        storage.save("d/a.txt", ContentFile(b""))
        for name in ("d/a.txt", "d", "d/../d/a.txt"):
            with pytest.raises(AssertionError, match="stored"):
                storage.assert_missing(name)

    def test_storages_share_files_by_their_bucket(self) -> None:
        alone, other, shared = (
            MemoryStorage(),
            MemoryStorage(),
            MemoryStorage(bucket_name="shared"),
        )
        alone.save("a.txt", ContentFile(b""))
        other.assert_missing("a.txt")
        shared.assert_missing("a.txt")
        MemoryStorage(bucket_name="shared").save("b.txt", ContentFile(b""))
        shared.assert_exists("b.txt")
        alone.assert_missing("b.txt")
        shared.delete("b.txt")


def test_no_test_of_the_suite_hides_another() -> None:
    """Topics are combined by inheritance: of two tests with one name, one would never run."""
    topics = StorageConformance.__bases__
    counts = Counter(name for topic in topics for name in vars(topic) if name.startswith("test_"))
    assert sum(counts.values()) > 150
    assert max(counts.values()) == 1


def test_every_topic_is_in_the_suite() -> None:
    modules = {each.name for each in pkgutil.iter_modules(conformance.__path__) if not each.ispkg}
    assert modules == {"_topics", *conformance.TOPICS}
    for name in set(conformance.TOPICS) - {"suite"}:
        module = importlib.import_module(f"{conformance.__name__}.{name}")
        assert any(base.__module__ == module.__name__ for base in StorageConformance.__bases__)
