"""Files on Dropbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import IO, Any

from storages.backends.dropbox_exceptions import DropboxStorageException
from storages.backends.dropbox_listing import entry_of, level, tree
from storages.backends.dropbox_names import ContentHash, content_hash, path_of
from storages.backends.dropbox_options import DropboxOptions, whole_blocks, with_dropbox
from storages.backends.dropbox_revisions import Revisions
from storages.entry import Entry, Upload
from storages.files import RemoteFile
from storages.names import clean_name
from storages.primitives import Primitives
from storages.transfer import MiB
from storages.writing import PartWriter

__all__ = [
    "ContentHash",
    "DropBoxFile",
    "DropBoxStorage",
    "DropBoxStorageException",
    "DropboxFile",
    "DropboxStorage",
    "DropboxStorageException",
    "content_hash",
]

DropBoxStorageException = DropboxStorageException

MEMORY = 24 * MiB
"""Bytes of parts or windows that one open file may have on their way."""

RENAMED = len(" (999)")
"""Characters that a name may grow by if Dropbox chooses it."""


class DropboxStorage(DropboxOptions):
    """Files in a folder of Dropbox, whose names are the same in upper and lower case."""

    page_size = 2000
    """Entries that one request lists, at most; Dropbox gives no more."""

    def _memory(self) -> int:
        return MEMORY

    def _open(self, name: str, mode: str = "rb", **text: Any) -> DropboxFile:
        return DropboxFile(name, self, mode, **text)

    # -- requests

    def _call(self, route: str, arg: Mapping[str, Any], doing: str, key: str, **more: Any) -> Any:
        """The answer of a route of `files` as JSON, or a builtin error that names the key."""
        task = with_dropbox("dropbox_errors").Task(doing, key)
        return self._connection.call(route, arg, task, **more)

    def _metadata(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self._call("get_metadata", {"path": path_of(key)}, "look at", key)
        return found

    # -- what was read last

    @property
    def _revisions(self) -> Revisions | None:
        if self.write_mode != "update":
            return None
        found: Revisions = self.__dict__.setdefault("_cached_revisions", Revisions())
        return found

    def _remember(self, key: str, rev: str | None) -> None:
        if rev and (revisions := self._revisions) is not None:
            revisions.remember(key, rev)

    def _forget(self, key: str) -> None:
        if (revisions := self._revisions) is not None:
            revisions.forget(key)

    def _revision(self, key: str) -> str | None:
        revisions = self._revisions
        return None if revisions is None else revisions.of(key)

    def _read(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self._remember(entry.key, entry.etag)
            yield entry

    # -- stat

    def _stat(self, key: str) -> Entry:
        entry = self._look(key)
        self._remember(key, entry.etag)
        return entry

    def _look(self, key: str) -> Entry:
        """The same, by the storage itself: nobody has read the file."""
        if not path_of(key):  # the root, of which the API tells nothing
            return Entry(key, is_dir=True)
        return entry_of(key, self._metadata(key))

    def size(self, name: str) -> int:
        """Bytes of a file; FileNotFoundError, IsADirectoryError."""
        entry = self._stat(self._file_key(name))
        if entry.is_dir:
            raise IsADirectoryError(f"{name!r} is a directory.")
        return entry.size

    def _is_taken(self, key: str) -> bool:
        try:
            self._look(key)
        except FileNotFoundError:
            return False
        return True

    # -- fetch

    def _fetch_first(self, key: str, count: int) -> tuple[Entry, bytes]:
        try:
            found, data = self._download(path_of(key), key, 0, count)
        except OSError as error:
            if getattr(error, "status_code", None) != 416:  # no range lies in an empty file
                raise
            return self._stat(key), b""
        entry = entry_of(key, found)
        self._remember(key, entry.etag)
        return entry, data

    def _fetch(self, entry: Entry, start: int, stop: int) -> bytes:
        return self._download(f"rev:{entry.etag}", entry.key, start, stop)[1]

    def _download(self, path: str, key: str, start: int, stop: int) -> tuple[dict[str, Any], bytes]:
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        task = with_dropbox("dropbox_errors").Task("read", key)
        found, answer = self._call("download", {"path": path}, "read", key, headers=headers)
        with closing(answer), with_dropbox("dropbox_failures").reading(task):
            if answer.status_code != 206 and start:
                raise OSError(f"Cannot read {key!r}: Dropbox gave no range of it.")
            data: bytes = answer.raw.read(stop - start)
        return found, data

    # -- put

    def _put(
        self, key: str, source: bytes | IO[bytes], params: Any, *, exclusive: bool = False
    ) -> str | None:
        upload = with_dropbox("dropbox_upload")
        body = source if isinstance(source, bytes) else source.read()
        chosen: str | None = upload.put(self, body, upload.commit_of(self, key, params, exclusive))
        return chosen

    def _start_upload(self, key: str, params: Any, *, exclusive: bool = False) -> Upload:
        upload = with_dropbox("dropbox_upload")
        started: Upload = upload.SessionUpload(
            self,
            upload.commit_of(self, key, params, exclusive),
            params.get("part_size", self.part_size),
            renames_late=params.get("renames") == "late",
        )
        return started

    def _writer(
        self,
        key: str,
        params: Any,
        *,
        exclusive: bool = False,
        size: int | None = None,
        part_size: int | None = None,
    ) -> PartWriter:
        part_size = whole_blocks(part_size or self.part_size)
        # The revision of now, so that who asks whether there is one, and who sends it, agree.
        facts = {"revision": self._revision(key), **params, "part_size": part_size}
        # An offset follows from a part's number: all parts have one size.
        return DropboxWriter(
            self, key, facts, exclusive=exclusive, part_size=part_size, grows=False
        )

    # -- save

    def _save_free(self, name: str, content: Any, max_length: int | None) -> str:
        """Store under this name; under one that Dropbox chooses, if a large file lost a race.

        In the mode `update`, the revision that was read last is replaced.
        """
        key = self._new_key(name)
        params, compress = self._prepare(key, content)
        params["revision"] = known = self._revision(key)
        if max_length is None or len(name) + RENAMED <= max_length:
            params["renames"] = "late"
        chosen = self._store(key, content, params, compress, exclusive=known is None)
        return name if chosen == key else chosen.removeprefix(self._root())

    def _save_over(self, name: str, content: Any) -> str:
        """Store for `save()` where a rule of the project's own, or the mode, chose the name.

        In the mode `add` nothing is replaced even so: Dropbox then chooses another name.
        """
        key = self._new_key(name)
        params, compress = self._prepare(key, content)
        params["revision"] = known = self._revision(key)
        adds = not self._overwrites() and known is None
        if adds:
            params["renames"] = "at once"
        chosen = self._store(key, content, params, compress, exclusive=adds)
        return clean_name(name) if chosen == key else chosen.removeprefix(self._root())

    # -- delete

    def _delete(self, key: str) -> None:
        """Delete a file or an empty folder; OSError for a folder that is not empty."""
        with_dropbox("dropbox_delete").delete(self, key.rstrip("/"))

    def _delete_many(self, keys: list[str]) -> None:
        with_dropbox("dropbox_delete").delete_keys(self, [key.rstrip("/") for key in keys])

    def _delete_entries(self, entries: list[Entry]) -> None:
        with_dropbox("dropbox_delete").delete_entries(self, entries)

    def _make_dir(self, key: str) -> None:
        self._call("create_folder_v2", {"path": path_of(key)}, "write", key)

    def _remove_dir(self, key: str) -> None:
        """Delete a folder that has no files, at any depth: `_scan` tells the topmost only."""
        with_dropbox("dropbox_delete").remove_folder(self, key, deep=True)

    # -- digests

    def _hasher(self, kind: str) -> Any:
        return ContentHash() if kind == "dropbox" else super()._hasher(kind)

    # -- list

    def _list(self, prefix: str) -> Iterator[Entry]:
        yield from self._read(level(self, prefix))

    @classmethod
    def _ignores_case(cls) -> bool:
        return True

    def _scan(self, prefix: str) -> Iterator[Entry]:
        with suppress(FileNotFoundError, NotADirectoryError):
            yield from self._read(tree(self, prefix))

    # -- copy and move

    def _reaches(self, origin: Primitives) -> bool:
        if not isinstance(origin, DropboxStorage):
            return False
        return self._connection_key() == origin._connection_key()

    def _copy(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        with_dropbox("dropbox_copy").copy(
            self, origin or self, source, target, params, exclusive=exclusive
        )

    def _move(
        self,
        source: Entry,
        target: str,
        params: Any,
        *,
        exclusive: bool = False,
        origin: Any = None,
    ) -> None:
        with_dropbox("dropbox_copy").move(
            self, origin or self, source, target, params, exclusive=exclusive
        )

    # -- links

    def url(self, name: str | None) -> str | None:  # type: ignore[override]  # None
        """A link to the file's content, for four hours; None if there is no such file.

        Each one is a request.
        https://www.dropbox.com/developers/documentation/http/documentation#files-get_temporary_link
        """
        try:
            key = self._file_key(name or "")
            found = self._call("get_temporary_link", {"path": path_of(key)}, "link to", key)
        except (FileNotFoundError, IsADirectoryError):
            return None  # a page does not fail for the lack of one file
        return str(found["link"])


class DropboxWriter(PartWriter):
    """Gives parts up that wait for their turn when the upload is aborted: that may take minutes."""

    def abort(self) -> None:
        if self._state == "open" and (give_up := getattr(self._upload, "give_up", None)):
            give_up()
        super().abort()


class DropboxFile(RemoteFile):
    """A file of a DropboxStorage."""

    def __init__(self, name: str, storage: DropboxStorage, mode: str = "rb", **text: Any) -> None:
        super().__init__(name, mode, storage, **text)


DropBoxStorage = DropboxStorage
DropBoxFile = DropboxFile
