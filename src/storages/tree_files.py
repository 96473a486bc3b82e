"""Files of a `Tree` that are read, written under a temporary name, renamed and removed."""

from __future__ import annotations

import posixpath
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from storages.entry import Entry
from storages.names import OURS
from storages.pool import Pool, is_answer
from storages.transfer import Patience

if TYPE_CHECKING:
    from storages.tree import Incoming, Outgoing, Tree, TreeStorage

PART = ".part"
"""How the names of files on their way end, beside their targets; no listing shows them."""

STALE = timedelta(days=1)
"""Age of the last write after which nobody is writing any more."""

ASIDE = ".old"
"""How the name of a file ends that makes room for another one; listings do show it."""

ATTEMPTS = 5
"""Attempts to create a file whose directory others remove at the same time."""


class Download:
    """Reads one version of a file forward; its connection serves others between two reads."""

    def __init__(self, pool: Pool[Any], entry: Entry, start: int) -> None:
        self._entry, self._at = entry, start
        self._incoming: Incoming | None = None
        self._loan = pool.lend(self._rest)

    def read(self) -> bytes:
        """The next bytes; empty at the end."""
        with self._loan as tree:
            incoming, self._incoming = self._incoming, None
            if incoming is None:
                incoming = tree.read(self._entry, self._at)
            chunk = incoming.read()
            self._incoming = incoming  # after an error it has ended
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        """End the transfer; in a forked child, leave it to the parent."""
        if self._incoming is not None and self._loan.is_ours:
            with suppress(OSError), self._loan as tree:
                self._rest(tree)
        self._loan.end()

    def _rest(self, tree: Tree) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.close()


class TreeUpload:
    """Writes a file under a temporary name beside its target, and renames it when it is whole.

    Its connection serves others between two parts. What fails leaves neither the temporary file
    nor the directories that were made for it.
    """

    parallel = False

    def __init__(self, storage: TreeStorage, key: str, *, exclusive: bool) -> None:
        self._storage, self._key, self._exclusive = storage, key, exclusive
        self._temporary = name_beside(self._key, PART)
        self._begun = False  # the server has said that the temporary file is there
        self._left: list[str] = []  # names under which something may be on the server
        self._made: list[str] = []  # directories
        self._sent = 0
        self._outgoing: Outgoing | None = None
        self._loan = storage._pool().lend(self._rest)

    def write(self, number: int, part: bytes) -> None:
        try:
            self._send(part)
        except (ConnectionError, TimeoutError):
            if self._begun or not self._loan.rested:
                raise
            # The connection had died before anything was written: another one, another name.
            self._temporary = name_beside(self._key, PART)
            self._send(part)

    def finish(self) -> None:
        with self._loan as tree:
            if self._outgoing is None and self._sent:
                # Others had the connection: only the size tells whether all went well at the end.
                self._outgoing = self._open(tree)
            self._rest(tree)
            tree.ready(self._temporary, None if self._exclusive else self._key)
        self._loan.end()
        pool = self._storage._pool()
        source = Entry(self._temporary, self._sent)
        rename_surely(pool, source, self._key, exclusive=self._exclusive)
        self._left.remove(self._temporary)
        self._made.clear()
        if self._left:
            with suppress(OSError):  # the file is stored: what is left is litter
                pool.run(self._clean)
        self._storage._sweep()

    def abort(self) -> None:
        if self._outgoing is not None:
            with suppress(OSError), self._loan as tree:
                self._rest(tree)
        self._loan.end()
        if self._left or self._made:
            self._storage._pool().run(self._clean)

    def _send(self, part: bytes) -> None:
        with self._loan as tree:
            outgoing, self._outgoing = self._outgoing, None
            if outgoing is None:
                outgoing = self._open(tree)
            outgoing.write(part)
            self._outgoing = outgoing  # after an error it has ended
        self._sent += len(part)

    def _open(self, tree: Tree) -> Outgoing:
        if self._begun:
            return tree.write(self._temporary, self._sent)
        self._left.append(self._temporary)
        for _ in range(ATTEMPTS):
            try:
                outgoing = tree.write(self._temporary, 0)
            except FileNotFoundError:
                folder = posixpath.dirname(self._key)
                make_dirs(tree, folder, self._made)
                if folder not in self._made:
                    check_dir(tree, folder)
            except OSError as error:
                if is_answer(error):  # it was refused: nothing is there
                    self._left.remove(self._temporary)
                raise
            else:
                self._begun = True
                return outgoing
        raise FileNotFoundError(f"The directory of {self._key!r} is removed again and again.")

    def _rest(self, tree: Tree) -> None:
        outgoing, self._outgoing = self._outgoing, None
        if outgoing is not None:
            outgoing.close()

    def _clean(self, tree: Tree) -> None:
        while self._left:
            with suppress(FileNotFoundError):
                tree.remove(self._left[-1])
            self._left.pop()
        remove_dirs(tree, self._made)


def name_beside(key: str, suffix: str) -> str:
    """A key in the directory of `key` that nothing else has."""
    name = f"{OURS}{secrets.token_hex(12)}{suffix}"
    return posixpath.join(posixpath.dirname(key), name)


def is_temporary(entry: Entry) -> bool:
    """Whether it is a file on its way, which no listing shows."""
    name = posixpath.basename(entry.key)
    return name.startswith(OURS) and name.endswith(PART)


def is_stale(entry: Entry) -> bool:
    """Whether a file on its way is left over from a process that has ended."""
    return entry.modified is not None and datetime.now(UTC) - entry.modified > STALE


def rename_surely(
    pool: Pool[Any], source: Entry, target: str, *, exclusive: bool, made: list[str] | None = None
) -> None:
    """Rename a file that exists; FileExistsError over another one if `exclusive`.

    If the connection breaks, another one tells whether that was before or after. With `made`,
    the target's directories are made, and added to it.
    """
    patience = Patience()
    sent = False  # a request was, to which there may be no answer

    def rename(tree: Tree) -> None:
        nonlocal sent
        if sent and not exists(tree, source.key) and _holds(tree, target, source.size):
            return
        sent = True
        try:
            (tree.rename_new if exclusive else tree.rename)(source.key, target)
        except FileNotFoundError:
            if made is None or not exists(tree, source.key):
                raise
            make_dirs(tree, posixpath.dirname(target), made)
            (tree.rename_new if exclusive else tree.rename)(source.key, target)

    while True:
        try:
            return pool.run(rename, again=False)
        except (ConnectionError, TimeoutError):
            patience.wait()


def _holds(tree: Tree, key: str, size: int) -> bool:
    try:
        return tree.stat(key).size == size
    except FileNotFoundError:
        return False


def exists(tree: Tree, key: str) -> bool:
    """Whether there is something, a file or a directory."""
    try:
        tree.stat(key)
    except FileNotFoundError:
        return False
    return True


def make_dirs(tree: Tree, key: str, made: list[str]) -> None:
    """Make a directory and those above it; what was not there before is added to `made`."""
    parent = posixpath.dirname(key)
    try:
        tree.make_dir(key)
    except FileExistsError:
        return
    except FileNotFoundError:
        if not parent:
            raise
        make_dirs(tree, parent, made)
        if parent not in made:
            check_dir(tree, parent)
        with suppress(FileExistsError):
            tree.make_dir(key)
            made.append(key)
        return
    made.append(key)


def check_dir(tree: Tree, key: str) -> None:
    """NotADirectoryError if something else stands where a directory is needed."""
    with suppress(FileNotFoundError):
        if not tree.stat(key).is_dir:
            raise NotADirectoryError(f"{key!r} is not a directory: nothing can be stored in it.")


def remove_dirs(tree: Tree, made: list[str]) -> None:
    """Remove directories that were made, as far as they are empty."""
    while made:
        key = made.pop()
        try:
            tree.remove_dir(key)
        except (ConnectionError, TimeoutError):
            made.append(key)
            raise
        except OSError:
            continue  # others have put something in it


def remove(tree: Tree, key: str) -> None:
    """Remove a file, or an empty directory; FileNotFoundError."""
    try:
        tree.remove(key)
    except IsADirectoryError:
        tree.remove_dir(key)


def remove_empty(tree: Tree, key: str) -> None:
    """Remove a directory in which nothing is left but the litter of uploads long dead."""
    with suppress(FileNotFoundError, NotADirectoryError):
        try:
            tree.remove_dir(key)
        except (ConnectionError, TimeoutError, FileNotFoundError, PermissionError):
            raise
        except OSError:
            entries = tree.list(key)
            if entries and all(is_temporary(each) and is_stale(each) for each in entries):
                for each in entries:
                    tree.remove(each.key)
                tree.remove_dir(key)
