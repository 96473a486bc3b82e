"""Services with real directories: what breaks in the middle, litter, links."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages import transfer
from tests.local_tree import LocalFile, LocalTree, LocalTreeStorage

OLD = 2 * 24 * 3600
PARTS = bytes(range(256)) * 1000


class Faults:
    """Raises where a test says: before an operation, `skip` times later."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.planned: list[tuple[str, int, BaseException]] = []

    def plan(self, operation: str, error: BaseException | None = None, skip: int = 0) -> None:
        self.planned.append((operation, skip, error or ConnectionResetError("cut")))

    def __call__(self, operation: str) -> None:
        self.seen.append(operation)
        for index, (wanted, skip, error) in enumerate(self.planned):
            if wanted == operation:
                self.planned[index] = (wanted, skip - 1, error)
                if skip == 0:
                    del self.planned[index]
                    raise error
                return


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(transfer, "ABORT_PAUSES", (0, 0, 0))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def make(tmp_path: Path, faults: Faults) -> Callable[..., LocalTreeStorage]:
    def make(**options: Any) -> LocalTreeStorage:
        return LocalTreeStorage(root=str(tmp_path), fault=faults, part_size=64 * 1024, **options)

    return make


@pytest.fixture
def storage(make: Any) -> Any:
    return make()


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def litter(folder: Path, age: float) -> Path:
    path = folder / ".storehouse-0123456789abcdef01234567.part"
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_one_upload_in_operations(storage: Any, faults: Faults) -> None:
    storage.save("d/e/a.txt", ContentFile(b"content"))
    assert faults.seen == [
        *("write", "make_dir", "make_dir", "make_dir", "write"),  # d/e, d, d/e
        *("ready", "rename_new"),
    ]
    faults.seen.clear()
    storage.save("d/e/b.txt", ContentFile(b"content"))
    assert faults.seen == ["write", "ready", "rename_new"]


@pytest.mark.parametrize("size", [10, len(PARTS)])
@pytest.mark.parametrize("operation", ["write", "make_dir", "ready"])
def test_a_new_connection_that_breaks_leaves_nothing(
    make: Any, faults: Faults, tmp_path: Path, size: int, operation: str
) -> None:
    storage = make(file_overwrite=True)  # else one look at the target is the first operation
    faults.plan(operation, skip=operation == "write")
    with pytest.raises(ConnectionResetError):
        storage.save("d/e/a.bin", ContentFile(PARTS[:size]))
    assert everything(tmp_path) == []
    assert storage.save("d/e/a.bin", ContentFile(PARTS[:size])) == "d/e/a.bin"
    assert (tmp_path / "d/e/a.bin").read_bytes() == PARTS[:size]


@pytest.mark.parametrize("size", [10, len(PARTS)])
def test_a_connection_that_died_at_rest_is_no_failure(
    storage: Any, faults: Faults, tmp_path: Path, size: int
) -> None:
    assert not storage.exists("a.bin")
    faults.plan("write")
    storage.save("a.bin", ContentFile(PARTS[:size]))
    assert everything(tmp_path) == ["a.bin"]
    assert storage.size("a.bin") == size


@pytest.mark.parametrize("file_overwrite", [False, True])
def test_a_rename_that_was_cut_before_it_happened(
    make: Any, faults: Faults, tmp_path: Path, file_overwrite: bool
) -> None:
    storage = make(file_overwrite=file_overwrite)
    faults.plan("rename" if file_overwrite else "rename_new")
    assert storage.save("a.txt", ContentFile(b"content")) == "a.txt"
    assert everything(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("file_overwrite", [False, True])
def test_a_rename_whose_answer_was_lost(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_overwrite: bool
) -> None:
    name = "rename" if file_overwrite else "rename_new"
    rename = getattr(LocalTree, name)

    def lose_the_answer(tree: LocalTree, source: str, target: str) -> None:
        monkeypatch.setattr(LocalTree, name, rename)
        rename(tree, source, target)
        raise ConnectionResetError("cut")

    monkeypatch.setattr(LocalTree, name, lose_the_answer)
    storage = make(file_overwrite=file_overwrite)
    assert storage.save("a.txt", ContentFile(b"content")) == "a.txt"
    assert everything(tmp_path) == ["a.txt"]


def test_a_rename_that_never_works_keeps_the_old_file(
    make: Any, faults: Faults, tmp_path: Path
) -> None:
    storage = make(file_overwrite=True)
    storage.save("a.txt", ContentFile(b"old"))
    for _ in range(4):
        faults.plan("rename")
    with pytest.raises(ConnectionResetError):
        storage.save("a.txt", ContentFile(b"new"))
    assert everything(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_what_could_not_be_removed_is_removed_later(
    storage: Any, faults: Faults, tmp_path: Path
) -> None:
    faults.plan("ready", PermissionError("no"))
    faults.plan("remove")
    faults.plan("remove")
    with pytest.raises(PermissionError):
        storage.save("d/a.txt", ContentFile(b"content"))
    deadline = time.monotonic() + 20
    while os.listdir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)  # the thread that tries again tells nobody
    assert os.listdir(tmp_path) == []


def test_a_move_makes_directories_and_takes_them_back(
    storage: Any, faults: Faults, tmp_path: Path
) -> None:
    storage.save("a.txt", ContentFile(b"content"))
    storage.move("a.txt", "d/e/b.txt")
    assert everything(tmp_path) == ["d", "d/e", "d/e/b.txt"]
    faults.plan("rename_new", skip=1, error=PermissionError("no"))
    with pytest.raises(PermissionError):
        storage.move("d/e/b.txt", "f/g/c.txt")
    assert everything(tmp_path) == ["d", "d/e", "d/e/b.txt"]


def test_a_large_file_whose_name_is_taken_is_sent_once(storage: Any, faults: Faults) -> None:
    storage.save("a.bin", ContentFile(b"content"))
    faults.seen.clear()
    assert storage.save("a.bin", ContentFile(PARTS)) != "a.bin"
    assert faults.seen == ["stat", "stat", "write", "ready", "rename_new"]


def test_a_refused_upload_asks_for_nothing_more(storage: Any, faults: Faults) -> None:
    faults.plan("write", PermissionError("no"))
    with pytest.raises(PermissionError):
        storage.save("a.txt", ContentFile(b"content"))
    assert faults.seen == ["write"]


def test_two_uploads_share_a_directory_that_one_made(storage: Any, tmp_path: Path) -> None:
    failing = storage.open("d/a.bin", "wb")
    failing.write(PARTS)
    storage.save("d/b.txt", ContentFile(b"content"))
    failing.abort()
    assert everything(tmp_path) == ["d", "d/b.txt"]


def test_a_file_where_a_directory_is_needed(storage: Any, tmp_path: Path) -> None:
    storage.save("d", ContentFile(b"content"))
    for name in ("d/a.txt", "d/e/f/a.txt"):
        with pytest.raises(NotADirectoryError):
            storage.save(name, ContentFile(b"content"))
    assert everything(tmp_path) == ["d"]


def test_what_others_broke_while_a_file_rested_is_noticed(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is taken after the last byte, and closing the file fails just then."""
    storage = make(file_overwrite=True)
    storage.save("a.bin", ContentFile(b"old"))
    file = storage.open("a.bin", "wb")
    file.write(PARTS)
    file.flush()
    others = [storage._pool().lend(id) for _ in range(2)]
    with monkeypatch.context() as patch:

        def lose(self: LocalFile) -> None:
            self._file.truncate(1000)
            self._file.close()
            raise OSError("disk full")

        patch.setattr(LocalFile, "close", lose)
        with others[0], others[1]:
            pass
    with pytest.raises(OSError, match="was changed"):
        file.close()
    for other in others:
        other.end()
    assert everything(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


def test_a_move_whose_source_is_gone_is_no_success(
    storage: Any, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything was sent, a broken connection says nothing of what was done."""
    storage.save("a.txt", ContentFile(b"content"))
    storage.save("b.txt", ContentFile(b"another content"))
    faults.plan("rename")
    entry = storage._stat("a.txt")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(FileNotFoundError):
        storage._move(entry, "b.txt", {})
    assert (tmp_path / "b.txt").read_bytes() == b"another content"


def test_a_name_that_is_no_text_reaches_no_connection(storage: Any, faults: Faults) -> None:
    with pytest.raises(SuspiciousFileOperation):
        storage.exists("a\ud800.txt")
    assert faults.seen == []


# -- litter


def test_litter_is_not_listed_and_goes_with_a_later_save(storage: Any, tmp_path: Path) -> None:
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    old.mkdir()
    fresh.mkdir()
    dead, alive = litter(old, OLD), litter(fresh, 60)
    assert storage.listdir("old") == storage.listdir("fresh") == ([], [])
    assert dead.exists()
    storage.save("a.txt", ContentFile(b"content"))
    assert not dead.exists()
    assert alive.exists()


def test_litter_that_cannot_go_fails_no_save(storage: Any, faults: Faults, tmp_path: Path) -> None:
    litter(tmp_path, OLD)
    storage.listdir("")
    faults.plan("remove", PermissionError("no"))
    assert storage.save("a.txt", ContentFile(b"content")) == "a.txt"


def test_delete_tree_takes_litter_but_nothing_that_is_being_written(
    storage: Any, tmp_path: Path
) -> None:
    storage.save("d/e/a.txt", ContentFile(b"content"))
    storage.save("f/a.txt", ContentFile(b"content"))
    litter(tmp_path / "d" / "e", OLD)
    alive = litter(tmp_path / "f", 60)
    assert storage.delete_tree("d") == 1
    assert storage.delete_tree("f") == 1
    assert everything(tmp_path) == ["f", str(alive.relative_to(tmp_path))]


# -- links


@pytest.fixture
def linked(storage: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory outside, to which `d/out` leads; `d/circle` leads to `d`."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "kept.txt").write_bytes(b"kept")
    storage.save("d/a.txt", ContentFile(b"content"))
    (tmp_path / "d" / "out").symlink_to(outside)
    (tmp_path / "d" / "circle").symlink_to(tmp_path / "d")
    (tmp_path / "d" / "link.txt").symlink_to(outside / "kept.txt")
    return outside


def test_links_are_read_but_not_scanned(storage: Any, linked: Path) -> None:
    assert sorted(storage.listdir("d")[0]) == ["circle", "out"]
    assert storage.open("d/out/kept.txt").read() == b"kept"
    assert storage.open("d/circle/a.txt").read() == b"content"
    assert sorted(entry.name for entry in storage.scan()) == ["d/a.txt", "d/link.txt"]


def test_delete_tree_deletes_links_and_not_what_they_lead_to(
    storage: Any, linked: Path, tmp_path: Path
) -> None:
    assert storage.delete_tree("d") == 2
    assert everything(tmp_path) == []
    assert (linked / "kept.txt").read_bytes() == b"kept"


# -- reading


def test_a_read_that_is_cut_goes_on_where_it_was(storage: Any, faults: Faults) -> None:
    content = PARTS * 2
    storage.save("a.bin", ContentFile(content))
    faults.plan("chunk", skip=2)
    faults.seen.clear()
    assert storage.open("a.bin").read() == content
    assert faults.seen[:7] == ["stat", "read", *["chunk"] * 3, "read", "chunk"]


def test_more_open_files_than_connections(storage: Any) -> None:
    """Two connections serve them all: each file lends its own while it rests."""
    for number in range(6):
        storage.save(f"{number}.bin", ContentFile(PARTS + b"%d" % number))
    files = [storage.open(f"{number}.bin") for number in range(6)]
    writers = [storage.open(f"copy-{number}.bin", "wb") for number in range(6)]
    while chunks := [file.read(50_000) for file in files]:
        for writer, chunk in zip(writers, chunks, strict=True):
            writer.write(chunk)
        if not any(chunks):
            break
    for file in (*files, *writers):
        file.close()
    for number in range(6):
        assert storage.open(f"copy-{number}.bin").read() == PARTS + b"%d" % number
