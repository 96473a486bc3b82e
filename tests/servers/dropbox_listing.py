"""Listings of the fake of Dropbox: pages of what was there, then what has changed since.

https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder
"""

import secrets
import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace

from .dropbox_errors import ApiError, BadRequest, Fields
from .dropbox_names import FOLDER, fold, match
from .dropbox_store import Store, within
from .dropbox_tree import Node, Tree

PAGE = 500  # entries, if nobody says how many
LARGEST = 2000  # entries
CURSORS = 10_000  # that are remembered


@dataclass(slots=True)
class Cursor:
    """How far a listing is. It can be used again, as often as anyone likes."""

    tree: Tree
    folder: Node
    recursive: bool
    limit: int
    nodes: list[Node]
    done: int = 0
    seen: int = 0  # changes
    hollow: int = 0  # empty pages to come first


class Listings:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.page, self.hollow = PAGE, 0
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()

    def forget(self) -> None:
        """Every cursor: the next use of one is an error, `reset`."""
        self._cursors.clear()

    def begin(self, tree: Tree, arg: Fields) -> Fields:
        cursor = self._cursor(tree, arg)
        folder = cursor.folder
        cursor.nodes = list(folder.below() if cursor.recursive else folder.children.values())
        # In no order that a client could rely on, but a folder comes before what is in it.
        cursor.nodes.sort(key=lambda node: zlib.crc32(fold(node.name).encode()))
        if cursor.recursive:
            cursor.nodes.sort(key=lambda node: node.lower.count("/"))
            if folder.parent:  # has itself, too: https://github.com/spotify/luigi/pull/3260
                cursor.nodes.insert(0, folder)
        cursor.hollow = self.hollow
        return self._answer(cursor)

    def latest(self, tree: Tree, arg: Fields) -> Fields:
        return {"cursor": self._keep(self._cursor(tree, arg))}

    def go_on(self, arg: Fields) -> Fields:
        if not (cursor := self._cursors.get(arg["cursor"])):
            raise ApiError("reset")
        if not cursor.tree.holds(cursor.folder):
            raise ApiError("path", "not_found")
        return self._answer(replace(cursor))

    def _cursor(self, tree: Tree, arg: Fields) -> Cursor:
        if arg["path"] == "/":
            text = 'Specify the root folder as an empty string rather than as "/".'
            raise BadRequest(f"request body: path: {text}")
        if arg.get("include_deleted") or arg.get("shared_link"):
            raise BadRequest("Here are neither listings of what was deleted nor shared links.")
        limit = arg.get("limit") or self.page
        if not 1 <= limit <= LARGEST:
            raise BadRequest(f"request body: limit: {limit} is not within range")
        path = match(FOLDER, arg["path"])
        place = within("path", lambda: self._store.locate(tree, path))
        if not (folder := place.node):
            raise ApiError("path", "not_found")
        if folder.revision:
            raise ApiError("path", "not_folder")
        recursive = bool(arg.get("recursive"))
        return Cursor(place.tree, folder, recursive, limit, [], seen=place.tree.changed)

    def _answer(self, cursor: Cursor) -> Fields:
        if cursor.hollow:  # as happens: https://github.com/dropbox/dropbox-sdk-java/issues/281
            cursor.hollow -= 1
            return {"entries": [], "cursor": self._keep(cursor), "has_more": True}
        if cursor.done >= len(cursor.nodes):
            entries, more = self._changes(cursor)
        else:
            stop = cursor.done + cursor.limit
            page = cursor.nodes[cursor.done : stop]
            here = [node for node in page if self._lists(cursor, node)]
            entries, more = [node.metadata() for node in here], stop < len(cursor.nodes)
            cursor.done = stop
        return {"entries": entries, "cursor": self._keep(cursor), "has_more": more}

    def _lists(self, cursor: Cursor, node: Node) -> bool:
        """Whether it is still there; what came and went is told as a change, at the end."""
        if not cursor.tree.holds(node):
            return False
        if not cursor.recursive:
            return node.parent is cursor.folder
        return f"{node.lower}/".startswith(f"{cursor.folder.lower}/")

    def _changes(self, cursor: Cursor) -> tuple[list[Fields], bool]:
        if (paths := cursor.tree.since(cursor.seen)) is None:
            raise ApiError("reset")
        top = f"{cursor.folder.lower}/"
        entries = []
        for path in paths:
            below = path.removeprefix(top) if path.startswith(top) else ""
            if below and (cursor.recursive or "/" not in below):
                node = cursor.tree.find(path.split("/")[1:])
                entries.append(node.metadata() if node else cursor.tree.deleted[path])
        # All at once: a page of them may be larger than the limit, which is approximate.
        cursor.seen = cursor.tree.changed
        return entries, False

    def _keep(self, cursor: Cursor) -> str:
        key = f"AA{secrets.token_urlsafe(48)}"
        self._cursors[key] = cursor
        if len(self._cursors) > CURSORS:
            self._cursors.popitem(last=False)
        return key
