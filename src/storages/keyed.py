"""From Django's names to keys and back: the one way there is."""

from __future__ import annotations

from storages.entry import Entry
from storages.names import clean_name, key_for
from storages.primitives import Primitives


class Keyed(Primitives):
    """Names of files and directories as the keys of the service."""

    def _normalize_name(self, name: str) -> str:
        """The key of a cleaned name; SuspiciousFileOperation if it leaves the location."""
        return key_for(str(getattr(self, "location", "") or ""), name)

    def _key(self, name: str) -> str:
        return self._normalize_name(clean_name(name))

    def _file_key(self, name: str) -> str:
        key = self._key(name)
        if key == self._root() or key.endswith("/"):
            raise FileNotFoundError(f"{name!r} is not the name of a file.")
        return key

    def _new_key(self, name: str) -> str:
        key = self._key(name)
        if key == self._root() or key.endswith("/"):
            raise IsADirectoryError(f"{name!r} is not a name that a file can have.")
        return key

    def _prefix(self, path: str) -> str:
        key = self._key(path)
        return key if not key or key.endswith("/") else key + "/"

    def _root(self) -> str:
        return self._prefix("")

    def _public(self, entry: Entry) -> Entry:
        return entry.called(entry.key.removeprefix(self._root()))

    def _is_taken(self, key: str) -> bool:
        try:
            self._stat(key)
        except FileNotFoundError:
            return False
        return True

    def _is_file(self, key: str) -> bool:
        try:
            return not self._stat(key).is_dir
        except FileNotFoundError:
            return False
