"""Django's collectstatic, which compares by one listing and sends in parallel."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

from django.contrib.staticfiles.management.commands.collectstatic import Command as Django
from django.core.management.base import CommandError, CommandParser
from django.utils.functional import LazyObject

from storages.base import RemoteStorage
from storages.counting import count_requests
from storages.progress import Progress
from storages.staticfiles.publication import MOST_FAILURES, Failed, Publication, Source
from storages.transfer import KiB, MiB


class Command(Django):
    """For file systems, and remote storages that are not ours, it is Django's own."""

    workers: int | None = None
    _run: Publication | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--workers",
            type=int,
            default=None,
            help="Files sent at once to a remote storage; by default 32, or as many connections "
            "as the storage may have.",
        )

    def set_options(self, **options: Any) -> None:
        super().set_options(**options)
        self.workers = options.get("workers")
        if self.workers is not None and self.workers < 1:
            raise CommandError("--workers must be at least 1.")

    def handle(self, **options: Any) -> str | None:
        started = time.monotonic()
        with count_requests() as requests:
            summary: str | None = super().handle(**options)
        if summary and self._run is not None:
            told = [f"{_size(self._run.bytes_sent)} {'to send' if self.dry_run else 'sent'}"]
            if requests.count:  # of a storage that counts them: it lists, at least
                told.append(f"{requests.count} requests")
            told.append(f"{time.monotonic() - started:.1f} seconds")
            summary = f"{summary[:-1]} ({', '.join(told)})."
        return summary

    def collect(self) -> dict[str, list[str]]:
        storage = _unwrapped(self.storage)
        if not isinstance(storage, RemoteStorage):
            return super().collect()
        if self.symlink:
            raise CommandError("Can't symlink to a remote destination.")
        run = self._run = self._begin(storage)
        try:
            collected = self._collect(run)
            run.remember()
        except BaseException as error:
            with suppress(OSError, Failed):  # the error that ends the run is the one to be told
                run.remember()
            if isinstance(error, Failed):
                raise _told(error) from error
            if isinstance(error, OSError):
                message = f"Not all was done: {error}\nRun collectstatic again to go on."
                raise CommandError(message) from error
            raise
        finally:
            run.close()
        return collected

    def _begin(self, storage: RemoteStorage) -> Publication:
        try:
            return Publication(
                storage,
                workers=self.workers,
                dry_run=self.dry_run,
                clear=self.clear,
                track=partial(self._track, "Files with a hash:"),
            )
        except OSError as error:
            raise CommandError(f"What is stored already cannot be listed: {error}") from error

    def _collect(self, run: Publication) -> dict[str, list[str]]:
        """Django's own loops over the finders and what is post-processed, but for what they do."""
        self._sources: list[Source] = []
        processor = _Processor(self, run)
        self.storage = processor if hasattr(run.storage, "post_process") else None
        try:
            collected: dict[str, list[str]] = super().collect()
        finally:
            processor.close()
            self.storage = run.storage
        self._copy(run)
        if self.clear:
            self._clear(run)
        return collected | {"modified": self.copied_files}

    def copy_file(self, path: str, prefixed_path: str, source_storage: Any) -> None:
        if self._run is None:
            super().copy_file(path, prefixed_path, source_storage)
        else:
            self._sources.append(Source(prefixed_path, source_storage, path))

    def clear_dir(self, path: str) -> None:
        if self._run is None:
            super().clear_dir(path)

    def _clear(self, run: Publication) -> None:
        """Delete what was not replaced, now that nothing needs it any more."""
        counted: list[str] | None = getattr(self, "deleted_files", None)  # since Django 6.1
        verb = "Pretending to delete" if self.dry_run else "Deleting"
        for name in run.leftover():
            self.log(f"{verb} '{name}'", level=1 if counted is None else 2)
            if counted is not None:
                counted.append(name)
        run.delete_leftover()

    def _copy(self, run: Publication) -> None:
        """Store what was found, once."""
        sources, self._sources = self._sources, []
        failed: dict[str, OSError] = {}
        tracked = self._track("Files:", len(sources))
        with closing(run.collect(sources)) as results, tracked as step:
            for source, result in results:
                step()
                if isinstance(result, OSError):
                    failed[source.name] = result
                    if len(failed) == MOST_FAILURES:
                        break
                elif result:
                    self._copied(source)
                else:
                    self.unmodified_files.append(source.name)
                    self.log(f"Skipping '{source.path}' (not modified)")
        if failed:
            raise Failed(failed)

    @contextmanager
    def _track(self, task: str, total: int) -> Iterator[Callable[[], None]]:
        """What shows how far a task is; it is called for each file that is done."""
        shown = self.verbosity == 1 and not self.dry_run
        with closing(Progress(self.stdout, total, task, shown=shown)) as progress:
            yield lambda: progress.step(f", {_size(self._run.bytes_sent if self._run else 0)}")

    def _copied(self, source: Source) -> None:
        self.copied_files.append(source.name)
        if self.dry_run:
            self.log(f"Pretending to copy '{_place(source)}'", level=1)
        else:
            self.log(f"Copying '{_place(source)}'")


class _Processor:
    """Takes the storage's place in Django's command, which looks only for `post_process`."""

    def __init__(self, command: Command, run: Publication) -> None:
        self._command, self._run = command, run
        self._results: Generator[tuple[Any, Any, Any]] | None = None

    def post_process(self, found: Any, dry_run: bool = False) -> Iterator[tuple[Any, Any, Any]]:
        self._command._copy(self._run)
        self._results = self._run.post_process(found)
        yield from self._results

    def close(self) -> None:
        """End what the command has left in the middle, with an exception on its way."""
        if self._results is not None:
            self._results.close()


def _unwrapped(storage: Any) -> Any:
    """The storage behind Django's lazy `staticfiles_storage`."""
    if isinstance(storage, LazyObject):
        str(storage)  # makes it
        return storage._wrapped
    return storage


def _place(source: Source) -> str:
    try:
        return str(source.storage.path(source.path))
    except NotImplementedError:  # it comes from a remote storage
        return source.path


def _told(failed: Failed) -> CommandError:
    files = "".join(f"\n  {name}: {error}" for name, error in failed.files.items())
    return CommandError(
        f"Not all files could be stored.{files}\n"
        "What was published before is as it was; run collectstatic again to go on."
    )


def _size(count: int) -> str:
    return f"{count / MiB:.1f} MB" if count >= MiB / 10 else f"{count / KiB:.1f} KB"
