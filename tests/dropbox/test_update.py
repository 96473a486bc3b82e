"""The write mode `update`: what this storage read last is replaced, and nothing else."""

import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile, File

from storages.backends import dropbox_revisions
from storages.backends.dropbox import DropboxStorage
from storages.backends.dropbox_exceptions import DropboxStorageException
from tests.looking import content, files, same
from tests.servers import Dropbox

PART = 4 * 1024 * 1024
LARGE = random.Random(0).randbytes(2 * PART + 1000)


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., DropboxStorage]:
    found = dropbox_server.options(dropbox_root, part_size=PART)
    return lambda **options: DropboxStorage(**(found | options))


@pytest.fixture
def updating(make: Callable[..., DropboxStorage]) -> DropboxStorage:
    return make(write_mode="update")


BODIES = pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
READS: list[Callable[[Any], Any]] = [
    lambda storage: storage.open("d/a.bin").close(),
    lambda storage: storage.stat("d/A.bin"),
    lambda storage: storage.size("d/a.bin"),
    lambda storage: storage.exists("d/a.bin"),
    lambda storage: storage.listdir("d"),
    lambda storage: list(storage.scan()),
]


@pytest.mark.parametrize("read", READS, ids=["open", "stat", "size", "exists", "listdir", "scan"])
@BODIES
def test_update_replaces_what_was_read(
    updating: DropboxStorage, storage: DropboxStorage, read: Callable[[Any], Any], body: bytes
) -> None:
    storage.save("d/a.bin", ContentFile(b"old"))
    read(updating)
    assert updating.save("d/a.bin", ContentFile(body)) == "d/a.bin"
    assert same(updating, "d/a.bin", body)
    assert updating.save("d/a.bin", ContentFile(b"again")) == "d/a.bin"
    assert files(storage) == ["d/a.bin"]


@BODIES
def test_update_replaces_nothing_that_changed(
    updating: DropboxStorage, storage: DropboxStorage, body: bytes
) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    updating.size("a.bin")
    storage.delete("a.bin")
    storage.save("a.bin", ContentFile(b"theirs"))
    for _ in range(2):
        with pytest.raises(DropboxStorageException, match="changed since") as caught:
            updating.save("a.bin", ContentFile(body))
        assert not isinstance(caught.value, FileExistsError)
    file = updating.open("a.bin", "wb")
    file.write(body)
    with pytest.raises(DropboxStorageException, match="changed since"):
        file.close()
    assert files(storage) == ["a.bin"]
    assert content(storage, "a.bin") == b"theirs"
    assert content(updating, "a.bin") == b"theirs"
    assert updating.save("a.bin", ContentFile(body)) == "a.bin"
    assert same(storage, "a.bin", body)


@BODIES
def test_update_stores_anew_what_others_deleted(
    updating: DropboxStorage, storage: DropboxStorage, body: bytes
) -> None:
    for write in (
        lambda: updating.save("a.bin", ContentFile(body)),
        lambda: updating.write("a.bin", ContentFile(body), overwrite=True),
        lambda: wrote(updating, "a.bin", body),
    ):
        updating.write("a.bin", ContentFile(b"old"), overwrite=True)
        storage.delete("a.bin")
        assert write() in ("a.bin", None)
        assert same(storage, "a.bin", body)
        assert updating.save("a.bin", ContentFile(b"again")) == "a.bin"
    assert files(storage) == ["a.bin"]


def wrote(storage: DropboxStorage, name: str, body: bytes) -> None:
    with storage.open(name, "wb") as file:
        file.write(body)


@BODIES
def test_update_replaces_nothing_that_comes_after_a_deletion(
    updating: DropboxStorage,
    storage: DropboxStorage,
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    updating.save("a.bin", ContentFile(b"old"))
    storage.delete("a.bin")

    def look_too_early(key: str) -> bool:
        storage.save("a.bin", ContentFile(b"theirs"))
        return False

    monkeypatch.setattr(updating, "_is_taken", look_too_early)
    with pytest.raises(DropboxStorageException, match="changed since"):
        wrote(updating, "a.bin", body)
    assert content(storage, "a.bin") == b"theirs"


class Forgetting(io.BytesIO):
    """Content while which is read the storage deletes the file, and another stores it anew."""

    def __init__(self, body: bytes, updating: DropboxStorage, other: DropboxStorage) -> None:
        super().__init__(body)
        self._left: list[Any] = [other, updating]

    def read(self, count: int | None = -1, /) -> bytes:
        if self._left:
            self._left.pop().delete("a.bin")
            self._left.pop().save("a.bin", ContentFile(b"theirs"))
        return super().read(count)


@BODIES
@pytest.mark.parametrize("how", ["save", "own name", "write"])
def test_update_knows_one_revision_all_the_time(
    updating: DropboxStorage, storage: DropboxStorage, body: bytes, how: str
) -> None:
    file = File(Forgetting(body, updating, storage), "a.bin")
    updating.save("a.bin", ContentFile(b"old"))
    calls: dict[str, Callable[[], Any]] = {
        "save": lambda: updating.save("a.bin", file),
        "own name": lambda: updating._save_over("a.bin", file),
        "write": lambda: updating.write("a.bin", file, overwrite=True),
    }
    with pytest.raises(DropboxStorageException, match="changed since"):
        calls[how]()
    assert content(storage, "a.bin") == b"theirs"
    assert files(storage) == ["a.bin"]


@BODIES
def test_update_keeps_what_was_never_read(
    updating: DropboxStorage, storage: DropboxStorage, body: bytes
) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    for _ in range(2):
        assert updating.save("a.bin", ContentFile(body)) != "a.bin"
    assert content(storage, "a.bin") == b"old"
    assert len(files(storage)) == 3


def test_update_forgets_what_it_deleted(updating: DropboxStorage, storage: DropboxStorage) -> None:
    for delete in (
        lambda: updating.delete("a.bin"),
        lambda: updating.delete_many(["a.bin"]),
        lambda: updating.delete_tree("", everything=True),
        lambda: updating.move("a.bin", "b.bin"),
    ):
        assert updating.save("a.bin", ContentFile(b"old")) == "a.bin"
        delete()
        assert updating.save("a.bin", ContentFile(b"new")) == "a.bin"
        updating.delete_tree("", everything=True)
    assert files(storage) == []


def test_looking_before_it_stores_is_not_reading(
    updating: DropboxStorage, storage: DropboxStorage
) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    with pytest.raises(FileExistsError):
        updating.open("a.bin", "xb")
    with pytest.raises(FileExistsError):
        updating.write("a.bin", ContentFile(LARGE))
    assert updating.save("a.bin", ContentFile(b"new")) != "a.bin"
    assert content(storage, "a.bin") == b"old"


def test_opening_to_write_replaces_what_was_never_read(
    updating: DropboxStorage, storage: DropboxStorage
) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    with updating.open("a.bin", "wb") as file:
        file.write(b"new")
    assert content(storage, "a.bin") == b"new"


def test_appending_notices_what_changed(updating: DropboxStorage, storage: DropboxStorage) -> None:
    storage.save("a.bin", ContentFile(b"old"))
    with updating.open("a.bin", "ab") as file:
        file.write(b" and new")
    assert content(storage, "a.bin") == b"old and new"
    file = updating.open("a.bin", "ab")
    file.write(b" and newer")
    storage.write("a.bin", ContentFile(b"theirs"), overwrite=True)
    with pytest.raises(DropboxStorageException, match="changed since"):
        file.close()
    assert content(storage, "a.bin") == b"theirs"


def test_the_oldest_revisions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_revisions, "MOST", 2)
    known = dropbox_revisions.Revisions()
    for key in ("a", "b", "A", "c"):
        known.remember(key, f"rev of {key}")
    assert [known.of(key) for key in ("a", "b", "c")] == ["rev of A", None, "rev of c"]
