"""All or nothing: a file appears whole, and a failure leaves what was there."""

from __future__ import annotations

import contextlib
import gc
from typing import Any

import pytest
from django.core.files.base import ContentFile, File

from storages.entry import Upload
from storages.testing.conformance.suite import KiB, Suite, breaking, get, needs, noise, put


class FailingUpload:
    """An upload that fails at part `at`, or when it is finished if `at` is 0."""

    def __init__(self, upload: Upload, at: int) -> None:
        self.parallel: bool = upload.parallel
        self.aborted = False
        self._upload, self._at = upload, at

    def write(self, number: int, part: bytes) -> None:
        if number == self._at:
            raise PermissionError("No more parts.")
        self._upload.write(number, part)

    def finish(self) -> str | None:
        if self._at == 0:
            raise PermissionError("No end.")
        return self._upload.finish()

    def abort(self) -> None:
        self.aborted = True
        self._upload.abort()


class Atomic(Suite):
    """Nobody ever sees half a file, whatever fails."""

    @needs("remote")
    def test_visible_only_when_closed(self, parted: Any, size: int) -> None:
        file = parted.open("a.bin", "wb")
        file.write(noise(size))
        file.flush()
        assert not parted.exists("a.bin")
        assert parted.listdir("") == ([], [])
        file.close()
        assert get(parted, "a.bin") == noise(size)
        assert parted.listdir("") == ([], ["a.bin"])

    @needs("remote")
    def test_the_old_file_is_readable_until_the_new_one_is_closed(
        self, parted: Any, size: int
    ) -> None:
        put(parted, "a.bin", b"old")
        with parted.open("a.bin", "wb") as file:
            file.write(noise(size))
            assert get(parted, "a.bin") == b"old"
            assert parted.size("a.bin") == 3
        assert get(parted, "a.bin") == noise(size)

    @needs("remote")
    @pytest.mark.parametrize("mode", ["wb", "xb"])
    def test_an_exception_leaves_nothing(self, parted: Any, size: int, mode: str) -> None:
        with pytest.raises(ZeroDivisionError), parted.open("d/a.bin", mode) as file:
            file.write(noise(size))
            raise ZeroDivisionError
        assert file.closed
        assert not parted.exists("d/a.bin")
        assert self.listed(parted) == ([], [])

    @needs("remote")
    @pytest.mark.parametrize("mode", ["wb", "ab", "w", "a"])
    def test_an_exception_leaves_the_old_file(self, parted: Any, size: int, mode: str) -> None:
        put(parted, "a.txt", b"old")
        with pytest.raises(ZeroDivisionError), parted.open("a.txt", mode) as file:
            file.write((b"x" if "b" in mode else "x") * size)
            raise ZeroDivisionError
        file.close()
        assert get(parted, "a.txt") == b"old"
        assert parted.listdir("") == ([], ["a.txt"])

    @needs("remote")
    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt(), GeneratorExit(), SystemExit()], ids=type
    )
    def test_what_is_no_exception_leaves_nothing_either(
        self, storage: Any, error: BaseException
    ) -> None:
        with pytest.raises(type(error)), storage.open("a.txt", "wb") as file:
            file.write(b"content")
            raise error
        with pytest.raises(type(error)):
            storage.save("b.txt", File(breaking(b"content", error)))
        assert file.closed
        assert storage.listdir("") == ([], [])

    @needs("remote")
    @pytest.mark.parametrize("mode", ["wb", "w"])
    def test_a_forgotten_writer_leaves_the_old_file(
        self, parted: Any, size: int, mode: str
    ) -> None:
        put(parted, "a.bin", b"old")
        for name in ("a.bin", "new.bin"):
            file = parted.open(name, mode)
            file.write(("x" if mode == "w" else b"x") * size)
            del file
            gc.collect()
        assert get(parted, "a.bin") == b"old"
        assert parted.listdir("") == ([], ["a.bin"])

    @needs("remote", "file_overwrite")
    @pytest.mark.parametrize("overwrite", [True, False])
    def test_content_that_breaks_leaves_nothing(
        self, make_storage: Any, part_options: Any, size: int, overwrite: bool
    ) -> None:
        storage = make_storage(**self.overwriting(overwrite), **part_options)
        put(storage, "old.bin", b"old")
        for name in ("old.bin", "d/new.bin"):
            with pytest.raises(OSError, match="broken"):
                storage.save(name, File(breaking(noise(size), OSError("broken"))))
        assert get(storage, "old.bin") == b"old"
        assert self.listed(storage) == ([], ["old.bin"])

    @pytest.fixture(params=[0, 1, 2], ids=["end", "part 1", "part 2"])
    def failing(self, request: Any, parted: Any, monkeypatch: Any) -> tuple[Any, list[Any]]:
        """A storage whose uploads of several parts fail, and the uploads that it began."""
        start, uploads = parted._start_upload, []

        def start_failing(*args: Any, **options: Any) -> FailingUpload:
            uploads.append(FailingUpload(start(*args, **options), request.param))
            return uploads[-1]

        monkeypatch.setattr(parted, "_start_upload", start_failing)
        return parted, uploads

    @needs("remote")
    def test_a_part_that_fails_leaves_the_old_file(self, failing: Any, large: int) -> None:
        storage, uploads = failing
        put(storage, "a.bin", b"old")
        with pytest.raises(PermissionError), storage.open("a.bin", "wb") as file:
            file.write(noise(large))
        with pytest.raises(PermissionError):
            storage.save("new.bin", ContentFile(noise(large)))
        assert [upload.aborted for upload in uploads] == [True, True]
        assert get(storage, "a.bin") == b"old"
        assert storage.listdir("") == ([], ["a.bin"])

    @needs("remote")
    def test_a_swallowed_failure_publishes_nothing(self, failing: Any, large: int) -> None:
        storage, uploads = failing
        put(storage, "a.bin", b"old")
        content = noise(large)
        file = storage.open("a.bin", "wb")
        failures = 0
        for piece in (content[: -100 * KiB], content[-100 * KiB :]):
            try:
                file.write(piece)
            except (OSError, ValueError):
                failures += 1
        try:
            file.close()
        except (OSError, ValueError):
            failures += 1
        assert failures
        assert [upload.aborted for upload in uploads] == [True]
        with contextlib.suppress(OSError, ValueError):
            file.close()
        assert get(storage, "a.bin") == b"old"
        assert storage.listdir("") == ([], ["a.bin"])

    @needs("remote")
    def test_a_put_that_fails_leaves_the_old_file(self, storage: Any, monkeypatch: Any) -> None:
        put(storage, "a.txt", b"old")

        def fail(*args: Any, **options: Any) -> None:
            raise PermissionError("Not now.")

        with monkeypatch.context() as patch:
            patch.setattr(storage, "_put", fail)
            with pytest.raises(PermissionError), storage.open("a.txt", "wb") as file:
                file.write(b"new")
            with pytest.raises(PermissionError):
                storage.save("new.txt", ContentFile(b"new"))
        assert file.closed
        assert get(storage, "a.txt") == b"old"
        assert storage.listdir("") == ([], ["a.txt"])
        put(storage, "new.txt", b"later")
