"""What Dropbox says of files and folders, one or many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storages.backends.dropbox_exceptions import DropboxStorageException
from storages.backends.dropbox_names import path_of
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.backends.dropbox import DropboxStorage

LARGEST_PAGE = 2000
"""Entries of one answer at most.

https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder
"""


def entry_of(key: str, found: Mapping[str, Any]) -> Entry:
    """What metadata, as JSON, says of a file or a folder."""
    if found.get(".tag") == "folder":
        return Entry(key, is_dir=True)
    digest = found.get("content_hash")
    try:
        return Entry(
            key,
            int(found["size"]),
            modified=datetime.fromisoformat(found["server_modified"]),
            accessed=datetime.fromisoformat(found["client_modified"]),
            etag=found["rev"],
            digest=f"dropbox:{digest}" if digest else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DropboxStorageException(
            f"What answers says nothing of {key!r} as Dropbox would."
        ) from error


def pages(
    storage: DropboxStorage, prefix: str, *, recursive: bool = False, limit: int = LARGEST_PAGE
) -> Iterator[list[dict[str, Any]]]:
    """The metadata of what is below a prefix, as JSON, page by page."""
    limit = min(limit, LARGEST_PAGE)
    arg = {"path": path_of(prefix), "recursive": recursive, "limit": limit}
    page = storage._call("list_folder", arg, "list", prefix)
    while True:
        yield [each for each in page["entries"] if each[".tag"] != "deleted"]
        if not page["has_more"]:
            return
        page = storage._call("list_folder/continue", {"cursor": page["cursor"]}, "list", prefix)


def level(storage: DropboxStorage, prefix: str) -> Iterator[Entry]:
    """What is directly below a prefix; once, even if it changes meanwhile."""
    seen: set[str] = set()
    for page in pages(storage, prefix, limit=storage.page_size):
        for each in page:
            if each["name"] not in seen:
                seen.add(each["name"])
                yield entry_of(prefix + each["name"], each)


def tree(storage: DropboxStorage, prefix: str) -> Iterator[Entry]:
    """All files below a prefix, and then the folders directly below it.

    A path that is displayed has the right case in its last part only, so each part is taken from
    the folder of that name, which is listed before what is in it.
    """
    depth = prefix.count("/") + 1  # slashes in the path of what is directly below
    known: dict[str, str] = {}  # folders' keys, by their lower-case paths
    top = []
    for page in pages(storage, prefix, recursive=True, limit=storage.page_size):
        for each in page:
            lower = each.get("path_lower") or ""
            below = lower.count("/") - depth
            if below < 0:  # the folder itself
                continue
            above = known.get(lower.rpartition("/")[0]) if below else prefix
            if above is None:
                shown = each.get("path_display") or lower
                above = prefix + "/".join(shown.split("/")[depth:-1]) + "/"
            entry = entry_of(above + each["name"], each)
            if not entry.is_dir:
                yield entry
                continue
            known[lower] = entry.key + "/"
            if not below:
                top.append(entry)
    yield from top
