"""Django's collectstatic, which compares by one listing and sends in parallel."""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress
from typing import Any

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command as Django
from django.core.management.base import CommandError, CommandParser
from django.utils.functional import LazyObject

from storages.base import RemoteStorage
from storages.staticfiles.progress import Progress
from storages.staticfiles.publication import MOST_FAILURES, Failed, Publication, Source
from storages.transfer import KiB, MiB


class Command(Django):
    """For file systems, and remote storages that are not ours, it is Django's own."""

    workers: int | None = None
    _sent: int | None = None

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
        summary: str | None = super().handle(**options)
        if summary and self._sent is not None:
            seconds = time.monotonic() - started
            verb = "to send" if self.dry_run else "sent"
            summary = f"{summary[:-1]} ({_size(self._sent)} {verb}, {seconds:.1f} seconds)."
        return summary

    def collect(self) -> dict[str, list[str]]:
        storage = _unwrapped(self.storage)
        if not isinstance(storage, RemoteStorage):
            return super().collect()
        if self.symlink:
            raise CommandError("Can't symlink to a remote destination.")
        sources = self._find()
        run = self._begin(storage)
        try:
            self._publish(run, sources)
            run.remember()
        except BaseException as error:
            with suppress(OSError, Failed):  # the error that ends the run is the one to be told
                run.remember()
            if isinstance(error, Failed):
                raise _told(error) from error
            raise
        self._sent = run.bytes_sent
        return {
            "modified": self.copied_files,
            "unmodified": self.unmodified_files,
            "post_processed": self.post_processed_files,
        }

    def _begin(self, storage: RemoteStorage) -> Publication:
        try:
            return Publication(
                storage, workers=self.workers, dry_run=self.dry_run, clear=self.clear
            )
        except OSError as error:
            raise CommandError(f"What is stored already cannot be listed: {error}") from error

    def _find(self) -> dict[str, Source]:
        """What the finders find, by name; the first file of a name is the one that counts."""
        found: dict[str, Source] = {}
        for finder in get_finders():
            for path, storage in finder.list(self.ignore_patterns):
                prefix = getattr(storage, "prefix", None)
                name = os.path.join(prefix, path) if prefix else path
                if name in found:
                    self.log(
                        f"Found another file with the destination path {name!r}. It will be "
                        "ignored since only the first encountered file is collected. If this is "
                        "not what you want, make sure every static file has a unique path.",
                        level=1,
                    )
                else:
                    found[name] = Source(name, storage, path)
        return found

    def _publish(self, run: Publication, sources: dict[str, Source]) -> None:
        if self.clear and self.dry_run:
            for name in run.leftover():
                self.log(f"Pretending to delete '{name}'", level=1)
        self._copy(run, sources)
        if self.post_process and hasattr(run.storage, "post_process"):
            self._hash(run, sources)
        if self.clear and not self.dry_run:
            for name in run.leftover():
                self.log(f"Deleting '{name}'", level=1)
            run.delete_leftover()

    def _copy(self, run: Publication, sources: dict[str, Source]) -> None:
        failed: dict[str, OSError] = {}
        progress = Progress(self.stdout, len(sources), "Files:", shown=self.verbosity == 1)
        with closing(run.collect(sources.values())) as results, closing(progress):
            for source, result in results:
                progress.step(f", {_size(run.bytes_sent)}")
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

    def _copied(self, source: Source) -> None:
        self.copied_files.append(source.name)
        if self.dry_run:
            self.log(f"Pretending to copy '{_place(source)}'", level=1)
        else:
            self.log(f"Copying '{_place(source)}'")

    def _hash(self, run: Publication, sources: dict[str, Source]) -> None:
        """Django's post-processing, and what it says."""
        found = {name: (each.storage, each.path) for name, each in sources.items()}
        with closing(run.post_process(found)) as results:
            for original, processed_name, processed in results:
                if isinstance(processed, Exception):
                    self.stderr.write(f"Post-processing '{original}' failed!")
                    self.stderr.write("")
                    raise processed
                if processed:
                    self.log(f"Post-processed '{original}' as '{processed_name}'", level=2)
                    self.post_processed_files.append(original)
                else:
                    self.log(f"Skipped post-processing '{original}'")


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
