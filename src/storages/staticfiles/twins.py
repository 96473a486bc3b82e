"""A storage's twins: its own class and options, but what it saves is compared or kept first.

Everything that a class makes of a file when it is saved (its parameters, gzip, a `_save` of the
project's own) happens as ever, and ends in `RemoteStorage._store`, which is where a twin differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile

from storages.base import RemoteStorage
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.staticfiles.publication import Publication
    from storages.staticfiles.stage import Stage


def twin_of(storage: RemoteStorage, kind: type[RemoteStorage], **state: Any) -> Any:
    """A storage like `storage` that is a `kind` as well; both use the same connections."""
    cls = type(storage)
    twin: Any = object.__new__(type(cls.__name__, (kind, cls), {"__module__": cls.__module__}))
    twin.__dict__.update(storage.__dict__, **state)
    if getattr(storage, "manifest_storage", None) is storage:
        twin.manifest_storage = twin
    return twin


OF_TWINS = frozenset({"_publication", "_stage", "manifest_storage"})
"""Attributes in which a twin differs."""


def give_back(twin: Any, storage: RemoteStorage) -> None:
    """What a class has set in its twin meanwhile is the storage's, as if that had done the work."""
    for name, value in vars(twin).items():
        if name not in OF_TWINS and vars(storage).get(name, twin) is not value:
            setattr(storage, name, value)


class Replacing(RemoteStorage):
    """Stores over whatever is there: nobody deletes a file before its successor is there."""

    def _overwrites(self) -> bool:
        return True

    def exists(self, name: str) -> bool:
        return False

    def delete(self, name: str) -> None:
        """Nothing: Django deletes what it is about to save."""


class Comparing(Replacing):
    """Stores what is another content, or has other parameters, than what is there."""

    _publication: Publication

    def _store(
        self, key: str, content: Any, params: Any, compress: bool, *, exclusive: bool
    ) -> str:
        facts = self._facts(key, content)  # what `params` may have got besides, changes
        return self._publication.store(super()._store, key, content, params, compress, facts)


class Staging(RemoteStorage):
    """Keeps on this machine what is saved, for the time that names get their hashes.

    It shows the files as they will be when all of it is published.
    """

    _stage: Stage

    def _overwrites(self) -> bool:
        return True

    def _store(
        self, key: str, content: Any, params: Any, compress: bool, *, exclusive: bool
    ) -> str:
        facts = self._facts(key, content)
        self._stage.put(key, content, params, compress, facts)
        return key

    def _stat(self, key: str) -> Entry:
        return self._stage.stat(key)

    def _has_entries(self, prefix: str) -> bool:
        return self._stage.has_folder(prefix)

    def _open(self, name: str, mode: str = "rb", **text: Any) -> Any:
        file: Any = self._stage.open(self._key(name)) if "r" in mode else None
        if file is None:
            return super()._open(name, mode, **text)
        if "b" in mode:
            return file
        with file:
            return ContentFile(file.read().decode(text.get("encoding") or "utf-8"), name)

    def delete(self, name: str) -> None:
        self._stage.delete(self._deletable(name))

    def save_manifest(self) -> None:
        """Called when all names have their hashes; what it saves is published last."""
        save: Any = super().save_manifest  # type: ignore[misc]  # of ManifestFilesMixin
        manifest_storage = getattr(self, "manifest_storage", None)
        if manifest_storage is self:
            with self._stage.saving_last():
                save()
            return
        if isinstance(manifest_storage, RemoteStorage):
            self.manifest_storage = twin_of(manifest_storage, Replacing)
        self._stage.at_last = save
