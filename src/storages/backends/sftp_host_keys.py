"""Host keys: which ones the known_hosts file, or a pinned fingerprint, trusts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Protocol

from storages.backends.sftp_errors import HostKeyError

try:
    import fcntl
except ImportError:  # Windows: there one line is appended at once, but nothing is locked
    fcntl = None  # type: ignore[assignment]  # for the check below

SSH_PORT = 22


class Key(Protocol):
    """A public key, as paramiko has it."""

    def get_name(self) -> str: ...
    def asbytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A key of a host in a known_hosts file."""

    number: int
    marker: str
    kind: str
    key: bytes


def fingerprint(key: bytes) -> str:
    """`SHA256:...`, as ssh shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def host_name(host: str, port: int) -> str:
    """A host as known_hosts files name it."""
    return host.lower() if port == SSH_PORT else f"[{host.lower()}]:{port}"


class HostKeys:
    """What is known of one host: by a pinned fingerprint, or else by a known_hosts file.

    `policy` is "reject", "accept-new" or a fingerprint.
    """

    def __init__(self, file: str, policy: str, host: str, port: int) -> None:
        self._file = Path(file)
        self._policy = policy
        self._host, self._port = host, port
        self._name = host_name(host, port)
        self.is_content = False
        """Whether the server has shown a key that is trusted."""
        self.others: list[str] = []
        """Types of keys that the server has shown and that are not the pinned one."""

    @property
    def is_pinned(self) -> bool:
        return self._policy.startswith("SHA256:")

    def kinds(self) -> list[str]:
        """Types of the keys that are known, the preferred ones of a handshake."""
        return [] if self.is_pinned else [each.kind for each in self._known() if not each.marker]

    def check(self, key: Key) -> None:
        """HostKeyError unless the key is trusted; a new one is recorded where that is wished."""
        self.is_content = False
        if self.is_pinned:
            if fingerprint(key.asbytes()) != self._policy.rstrip("="):
                self.others.append(key.get_name())
                raise HostKeyError(
                    f"{self._shown(key)} is not the one that host_key_policy pins, {self._policy}."
                )
        elif not self._is_known(key):
            if self._policy != "accept-new":
                raise HostKeyError(self._unknown(key))
            self._record(key)
        self.is_content = True

    def _is_known(self, key: Key) -> bool:
        """Whether this very key is known; HostKeyError if it was revoked, or others are known."""
        lines = self._known()
        same = [each for each in lines if each.key == key.asbytes()]
        for each in same:
            if each.marker == "@revoked":
                raise HostKeyError(
                    f"{self._shown(key)} is revoked by {self._file}, line {each.number}."
                )
        if any(not each.marker for each in same):
            return True
        others = [each for each in lines if not each.marker]
        if others:
            raise HostKeyError(self._changed(key, others))
        return False

    def _known(self) -> list[Line]:
        try:
            with self._file.open("rb") as file:
                return list(lines_of(file, self._name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HostKeyError(
                f"The known_hosts file {self._file} cannot be read: {error.strerror}."
            ) from error

    def _record(self, key: Key) -> None:
        """Append the key as OpenSSH does, unless another process has done so meanwhile."""
        encoded = base64.b64encode(key.asbytes()).decode()
        line = f"{self._name} {key.get_name()} {encoded}\n".encode()
        try:
            if not self._file.parent.exists():
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with open(handle, "r+b", buffering=0) as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
                if not self._is_known(key):
                    end = file.seek(0, os.SEEK_END)
                    file.seek(max(0, end - 1))
                    file.write(line if file.read(1) in (b"", b"\n") else b"\n" + line)
        except HostKeyError:
            raise
        except OSError as error:
            raise HostKeyError(
                f"{self._shown(key)} is new, and cannot be recorded in {self._file}: "
                f"{error.strerror}."
            ) from error

    # -- messages

    def _shown(self, key: Key) -> str:
        return f"The host key of {self._name} ({key.get_name()}, {fingerprint(key.asbytes())})"

    def _unknown(self, key: Key) -> str:
        port = "" if self._port == SSH_PORT else f"-p {self._port} "
        file = shlex.quote(str(self._file))
        return (
            f"{self._shown(key)} is not known. Compare the fingerprint with the server's own "
            "first; then this accepts it: "
            f"ssh-keyscan {port}-t {_short(key.get_name())} {shlex.quote(self._host)} >> {file}"
        )

    def _changed(self, key: Key, others: list[Line]) -> str:
        known = ", ".join(f"line {each.number}: {each.kind}" for each in others)
        file, name = shlex.quote(str(self._file)), shlex.quote(self._name)
        return (
            f"{self._shown(key)} is another one than {self._file} knows ({known}): it was "
            "changed, or somebody else answers in the server's place. If it was changed, this "
            f"forgets the old one: ssh-keygen -f {file} -R {name}"
        )


def _short(kind: str) -> str:
    """The type as ssh-keyscan names it."""
    return "ecdsa" if kind.startswith("ecdsa-") else kind.removeprefix("ssh-")


def lines_of(file: IO[bytes], name: str) -> Iterator[Line]:
    """The lines of a known_hosts file that are about a host; those that make no sense are not.

    https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT
    """
    for at, raw in enumerate(file, 1):
        fields = raw.decode("utf-8", "replace").split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#") or not _matches(fields[0], name):
            continue
        try:
            yield Line(at, marker, fields[1], base64.b64decode(fields[2], validate=True))
        except binascii.Error:
            continue


def _matches(patterns: str, name: str) -> bool:
    """Whether one of the patterns, with `*` and `?`, or hashed, is meant for the host."""
    found = False
    for pattern in patterns.split(","):
        if pattern.startswith("|1|"):
            found = found or _is_hash_of(pattern, name)
        elif fnmatchcase(name, pattern.lstrip("!").lower().replace("[", "[[]")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _is_hash_of(pattern: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(each) for each in pattern[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
