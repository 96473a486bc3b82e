"""Copies and moves on the server, and what to do where Dropbox has no request for it."""

from __future__ import annotations

import errno
import logging
import posixpath
import secrets
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from storages.backends.dropbox_delete import delete_revision
from storages.backends.dropbox_errors import (
    DropboxApiError,
    DropboxIsADirectoryError,
    DropboxReplacedError,
    told,
)
from storages.backends.dropbox_listing import entry_of
from storages.backends.dropbox_names import path_of
from storages.backends.dropbox_tries import Tries
from storages.entry import Entry
from storages.transfer import stream_whole

if TYPE_CHECKING:
    from storages.backends.dropbox import DropboxStorage

logger = logging.getLogger("storages")


# `source` is of the storage `origin`, which may be `storage` itself or have another root.


def copy(
    storage: DropboxStorage,
    origin: DropboxStorage,
    source: Entry,
    target: str,
    params: Any,
    *,
    exclusive: bool,
) -> None:
    """Copy a file; over another one it is read and written: Dropbox copies to free names only."""
    if _relocated(storage, origin, "copy_v2", source, target, exclusive=exclusive):
        return
    if not _is_same(storage, source, target):
        _stream(storage, origin, source, target, params)


def move(
    storage: DropboxStorage,
    origin: DropboxStorage,
    source: Entry,
    target: str,
    params: Any,
    *,
    exclusive: bool,
) -> None:
    """Rename a file; over another one it is read and written, and then the source is deleted.

    So there is no moment without a target, and nothing is lost if it fails.
    """
    if _relocated(storage, origin, "move_v2", source, target, exclusive=exclusive):
        return
    if _is_same(storage, source, target):
        _change_case(storage, origin, source, target)
        return
    _stream(storage, origin, source, target, params)
    if not delete_revision(origin, source):
        text = f"{source.key!r} was replaced while it was moved."
        raise told(DropboxReplacedError, errno.ESTALE, text)


def _relocated(
    storage: DropboxStorage,
    origin: DropboxStorage,
    route: str,
    source: Entry,
    target: str,
    *,
    exclusive: bool,
) -> bool:
    """Whether Dropbox did it; not, if there is a target which may be replaced."""
    tries = Tries()
    arg = {"from_path": path_of(source.key), "to_path": path_of(target)}
    try:
        made = storage._call(route, arg, "write", target, tries=tries)["metadata"]
    except (DropboxApiError, ConnectionError, TimeoutError) as error:
        if tries.unsure and _is_done(storage, source, target, moved=route == "move_v2"):
            return True
        if not isinstance(error, DropboxApiError):
            raise
        _refuse(error, source, target, exclusive=exclusive)
        return False
    if route == "move_v2":
        origin._forget(source.key)
    else:
        _check_version(storage, source, target, made)
    storage._remember(target, made.get("rev"))
    return True


def _refuse(error: DropboxApiError, source: Entry, target: str, *, exclusive: bool) -> None:
    """Raise what a refusal means, unless there is but a target which may be replaced."""
    if error.tags[0] == "from_lookup":
        raise _about(error, source.key) from error.__cause__
    taken = "conflict" in error.tags and error.tags[-1] in ("file", "folder")
    if exclusive or not (taken or error.tags[-1] == "duplicated_or_nested_paths"):
        raise error
    if error.tags[-1] == "folder":
        raise told(DropboxIsADirectoryError, errno.EISDIR, f"{target!r} is a directory.") from error


def _check_version(
    storage: DropboxStorage, source: Entry, target: str, made: Mapping[str, Any]
) -> None:
    """Undo a copy of another version of the source: a request of Dropbox cannot be about one."""
    found = entry_of(target, made)
    if source.digest and found.digest != source.digest:
        delete_revision(storage, found)
        text = f"{source.key!r} was replaced before it was copied."
        raise told(DropboxReplacedError, errno.ESTALE, text)


def _about(error: DropboxApiError, key: str) -> OSError:
    """The same error, of the source: a route has one name for both."""
    facts = {"request_id": error.request_id, "error": error.error, "tags": error.tags}
    return told(type(error), error.errno or 0, f"{key!r} does not exist.", **facts)


def _is_done(storage: DropboxStorage, source: Entry, target: str, *, moved: bool) -> bool:
    """Whether an attempt whose answer was lost did it."""
    try:
        found = storage._look(target)
        if found.digest != source.digest:
            return False
        return not moved or not storage._is_taken(source.key)
    except OSError:
        return False


def _is_same(storage: DropboxStorage, source: Entry, target: str) -> bool:
    """Whether the target is the source, by a name in another case."""
    with suppress(FileNotFoundError):
        return storage._look(target).etag == source.etag
    return False


def _stream(
    storage: DropboxStorage, origin: DropboxStorage, source: Entry, target: str, params: Any
) -> None:
    """Read a file and write it under another name."""
    writer = storage._writer(target, params)
    try:
        with closing(stream_whole(origin, source, 0)) as chunks:
            for chunk in chunks:
                writer.write(chunk)
        writer.finish()
    except BaseException:
        writer.abort()
        raise


def _change_case(
    storage: DropboxStorage, origin: DropboxStorage, source: Entry, target: str
) -> None:
    """Rename a file to its name in another case, which Dropbox does in two steps only."""
    beside = posixpath.join(
        posixpath.dirname(source.key), f".{secrets.token_hex(8)}{posixpath.splitext(target)[1]}"
    )
    try:
        _rename(storage, source.key, beside)
        revision = _rename(storage, beside, target)
    except BaseException:
        _put_back(storage, beside, source.key)
        raise
    origin._forget(source.key)
    storage._remember(target, revision)


def _rename(storage: DropboxStorage, source: str, target: str) -> str | None:
    """Rename a file; its revision, if there was an answer."""
    tries = Tries()
    arg = {"from_path": path_of(source), "to_path": path_of(target)}
    try:
        made = storage._call("move_v2", arg, "write", target, tries=tries)["metadata"]
    except (DropboxApiError, ConnectionError, TimeoutError):
        if not (tries.unsure and _is_renamed(storage, source, target)):
            raise
        return None
    revision: str | None = made.get("rev")
    return revision


def _is_renamed(storage: DropboxStorage, source: str, target: str) -> bool:
    """Whether an attempt whose answer was lost did it."""
    try:
        return storage._is_taken(target) and not storage._is_taken(source)
    except OSError:
        return False


def _put_back(storage: DropboxStorage, beside: str, key: str) -> None:
    """Give a file its name back, or one like it if that is taken meanwhile."""
    arg = {"from_path": path_of(beside), "to_path": path_of(key), "autorename": True}
    try:
        storage._call("move_v2", arg, "write", key)
    except FileNotFoundError:
        return  # it has its name, or has its name again
    except OSError as error:
        logger.error("%r has the name %r now, and could not be renamed: %s", key, beside, error)
