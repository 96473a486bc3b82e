"""What is stored on Dropbox: small files by one request, large ones in parts, all or nothing."""

from __future__ import annotations

import errno
import hashlib
import posixpath
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from storages.backends.dropbox_errors import (
    DropboxApiError,
    DropboxFileExistsError,
    DropboxFileNotFoundError,
    DropboxIsADirectoryError,
    DropboxReplacedError,
    told,
)
from storages.backends.dropbox_exceptions import DropboxStorageException
from storages.backends.dropbox_names import block_digests, path_of
from storages.backends.dropbox_tries import Tries

if TYPE_CHECKING:
    from storages.backends.dropbox import DropboxStorage

REVISIONS = 100
"""Revisions of a name that are looked at then.

https://www.dropbox.com/developers/documentation/http/documentation#files-list_revisions
"""
LOOKS = 20
"""Names that Dropbox may have chosen and that are looked at, if its answer was lost."""
GAPS = 1
"""Of them, those that may have been deleted meanwhile."""
REMEMBERED = 10_000
"""Revisions that are known to be those of other uploads of this process."""

_told: deque[str] = deque(maxlen=REMEMBERED)  # needs no lock, which a fork could leave locked


@dataclass(slots=True)
class Commit:
    """Under which name a file is stored, and what happens if the name is taken.

    `revision` is the only one that is replaced; `renames` lets Dropbox choose another name.
    """

    key: str
    exclusive: bool
    revision: str | None = None
    renames: bool = False
    written: str = ""

    def __post_init__(self) -> None:
        # With the hash it tells what we stored from what others did.
        self.written = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def arg(self) -> dict[str, Any]:
        """CommitInfo of the API."""
        mode: Any = "add" if self.exclusive else "overwrite"
        if self.revision is not None:
            mode = {".tag": "update", "update": self.revision}
        return {
            "path": path_of(self.key),
            "mode": mode,
            "autorename": self.renames,
            "client_modified": self.written,
            "strict_conflict": True,  # the same content is another file, too
        }


Send = Callable[[Commit, Tries], Any]
"""Sends what makes a file visible; its metadata."""


def commit_of(
    storage: DropboxStorage, key: str, params: Mapping[str, Any], exclusive: bool
) -> Commit:
    """How a file is stored by this storage; `params` may have the revision that is replaced."""
    known = params["revision"] if "revision" in params else storage._revision(key)
    revision = None if exclusive else known
    return Commit(key, exclusive, revision, renames=params.get("renames") == "at once")


def put(storage: DropboxStorage, body: bytes, commit: Commit) -> str | None:
    """Store a small file by one request; the key, if Dropbox chose another one."""
    digest = hashlib.sha256(block_digests(body)).hexdigest()

    def send(commit: Commit, tries: Tries) -> Any:
        arg = commit.arg() | {"content_hash": digest}
        return storage._call("upload", arg, "write", commit.key, body=body, tries=tries)

    return publish(storage, send, commit, digest)


def publish(storage: DropboxStorage, send: Send, commit: Commit, digest: str) -> str | None:
    """Send what makes a file visible; the key, if Dropbox chose another one.

    If the revision that it should replace was deleted by others, it is stored anew: nothing is
    lost by that.
    """
    try:
        return _published(storage, send, commit, digest)
    except DropboxReplacedError:
        if storage._is_taken(commit.key):
            raise
        storage._forget(commit.key)
        new = replace(commit, exclusive=True, revision=None)
        try:
            return _published(storage, send, new, digest)
        except FileExistsError:
            pass  # somebody was faster: what is there was never read
        raise


def _published(storage: DropboxStorage, send: Send, commit: Commit, digest: str) -> str | None:
    """Send it, and find out whether it was done where the answer was lost."""
    tries = Tries(look=lambda: _find(storage, commit, digest))
    try:
        found = send(commit, tries)
    except (DropboxApiError, ConnectionError, TimeoutError) as error:
        found = tries.done()
        if found is None:
            raise _judged(error, commit) from error.__cause__
    _note(found["rev"])
    if found.get("content_hash", digest) != digest:
        text = f"Dropbox has stored {commit.key!r} with another content than it was sent."
        raise told(DropboxStorageException, errno.EIO, text)
    chosen = posixpath.join(posixpath.dirname(commit.key), found["name"])
    key = chosen if commit.renames else commit.key
    storage._remember(key, found["rev"])
    return key if key != commit.key else None


def _judged(error: OSError, commit: Commit) -> OSError:
    """What a conflict means for this way of storing."""
    if commit.exclusive or not isinstance(error, DropboxFileExistsError):
        return error
    kind: type[DropboxApiError]
    if error.tags[-1] == "folder":
        kind, number, text = DropboxIsADirectoryError, errno.EISDIR, "is a directory"
    elif commit.revision is not None:
        kind, number = DropboxReplacedError, errno.ESTALE
        text = "was changed since this storage read it last: read it again (write_mode 'update')"
    else:
        return error
    facts = {"request_id": error.request_id, "error": error.error, "tags": error.tags}
    return told(kind, number, f"{commit.key!r} {text}.", **facts)


def _find(storage: DropboxStorage, commit: Commit, digest: str) -> dict[str, Any] | None:
    """The metadata of what an attempt stored whose answer was lost, by others replaced or not.

    What is deleted again is not found: it is better stored twice than not at all.
    """
    missing = 0
    for name in _names(commit):
        arg = {"path": path_of(name), "limit": REVISIONS}
        try:
            found = storage._call("list_revisions", arg, "look at", name, tries=Tries(reads=True))
        except FileNotFoundError:
            missing += 1
            if missing > GAPS:
                return None
            continue
        except OSError:  # nobody to ask
            return None
        others = tuple(_told)
        for each in () if found.get("is_deleted") else found["entries"]:
            ours = (each.get("content_hash"), each.get("client_modified"), each["rev"] in others)
            if ours == (digest, commit.written, False):
                made: dict[str, Any] = each
                return made
    return None


def _note(rev: str) -> None:
    """Remember that this revision is that of an upload which has ended: it is no other one's."""
    _told.append(rev)


def _names(commit: Commit) -> list[str]:
    """The key, and those that Dropbox chooses where it is taken."""
    if not commit.renames:
        return [commit.key]
    stem, ending = posixpath.splitext(commit.key)
    return [commit.key, *(f"{stem} ({number}){ending}" for number in range(1, LOOKS))]


@contextmanager
def _session_of(key: str) -> Iterator[None]:
    """What is not found is the session, not a file."""
    try:
        yield
    except DropboxFileNotFoundError as error:
        text = f"Dropbox has dropped what was sent of {key!r}: send it again."
        raise told(DropboxApiError, errno.ESTALE, text, tags=error.tags) from error


class SessionUpload:
    """Parts that are sent in any order to an upload session, which then becomes a file.

    What is never finished is invisible. No request drops a session; Dropbox does, after a week.
    https://www.dropbox.com/developers/documentation/http/documentation#files-upload_session-start
    """

    parallel = True

    def __init__(
        self, storage: DropboxStorage, commit: Commit, part_size: int, *, renames_late: bool
    ) -> None:
        self._storage, self._commit, self._part_size = storage, commit, part_size
        self._renames_late = renames_late
        self._digests: dict[int, bytes] = {}
        self._tail: tuple[int, bytes] | None = None
        self._size = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        if commit.exclusive and not commit.renames and storage._is_taken(commit.key):
            # Before all of it is sent in vain.
            raise told(DropboxFileExistsError, errno.EEXIST, f"{commit.key!r} exists already.")
        found = self._ask("start", {"session_type": "concurrent"}, b"")
        self._id = found["session_id"]

    def write(self, number: int, part: bytes) -> None:
        start = (number - 1) * self._part_size
        digests = block_digests(part)
        with self._lock:
            self._digests[number] = digests
            self._size = max(self._size, start + len(part))
            if len(part) != self._part_size:  # the last one, which closes the session
                self._tail = start, part
                return
        self._append(start, part, digests, close=False)

    def _append(self, start: int, part: bytes, digests: bytes, *, close: bool) -> None:
        tries = Tries(stop=self._stop)
        cursor = {"session_id": self._id, "offset": start}
        arg = {
            "cursor": cursor,
            "close": close,
            "content_hash": hashlib.sha256(digests).hexdigest(),
        }
        try:
            self._ask("append_v2", arg, part, tries)
        except DropboxApiError as error:
            # An attempt whose answer was lost has closed it, or stored the part.
            done = ("closed", "incorrect_offset") if close else ("incorrect_offset",)
            if not (tries.unsure and error.tags[-1] in done):
                raise

    def _ask(
        self, what: str, arg: Mapping[str, Any], body: bytes, tries: Tries | None = None
    ) -> Any:
        key = self._commit.key
        with _session_of(key):
            return self._storage._call(
                f"upload_session/{what}", arg, "write", key, body=body, tries=tries
            )

    def finish(self) -> str | None:
        start, part = self._tail or (self._size, b"")
        self._append(start, part, block_digests(part), close=True)
        digest = hashlib.sha256(b"".join(d for _, d in sorted(self._digests.items()))).hexdigest()
        try:
            return self._finish(digest)
        except FileExistsError:
            if not self._renames_late:
                raise
            self._commit.renames = True  # somebody was faster; nothing is sent twice
            return self._finish(digest)

    def _finish(self, digest: str) -> str | None:
        cursor = {"session_id": self._id, "offset": self._size}

        def send(commit: Commit, tries: Tries) -> Any:
            return self._ask("finish", {"cursor": cursor, "commit": commit.arg()}, b"", tries)

        return publish(self._storage, send, self._commit, digest)

    def give_up(self) -> None:
        """Let no part wait to be sent again: the upload is going to be aborted."""
        self._stop.set()

    def abort(self) -> None:
        """Nothing to send: Dropbox has no request that drops a session."""
        with self._lock:
            self._tail = None
