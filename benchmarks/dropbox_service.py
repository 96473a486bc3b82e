"""Dropbox: the fake of the tests, a process of its own, with the face of `Service`.

It keeps everything in memory. A proxy delays what passes when answers are to come late.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from counters import Requests, StatsServer
from kinds import Kind
from service import ARCHIVE, LISTED, make_archive
from tests.servers import Dropbox, FaultProxy

RTT = 0.02  # seconds, while the knob `latency_ms` is on
BATCH = 1000  # files that one request copies
PART = 64 << 20  # bytes that one request stores


class DropboxService:
    """A running server; `port` is that of its counters."""

    signing_key: ClassVar[str] = ""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.title = kind, f"{kind.title} (the fake of the tests)"
        self._delayed = False

    def missing(self) -> str | None:
        """Why it cannot be started on this machine."""
        return Dropbox.missing()

    def __enter__(self) -> "DropboxService":
        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="benchmark-")
            self.archive = self.short = Path(stack.enter_context(folder)) / ARCHIVE
            self._server = stack.enter_context(Dropbox())
            self._client = stack.enter_context(self._server.client())
            self._proxy = stack.enter_context(FaultProxy(self._server.address, rtt=RTT, http=False))
            self._requests = stack.enter_context(Requests(self._server.counting))
            self.port = stack.enter_context(StatsServer(self._stats)).port
            self._stack = stack.pop_all()
        self._kept = {ARCHIVE, *LISTED}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def options(self) -> dict[str, Any]:
        """OPTIONS for both packages."""
        return {"oauth2_access_token": self._server.access_token}

    def environment(self) -> dict[str, str]:
        """With which the SDK of both packages comes here."""
        found: dict[str, str] = self._server.env_through(self._proxy if self._delayed else None)
        return found

    def control(self, action: str = "", /, **query: float) -> dict[str, int]:
        """As `Service.control`; it knows one knob, and no other delay than RTT."""
        if action == "reset":
            for entry in self._client.files_list_folder("").entries:
                if entry.name not in self._kept:
                    self._client.files_delete_v2(entry.path_lower)
        elif not action:
            self._delayed = bool(query.get("latency_ms"))
        return self._stats()

    def fill(self) -> None:
        """Put the archive and the folders to list into the account."""
        make_archive(self.archive, self.kind.bulk)
        self._upload_archive()
        for folder, count in LISTED.items():
            self._fill(f"/{folder}", count)

    def _upload_archive(self) -> None:
        from dropbox.files import CommitInfo, UploadSessionCursor

        size = self.archive.stat().st_size
        with self.archive.open("rb") as archive:
            session = self._client.files_upload_session_start(archive.read(PART)).session_id
            while (at := archive.tell()) < size:
                cursor = UploadSessionCursor(session, at)
                self._client.files_upload_session_append_v2(archive.read(PART), cursor)
            cursor, commit = UploadSessionCursor(session, size), CommitInfo(f"/{ARCHIVE}")
            self._client.files_upload_session_finish(b"", cursor, commit)

    def _fill(self, folder: str, count: int) -> None:
        """Copies of one file, by as few requests as there can be."""
        from dropbox.files import RelocationPath

        first, *others = (f"{folder}/{number:06d}.bin" for number in range(count))
        self._client.files_upload(bytes(100), first)
        for at in range(0, len(others), BATCH):
            copies = [RelocationPath(first, name) for name in others[at : at + BATCH]]
            job = self._client.files_copy_batch_v2(copies).get_async_job_id()
            while not self._client.files_copy_batch_check_v2(job).is_complete():
                pass  # it works while it is asked

    def _stats(self) -> dict[str, int]:
        """Connections and bytes are known to the proxy alone."""
        found = {"requests": len(self._requests.seen())}
        if not self._delayed:
            return found
        return {
            **found,
            "connections": self._proxy.connections,
            "bytes_out": self._proxy.bytes_down,
        }
