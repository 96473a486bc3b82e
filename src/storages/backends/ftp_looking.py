"""What an FTP server has: its answers, and what its refusals mean."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from storages.backends.ftp_client import Client
from storages.backends.ftp_errors import (
    REFUSED,
    UNKNOWN,
    FTPFileNotFoundError,
    FTPNotADirectoryError,
    FTPPermissionError,
    FTPStorageException,
    Refusal,
)
from storages.backends.ftp_listing import (
    Listed,
    parse_list,
    parse_mlsd,
    parse_mlst,
    time_of,
    validator,
)
from storages.entry import Entry
from storages.tree_files import is_temporary

_number = re.compile(r"213[ -]\s*(\d+)").match


class Looking:
    """The part of a `Tree` that changes nothing.

    Servers answer 550 to whatever they do not do: where it matters, another command finds out why.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lists_all = True  # LIST takes -a, as far as is known

    # -- one file

    def stat(self, key: str) -> Entry:
        """What `key` is: by MLST where the server has it, else by SIZE, MDTM and CWD."""
        if self._client.offers("MLST"):
            with _unless_unknown():
                found = self._facts(key)
                if found.is_dir or (found.size is not None and not found.is_link):
                    return found.entry(key)
        return self._by_commands(key)

    def size(self, key: str) -> int:
        """Bytes of a file."""
        if self._client.knows("SIZE"):
            with _unless_unknown(), _or_missing(key):
                return self._ask_size(key)
        return self.stat(key).size

    def find(self, key: str) -> Entry | None:
        """What `key` is; None if it does not exist."""
        try:
            return self.stat(key)
        except FileNotFoundError:
            return None

    def _facts(self, key: str) -> Listed:
        with _or_missing(key):
            reply = self._client.ask("MLST", key)
        found = parse_mlst(reply)
        if found is None:
            raise FTPStorageException(f"MLST of {key!r} says nothing that can be read: {reply}")
        return found

    def _by_commands(self, key: str) -> Entry:
        if not self._client.knows("SIZE"):
            return self._by_listing(key)
        try:
            size = self._ask_size(key)
        except Refusal as error:
            if error.code in UNKNOWN:
                return self._by_listing(key)
            if error.code not in REFUSED:
                raise
        else:
            return self._timed(key, size)
        with _or_missing(key):
            self._client.ask("CWD", key)
        return Entry(key, is_dir=True)

    def _ask_size(self, key: str) -> int:
        reply = self._client.ask("SIZE", key)
        if found := _number(reply):
            return int(found[1])
        raise FTPStorageException(f"SIZE of {key!r} says nothing that can be read: {reply}")

    def _timed(self, key: str, size: int) -> Entry:
        time = self._ask_time(key)
        return Entry(key, size, time_of(time), etag=validator(time, size))

    def _ask_time(self, key: str) -> str:
        """When it was modified, as MDTM tells it; empty where it does not."""
        if self._client.knows("MDTM"):
            with suppress(Refusal):
                return self._client.ask("MDTM", key)[3:].strip()
        return ""

    def _by_listing(self, key: str) -> Entry:
        """For servers that have none of those commands."""
        if self._is_directory(key):
            return Entry(key, is_dir=True)
        folder, name = posixpath.split(key)
        if self._is_directory(folder):
            for found in parse_list(self._list()):
                if found.name == name and found.is_dir:  # it was made meanwhile
                    return found.entry(key)
                if found.name == name:
                    return self._timed(key, found.size or 0)
        raise FTPFileNotFoundError(f"{key!r} does not exist.")

    def _is_directory(self, key: str) -> bool:
        try:
            self._client.ask("CWD", key)
        except Refusal as error:
            if error.code not in REFUSED:
                raise
            return False
        return True

    # -- a directory

    def list(self, key: str) -> list[Entry]:
        """What is in a directory, by MLSD where the server has it, else by LIST."""
        prefix = f"{key}/" if key else ""
        return [
            self._resolved(prefix + each.name, each)
            for each in self._listed(key)
            if each.name not in (".", "..") and "/" not in each.name
        ]

    def _listed(self, key: str) -> Iterator[Listed]:
        if self._client.offers("MLST") and self._client.knows("MLSD"):
            with _unless_unknown(), self._or_no_directory(key):
                return parse_mlsd(self._client.lines("MLSD", key))
        with self._or_no_directory(key):
            self._client.ask("CWD", key)
        return parse_list(self._list())

    def _list(self) -> Iterable[str]:
        """The LIST of the directory that was just changed to, hidden files included.

        As an argument, servers take its name for switches or for a pattern, and a missing one for
        an empty one.
        """
        if not self._lists_all:
            return self._client.lines("LIST")
        with suppress(Refusal):
            if lines := self._client.lines("LIST", argument="-a"):
                return lines
        lines = self._client.lines("LIST")
        self._lists_all = not lines  # else the server takes -a for a name
        return lines

    def _resolved(self, key: str, found: Listed) -> Entry:
        """What a line of a listing stands for; a link that leads nowhere, for itself."""
        entry = found.entry(key)
        is_whole = not found.is_link and (found.is_dir or found.size is not None)
        if is_whole and (entry.modified or not is_temporary(entry)):
            return entry
        try:
            return replace(self.stat(key), is_link=found.is_link)
        except (FileNotFoundError, PermissionError):
            return entry

    # -- refusals

    @contextmanager
    def _or_no_directory(self, key: str) -> Iterator[None]:
        """Say why a directory was refused."""
        try:
            yield
        except Refusal as error:
            if error.code not in REFUSED:
                raise
            if not self.stat(key).is_dir:
                raise FTPNotADirectoryError(f"{key!r} is no directory.") from error
            raise FTPPermissionError(str(error)) from error


@contextmanager
def _unless_unknown() -> Iterator[None]:
    """Go on below where the server does not have the command."""
    try:
        yield
    except Refusal as error:
        if error.code not in UNKNOWN:
            raise


@contextmanager
def _or_missing(key: str) -> Iterator[None]:
    """Take a refusal for a missing file, unless the server says that it is something else."""
    try:
        yield
    except Refusal as error:
        if error.code not in REFUSED:
            raise
        if error.denied:
            raise FTPPermissionError(str(error)) from error
        raise FTPFileNotFoundError(f"{key!r} does not exist.") from error
