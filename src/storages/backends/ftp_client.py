"""One session on an FTP server: login, commands on keys, and connections for data."""

from __future__ import annotations

import ftplib
import posixpath
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.core.exceptions import SuspiciousFileOperation

from storages.backends.ftp_errors import (
    UNKNOWN,
    FTPConnectionError,
    FTPLoginError,
    FTPStorageException,
    FTPTimeoutError,
    Refusal,
    translated,
)
from storages.backends.ftp_listing import FACTS
from storages.backends.ftp_location import Location
from storages.backends.ftp_wire import Wire, end_sending
from storages.transfer import KiB

BLOCK = 512 * KiB
"""Bytes that are received at once."""

PATIENCE = 5.0
"""Seconds for an answer that a living server has ready."""

_quoted = re.compile(r'"((?:[^"]|"")*)"').search
_wants_tls = re.compile(r"\b(tls|ssl|encrypt|secure)", re.I).search


@dataclass(frozen=True)
class Access:
    """How to reach a server; `encoding` None takes what the server offers."""

    location: Location
    timeout: float
    implicit: bool = False
    encoding: str | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class Client:
    """A session. It alone knows paths and their encoding; in every command they are absolute.

    Each error names the key that the command is about. A Refusal is what the server answered;
    FTPConnectionError and FTPTimeoutError mean that the session has ended.
    """

    def __init__(self, access: Access) -> None:
        self._access, self._location = access, access.location
        self._wire = Wire(access.location, access.tls, access.timeout)
        self._data: socket.socket | None = None
        self._encoding = access.encoding or "utf-8"
        self._features: dict[str, str] = {}
        self._unknown: set[str] = set()
        self._home = "/"
        try:
            self._connect()
            self._log_in()
            self._prepare()
        except BaseException:
            self.abandon()
            raise

    # -- beginning

    def _connect(self) -> None:
        implicit, server = self._access.implicit, self._location.server
        with translated(f"Connecting to {server}", self._location, self._encoding):
            self._wire.open(implicit=implicit)
        if self._location.uses_tls:
            with translated(f"TLS with {server}", self._location, self._encoding):
                self._wire.secure(implicit=implicit)

    def _log_in(self) -> None:
        location = self._location
        task = f"Login of {location.user!r} at {location.server}"
        cure = "wrong user or password"
        try:
            with translated(task, location, self._encoding):
                reply = self._wire.sendcmd(f"USER {self._bytes(location.user, 'the user')}")
                if reply.startswith("3"):
                    reply = self._wire.sendcmd(
                        f"PASS {self._bytes(location.password, 'the password')}"
                    )
                if reply.startswith("3"):
                    raise ftplib.error_perm(reply)
            return
        except Refusal as error:
            if _wants_tls(error.said) and not location.uses_tls:
                cure = "the server wants TLS, write ftps://"
            elif error.code != 530:
                raise
        raise FTPLoginError(f"{task} was refused: {cure}.")

    def _prepare(self) -> None:
        """Ask once what the server offers, where it begins, and that it changes no byte."""
        with suppress(Refusal):
            for line in self.ask("FEAT").split("\n")[1:-1]:
                name, _, more = line.strip().partition(" ")
                self._features[name.upper()] = more
        self._agree_on_names()
        if "MLST" in self._features:
            self._choose_facts(self._features["MLST"].lower())
        found = _quoted(said := self.ask("PWD"))
        if found is None:
            raise FTPStorageException(f"PWD says nothing that can be read: {said}")
        self._home = found[1].replace('""', '"') or "/"
        self.ask("TYPE", argument="I")

    def _agree_on_names(self) -> None:
        if self._access.encoding is None:
            self._encoding = "utf-8" if "UTF8" in self._features else "latin-1"
        if self._encoding.lower() in ("utf-8", "utf8") and "UTF8" in self._features:
            with suppress(Refusal):  # most do so anyway, some only if told
                self.ask("OPTS", argument="UTF8 ON")

    def _choose_facts(self, offered: str) -> None:
        """Have the facts that matter; those that are on already are marked by a star."""
        facts = offered.split(";")
        wanted = [name for name in FACTS if name in facts or f"{name}*" in facts]
        if any(name in facts for name in wanted):
            with suppress(Refusal):
                self.ask("OPTS", argument=f"MLST {';'.join(wanted)};")

    # -- what the pool wants

    def is_alive(self) -> bool:
        """Whether the server still answers."""
        try:
            with self._hurried():
                self.ask("NOOP")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Say goodbye; raises nothing."""
        with suppress(OSError), self._hurried():
            self.ask("QUIT")
        self.abandon()

    def abandon(self) -> None:
        """Let go of the sockets and say nothing."""
        with suppress(OSError):
            self.drop_data()
        with suppress(OSError):
            self._wire.close()

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        """Wait for answers no longer than a living server needs."""
        sock = self._wire.sock
        if sock is None:
            raise FTPConnectionError(f"The connection to {self._location.server} was closed.")
        sock.settimeout(min(PATIENCE, self._access.timeout))
        try:
            yield
        finally:
            sock.settimeout(self._access.timeout)

    # -- commands

    def knows(self, verb: str) -> bool:
        """Whether the server has a command, as far as it has told."""
        return verb not in self._unknown

    def offers(self, feature: str) -> bool:
        """Whether the server said so."""
        return feature in self._features and feature not in self._unknown

    def ask(self, verb: str, key: str | None = None, *, argument: str = "") -> str:
        """The reply to a command, about `key` or with an argument."""
        line = self._line(verb, key, argument)
        with self.about(verb, key):
            return self._decoded(self._wire.sendcmd(line))

    @contextmanager
    def about(self, verb: str, key: str | None) -> Iterator[None]:
        """Raise what happens inside as errors that name the key."""
        task = f"{verb} of {key!r}" if key is not None else f"{verb} at {self._location.server}"
        try:
            with translated(task, self._location, self._encoding):
                yield
        except Refusal as error:
            if error.code in UNKNOWN:
                self._unknown.add(verb)
            raise

    def _line(self, verb: str, key: str | None, argument: str) -> str:
        if key is not None:
            argument = posixpath.join(self._home, key) if key else self._home
        return f"{verb} {self._bytes(argument, repr(key))}" if argument else verb

    def _bytes(self, text: str, what: str) -> str:
        """`text` as it travels; what could be taken for another command never does."""
        try:
            raw = text.encode(self._encoding, "surrogateescape")
        except UnicodeEncodeError:
            raw = None
        if raw is None:
            raise FTPStorageException(
                f"{what} cannot be written in {self._encoding}, which the server was thought to "
                "use: give its encoding, such as 'utf-8', as encoding (FTP_STORAGE_ENCODING)."
            )
        if any(each in raw for each in b"\r\n\0"):
            raise SuspiciousFileOperation(f"{what} has a line break or a NUL character in it.")
        return raw.decode("latin-1")

    def _decoded(self, text: str) -> str:
        return text.encode("latin-1").decode(self._encoding, "surrogateescape")

    # -- data

    def begin(
        self, verb: str, key: str | None, start: int = 0, *, argument: str = ""
    ) -> socket.socket:
        """The connection for data, until `end` or `stop`."""
        line = self._line(verb, key, argument)
        try:
            with self.about(verb, key):
                self._data, _ = self._wire.ntransfercmd(line, start or None)
        except (Refusal, FTPConnectionError, FTPTimeoutError):
            raise
        except FTPStorageException:  # a certificate that is not trusted: the session is lost
            self.abandon()
            raise
        return self._data

    def end(self, verb: str, key: str | None) -> None:
        """After the last byte, in either direction: wait until the server says that all is well."""
        try:
            with self.about(verb, key):
                if self._data is not None:
                    end_sending(self._data)
                self._wire.voidresp()
        finally:
            self.drop_data()

    def stop(self, verb: str, key: str | None) -> None:
        """End a transfer wherever it is: the server answers once, whatever it thinks of that."""
        self.drop_data()
        with self.about(verb, key), self._hurried():
            reply = self._wire.getmultiline()
            if reply.startswith("421"):
                raise ftplib.error_temp(reply)

    def explain(self, verb: str, key: str) -> OSError:
        """Why the server took no more data: what it says of that, if it says something."""
        self.drop_data()
        try:
            with self.about(verb, key), self._hurried():
                self._wire.voidresp()
        except OSError as error:
            return error
        return FTPConnectionError(f"{verb} of {key!r} broke: the server took no more data.")

    def lines(self, verb: str, key: str | None = None, *, argument: str = "") -> list[str]:
        """What the server lists."""
        data, pieces = self.begin(verb, key, argument=argument), []
        with self.about(verb, key):
            while piece := data.recv(BLOCK):
                pieces.append(piece)
        self.end(verb, key)
        found = b"".join(pieces).split(b"\n")
        return [
            each.removesuffix(b"\r").decode(self._encoding, "surrogateescape")
            for each in found
            if each.strip()
        ]

    def drop_data(self) -> None:
        """Close the connection for data, if there is one."""
        data, self._data = self._data, None
        if data is not None:
            data.close()
