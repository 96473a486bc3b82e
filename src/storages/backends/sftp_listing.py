"""What is in a directory over SFTP, and entries of what a server says of files."""

from __future__ import annotations

import stat
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from storages.backends import sftp_protocol as sftp
from storages.backends.sftp_errors import EOF, Refusal
from storages.backends.sftp_protocol import Attributes
from storages.entry import Entry

if TYPE_CHECKING:
    from storages.backends.sftp_protocol import Fields, Session

READ_AHEAD = 16
"""Requests for more names of a directory, or for what links lead to, on their way at most."""


def read_dir(session: Session, handle: bytes) -> list[tuple[str, Attributes]]:
    """What is in an opened directory, which is closed then; links are not followed."""
    found: list[tuple[str, Attributes]] = []
    # One answer for a small directory, one to hear that it was all; many more if it was not.
    pending = deque(session.send(sftp.READDIR, sftp.text(handle)) for _ in range(2))
    answered, is_over = 0, False
    try:
        while pending:
            try:
                answer = session.answer(pending.popleft(), sftp.NAME)
            except Refusal as refusal:
                if refusal.code != EOF:
                    raise
                is_over = True
                continue
            names = list(_named(answer))
            if not names:
                raise ConnectionError("The server sent an empty list of names.")
            found += names
            answered += 1
            while answered > 1 and not is_over and len(pending) < min(2 * answered, READ_AHEAD):
                pending.append(session.send(sftp.READDIR, sftp.text(handle)))
    finally:
        session.forget(*pending)
        session.close_handle(handle)
    # By a name with a slash, a server that lies would lead out of the directory.
    return [each for each in found if each[0] not in ("", ".", "..") and "/" not in each[0]]


def _named(answer: Fields) -> Iterator[tuple[str, Attributes]]:
    for _ in range(answer.number()):
        name, _long = answer.text(), answer.raw()
        yield name, answer.attributes()


def follow(session: Session, paths: list[bytes]) -> Iterator[Attributes | None]:
    """What links lead to; None for one that leads nowhere."""
    pending: deque[int] = deque()
    for at in range(len(paths)):
        for path in paths[at + len(pending) : at + READ_AHEAD]:
            pending.append(session.send(sftp.STAT, path))
        try:
            yield session.answer(pending.popleft(), sftp.ATTRS).attributes()
        except Refusal:
            yield None


def is_dir(found: Attributes) -> bool:
    return found.mode is not None and stat.S_ISDIR(found.mode)


def is_link(found: Attributes) -> bool:
    return found.mode is not None and stat.S_ISLNK(found.mode)


def entry_of(key: str, found: Attributes, *, linked: bool = False) -> Entry:
    accessed, modified = found.times or (None, None)
    return Entry(
        key,
        0 if is_dir(found) else found.size or 0,
        modified=_time(modified),
        accessed=_time(accessed),
        etag=etag_of(found),
        is_dir=is_dir(found),
        is_link=linked,
    )


def etag_of(found: Attributes) -> str | None:
    """Time and size: a file that is replaced within a second by one as long looks the same."""
    return f"{found.times[1]}-{found.size}" if found.times else None


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
