"""Threads and processes: nothing is lost, nothing is mixed, nothing hangs."""

from __future__ import annotations

import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import wait
from typing import Any

import pytest
from django.core.files.base import ContentFile, File

from storages.testing.conformance.suite import KiB, MiB, Suite, get, needs, noise, one_way, put

THREADS = 12
PATIENCE = 60
"""Seconds after which a child process counts as hanging."""


def _at_once(call: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """The results of `call(0)`, `call(1)`, …, all begun at the same moment."""
    barrier = threading.Barrier(count)

    def wait_and_call(number: int) -> Any:
        barrier.wait(PATIENCE)
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_call, range(count)))


def _winners(create: Callable[[int], Any]) -> list[int]:
    """Those numbers whose `create`, all at the same moment, did not raise FileExistsError."""

    def attempt(number: int) -> bool:
        try:
            create(number)
        except FileExistsError:
            return False
        return True

    return [number for number, won in enumerate(_at_once(attempt)) if won]


def _in_child(work: Callable[[], Any]) -> None:
    """Run `work` in a forked process; AssertionError with its traceback if it fails."""
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        # That threads and fork are dangerous is why this is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - it is told to the parent
            os.write(sending, traceback.format_exc().encode()[-60_000:])
        finally:
            os._exit(0)
    os.close(sending)
    with open(receiving, "rb") as pipe:
        hangs = not wait([pipe.fileno()], PATIENCE)
        if hangs:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        failure = "The child hangs." if hangs else pipe.read().decode()
    assert not failure, failure


class Threads(Suite):
    """One storage serves all threads of a process, and the children that it forks."""

    @needs("file_overwrite", "exclusive-create")
    @pytest.mark.parametrize("seekable", [True, False])
    def test_concurrent_saves_of_one_name_lose_nothing(
        self, make_storage: Any, part_options: Any, size: int, seekable: bool
    ) -> None:
        storage = make_storage(**self.overwriting(False), **part_options)
        count, turns = (THREADS, 3) if size < 1 * MiB else (4, 1)

        def save(turn: int, number: int) -> Any:
            content = noise(size, number)
            file = ContentFile(content) if seekable else File(one_way(content))
            return storage.save(f"d/race-{turn}.bin", file)

        for turn in range(turns):
            names = _at_once(partial(save, turn), count)
            assert len(set(names)) == count
            for number, name in enumerate(names):
                assert get(storage, name) == noise(size, number)
        assert len(storage.listdir("d")[1]) == turns * count

    @needs("remote", "exclusive-create")
    def test_of_concurrent_creations_one_wins(self, storage: Any) -> None:
        def create(turn: int, number: int) -> Any:
            with storage.open(f"race-{turn}.txt", "xb") as file:
                file.write(b"%d" % number)

        for turn in range(3):
            (winner,) = _winners(partial(create, turn))
            assert get(storage, f"race-{turn}.txt") == b"%d" % winner

    @needs("write", "exclusive-create")
    def test_of_concurrent_writes_one_wins(self, storage: Any) -> None:
        def write(turn: int, number: int) -> Any:
            storage.write(f"race-{turn}.txt", ContentFile(b"%d" % number))

        for turn in range(3):
            (winner,) = _winners(partial(write, turn))
            assert get(storage, f"race-{turn}.txt") == b"%d" % winner

    @needs("copy", "move", "exclusive-copy")
    @pytest.mark.parametrize("do", ["copy", "move"])
    def test_of_concurrent_copies_one_wins(self, storage: Any, do: str) -> None:
        def arrive(turn: int, number: int) -> Any:
            source = put(storage, f"source-{turn}-{number}", b"%d" % number)
            getattr(storage, do)(source, f"target-{turn}", overwrite=False)

        for turn in range(3):
            (winner,) = _winners(partial(arrive, turn))
            assert get(storage, f"target-{turn}") == b"%d" % winner
            for number in range(THREADS):
                kept = do == "copy" or number != winner
                assert storage.exists(f"source-{turn}-{number}") is kept

    @needs("remote", "file_overwrite")
    def test_of_concurrent_replacements_one_stays_whole(
        self, make_storage: Any, part_options: Any, size: int
    ) -> None:
        storage = make_storage(**self.overwriting(True), **part_options)
        contents = [noise(size + number, number) for number in range(4)]
        names = _at_once(lambda n: storage.save("a.bin", ContentFile(contents[n])), len(contents))
        assert set(names) == {"a.bin"}
        assert get(storage, "a.bin") in contents
        assert storage.listdir("") == ([], ["a.bin"])

    def test_threads_do_not_mix_files(self, parted: Any) -> None:
        sizes = [10, 300 * KiB, 700 * KiB]

        def use(number: int) -> None:
            for turn, size in enumerate(sizes):
                name, content = f"d{number}/{turn}.bin", noise(size, 100 * number + turn)
                put(parted, name, content)
                with parted.open(name) as file:
                    assert file.read(100) == content[:100]
                    assert parted.exists(name)
                    assert parted.size(name) == size
                    assert file.read() == content[100:]
                assert not parted.exists(f"d{number}/none")
                parted.listdir(f"d{number}")
            parted.delete(f"d{number}/0.bin")
            assert sorted(parted.listdir(f"d{number}")[1]) == ["1.bin", "2.bin"]

        _at_once(use)
        assert len(parted.listdir("")[0]) == THREADS

    def test_threads_write_into_opened_files(self, parted: Any) -> None:
        def write(number: int) -> None:
            content = noise(700 * KiB, number)
            with parted.open(f"{number}.bin", "wb") as file:
                for start in range(0, len(content), 70_000):
                    file.write(content[start : start + 70_000])

        _at_once(write)
        for number in range(THREADS):
            content = get(parted, f"{number}.bin")
            assert content == noise(700 * KiB, number)

    def test_threads_read_one_file(self, storage: Any) -> None:
        content = noise(700 * KiB)
        put(storage, "a.bin", content)
        found = _at_once(lambda number: get(storage, "a.bin"))
        assert all(each == content for each in found)

    def test_the_first_use_may_come_from_many_threads(self, make_storage: Any) -> None:
        storages = [make_storage() for _ in range(THREADS)]
        one = make_storage()
        _at_once(lambda number: storages[number].save(f"{number}.txt", ContentFile(b"content")))
        found = _at_once(lambda number: one.exists(f"{number}.txt"))
        assert found == [True] * THREADS

    def test_a_file_goes_from_thread_to_thread(self, storage: Any) -> None:
        with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
            file = first.submit(storage.open, "a.bin", "wb").result()
            second.submit(file.write, noise(400 * KiB)).result()
            first.submit(file.close).result()
            file = second.submit(storage.open, "a.bin").result()
            assert first.submit(file.read, 100).result() == noise(400 * KiB)[:100]
            assert second.submit(file.read).result() == noise(400 * KiB)[100:]
            first.submit(file.close).result()

    @needs("fork")
    def test_a_forked_child_uses_the_storage(self, parted: Any, large: int) -> None:
        content = noise(large)
        put(parted, "a.bin", content)
        assert get(parted, "a.bin") == content

        def work() -> None:
            assert get(parted, "a.bin") == content
            put(parted, "child.bin", content)
            with parted.open("child-2.bin", "wb") as file:
                file.write(content)
            assert get(parted, "child.bin") == get(parted, "child-2.bin") == content
            _at_once(lambda number: put(parted, f"child/{number}.txt"), 4)
            assert len(parted.listdir("child")[1]) == 4
            parted.delete("child.bin")
            assert not parted.exists("child.bin")

        _in_child(work)
        _in_child(lambda: put(parted, "second.txt"))
        put(parted, "parent.bin", content)
        assert get(parted, "parent.bin") == get(parted, "a.bin") == content

    @needs("fork", "remote")
    def test_a_forked_child_leaves_an_upload_to_its_parent(self, parted: Any, size: int) -> None:
        content = noise(size)
        file = parted.open("a.bin", "wb")
        file.write(content)
        file.flush()

        def work() -> None:
            with pytest.raises(OSError, match="another process"):
                file.close()

        _in_child(work)
        file.close()
        assert get(parted, "a.bin") == content

    @needs("fork", "remote")
    def test_a_forked_child_reads_on_and_leaves_the_parent_its_place(self, storage: Any) -> None:
        content = noise(9000 * KiB)
        put(storage, "a.bin", content)
        with storage.open("a.bin") as file:
            assert file.read(5000 * KiB) == content[: 5000 * KiB]

            def work() -> None:
                assert file.read() == content[5000 * KiB :]
                file.seek(100)
                assert file.read(1000) == content[100:1100]

            _in_child(work)
            assert file.read() == content[5000 * KiB :]
