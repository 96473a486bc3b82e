"""Reading in ranges and writing in parts, over a storage that counts, breaks and waits."""

import gc
import random
import threading
import time

import pytest
from django.core.files.base import ContentFile

from storages import transfer
from storages.reading import FIRST, SEEK, WINDOW
from storages.testing import MemoryStorage
from storages.transfer import MiB


class Watched(MemoryStorage):
    """Counts what is asked for, and fails where it is told to."""

    def __init__(self, **options):
        super().__init__(**options)
        self.fetched = []
        self.put = []
        self.break_fetches = 0
        self.cut_fetches_to = None
        self.fail_part = None
        self.uploads = []
        self.flying = self.most_flying = 0
        self.lock = threading.Lock()

    def _fetch_first(self, key, count):
        entry = self._stat(key)
        self.fetched.append((0, count))
        return entry, super()._fetch(entry, 0, count)

    def _fetch(self, entry, start, stop):
        with self.lock:
            self.flying += 1
            self.most_flying = max(self.flying, self.most_flying)
            self.fetched.append((start, stop))
        try:
            if self.break_fetches:
                self.break_fetches -= 1
                raise ConnectionResetError("cut")
            data = super()._fetch(entry, start, stop)
            return data[: self.cut_fetches_to] if self.cut_fetches_to else data
        finally:
            with self.lock:
                self.flying -= 1

    def _put(self, key, source, params, *, exclusive=False):
        self.put.append(key)
        super()._put(key, source, params, exclusive=exclusive)

    def _start_upload(self, key, params, *, exclusive=False):
        upload = WatchedUpload(self, key, params, exclusive=exclusive)
        self.uploads.append(upload)
        return upload


class WatchedUpload:
    parallel = True

    def __init__(self, storage, key, params, *, exclusive):
        self.inner = MemoryStorage._start_upload(storage, key, params, exclusive=exclusive)
        self.storage = storage
        self.sizes = {}
        self.aborted = self.finished = 0
        self.abort_failures = 0

    def write(self, number, part):
        with self.storage.lock:
            self.storage.flying += 1
            self.storage.most_flying = max(self.storage.flying, self.storage.most_flying)
        time.sleep(0.001)
        with self.storage.lock:
            self.storage.flying -= 1
        if number == self.storage.fail_part:
            raise ConnectionResetError("cut")
        self.sizes[number] = len(part)
        self.inner.write(number, part)

    def finish(self):
        self.finished += 1
        self.inner.finish()

    def abort(self):
        self.aborted += 1
        if self.abort_failures:
            self.abort_failures -= 1
            raise ConnectionRefusedError("away")
        self.inner.abort()


def random_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def storage():
    return Watched(part_size=1 * MiB, file_overwrite=True)


def stored(storage, size):
    data = random_bytes(size)
    storage.save("file.bin", ContentFile(data))
    storage.fetched.clear()
    return data


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(transfer, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(transfer, "ABORT_PAUSES", (0, 0, 0, 0))


def test_a_small_file_is_one_fetch(storage):
    data = stored(storage, FIRST)
    with storage.open("file.bin") as file:
        assert file.read() == data
    assert storage.fetched == [(0, FIRST)]


def test_windows_double_and_then_fly_together(storage):
    data = stored(storage, 40 * MiB)
    with storage.open("file.bin") as file:
        assert b"".join(file.chunks(512 * 1024)) == data
    sizes = [stop - start for start, stop in sorted(storage.fetched)]
    assert sizes[:5] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, WINDOW]
    assert sum(sizes) == len(data)


def test_read_of_the_rest_is_in_full_windows(storage):
    data = stored(storage, 3 * WINDOW + FIRST)
    with storage.open("file.bin") as file:
        assert file.read() == data
    assert sorted(storage.fetched)[1:] == [
        (FIRST + i * WINDOW, FIRST + (i + 1) * WINDOW) for i in range(3)
    ]


def test_a_medium_file_read_at_once_is_two_fetches(storage):
    data = stored(storage, 2 * MiB)
    with storage.open("file.bin") as file:
        assert file.read() == data
    assert len(storage.fetched) == 2


def test_a_seek_fetches_little(storage):
    data = stored(storage, 20 * MiB)
    with storage.open("file.bin") as file:
        file.seek(10 * MiB)
        assert file.read(10) == data[10 * MiB : 10 * MiB + 10]
    assert storage.fetched == [(0, FIRST), (10 * MiB, 10 * MiB + SEEK)]


def test_the_end_is_fetched_in_one_window(storage):
    data = stored(storage, 20 * MiB)
    with storage.open("file.bin") as file:
        for back in (22, 42, 1000, 5000):
            file.seek(-back, 2)
            assert file.read(22) == data[-back:][:22]
    assert storage.fetched == [(0, FIRST), (20 * MiB - SEEK, 20 * MiB)]


def test_memory_for_windows_is_bounded(storage, monkeypatch):
    monkeypatch.setattr(storage, "_memory", lambda: 1 * MiB)
    data = stored(storage, 12 * MiB)
    with storage.open("file.bin") as file:
        assert file.read() == data
    assert max(stop - start for start, stop in storage.fetched) <= 1 * MiB
    assert storage.most_flying == 1


def test_a_broken_range_is_fetched_again(storage, no_pauses):
    data = stored(storage, 5 * MiB)
    file = storage.open("file.bin")
    storage.break_fetches = 3
    storage.cut_fetches_to = 300_000  # every answer stops early
    assert file.read() == data


def test_a_connection_that_stays_broken_raises(storage, no_pauses):
    stored(storage, 5 * MiB)
    file = storage.open("file.bin")
    storage.break_fetches = 1000
    with pytest.raises(ConnectionResetError):
        file.read()


def test_the_first_fetch_is_tried_again(storage, no_pauses, monkeypatch):
    data = stored(storage, 1000)
    real, failures = storage._fetch_first, [ConnectionResetError("cut"), TimeoutError("slow")]

    def fetch_first(key, count):
        if failures:
            raise failures.pop()
        return real(key, count)

    monkeypatch.setattr(storage, "_fetch_first", fetch_first)
    assert storage.open("file.bin").read() == data


def test_a_file_replaced_while_it_is_read(storage):
    stored(storage, 5 * MiB)
    with storage.open("file.bin") as file:
        file.read(10)
        storage.save("file.bin", ContentFile(b"new"))
        with pytest.raises(OSError, match="replaced"):
            file.read()


def test_one_part_is_one_put(storage):
    storage.save("file.bin", ContentFile(bytes(1 * MiB)))
    assert storage.put == ["file.bin"]
    assert storage.uploads == []


def test_parts_have_the_planned_size(storage):
    data = random_bytes(int(3.5 * MiB))
    with storage.open("file.bin", "wb") as file:
        for at in range(0, len(data), 77_777):
            file.write(data[at : at + 77_777])
    (upload,) = storage.uploads
    assert upload.sizes == {1: MiB, 2: MiB, 3: MiB, 4: MiB // 2}
    assert upload.finished == 1
    assert storage.open("file.bin").read() == data


def test_parts_fly_together_within_bounds(storage, monkeypatch):
    monkeypatch.setattr(storage, "_memory", lambda: 3 * MiB)
    storage.save("file.bin", ContentFile(bytes(30 * MiB)))
    assert 2 <= storage.most_flying <= 3


def test_a_part_that_fails_aborts_the_upload(storage):
    storage.save("file.bin", ContentFile(b"old"))
    storage.fail_part = 3
    with pytest.raises(ConnectionResetError):
        storage.save("file.bin", ContentFile(bytes(9 * MiB)))
    (upload,) = storage.uploads
    assert (upload.aborted, upload.finished, storage.flying) == (1, 0, 0)
    storage.assert_exists("file.bin", b"old")


def test_a_writer_whose_part_failed_cannot_be_closed_as_if_nothing_was(storage):
    storage.save("file.bin", ContentFile(b"old"))
    storage.fail_part = 1
    file = storage.open("file.bin", "wb")
    with pytest.raises(ConnectionResetError):
        for _ in range(30):
            file.write(bytes(MiB))
    with pytest.raises(OSError, match="nothing was stored"):
        file.close()
    storage.assert_exists("file.bin", b"old")


def test_an_exception_in_the_block_aborts(storage):
    storage.save("file.bin", ContentFile(b"old"))
    with pytest.raises(RuntimeError), storage.open("file.bin", "wb") as file:
        file.write(bytes(5 * MiB))
        raise RuntimeError
    assert storage.uploads[0].aborted == 1
    storage.assert_exists("file.bin", b"old")


def test_a_forgotten_writer_aborts(storage):
    file = storage.open("file.bin", "wb")
    file.write(bytes(5 * MiB))
    del file
    gc.collect()
    assert storage.uploads[0].aborted == 1
    storage.assert_missing("file.bin")


def test_an_abort_that_fails_is_tried_again(storage, no_pauses):
    file = storage.open("file.bin", "wb")
    file.write(bytes(5 * MiB))
    (upload,) = storage.uploads
    upload.abort_failures = 2
    others = set(threading.enumerate())  # those of tests before may wait for minutes
    file.abort()
    for thread in set(threading.enumerate()) - others:
        if thread.name == "storages-abort":
            thread.join(10)
    assert upload.aborted == 3


def test_content_that_cannot_seek_is_kept_for_another_name():
    storage = Watched(part_size=1 * MiB)
    data = random_bytes(3 * MiB)
    storage.save("file.bin", ContentFile(b"old"))

    class Stream:
        name = "file.bin"
        left = data

        def read(self, size=-1):
            size = len(self.left) if size < 0 else size
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    name = storage.save("file.bin", Stream())
    assert name != "file.bin"
    storage.assert_exists("file.bin", b"old")
    storage.assert_exists(name, data)
