"""Deletions: a file as it is known, never a folder with what is in it, and many files at once."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from storages.backends.dropbox_errors import (
    DropboxApiError,
    DropboxReplacedError,
    DropboxTimeoutError,
    tags_of,
    told,
)
from storages.backends.dropbox_exceptions import DropboxStorageException
from storages.backends.dropbox_listing import LARGEST_PAGE, entry_of, pages
from storages.backends.dropbox_names import path_of
from storages.backends.dropbox_tries import Tries
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.backends.dropbox import DropboxStorage

BATCH = 1000
"""Files of one batch.

https://www.dropbox.com/developers/documentation/http/documentation#files-delete_batch
"""
CHECK_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3)
"""Seconds between the looks at a batch; the last one again and again."""
LONGEST_BATCH = 600
"""Seconds after which nobody waits for a batch any more."""
REPLACED = 5
"""Times that a deletion is tried while others replace the file."""
WORTH_LISTING = 20
"""Files of one folder whose revisions are found by a listing rather than one by one."""
LISTED_FOR_ONE = 100
"""Entries that are listed at most, on average, to find the revision of one file."""
LOOKS = 8
"""Revisions that are looked up at once."""


def delete(storage: DropboxStorage, key: str) -> None:
    """Delete a file, or an empty folder; what is absent is fine."""
    for _ in range(REPLACED):
        try:
            entry = storage._look(key)
        except FileNotFoundError:
            return
        if entry.is_dir:
            _delete_folder(storage, key)
            return
        if delete_revision(storage, entry):
            return
    text = f"{key!r} is replaced again and again: it was not deleted."
    raise told(DropboxReplacedError, errno.EBUSY, text)


def delete_revision(storage: DropboxStorage, entry: Entry) -> bool:
    """Delete a file if it still is this revision, or is gone; whether that is so.

    After a lost answer another revision is taken for one that was stored after the deletion.
    """
    tries = Tries()
    arg = {"path": path_of(entry.key), "parent_rev": entry.etag}
    try:
        storage._call("delete_v2", arg, "delete", entry.key, tries=tries)
    except FileNotFoundError:
        return True
    except DropboxApiError as error:
        if "conflict" in error.tags:
            return tries.unsure
        raise
    finally:
        storage._forget(entry.key)
    return True


def _delete_folder(storage: DropboxStorage, key: str) -> None:
    if not remove_folder(storage, key, deep=False):
        text = f"{key!r} is a folder that is not empty: delete_tree() deletes it."
        raise told(DropboxStorageException, errno.ENOTEMPTY, text)


def remove_folder(storage: DropboxStorage, key: str, *, deep: bool) -> bool:
    """Delete a folder without files, or without anything unless `deep`; whether it is gone.

    Dropbox has no such request: what is stored in the folder between the look and the deletion
    is lost. It can be restored on the web site.
    """
    try:
        for page in pages(storage, f"{key}/", recursive=deep):
            if any("rev" in each for each in page) or (page and not deep):
                return False
        storage._call("delete_v2", {"path": path_of(key)}, "delete", key)
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return False
    return True


# -- many


def delete_keys(storage: DropboxStorage, keys: Iterable[str]) -> None:
    """Delete files by name, folders never; absent ones are fine."""
    wanted = list(dict.fromkeys(keys))
    if len(wanted) == 1:
        delete(storage, wanted[0])
        return
    found, left = _listed(storage, wanted)
    with ThreadPoolExecutor(min(LOOKS, len(left) or 1)) as pool:
        found += [each for each in pool.map(lambda key: _look(storage, key), left) if each]
    delete_entries(storage, found)


def _look(storage: DropboxStorage, key: str) -> Entry | None:
    try:
        return storage._look(key)
    except FileNotFoundError:
        return None


def _listed(storage: DropboxStorage, keys: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """What listings of their folders say of many keys, and those that must be looked up."""
    folders: dict[str, list[str]] = {}
    for key in keys:
        folders.setdefault(key.rpartition("/")[0], []).append(key)
    found: list[Entry] = []
    left: list[str] = []
    for folder, inside in folders.items():
        wanted = {key.rpartition("/")[2]: key for key in inside}
        if len(inside) >= WORTH_LISTING:
            found += _find(storage, f"{folder}/" if folder else "", wanted)
        left += wanted.values()
    return found, left


def _find(storage: DropboxStorage, prefix: str, wanted: dict[str, str]) -> list[Entry]:
    """Files of a folder, taken out of `wanted`, which are the keys by their names.

    A name in another case may stay in it.
    """
    found = []
    most = max(1, len(wanted) * LISTED_FOR_ONE // LARGEST_PAGE)
    try:
        for page in islice(pages(storage, prefix), most):
            found += [
                entry_of(wanted.pop(each["name"]), each) for each in page if each["name"] in wanted
            ]
            if not wanted:
                break
    except (FileNotFoundError, NotADirectoryError):
        wanted.clear()
    return found


def delete_entries(storage: DropboxStorage, entries: Sequence[Entry]) -> None:
    """Delete files as they were listed; one that was replaced since goes, too.

    All that can be deleted is; then the error of the first that could not is raised.
    """
    errors: list[OSError] = []
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        left = _delete_batch(storage, [each for each in batch if not each.is_dir])
        for entry in [*left, *(each for each in batch if each.is_dir)]:
            try:
                delete(storage, entry.key)
            except (ConnectionError, TimeoutError):
                raise
            except OSError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def _delete_batch(storage: DropboxStorage, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those of the files that one batch did not delete."""
    if len(entries) < 2:
        return [each for each in entries if not delete_revision(storage, each)]
    about = f"{entries[0].key} and {len(entries) - 1} others"
    asked = [{"path": path_of(each.key), "parent_rev": each.etag} for each in entries]
    try:
        results = _run(storage, {"entries": asked}, about)
    finally:
        for each in entries:
            storage._forget(each.key)
    return [entry for entry, result in zip(entries, results, strict=True) if not _is_gone(result)]


def _run(storage: DropboxStorage, arg: dict[str, Any], about: str) -> list[dict[str, Any]]:
    """The results of a batch, when it is done."""
    answer = storage._call("delete_batch", arg, "delete", about)
    job = {"async_job_id": answer.get("async_job_id")}
    pauses = iter(CHECK_PAUSES)
    end = time.monotonic() + LONGEST_BATCH
    while answer[".tag"] in ("async_job_id", "in_progress"):
        if time.monotonic() > end:
            raise DropboxTimeoutError(f"Dropbox does not come to an end with deleting {about}.")
        time.sleep(next(pauses, CHECK_PAUSES[-1]))
        answer = storage._call("delete_batch/check", job, "delete", about)
    found: list[dict[str, Any]] = answer.get("entries") or []
    if answer[".tag"] == "complete" and len(found) == len(arg["entries"]):
        return found
    return [{".tag": "failure"}] * len(arg["entries"])  # all of it: one by one then


def _is_gone(result: dict[str, Any]) -> bool:
    """Whether a result of a batch says that the file is deleted, or was not there."""
    if result[".tag"] == "success":
        return True
    tags = tags_of(result.get("failure"))
    return tags[:1] == ("path_lookup",) and tags[-1:] == ("not_found",)
