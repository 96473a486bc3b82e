"""An examination: its steps one after the other, and nothing left behind."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.checks import ERROR
from django.core.files.storage import InvalidStorageError, Storage
from django.utils.module_loading import import_string

from storages.checks import check_storage
from storages.configured import BaseStorage, make
from storages.cures import CONFIGURED, Cure, LinkError, cure_of
from storages.options import GivenOptions

from .masking import Mask, settings_of
from .probe import Probe
from .report import (
    FAILED,
    OK,
    SKIPPED,
    WARNING,
    Doubtful,
    ProbeLeftError,
    Skipped,
    Step,
    left_behind,
)
from .steps import Check, checks_of

LONGEST = 600
"""Characters that are told of an error."""


def examine(of: str | Storage, *, large: bool = False) -> Generator[Step, None, None]:
    """Try out the storage of an alias in STORAGES, or a storage itself, step by step.

    `large` adds an upload in parts. What is written is deleted whatever happens, also when the
    generator is closed early or interrupted; ProbeLeftError if it cannot be deleted then.
    """
    if isinstance(of, str):
        given = _given(of)
        storage, step = _made(of, given)
    else:
        storage, given = of, GivenOptions()
        cls = of.__class__  # of a lazy object, the class of what it stands for
        step = _described(f"{cls.__module__}.{cls.__qualname__}", of, given, perf_counter())
    yield step
    if storage is not None:
        yield from Examination(storage, given, large=large).steps()


def _given(alias: str) -> GivenOptions:
    config = settings.STORAGES.get(alias) or {}
    return GivenOptions(config.get("OPTIONS") or {})


def _made(alias: str, given: GivenOptions) -> tuple[Any, Step]:
    """The storage of an alias, None if it cannot be made, and the step that this was."""
    start, cls = perf_counter(), None
    try:
        cls = _class_of(alias)
        if issubclass(cls, BaseStorage):
            errors = [each for each in check_storage(alias, cls, given) if each.level >= ERROR]
            if errors:
                told = " ".join(str(each.msg) for each in errors)
                hints = " ".join(each.hint for each in errors if each.hint) or CONFIGURED.text
                return None, _failed("options", start, Mask(cls, given)(told), hints)
        storage = make(cls, given)
        path = settings.STORAGES[alias]["BACKEND"]
        return storage, _described(path, storage, given, start)
    except Exception as error:  # noqa: BLE001 - a stranger's class may raise anything
        cure, mask = cure_of(error), Mask(cls, given)
        return None, _failed("options", start, mask(told_by(error)), cure.text if cure else "")


def _class_of(alias: str) -> type:
    config = settings.STORAGES.get(alias)
    if not config or "BACKEND" not in config:
        known = ", ".join(settings.STORAGES)
        raise InvalidStorageError(f"STORAGES has no BACKEND for {alias!r}; it has: {known}.")
    cls: type = import_string(config["BACKEND"])
    return cls


def _described(path: str, storage: Storage, given: Mapping[str, Any], start: float) -> Step:
    found = settings_of(storage, given)
    return Step("options", OK, perf_counter() - start, path, settings=found)


def _failed(name: str, start: float, detail: str, cure: str) -> Step:
    return Step(name, FAILED, perf_counter() - start, detail, cure)


def told_by(error: BaseException) -> str:
    """What an error says, with its class where that is not plain from the text."""
    text = str(error)
    if not isinstance(error, OSError) and type(error).__module__ == "builtins":
        text = f"{type(error).__name__}: {text}"
    return (text or type(error).__name__)[:LONGEST]


class Examination:
    """The steps over one storage; `steps()` may be asked for once."""

    def __init__(self, storage: Any, given: Mapping[str, Any], *, large: bool) -> None:
        self._storage, self._large = storage, large
        self._probe = Probe(storage)
        self._mask = Mask(storage, given)
        self._failed: set[str] = set()
        """The names of steps that failed or were skipped."""
        self._stopped = ""

    def steps(self) -> Iterator[Step]:
        try:
            for check in checks_of(self._storage, large=self._large):
                step = self._skipped(check) or self._tried(check)
                if step.status in (FAILED, SKIPPED):
                    self._failed.add(step.name)
                yield step
            yield self._cleaned()
        finally:
            if left := self._probe.clean():
                raise ProbeLeftError(self._reasons(left))

    def _skipped(self, check: Check) -> Step | None:
        if self._stopped:
            return Step(check.name, SKIPPED, detail=f"nothing works before {self._stopped} does")
        missing = [name for name in check.needs if name in self._failed]
        return Step(check.name, SKIPPED, detail=f"needs {missing[0]}") if missing else None

    def _tried(self, check: Check) -> Step:
        start, status, cure = perf_counter(), OK, ""
        try:
            detail = check.run(self._probe)
        except Skipped as skipped:
            status, detail = SKIPPED, str(skipped)
        except Doubtful as doubt:
            status, detail, cure = WARNING, str(doubt), doubt.cure
        except Exception as error:  # noqa: BLE001 - a stranger's storage may raise anything
            found = self._cure(check.name, error)
            if found and found.stops and not isinstance(error, LinkError):
                self._stopped = check.name
            status, detail, cure = FAILED, told_by(error), found.text if found else ""
        seconds = perf_counter() - start
        return Step(check.name, status, seconds, self._mask(detail), self._mask(cure))

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        if isinstance(self._storage, BaseStorage):
            return self._storage._cure(step, error)
        return cure_of(error)

    def _cleaned(self) -> Step:
        """The last step: delete what was written."""
        start, wrote = perf_counter(), self._probe.anything
        left = self._probe.clean()
        if left:
            cure = self._cure("delete", next(iter(left.values())))
            text = self._mask(cure.text) if cure else ""
            return _failed("delete", start, left_behind(self._reasons(left)), text)
        if not wrote:
            return Step("delete", SKIPPED, detail="nothing was written")
        return Step("delete", OK, perf_counter() - start, "nothing is left")

    def _reasons(self, left: dict[str, Exception]) -> dict[str, str]:
        return {name: self._mask(told_by(error)) for name, error in left.items()}
