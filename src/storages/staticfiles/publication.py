"""One run of collectstatic: what differs is stored, and the manifest after all that it names."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.files.base import ContentFile

from storages.base import RemoteStorage
from storages.crew import Budget, Crew
from storages.saving import size_of
from storages.staticfiles.content import SMALL, Prepared
from storages.staticfiles.processed import Check
from storages.staticfiles.remembered import STATE_NAME, Known
from storages.staticfiles.stage import Stage, Staged, make_folder
from storages.staticfiles.target import Target
from storages.staticfiles.twins import Comparing, Staging, give_back, twin_of

WORKERS = 32
"""Threads of a run, where the storage does not allow fewer connections."""

Tracker = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Told how many files there are, it gives what is called for each one that is done."""

MOST_FAILURES = 10
"""Files that may fail before the run gives up: the service is not there."""


@dataclass(frozen=True)
class Source:
    """A collected file: its name in the target, and where it is."""

    name: str
    storage: Any
    path: str


class Failed(Exception):  # noqa: N818 - it names files, and is no error of the program
    """Some files could not be stored; `files` has the error of each by its name."""

    def __init__(self, files: dict[str, OSError]) -> None:
        super().__init__(", ".join(files))
        self.files = files


SAVING = ("save", "_save", "_save_over", "get_available_name", "get_valid_name")


def _saves_as_ours(cls: type[RemoteStorage]) -> bool:
    """Whether saving is ours, and not a project's own, which may do more than store a file."""
    methods = (getattr(cls, name) for name in SAVING)
    return all(each.__module__.startswith(("storages.", "django.")) for each in methods)


def workers_of(storage: RemoteStorage) -> int:
    """How many files to send at once: as many as the storage may have connections."""
    most = getattr(storage, "max_connections", None)
    return max(1, min(WORKERS, most)) if isinstance(most, int) else WORKERS


class Publication:
    """Stores collected files in a remote storage; ask the methods in their order.

    Nothing is deleted before its successor is there. Every error leaves a target that is
    complete for whoever uses the old manifest, and the next run goes on from there.
    """

    def __init__(
        self,
        storage: RemoteStorage,
        *,
        workers: int | None = None,
        dry_run: bool = False,
        clear: bool = False,
        track: Tracker | None = None,
    ) -> None:
        self.storage = storage
        self._track = track or (lambda total: nullcontext(lambda: None))
        self.workers = workers or workers_of(storage)
        self.dry_run = dry_run
        self.bytes_sent = 0
        self._leftover: list[str] = []
        self.target = Target(storage, clear=clear)
        self._stop = threading.Event()
        self._budget = Budget()
        # Each thread that reads large contents would keep their memory: one has to do.
        self._alone = ThreadPoolExecutor(1, thread_name_prefix="collectstatic-large")
        self._lock = threading.Lock()
        self._here = threading.local()
        # Of the collected files by key, where they are to be post-processed.
        self._md5s: dict[str, str] | None = {} if hasattr(storage, "post_process") else None

    # -- one file

    def store(
        self,
        send: Callable[..., str],
        key: str,
        content: Any,
        params: Any,
        compress: bool,
        facts: Mapping[str, Any],
    ) -> str:
        """Store a file by `send`, unless it is there already, and return its key.

        `facts` are those of its parameters that show whether a setting has changed.
        """
        job = partial(self._store, send, key, content, params, compress, facts)
        size = size_of(content)
        if size is not None and size <= SMALL:
            with self._budget.holding(2 * size):
                key, changed = job()
        else:
            key, changed = self._alone.submit(job).result()
        self._here.changed = getattr(self._here, "changed", False) or changed
        return key

    def _store(
        self,
        send: Callable[..., str],
        key: str,
        content: Any,
        params: Any,
        compress: bool,
        facts: Mapping[str, Any],
    ) -> tuple[str, bool]:
        ready = Prepared(self.storage, content, compress, self._stop)
        if self._md5s is not None:
            self._md5s[key] = ready.digest("md5") or ""
        modified = getattr(content, "modified_time", None)
        if self.target.holds(key, ready, facts, modified):
            return key, False
        md5 = ready.digest("md5") or ""
        self.target.sending(key)
        if not self.dry_run:
            key = send(key, ready.content, params, ready.compress, exclusive=False)
        self.target.stored(key, facts, Known(md5, ready.size))
        with self._lock:
            self.bytes_sent += ready.size
        return key, True

    def close(self) -> None:
        """End the threads that a run began."""
        self._stop.set()
        self._alone.shutdown()

    # -- the steps of a run

    def collect(self, sources: Iterable[Source]) -> Generator[tuple[Source, bool | OSError]]:
        """Store the files under their own names: whether each was another one than before.

        An OSError is the answer for a file that could not be stored.
        """
        ours = _saves_as_ours(type(self.storage))
        if self.dry_run and not ours:
            yield from ((source, True) for source in sources)  # what it does, only it knows
            return
        twin = twin_of(self.storage, Comparing, _publication=self)
        # Ours chooses among names before it stores, which takes longer than to compare a file.
        save = partial(twin.write, overwrite=True) if ours else twin.save
        yield from Crew(partial(self._collect, save), self.workers, self._stop).results(sources)
        give_back(twin, self.storage)

    def _collect(self, save: Callable[[str, Any], object], source: Source) -> bool:
        self._here.changed = False
        with source.storage.open(source.path) as file:
            file.modified_time = partial(source.storage.get_modified_time, source.path)
            save(source.name, file)
        return bool(self._here.changed)

    def post_process(self, found: Mapping[str, tuple[Any, str]]) -> Generator[tuple[Any, Any, Any]]:
        """What the storage's own `post_process` yields, which works on this machine alone.

        When it has ended, its files are stored, and then its manifest; Failed if that failed.
        """
        check = Check(self.storage, self.target, found, self._md5s or {})
        self._md5s = None
        if not self.dry_run and check.is_settled():
            yield from check.results()
            return
        by_key = {self.storage._key(name): source for name, source in found.items()}
        with make_folder() as folder:
            stage = Stage(self.target, by_key, folder)
            twin = twin_of(self.storage, Staging, _stage=stage)
            yield from twin.post_process(found, dry_run=self.dry_run)
            if not self.dry_run:
                self._renew(twin, stage, found)
                self._publish(stage, twin)
                check.remember(stage.asked)

    def _renew(self, twin: Any, stage: Stage, found: Mapping[str, tuple[Any, str]]) -> None:
        """Store again what Django leaves alone since it exists, where a setting has changed."""
        for name, hashed_name in getattr(twin, "hashed_files", {}).items():
            key = self.storage._key(hashed_name)
            if key in stage.files or key not in self.target.entries or name not in found:
                continue
            if not self.target.is_current(key, self.storage._facts(key)):
                storage, path = found[name]
                with storage.open(path) as file:
                    twin._save(hashed_name, file)

    def _publish(self, stage: Stage, twin: Any) -> None:
        first = {key: each for key, each in stage.files.items() if not each.last}
        last = {key: each for key, each in stage.files.items() if each.last}
        self._send(first)
        if not self._has_manifest(twin, last):
            self._send(last)
        if stage.at_last is not None:
            stage.at_last()
        give_back(twin, self.storage)
        self.target.delete(self.target.unchanged(stage.deleted))

    def _send(self, files: Mapping[str, Staged]) -> None:
        failed: dict[str, OSError] = {}
        root = self.storage._root()
        crew = Crew(self._send_one, self.workers, self._stop)
        with closing(crew.results(files.items())) as results, self._track(len(files)) as step:
            for (key, _), result in results:
                step()
                if isinstance(result, OSError):
                    failed[key.removeprefix(root)] = result
                    if len(failed) == MOST_FAILURES:
                        break
        if failed:
            raise Failed(failed)

    def _send_one(self, item: tuple[str, Staged]) -> None:
        key, staged = item
        self._here.changed = False
        with staged.open() as file:
            self.store(self.storage._store, key, file, staged.params, staged.compress, staged.facts)

    def _has_manifest(self, twin: Any, files: Mapping[str, Staged]) -> bool:
        """Whether the target's manifest names the same files, though perhaps in another order.

        The order is that of the finders, hence of directories on the disk, before Django 6.1.
        """
        storage: Any = self.storage
        loaded = {
            "paths": getattr(storage, "hashed_files", None),
            "version": getattr(storage, "manifest_version", None),
            "hash": getattr(storage, "manifest_hash", None),
        }
        new = (getattr(twin, "hashed_files", None), getattr(twin, "manifest_hash", None))
        if len(files) != 1 or new != (loaded["paths"], loaded["hash"]):
            return False
        ((key, staged),) = files.items()
        # What was loaded when the storage was made is believed if it is what the target has now.
        written = ContentFile(json.dumps(loaded).encode())
        ready = Prepared(self.storage, written, staged.compress, self._stop)
        return self.target.holds(key, ready, staged.facts, None)

    def leftover(self) -> list[str]:
        """The names of the files that `clear` deletes: those that nobody stored again."""
        self._leftover = self.target.leftover()
        if self._leftover and not self.dry_run:
            self._leftover = self.target.unchanged(self._leftover)
        root = self.storage._root()
        return [key.removeprefix(root) for key in self._leftover]

    def delete_leftover(self) -> None:
        """Delete what `leftover` has told."""
        if not self.dry_run:
            self.target.delete(self._leftover)

    def remember(self) -> None:
        """Write what the next run needs to know, the last thing that a run does; Failed."""
        if self.dry_run:
            return
        try:
            self.target.remember()
        except OSError as error:
            raise Failed({STATE_NAME: error}) from error
