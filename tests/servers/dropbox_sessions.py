"""Upload sessions of the fake of Dropbox, sequential and concurrent.

https://www.dropbox.com/developers/documentation/http/documentation#files-upload_session-start
"""

import secrets
from dataclasses import dataclass, field

from .dropbox_errors import ApiError, BadRequest, Fields
from .dropbox_names import BLOCK, check_hash, content_hash
from .dropbox_store import Store, within
from .dropbox_tree import Tree

REQUEST = 150 << 20  # bytes of one request
LARGEST = (1 << 41) - (1 << 22)  # bytes of a file


@dataclass(slots=True)
class Session:
    concurrent: bool
    closed: bool
    pieces: dict[int, bytes] = field(default_factory=dict)  # by their offset
    size: int = 0  # bytes; of a concurrent one, where the last piece ends
    finished: bool = False
    begun: bool = False  # by a client; else by an upload that failed

    def is_whole(self) -> bool:
        return sum(map(len, self.pieces.values())) == self.size


class Sessions:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.largest = REQUEST
        self._sessions: dict[str, Session] = {}

    def forget(self) -> None:
        self._sessions.clear()

    @property
    def unfinished(self) -> dict[str, int]:
        """The bytes of each session that a client has begun and not finished."""
        return {
            key: sum(map(len, session.pieces.values()))
            for key, session in self._sessions.items()
            if session.begun and not session.finished
        }

    def check(self, data: bytes, digest: str | None) -> None:
        """The body of a request, and its hash."""
        if len(data) > self.largest:
            raise ApiError("payload_too_large")
        check_hash(data, digest)

    def keep(self, data: bytes) -> str:
        """A session that has everything, and waits for its commit."""
        key = f"pid_upload_session:{secrets.token_urlsafe(32)}"
        self._sessions[key] = Session(False, False, {0: data} if data else {}, len(data))
        return key

    def start(self, arg: Fields, data: bytes) -> Fields:
        kind = arg.get("session_type") or "sequential"
        kind = kind[".tag"] if isinstance(kind, dict) else kind
        if kind not in ("sequential", "concurrent"):
            raise BadRequest(f"session_type: {kind!r} is no UploadSessionType")
        concurrent, closed = kind == "concurrent", bool(arg.get("close"))
        if concurrent and data:
            raise ApiError("concurrent_session_data_not_allowed")
        if concurrent and closed:
            raise ApiError("concurrent_session_close_not_allowed")
        key = self.keep(data)
        session = self._sessions[key]
        session.begun, session.concurrent, session.closed = True, concurrent, closed
        return {"session_id": key}

    def append(self, arg: Fields, data: bytes) -> None:
        session = self._find(arg["cursor"])
        offset, close = arg["cursor"]["offset"], bool(arg.get("close"))
        if session.finished:
            raise ApiError("closed")
        if session.concurrent:
            self._check_piece(session, offset, data, close=close)
            session.size = max(session.size, offset + len(data))
        else:
            if session.closed:
                raise ApiError("closed")
            _check_offset(session, offset)
            session.size += len(data)
        if data:
            session.pieces[offset] = data
        session.closed = session.closed or close

    def _check_piece(self, session: Session, offset: int, data: bytes, *, close: bool) -> None:
        """Pieces may come after the last one, which closes the session and has its end."""
        if session.closed and (close or offset + len(data) > session.size):
            raise ApiError("closed")
        if offset % BLOCK:
            raise ApiError("concurrent_session_invalid_offset")
        if len(data) % BLOCK and not close:
            raise ApiError("concurrent_session_invalid_data_size")
        if offset + len(data) > LARGEST:
            raise ApiError("too_large")

    def finish(self, tree: Tree, arg: Fields, data: bytes) -> Fields:
        with self._store.lock:
            session = self._take(arg, data)
            pieces = [piece for _, piece in sorted(session.pieces.items())]
        whole = b"".join(pieces)
        digest = content_hash(whole)
        with self._store.lock:
            _check_unfinished(session)
            made = within("path", lambda: self._store.commit(tree, arg["commit"], whole, digest))
            session.finished = True
            session.pieces.clear()
        return made

    def _take(self, arg: Fields, data: bytes) -> Session:
        """The session, with the last of its data; which it keeps, even if the commit fails."""
        session = within("lookup_failed", lambda: self._find(arg["cursor"]))
        offset = arg["cursor"]["offset"]
        _check_unfinished(session)
        if session.concurrent:
            _check_whole(session, data)
        elif session.closed and data:
            raise ApiError("lookup_failed", "closed")
        within("lookup_failed", lambda: _check_offset(session, offset))
        if data:
            session.pieces[offset] = data
            session.size += len(data)
        return session

    def finish_closed(self, tree: Tree, arg: Fields) -> Fields:
        """As a batch does it."""
        session = within("lookup_failed", lambda: self._find(arg["cursor"]))
        if not session.closed and not session.finished:
            raise ApiError("lookup_failed", "not_closed")
        return self.finish(tree, arg, b"")

    def _find(self, cursor: Fields) -> Session:
        if not (session := self._sessions.get(cursor["session_id"])):
            raise ApiError("not_found")
        return session


def _check_unfinished(session: Session) -> None:
    """The reference knows no error for a second finish; what was committed is gone."""
    if session.finished:
        raise ApiError("lookup_failed", "not_found")


def _check_offset(session: Session, offset: int) -> None:
    if offset != session.size:
        raise ApiError("incorrect_offset", correct_offset=session.size)


def _check_whole(session: Session, data: bytes) -> None:
    if data:
        raise ApiError("concurrent_session_data_not_allowed")
    if not session.closed:
        raise ApiError("concurrent_session_not_closed")
    if not session.is_whole():
        raise ApiError("concurrent_session_missing_data")
