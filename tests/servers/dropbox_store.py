"""What the fake of Dropbox does with files and folders: every rule about writing is here.

https://www.dropbox.com/developers/documentation/http/documentation#files
"""

import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .dropbox_errors import ApiError, BadRequest, Fields
from .dropbox_names import (
    READ,
    WRITE,
    WRITE_OR_ID,
    content_hash,
    fold,
    match,
    numbered,
    split,
)
from .dropbox_tree import Node, Revision, Tree

LINK = 4 * 3600  # seconds
MOST = 10_000  # files and folders that are copied or moved at once
T = TypeVar("T")
MODES = ("add", "overwrite", "update")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(slots=True)
class Place:
    """What a path means: names below a folder of a namespace. The folder may be a file."""

    tree: Tree
    start: Node
    names: list[str]

    @property
    def node(self) -> Node | None:
        return self.tree.find(self.names, self.start)

    @property
    def spelled(self) -> str:
        """The path of the folder that it is in, as it was asked for."""
        return "/".join([self.start.display, *self.names[:-1]])

    def renamed(self, name: str) -> "Place":
        if self.names:
            return Place(self.tree, self.start, [*self.names[:-1], name])
        assert self.start.parent, "the root has no name"
        return Place(self.tree, self.start.parent, [name])


@dataclass(slots=True)
class Link:
    name: str
    revision: Revision
    ends: float


class Store:
    def __init__(self, namespaces: list[str]) -> None:
        self.lock = threading.RLock()
        self.namespaces = namespaces
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.trees = {name: Tree(name) for name in self.namespaces}
            self.links: dict[str, Link] = {}
            self.quota: int | None = None  # bytes

    def locate(self, tree: Tree, path: str, *, write: bool = False) -> Place:
        """LookupError's tags, or WriteError's: `malformed_path`, `not_found`, ..."""
        if path.startswith("id:"):
            identity, slash, rest = path.partition("/")
            for one in self.trees.values():
                if node := one.ids.get(identity):
                    return Place(one, node, split(slash + rest, write=write))
            raise ApiError("not_found")
        if path.startswith("ns:"):
            namespace, slash, rest = path.removeprefix("ns:").partition("/")
            if namespace not in self.trees:
                raise ApiError("no_write_permission" if write else "not_found")
            tree, path = self.trees[namespace], slash + rest
        return Place(tree, tree.root, split(path, write=write))

    def revision(self, path: str) -> tuple[Node, Revision] | None:
        """What `rev:` leads to."""
        if not path.startswith("rev:"):
            return None
        for tree in self.trees.values():
            if found := tree.revisions.get(path.removeprefix("rev:")):
                return found
        raise ApiError("not_found")

    def file(self, tree: Tree, path: object) -> tuple[Node, Revision]:
        """What is downloaded."""
        wanted = match(READ, path)
        if found := self.revision(wanted):
            return found
        if not (node := self.locate(tree, wanted).node):
            raise ApiError("not_found")
        if not node.revision:
            raise ApiError("not_file")
        return node, node.revision

    def metadata(self, tree: Tree, arg: Fields) -> Fields:
        if arg["path"] in ("", "/"):
            raise BadRequest("request body: path: The root folder is unsupported.")
        wanted = match(READ, arg["path"])
        if found := self.revision(wanted):
            return found[0].metadata(found[1])
        place = self.locate(tree, wanted)
        if node := place.node:
            return node.metadata()
        lower = "/".join([place.start.lower, *map(fold, place.names)])
        if arg.get("include_deleted") and lower in place.tree.deleted:
            return place.tree.deleted[lower]
        raise ApiError("not_found")

    def revisions(self, tree: Tree, arg: Fields) -> Fields:
        """What was stored under a path, the newest first; only what `mode` "path" tells."""
        if arg.get("mode", "path") != "path" or not 1 <= (limit := arg.get("limit", 10)) <= 100:
            raise BadRequest("request body: only 1 to 100 revisions of a path are here")
        place = self.locate(tree, match(READ, arg["path"]))
        if place.node and not place.node.revision:
            raise ApiError("not_file")
        lower = "/".join([place.start.lower, *map(fold, place.names)])
        known = reversed(place.tree.revisions.values())
        found = [node.metadata(each, tagged=False) for node, each in known if node.lower == lower]
        if not found:
            raise ApiError("not_found")
        more = len(found) > limit
        return {"is_deleted": place.node is None, "entries": found[:limit], "has_more": more}

    def commit(self, tree: Tree, arg: Fields, data: bytes, digest: str | None = None) -> Fields:
        """Write as CommitInfo says; WriteError's tags."""
        mode = _mode(arg)
        if (when := arg.get("client_modified")) and not TIME.fullmatch(when):
            raise BadRequest(f"client_modified: time data {when!r} does not match format")
        place = self.locate(tree, match(WRITE_OR_ID, arg["path"]), write=True)
        digest = digest or content_hash(data)
        old = place.node
        conflict = _conflict(old, mode, digest, strict=arg.get("strict_conflict", False))
        if conflict is None:
            assert old, "only an old file can have this content already"
            return old.metadata(tagged=False)
        if conflict:
            if not arg.get("autorename"):
                raise ApiError("conflict", conflict)
            place, old = self.free(place, conflicted=mode[".tag"] == "update"), None
        self._check_space(len(data) - (len(old.revision.data) if old and old.revision else 0))
        if not old:
            parent = place.tree.folder(place.names[:-1], place.start)
            old = Node(place.names[-1], parent, place.spelled)
        place.tree.write(old, data, when, digest)
        return old.metadata(tagged=False)

    def free(self, place: Place, *, conflicted: bool = False) -> Place:
        """The first name beside a taken one that is not."""
        name = place.names[-1] if place.names else place.start.name
        for other in numbered(name, conflicted=conflicted):
            if not (renamed := place.renamed(other)).node:
                return renamed
        raise AssertionError("there are always more numbers")

    def make_folder(self, tree: Tree, arg: Fields) -> Fields:
        place = self.locate(tree, match(WRITE, arg["path"]), write=True)
        if node := place.node:
            if not arg.get("autorename") or not place.names:
                raise ApiError("conflict", node.kind)
            place = self.free(place)
        parent = place.tree.folder(place.names[:-1], place.start)
        made = place.tree.add(Node(place.names[-1], parent, place.spelled))
        return made.metadata(tagged=False)

    def delete(self, tree: Tree, arg: Fields) -> Fields:
        place = within("path_lookup", lambda: self.locate(tree, match(WRITE_OR_ID, arg["path"])))
        if not (node := place.node) or not node.parent:
            raise ApiError("path_lookup", "not_found")
        rev = arg.get("parent_rev")
        # Which error it is, the reference does not say.
        if rev and not (node.revision and node.revision.rev == rev):
            raise ApiError("path_write", "conflict", node.kind)
        shown = node.metadata()
        place.tree.remove(node)
        return shown

    def relocate(self, tree: Tree, arg: Fields, *, move: bool) -> Fields:
        """Copy or move; RelocationError's tags."""
        start, end = (match(WRITE_OR_ID, arg[key]) for key in ("from_path", "to_path"))
        source = within("from_lookup", lambda: self.locate(tree, start))
        target = within("to", lambda: self.locate(tree, end, write=True))
        if not (node := source.node) or not node.parent:
            raise ApiError("from_lookup", "not_found")
        self._check_paths(node, target, move=move)
        if old := target.node:
            if not arg.get("autorename"):
                raise ApiError("to", "conflict", old.kind)
            target = self.free(target)
        if not move:
            extra = sum(len(one.revision.data) for one in [*node.below(), node] if one.revision)
            self._check_space(extra, ApiError("insufficient_quota"))
        names, above = target.names, target.start
        parent = within("to", lambda: target.tree.folder(names[:-1], above))
        if not move:
            made = target.tree.copy(node, names[-1], parent, target.spelled)
            return target.tree.add(made).metadata()
        source.tree.remove(node, moved=True)
        if source.tree is not target.tree:
            for one in [*node.below(), node]:
                source.tree.ids.pop(one.id, None)
        node.name, node.parent, node.spelled = names[-1], parent, target.spelled
        return target.tree.add(node).metadata()

    def _check_paths(self, node: Node, target: Place, *, move: bool) -> None:
        """Nothing is moved or copied to itself: its name cannot change its case alone either."""
        here = f"{node.lower}/"
        there = "/".join([target.start.lower, *map(fold, target.names)]) + "/"
        if here == there or here.startswith(there):
            raise ApiError("duplicated_or_nested_paths")
        if there.startswith(here) and not node.revision:
            tag = "cant_move_folder_into_itself" if move else "duplicated_or_nested_paths"
            raise ApiError(tag)
        if sum(1 for _ in node.below()) >= MOST:
            raise ApiError("too_many_files")

    def _check_space(self, extra: int, error: ApiError | None = None) -> None:
        if self.quota is None or extra <= 0:
            return
        if sum(tree.used() for tree in self.trees.values()) + extra > self.quota:
            raise error or ApiError("insufficient_space")

    def link(self, tree: Tree, arg: Fields) -> tuple[Fields, str]:
        """The metadata and the key of a temporary link, which is of this revision."""
        node, revision = self.file(tree, arg["path"])
        key = secrets.token_urlsafe(64)
        self.links[key] = Link(node.name, revision, time.time() + LINK)
        return node.metadata(revision, tagged=False), key


def _mode(arg: Fields) -> Fields:
    mode = arg.get("mode", "add")
    mode = {".tag": mode} if isinstance(mode, str) else mode
    if mode.get(".tag") not in MODES or (mode[".tag"] == "update") != ("update" in mode):
        raise BadRequest(f"mode: {mode!r} is no WriteMode")
    return mode


def _conflict(old: Node | None, mode: Fields, digest: str, *, strict: bool) -> str | None:
    """What is in the way; nothing (""); None: there is nothing to write."""
    kind = mode[".tag"]
    if not old:
        return "file" if kind == "update" and strict else ""
    if not old.revision:
        return "folder"
    if not strict and old.revision.content_hash == digest:
        return None
    may = kind == "overwrite" or (kind == "update" and mode["update"] == old.revision.rev)
    return "" if may else "file"


def within(tag: str, act: Callable[[], T]) -> T:
    """The result; an error becomes a member of another union."""
    try:
        return act()
    except ApiError as error:
        raise error.within(tag) from None
