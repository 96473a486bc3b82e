"""The routes of Dropbox that the fake has: how each is called, with what, and who does it."""

import json
from collections.abc import Callable
from typing import NamedTuple

from .dropbox_account import Account
from .dropbox_errors import ApiError, Fields, UploadFailed
from .dropbox_faults import Faults
from .dropbox_jobs import Jobs, entries_of
from .dropbox_listing import Listings
from .dropbox_names import content_hash
from .dropbox_sessions import Sessions
from .dropbox_store import Store, within
from .dropbox_tree import Tree

METADATA, READ, WRITE = "files.metadata.read", "files.content.read", "files.content.write"

Act = Callable[[Tree, Fields, bytes], Fields | None]

COMMIT = (
    "mode",
    "autorename",
    "client_modified",
    "mute",
    "property_groups",
    "strict_conflict",
)
LISTING = (
    "recursive",
    "include_media_info",
    "include_deleted",
    "include_has_explicit_shared_members",
    "include_mounted_folders",
    "limit",
    "shared_link",
    "include_property_groups",
    "include_non_downloadable_files",
    "include_restorable_info",
)
LOOKUP = (
    "include_media_info",
    "include_deleted",
    "include_has_explicit_shared_members",
    "include_property_groups",
)
RELOCATION = ("allow_shared_folder", "autorename", "allow_ownership_transfer")


class Route(NamedTuple):
    """`needs` and `may` are the fields of the argument; `download` is done by who sends."""

    style: str
    scope: str
    act: Act
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


class Files:
    """What the routes do."""

    def __init__(self, namespaces: list[str], account: Account, faults: Faults) -> None:
        self.store = Store(namespaces)
        self.listings = Listings(self.store)
        self.sessions = Sessions(self.store)
        self.jobs = Jobs(self.store.lock)
        self._account, self._faults = account, faults

    def routes(self) -> dict[str, Route]:
        files = {**self._uploads(), **self._reads(), **self._writes(), **self._batches()}
        described = self._account.described
        return {
            **{f"files/{name}": route for name, route in files.items()},
            "users/get_current_account": Route(
                "rpc", "account_info.read", lambda tree, arg, data: described()
            ),
            "users/get_space_usage": Route("rpc", "account_info.read", self._space),
        }

    def _uploads(self) -> dict[str, Route]:
        hashed = "content_hash"
        finish = ("cursor", "commit")
        start = ("close", "session_type", hashed)
        return {
            "upload": Route("upload", WRITE, self._upload, ("path",), (*COMMIT, hashed)),
            "upload_session/start": Route("upload", WRITE, self._start, (), start),
            "upload_session/append_v2": Route(
                "upload", WRITE, self._append, ("cursor",), ("close", hashed)
            ),
            "upload_session/finish": Route("upload", WRITE, self._finish, finish, (hashed,)),
        }

    def _reads(self) -> dict[str, Route]:
        go_on, latest = self.listings.go_on, self.listings.latest
        return {
            "download": Route("download", READ, lambda tree, arg, data: None, ("path",), ("rev",)),
            "get_metadata": Route(
                "rpc",
                METADATA,
                lambda tree, arg, data: self._metadata(tree, arg),
                ("path",),
                LOOKUP,
            ),
            "list_revisions": Route(
                "rpc",
                METADATA,
                lambda tree, arg, data: within("path", lambda: self.store.revisions(tree, arg)),
                ("path",),
                ("mode", "limit", "before_rev", "include_restorable_info"),
            ),
            "list_folder": Route(
                "rpc",
                METADATA,
                lambda tree, arg, data: self.listings.begin(tree, arg),
                ("path",),
                LISTING,
            ),
            "list_folder/get_latest_cursor": Route(
                "rpc", METADATA, lambda tree, arg, data: latest(tree, arg), ("path",), LISTING
            ),
            "list_folder/continue": Route(
                "rpc", METADATA, lambda tree, arg, data: go_on(arg), ("cursor",)
            ),
        }

    def _writes(self) -> dict[str, Route]:
        both = ("from_path", "to_path")
        return {
            # Deprecated, and still what others call.
            "delete": Route("rpc", WRITE, self._delete_1, ("path",), ("parent_rev",)),
            "delete_v2": Route("rpc", WRITE, self._delete, ("path",), ("parent_rev",)),
            "create_folder_v2": Route("rpc", WRITE, self._folder, ("path",), ("autorename",)),
            "copy_v2": Route("rpc", WRITE, self._copy, both, RELOCATION),
            "move_v2": Route("rpc", WRITE, self._move, both, RELOCATION),
        }

    def _batches(self) -> dict[str, Route]:
        entries, asked, batch = ("entries",), ("async_job_id",), "upload_session/finish_batch"
        may = ("autorename", "allow_ownership_transfer")
        jobs = {
            "delete_batch": Route("rpc", WRITE, self._delete_batch, entries),
            "copy_batch_v2": Route("rpc", WRITE, self._copy_batch, entries, may[:1]),
            "move_batch_v2": Route("rpc", WRITE, self._move_batch, entries, may),
            batch: Route("rpc", WRITE, self._finish_later, entries),
            f"{batch}_v2": Route("rpc", WRITE, self._finish_batch, entries),
        }
        checks = {
            "delete_batch/check": "delete",
            "copy_batch/check_v2": "copy",
            "move_batch/check_v2": "move",
            f"{batch}/check": "finish",
        }
        return jobs | {
            name: Route("rpc", WRITE, self._check(kind), asked) for name, kind in checks.items()
        }

    def _check(self, kind: str) -> Act:
        return lambda tree, arg, data: self.jobs.check(kind, arg)

    def _upload(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        self.sessions.check(data, None)
        digest = content_hash(data)
        if arg.get("content_hash") not in (None, digest):
            raise ApiError("content_hash_mismatch")
        try:
            with self.store.lock:
                return self.store.commit(tree, arg, data, digest)
        except ApiError as error:
            raise UploadFailed(error, self.sessions.keep(data)) from None

    def _start(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        self.sessions.check(data, arg.get("content_hash"))
        with self.store.lock:
            return self.sessions.start(arg, data)

    def _append(self, tree: Tree, arg: Fields, data: bytes) -> None:
        self.sessions.check(data, arg.get("content_hash"))
        with self.store.lock:
            self.sessions.append(arg, data)

    def _finish(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        self.sessions.check(data, arg.get("content_hash"))
        return self.sessions.finish(tree, arg, data)

    def _metadata(self, tree: Tree, arg: Fields) -> Fields:
        try:
            return self.store.metadata(tree, arg)
        except ApiError as error:
            raise error.within("path") from None

    def _delete(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return {"metadata": self.store.delete(tree, arg)}

    def _delete_1(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return self.store.delete(tree, arg)

    def _folder(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        try:
            return {"metadata": self.store.make_folder(tree, arg)}
        except ApiError as error:
            raise error.within("path") from None

    def _copy(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return {"metadata": self.store.relocate(tree, arg, move=False)}

    def _move(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return {"metadata": self.store.relocate(tree, arg, move=True)}

    def _space(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        used = sum(one.used() for one in self.store.trees.values())
        allocated = self.store.quota if self.store.quota is not None else 1 << 41
        return {"used": used, "allocation": {".tag": "individual", "allocated": allocated}}

    def _delete_batch(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        def one(entry: Fields) -> Fields:
            return {".tag": "success", "metadata": self.store.delete(tree, entry)}

        return self.jobs.launch(
            "delete", self._each("files/delete_batch", entries_of(arg, "path"), one, _failure)
        )

    def _copy_batch(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return self._relocate_batch(tree, arg, "copy")

    def _move_batch(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return self._relocate_batch(tree, arg, "move")

    def _relocate_batch(self, tree: Tree, arg: Fields, kind: str) -> Fields:
        def one(entry: Fields) -> Fields:
            wanted = {**entry, "autorename": arg.get("autorename", False)}
            made = self.store.relocate(tree, wanted, move=kind == "move")
            return {".tag": "success", "success": made}

        entries = entries_of(arg, "from_path", "to_path")

        def failure(error: ApiError) -> Fields:
            of_batch = error.tags[0] in ("too_many_write_operations", "internal_error")
            return _failure(error if of_batch else error.within("relocation_error"))

        return self.jobs.launch(kind, self._each(f"files/{kind}_batch_v2", entries, one, failure))

    def _finish_later(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return self.jobs.launch("finish", self._finishing(tree, arg))

    def _finish_batch(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        return {"entries": self._finishing(tree, arg)()}

    def _finishing(self, tree: Tree, arg: Fields) -> Callable[[], list[Fields]]:
        def one(entry: Fields) -> Fields:
            return {".tag": "success", **self.sessions.finish_closed(tree, entry)}

        return self._each(
            "files/upload_session/finish_batch", entries_of(arg, "cursor", "commit"), one, _failure
        )

    def _each(
        self,
        route: str,
        entries: list[Fields],
        act: Callable[[Fields], Fields],
        failure: Callable[[ApiError], Fields],
    ) -> Callable[[], list[Fields]]:
        def attempt(entry: Fields) -> Fields:
            try:
                self._faults.entry(route, json.dumps(entry))
                with self.store.lock:
                    return act(entry)
            except ApiError as error:
                return failure(error)

        return lambda: [attempt(entry) for entry in entries]


def _failure(error: ApiError) -> Fields:
    return {".tag": "failure", "failure": error.union}
