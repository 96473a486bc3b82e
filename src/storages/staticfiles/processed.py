"""Whether post-processing would make just what is there: then Django's need not run again.

Hashing and rewriting all files is most of a run in which nothing has changed. What they make
depends on the collected files, on the class and its settings, and on what Django asks the target.
A digest of all that is remembered; where anything about it is in doubt, there is none.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestFilesMixin
from django.contrib.staticfiles.utils import matches_patterns

from storages.staticfiles.remembered import Processed
from storages.staticfiles.target import Target

KNOWN = ((5, 2), (6, 0), (6, 1))
"""The versions of Django of which `Check.results` tells what they yield."""

HARMLESS = frozenset({"__init__", "_configured", "get_default_settings", "get_object_parameters"})
"""Methods that a project may have of its own: attributes and parameters show what they do."""

OF_PYTHON = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__annotate__", "__annotate_func__"}
)


class Doubtful(Exception):  # noqa: N818 - it is no error, the whole is done instead
    """Nobody can say that post-processing would make the same again."""


class Check:
    """Compares what post-processing depends on, and has made, with what is remembered of it.

    `found` are the collected files as Django's command has them, `md5s` digests of them by key.
    """

    def __init__(
        self,
        storage: Any,
        target: Target,
        found: Mapping[str, tuple[Any, str]],
        md5s: Mapping[str, str],
    ) -> None:
        self._storage, self._target, self._found, self._md5s = storage, target, found, md5s
        self._root = storage._root()
        try:
            self._conditions = conditions(storage)
        except Doubtful:
            self._conditions = ""

    def is_settled(self) -> bool:
        """Whether post-processing would change nothing in the target."""
        known = self._target.processed
        if known is None or self._evidence(known.beside) != known:
            return False
        made = self._made()
        if self._storage.keep_intermediate_files:
            beside = (self._root + name for name in known.beside)
            made += [key for key in beside if key in self._target.entries]
        return all(self._target.is_current(key, self._storage._facts(key)) for key in made)

    def remember(self, asked: Iterable[str]) -> None:
        """Have the next run compare with this one, whose post-processing `asked` for these keys."""
        if not self._conditions:
            self._target.processed = None
            return
        own = {*self._made(), *map(self._storage._key, self._found)}
        beside = sorted(key.removeprefix(self._root) for key in asked if key not in own)
        self._target.processed = self._evidence(tuple(beside))

    def results(self) -> Iterator[tuple[str, str, bool]]:
        """What Django yields where all is there: the files that it may rewrite, it stores anew."""
        storage = self._storage
        names = sorted(self._found, key=lambda name: name.count(os.sep), reverse=True)
        rewritten = {name for name in names if matches_patterns(name, storage._patterns)}
        for processed in (False, True):
            for name in names:
                if (name in rewritten) is processed:
                    yield name, storage.hashed_files[_hash_key(storage, name)], processed

    def _made(self) -> list[str]:
        """The keys of the files with hashes, and of the manifest."""
        storage = self._storage
        return sorted(map(storage._key, [*storage.hashed_files.values(), storage.manifest_name]))

    def _evidence(self, beside: tuple[str, ...]) -> Processed | None:
        """A digest of all that counts; None if there is any doubt."""
        storage = self._storage
        if not self._conditions or any(name.endswith("/") for name in beside):
            return None  # what is in a folder, no digest tells
        names = list(self._found) if storage.keep_intermediate_files else sorted(self._found)
        facts = itertools.chain(
            [("conditions", self._conditions), ("address", _address(storage))],
            ((name, self._md5s.get(storage._key(name))) for name in names),
            [("manifest", storage.manifest_hash), *sorted(storage.hashed_files.items())],
            ((key, self._target.md5_of(key)) for key in self._made()),
            ((name, self._target.md5_of(self._root + name)) for name in beside),
        )
        hasher = hashlib.sha256()
        for name, fact in facts:
            if fact is None:
                return None
            hasher.update(json.dumps((name, fact)).encode())
        return Processed(hasher.hexdigest(), beside)


def _hash_key(storage: Any, name: str) -> str:
    return str(storage.hash_key(storage.clean_name(name)))


def _address(storage: Any) -> str | None:
    """What a file's address adds to its name; None if that is not seen: it might be signed."""
    with suppress(OSError, ValueError, NotImplementedError):
        for name, hashed_name in storage.hashed_files.items():
            last = storage.url(name, force=True).rpartition("/")[2]
            return "" if last == posixpath.basename(hashed_name) else None
    return None


def conditions(storage: Any) -> str:
    """All but the files on which a storage's post-processing depends; Doubtful."""
    cls = type(storage)
    if django.VERSION[:2] not in KNOWN:
        raise Doubtful("of this Django nobody knows what it yields")
    if not isinstance(storage, ManifestFilesMixin) or storage.manifest_storage is not storage:
        raise Doubtful("there is no manifest in the target")
    for each in cls.__mro__[:-1]:
        if foreign := _foreign(each):
            raise Doubtful(f"{each.__qualname__} has code of its own: {foreign[0]}")
    if replaced := [name for name in vars(storage) if callable(getattr(cls, name, None))]:
        raise Doubtful(f"the storage has code of its own: {replaced[0]}")
    found = {
        "versions": [
            django.VERSION,
            _our_version(),
            platform.python_version(),
            zlib.ZLIB_RUNTIME_VERSION,
        ],
        "classes": [f"{each.__module__}.{each.__qualname__}" for each in cls.__mro__],
        "settings": [settings.STATIC_URL, settings.DEBUG],
        "options": {name: getattr(storage, name, None) for name in _attributes()},
    }
    try:
        return json.dumps(found, sort_keys=True, default=_plain)
    except (TypeError, ValueError) as error:
        raise Doubtful(str(error)) from error


def _foreign(cls: type) -> list[str]:
    """The names of the code in a class that is neither Django's nor ours, nor harmless."""
    code = {
        name: value
        for name, value in vars(cls).items()
        if name not in HARMLESS | OF_PYTHON and (callable(value) or hasattr(value, "__get__"))
    }
    known = _is_known(cls.__module__)
    return [name for name, value in code.items() if not (known and _is_known(_module_of(value)))]


def _module_of(code: Any) -> str:
    inner = getattr(code, "__func__", None) or getattr(code, "fget", None) or code
    return getattr(inner, "__module__", None) or type(inner).__module__


def _is_known(module: str) -> bool:
    return f"{module}.".startswith(("django.", "storages."))


def _attributes() -> list[str]:
    """The names of all that Django's mixins and names of files go by."""
    mixins = (HashedFilesMixin, ManifestFilesMixin)
    declared = {
        name
        for mixin in mixins
        for name, value in vars(mixin).items()
        if not name.startswith("__") and not callable(value)
    }
    return sorted(declared | {"_patterns", "location", "base_url", "gzip"})


def _plain(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    raise TypeError(f"{value!r} cannot be compared")


def _our_version() -> str:
    try:
        return version("django-storehouse")
    except PackageNotFoundError:  # it runs from its source
        return ""
