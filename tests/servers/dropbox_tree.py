"""What lies in a namespace of the fake of Dropbox: folders, files, their revisions."""

import itertools
import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from .dropbox_errors import ApiError, Fields
from .dropbox_names import fold

REMEMBERED = 100_000  # changes; older cursors have to begin again
KEPT = 1 << 28  # bytes of old revisions

_counter = itertools.count(1)


@dataclass(slots=True)
class Revision:
    data: bytes
    client_modified: str
    content_hash: str
    server_modified: str = field(default_factory=lambda: stamp())
    rev: str = field(default_factory=lambda: f"{next(_counter):09x}{secrets.token_hex(8)}")


@dataclass(slots=True, eq=False)
class Node:
    """A file, if it has a revision; else a folder.

    `spelled` is the path of its folder as who made it wrote it. Only of the last part of
    `path_display` does the reference promise the case.
    """

    name: str
    parent: "Node | None"
    spelled: str = ""
    revision: Revision | None = None
    children: dict[str, "Node"] = field(default_factory=dict)
    id: str = field(default_factory=lambda: f"id:{secrets.token_urlsafe(16)}")

    @property
    def kind(self) -> str:
        return "file" if self.revision else "folder"

    @property
    def lower(self) -> str:
        return f"{self.parent.lower}/{fold(self.name)}" if self.parent else ""

    @property
    def display(self) -> str:
        if not self.parent:
            return ""
        spelled = fold(self.spelled) == self.parent.lower
        return f"{self.spelled if spelled else self.parent.display}/{self.name}"

    def metadata(self, revision: Revision | None = None, *, tagged: bool = True) -> Fields:
        fields: Fields = {".tag": self.kind} if tagged else {}
        fields |= {"name": self.name, "id": self.id}
        fields |= {"path_lower": self.lower, "path_display": self.display}
        if revision := revision or self.revision:
            fields |= {
                "client_modified": revision.client_modified,
                "server_modified": revision.server_modified,
                "rev": revision.rev,
                "size": len(revision.data),
                "is_downloadable": True,
                "content_hash": revision.content_hash,
            }
        return fields

    def below(self) -> Iterator["Node"]:
        """Everything in a folder, each folder before what is in it."""
        for child in tuple(self.children.values()):
            yield child
            yield from child.below()


class Tree:
    """A namespace. Every change is remembered, for the cursors of listings."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.root = Node("", None)
        self.ids: dict[str, Node] = {}
        self.revisions: dict[str, tuple[Node, Revision]] = {}
        self.deleted: dict[str, Fields] = {}
        self.changes: deque[str] = deque(maxlen=REMEMBERED)  # lower-case paths
        self.changed = 0  # how many changes there ever were
        self._old: deque[Revision] = deque()
        self._old_bytes = 0

    def find(self, names: list[str], start: Node | None = None) -> Node | None:
        node = start or self.root
        for name in names:
            if not (child := node.children.get(fold(name))):
                return None
            node = child
        return node

    def folder(self, names: list[str], start: Node | None = None) -> Node:
        """The folder at this path, made with its parents if there is none."""
        node = start or self.root
        for name in names:
            if node.revision:
                raise ApiError("conflict", "file_ancestor")
            node = node.children.get(fold(name)) or self.add(Node(name, node, node.display))
        if node.revision:
            raise ApiError("conflict", "file_ancestor")
        return node

    def add(self, node: Node) -> Node:
        assert node.parent, "the root is there already"
        node.parent.children[fold(node.name)] = node
        self._index(node)
        for child in node.below():
            self._index(child)
        return node

    def write(self, node: Node, data: bytes, client_modified: str | None, digest: str) -> None:
        if node.revision:
            self._retire(node.revision)
        node.revision = Revision(data, client_modified or stamp(), digest)
        self.add(node)

    def remove(self, node: Node, *, moved: bool = False) -> None:
        assert node.parent, "nobody removes the root"
        gone = [*node.below(), node]
        for one in gone:
            self._changed(one.lower)
            self.deleted[one.lower] = _deleted(one)
            if not moved:
                self.ids.pop(one.id, None)
                if one.revision:
                    self._retire(one.revision)
        del node.parent.children[fold(node.name)]

    def copy(self, node: Node, name: str, parent: Node, spelled: str) -> Node:
        made = Node(name, parent, spelled)
        if old := node.revision:
            made.revision = Revision(old.data, old.client_modified, old.content_hash)
        for child in node.children.values():
            made.children[fold(child.name)] = self.copy(child, child.name, made, "")
        return made

    def used(self) -> int:
        """Bytes of the files."""
        return sum(len(node.revision.data) for node in self.root.below() if node.revision)

    def since(self, position: int) -> list[str] | None:
        """The paths that changed, the last change last; None if that is forgotten."""
        first = self.changed - len(self.changes)
        if position < first:
            return None
        changes = itertools.islice(self.changes, position - first, None)
        return list(dict.fromkeys(reversed(list(changes))))[::-1]

    def holds(self, node: Node) -> bool:
        return self.ids.get(node.id) is node or node is self.root

    def _index(self, node: Node) -> None:
        self.ids[node.id] = node
        if node.revision:
            self.revisions[node.revision.rev] = node, node.revision
        self.deleted.pop(node.lower, None)
        self._changed(node.lower)

    def _changed(self, lower: str) -> None:
        self.changes.append(lower)
        self.changed += 1

    def _retire(self, revision: Revision) -> None:
        """Old revisions can be read, until there are too many for this machine."""
        self._old.append(revision)
        self._old_bytes += len(revision.data)
        while self._old_bytes > KEPT:
            oldest = self._old.popleft()
            self._old_bytes -= len(oldest.data)
            self.revisions.pop(oldest.rev, None)


def stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _deleted(node: Node) -> Fields:
    place = {"path_lower": node.lower, "path_display": node.display}
    return {".tag": "deleted", "name": node.name, **place}
