"""Version 3 of the SFTP protocol over a channel of paramiko.

paramiko's own client keeps neither the status codes of the server nor what it offers beyond the
standard, starts a thread for each range that is read ahead, with no bound on memory, swallows the
errors of the last writes, and cannot list a directory with a name that is not UTF-8.

https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramiko import SSHException

from storages.backends.sftp_errors import Refusal
from storages.counting import request_sent
from storages.transfer import KiB, MiB

if TYPE_CHECKING:
    from paramiko import Channel

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME = 11, 12, 13, 14, 15, 16, 17, 18
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201
"""Types of requests and of answers."""

READS, WRITES, CREATES, EXCLUSIVELY = 0x01, 0x02, 0x08, 0x20
"""How a file is opened."""

HAS_SIZE, HAS_OWNER, HAS_MODE, HAS_TIMES, HAS_MORE = 0x01, 0x02, 0x04, 0x08, 0x80000000
"""Which attributes there are."""

POSIX_RENAME = "posix-rename@openssh.com"
LIMITS = "limits@openssh.com"

SAFE_LENGTH = 32 * KiB
"""Bytes that every server takes in one request."""

MOST_LENGTH = 255 * KiB
"""Bytes of one request at most, where the server takes more; OpenSSH takes these."""

PIECE = 32 * KiB - 64
"""Bytes of a packet of SSH, which paramiko makes no larger for most servers."""

LARGEST = 16 * MiB
"""Bytes of an answer; a longer one is none."""

USUAL = HAS_SIZE | HAS_OWNER | HAS_MODE | HAS_TIMES
_usual = struct.Struct(">QIIIII")  # what nearly every server tells, taken apart at once
_head = struct.Struct(">IBI")  # length of the rest, type, number


def text(value: str | bytes) -> bytes:
    """A string of the protocol; a name that is not UTF-8 comes back as it was listed."""
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return struct.pack(">I", len(raw)) + raw


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def offset(value: int) -> bytes:
    return struct.pack(">Q", value)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of a file, or is told to make of it."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    """User and group."""
    mode: int | None = None
    times: tuple[int, int] | None = None
    """Last access and last change of the content, in seconds since 1970."""

    def packed(self) -> bytes:
        """As a request has them."""
        flags, parts = 0, []
        if self.owner is not None:
            flags, parts = flags | HAS_OWNER, [struct.pack(">II", *self.owner)]
        if self.mode is not None:
            flags, parts = flags | HAS_MODE, [*parts, number(self.mode)]
        if self.times is not None:
            flags, parts = flags | HAS_TIMES, [*parts, struct.pack(">II", *self.times)]
        return b"".join([number(flags), *parts])


class Fields:
    """Reads an answer from its start; ConnectionError if it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def number(self) -> int:
        return self._unpack(">I")[0]

    def offset(self) -> int:
        return self._unpack(">Q")[0]

    def raw(self) -> bytes:
        length = self.number()
        start, self._at = self._at, self._at + length
        if self._at > len(self._body):
            raise ConnectionError("The server sent an answer that is too short.")
        return self._body[start : self._at]

    def text(self) -> str:
        return self.raw().decode("utf-8", "surrogateescape")

    def attributes(self) -> Attributes:
        flags = self.number()
        if flags == USUAL and self._at + _usual.size <= len(self._body):
            size, uid, gid, mode, accessed, modified = _usual.unpack_from(self._body, self._at)
            self._at += _usual.size
            return Attributes(size, (uid, gid), mode, (accessed, modified))
        found = Attributes(
            self.offset() if flags & HAS_SIZE else None,
            (self.number(), self.number()) if flags & HAS_OWNER else None,
            self.number() if flags & HAS_MODE else None,
            (self.number(), self.number()) if flags & HAS_TIMES else None,
        )
        for _ in range(self.number() if flags & HAS_MORE else 0):
            self.raw(), self.raw()
        return found

    def is_at_end(self) -> bool:
        return self._at >= len(self._body)

    def _unpack(self, form: str) -> tuple[int, ...]:
        try:
            found: tuple[int, ...] = struct.unpack_from(form, self._body, self._at)
        except struct.error as error:
            raise ConnectionError("The server sent an answer that is too short.") from error
        self._at += struct.calcsize(form)
        return found


class Session:
    """Requests and their answers; several may be on their way, for one thread at a time.

    ConnectionError and TimeoutError end it; a Refusal does not.
    """

    def __init__(self, channel: Channel, timeout: float) -> None:
        self._channel = channel
        self._timeout = timeout
        self._next = 0
        self._awaited: set[int] = set()
        self._answers: dict[int, tuple[int, bytes]] = {}
        self._received, self._at = b"", 0
        channel.settimeout(timeout)
        self._transmit(_head.pack(5, INIT, 3))
        kind, _, body = self._receive()
        if kind != VERSION:
            raise ConnectionError("The server does not speak SFTP.")
        self.extensions = set()
        fields = Fields(body)
        while not fields.is_at_end():
            self.extensions.add(fields.text())
            fields.raw()
        self._lengths: tuple[int, int] | None = None
        self._asked = self.send(EXTENDED, text(LIMITS)) if LIMITS in self.extensions else None

    # -- requests

    def send(self, kind: int, *parts: bytes) -> int:
        """Send a request and return its number; `answer` or `forget` must follow."""
        request_sent()
        self._next = (self._next + 1) & 0xFFFFFFFF
        body = b"".join(parts)
        self._awaited.add(self._next)
        self._transmit(_head.pack(len(body) + 5, kind, self._next) + body)
        return self._next

    def answer(self, request: int, expected: int = STATUS) -> Fields:
        """The answer to a request, of the expected type; Refusal."""
        while request not in self._answers:
            kind, answered, body = self._receive()
            if answered in self._awaited:
                self._awaited.remove(answered)
                self._answers[answered] = (kind, body)
        kind, body = self._answers.pop(request)
        fields = Fields(body)
        if kind == STATUS:
            code = fields.number()
            if code or expected != STATUS:
                said = "" if fields.is_at_end() else fields.text()
                raise Refusal(code, said)
        elif kind != expected:
            raise ConnectionError(f"The server sent an answer of type {kind}, not {expected}.")
        return fields

    def ask(self, kind: int, *parts: bytes, expected: int = STATUS) -> Fields:
        """Send a request and wait for its answer."""
        return self.answer(self.send(kind, *parts), expected)

    def forget(self, *requests: int) -> None:
        """Let go of answers that nobody waits for any more."""
        self._awaited.difference_update(requests)
        for request in requests:
            self._answers.pop(request, None)

    def close_handle(self, handle: bytes) -> None:
        """Close a file that was read; what the server says of it does not matter."""
        self.forget(self.send(CLOSE, text(handle)))

    def is_alive(self, seconds: float) -> bool:
        """Whether the server answers in time."""
        self._channel.settimeout(min(seconds, self._timeout))
        try:
            self.ask(REALPATH, text("."), expected=NAME)
        except (ConnectionError, TimeoutError):
            return False
        except Refusal:
            return True
        finally:
            self._channel.settimeout(self._timeout)
        return True

    @property
    def read_length(self) -> int:
        """Bytes that one request reads at most."""
        return self._limits()[0]

    @property
    def write_length(self) -> int:
        """Bytes that one request writes at most."""
        return self._limits()[1]

    def _limits(self) -> tuple[int, int]:
        if self._lengths is None:
            self._lengths = SAFE_LENGTH, SAFE_LENGTH
            if self._asked is not None:
                try:
                    fields = self.answer(self._asked, EXTENDED_REPLY)
                except Refusal:
                    return self._lengths
                _, *found = fields.offset(), fields.offset(), fields.offset()
                read, write = (min(each or SAFE_LENGTH, MOST_LENGTH) for each in found)
                self._lengths = read, write
        return self._lengths

    # -- bytes

    def _transmit(self, packet: bytes) -> None:
        try:
            for start in range(0, len(packet), PIECE):
                piece = packet[start : start + PIECE]
                while piece:
                    sent = self._channel.send(piece)
                    if not sent:
                        raise ConnectionError("The server closed the connection.")
                    piece = piece[sent:]
        except TimeoutError as error:
            raise TimeoutError(f"The server took nothing for {self._timeout:g} seconds.") from error
        except ConnectionError:
            raise
        except (OSError, EOFError, SSHException) as error:
            raise ConnectionError(f"The connection to the server broke: {error}") from error

    def _receive(self) -> tuple[int, int, bytes]:
        """Type, number and content of the next answer."""
        length, kind, answered = _head.unpack(self._take(_head.size))
        if not 5 <= length <= LARGEST:
            raise ConnectionError("The server sent what is no answer of SFTP.")
        return kind, answered, self._take(length - 5)

    def _take(self, count: int) -> bytes:
        if len(self._received) - self._at < count:
            self._receive_more(count)
        start, self._at = self._at, self._at + count
        taken = self._received[start : self._at]
        if self._at == len(self._received):
            self._received, self._at = b"", 0
        return taken

    def _receive_more(self, count: int) -> None:
        """Receive until `count` bytes are at hand.

        All that has come is taken at once: paramiko moves all the rest for each smaller piece.
        """
        pieces = [self._received[self._at :]]
        held = len(pieces[0])
        while held < count:
            try:
                piece = self._channel.recv(LARGEST)
            except TimeoutError as error:
                message = f"The server did not answer for {self._timeout:g} seconds."
                raise TimeoutError(message) from error
            except (OSError, EOFError, SSHException) as error:
                raise ConnectionError(f"The connection to the server broke: {error}") from error
            if not piece:
                raise ConnectionError("The server closed the connection.")
            pieces.append(piece)
            held += len(piece)
        self._received, self._at = b"".join(pieces), 0
