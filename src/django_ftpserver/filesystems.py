"""The file system that pyftpdlib sees: any Django storage, and never the disk of this machine."""

from __future__ import annotations

import posixpath
import secrets
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from django.core.files.storage import Storage, storages
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from django_ftpserver.browsing import Browsing, changing
from django_ftpserver.conf import get_ftp_setting
from django_ftpserver.empty import EmptyDirs
from django_ftpserver.replies import refused
from django_ftpserver.transfers import Download, Upload, storing
from storages import bulk

_empty_dirs: weakref.WeakKeyDictionary[Storage, EmptyDirs] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class StorageFS(Browsing):
    """The files of one client, below the home directory of its account.

    Every call of pyftpdlib's file system is answered by the storage, through `storages.bulk`;
    one that is not known here is refused. Errors are FilesystemErrors, which become replies.

    Paths are those of pyftpdlib's "real" file system: the home directory and what is below it.
    """

    storage_class: ClassVar[Callable[[], Storage] | None] = None
    """Makes the storage, once; by default it is FTPSERVER_STORAGE, an alias in STORAGES."""

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(root, cmd_channel)
        self.storage = self.get_storage()
        self._prefix = self._find_prefix()
        with _lock:
            self._empty = _empty_dirs.setdefault(self.storage, EmptyDirs())
        cmd_channel.dtp_handler = storing(cmd_channel.dtp_handler)

    def get_storage(self) -> Storage:
        """The storage; overridden where it depends on the user, `self.cmd_channel.username`."""
        cls: Any = type(self)
        if cls.storage_class is None:
            with _lock:  # two of one alias would not know each other's directories
                return storages[get_ftp_setting("FTPSERVER_STORAGE")]
        with _lock:
            if "_made" not in vars(cls):
                cls._made = cls.storage_class()
        made: Storage = cls._made
        return made

    def _find_prefix(self) -> str:
        """What the home is within the storage: it may be given with the storage's location."""
        try:
            location = self.storage.path("")
        except NotImplementedError:
            location = f"/{getattr(self.storage, 'location', '') or ''}"
        location = posixpath.normpath(f"/{location.lstrip('/')}")
        if location != "/" and f"{self.root}/".startswith(f"{location}/"):
            return posixpath.relpath(self.root, location)
        return str(self.root).lstrip("/")

    # -- files

    @changing
    def open(self, filename: str, mode: str) -> Any:
        """A file to read, or one that replaces, resumes or continues what is there."""
        name = self.storage_name(filename)
        if mode == "rb":
            return Download(filename, self.storage.open(name, "rb"))
        if filename == self.root or self._empty.hold(name) or self._is_real_dir(name):
            raise IsADirectoryError
        upload = self._new(filename, overwrite=True)
        if mode == "ab":
            with suppress(FileNotFoundError):
                upload.resume()
        return upload

    @changing
    def mkstemp(
        self, suffix: str = "", prefix: str = "", dir: str | None = None, mode: str = "wb"
    ) -> Upload:
        unique = f"{prefix}{secrets.token_hex(6)}{suffix}"
        return self._new(posixpath.join(dir or self.root, unique), overwrite=False)

    def _new(self, path: str, *, overwrite: bool) -> Upload:
        name = self.storage_name(path)
        writer = bulk.create(self.storage, name, overwrite=overwrite)

        def stored() -> None:
            self._empty.fill(posixpath.dirname(name))
            self.forget()

        return Upload(path, writer, self, partial(self.storage.open, name, "rb"), stored)

    @changing
    def remove(self, path: str) -> None:
        entry = self._entry(path)
        if entry.is_dir:
            raise IsADirectoryError
        self.storage.delete(self.storage_name(path))
        self._emptied(path)

    def _emptied(self, path: str) -> None:
        """Keep the directory of what went away, as every file system does."""
        if not bulk.has_directories(self.storage):
            self._empty.add(posixpath.dirname(self.storage_name(path)))

    @changing
    def rename(self, src: str, dst: str) -> None:
        """Rename a file, over another one if there is one, or a directory."""
        source, target = self.storage_name(src), self.storage_name(dst)
        if self.root in (src, dst) or dst.startswith(f"{src}/"):
            raise FilesystemError("A directory cannot be moved into itself")
        if self._entry(src).is_dir:
            if self._empty.hold(target):
                raise FileExistsError
            try:
                bulk.move_tree(self.storage, source, target)
            except FileNotFoundError:
                if not self._empty.hold(source):
                    raise
                self._check_free(dst)
            self._empty.move(source, target)
        elif self._is_dir(dst):
            raise IsADirectoryError
        else:
            bulk.move(self.storage, source, target, overwrite=True)
            self._empty.fill(posixpath.dirname(target))
        self._emptied(src)

    # -- directories

    @changing
    def mkdir(self, path: str) -> None:
        name = self.storage_name(path)
        if bulk.make_dir(self.storage, name):
            return
        self._check_free(path)
        above = posixpath.dirname(path)
        if self.validpath(above) and self._is(above, lambda entry: not entry.is_dir):
            raise NotADirectoryError
        self._empty.add(name)

    def _check_free(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._look(path)
            raise FileExistsError

    @changing
    def rmdir(self, path: str) -> None:
        name = self.storage_name(path)
        if path == self.root:
            raise FilesystemError("The home directory cannot be removed")
        if self._empty.children(name):
            raise FilesystemError("The directory is not empty")
        try:
            bulk.remove_dir(self.storage, name)
        except FileNotFoundError:
            if not self._empty.hold(name):
                raise
        self._empty.remove(name)
        self._emptied(path)


for _name in dir(AbstractedFS):
    _method = getattr(AbstractedFS, _name)
    is_left = not _name.startswith("_") and getattr(StorageFS, _name) is _method
    if is_left and callable(_method):  # it would go to this machine's disk
        setattr(StorageFS, _name, refused(_name))
