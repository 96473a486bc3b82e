"""The options of the storage on SFTP, and the connections that they make."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, fields
from getpass import getuser
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import sftp_cures
from storages.cures import Cure
from storages.options import GivenOptions, option
from storages.pool import Pool
from storages.sdk import loader
from storages.tree import TreeStorage

KNOWN_HOSTS = "~/.ssh/known_hosts"

PARAMS = frozenset({
    "port", "username", "password", "pkey", "key_filename", "passphrase", "allow_agent",
    "look_for_keys", "compress", "sock", "timeout", "banner_timeout", "auth_timeout",
    "channel_timeout", "disabled_algorithms", "transport_factory", "auth_strategy", "gss_auth",
    "gss_kex", "gss_deleg_creds", "gss_host", "gss_trust_dns",
})  # fmt: skip
"""The arguments of paramiko's `SSHClient.connect`, in its different versions."""

with_paramiko = loader("SFTP", "paramiko", "sftp")
"""Imports a module of this package that needs paramiko."""


@dataclass(frozen=True, repr=False)
class Settings:
    """What makes a connection, and what it does to files; the same for all threads."""

    host: str
    port: int
    params: GivenOptions
    interactive: bool
    known_hosts: str
    host_key_policy: str
    timeout: float
    keepalive: int
    prefix: str
    """What stands before a key in a path: "/", nothing, or "../" and the like."""
    file_mode: int | None
    dir_mode: int | None
    uid: int | None
    gid: int | None

    @property
    def user(self) -> str:
        return str(self.params.get("username") or getuser())

    @property
    def address(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"

    def key(self) -> tuple[Any, ...]:
        return tuple(_hashable(getattr(self, each.name)) for each in fields(self))


class SFTPOptions(TreeStorage):
    """What can be set, what cannot be set together, and the pool that follows from it."""

    sdk = ("paramiko",)

    host: str | None = option(
        None, "SFTP_STORAGE_HOST", required=True, help="The server's name or address."
    )
    params: dict[str, Any] = option(
        {},
        "SFTP_STORAGE_PARAMS",
        secret=True,
        help="Arguments of paramiko's `SSHClient.connect`: `port`, `username`, `password`, `pkey`, "
        "`key_filename`, `passphrase` and others. `sock` may be a function that makes one.",
    )
    interactive: bool = option(
        False,
        "SFTP_STORAGE_INTERACTIVE",
        help="Ask for a password on the terminal if the server lets nobody in without, once per "
        "process and account; where there is no terminal, that is an error.",
    )
    host_key_policy: str = option(
        "reject",
        "SFTP_HOST_KEY_POLICY",
        help="What to do if `known_host_file` does not know the server: `reject`; or `accept-new`, "
        "which records its key there, as OpenSSH does. A changed key is always refused. Or the "
        "fingerprint of the only key that is right, `SHA256:…`; the file is not read then.",
    )
    known_host_file: str | os.PathLike[str] | None = option(
        None,
        "SFTP_KNOWN_HOST_FILE",
        help="The host keys that are trusted, in OpenSSH's format. Default: `~/.ssh/known_hosts`.",
    )
    root_path: str = option(
        "",
        "SFTP_STORAGE_ROOT",
        help="The directory of all files, absolute or below the directory in which the user's "
        "session begins; it is made if it is not there.",
    )
    base_url: str | None = option(
        None, "SFTP_BASE_URL", help="What links begin with. Default: MEDIA_URL."
    )
    file_overwrite: bool = option(
        False,
        "SFTP_FILE_OVERWRITE",
        help="Replace a file of the same name. With `False`, `save()` creates exclusively and "
        "takes another name where there is one already.",
    )
    file_mode: int | None = option(
        None,
        "SFTP_STORAGE_FILE_MODE",
        help="The mode of stored files, such as `0o644`; they have it before they are visible. "
        "Default: the server's.",
    )
    dir_mode: int | None = option(
        None,
        "SFTP_STORAGE_DIR_MODE",
        help="The mode of directories that are made, such as `0o755`, whatever the server's "
        "umask. Default: the server's.",
    )
    uid: int | None = option(
        None, "SFTP_STORAGE_UID", help="The number of the user who owns what is stored or made."
    )
    gid: int | None = option(
        None, "SFTP_STORAGE_GID", help="The number of the group that owns what is stored or made."
    )
    max_connections: int = option(
        8,
        "SFTP_MAX_CONNECTIONS",
        help="Connections to the server at most, of all threads of a process together.",
    )
    keepalive: int = option(
        30,
        "SFTP_KEEPALIVE",
        help="Seconds after which an idle connection sends a sign of life; 0 for none.",
    )
    timeout: float = option(
        30,
        "SFTP_TIMEOUT",
        help="Seconds to wait for a connection, for each answer, and for a connection that "
        "another thread gives back.",
    )

    def _configured(self) -> None:
        super()._configured()
        self._check_params()
        if "params" in self.__dict__:
            self.params = GivenOptions(self.params)  # no traceback shows what is in it
        self._check_policy()
        for name in ("file_mode", "dir_mode", "uid", "gid"):
            self._check_number(name, 0, optional=True)
        for name in ("file_mode", "dir_mode"):
            _check_mode(name, getattr(self, name))
        self._check_number("max_connections", 1)
        self._check_number("keepalive", 0)
        if not isinstance(self.timeout, int | float) or not self.timeout > 0:
            raise ImproperlyConfigured(
                f"timeout (SFTP_TIMEOUT) is {self.timeout!r}: give seconds, more than 0."
            )
        self._prefix_path, self._base_path = split_root(str(self.root_path or ""))

    def _check_params(self) -> None:
        where = "params (SFTP_STORAGE_PARAMS)"
        if not isinstance(self.params, Mapping):
            raise ImproperlyConfigured(
                f"{where} is a {type(self.params).__name__}: give a dictionary of the arguments of "
                "paramiko's SSHClient.connect."
            )
        unknown = [str(name) for name in self.params if name not in PARAMS]
        if "hostname" in unknown:
            raise ImproperlyConfigured(f"{where} has 'hostname': give it as the option 'host'.")
        if unknown:
            raise ImproperlyConfigured(
                f"{where} has {', '.join(map(repr, unknown))}, which SSHClient.connect does not "
                f"know. It knows: {', '.join(sorted(PARAMS))}."
            )
        self._port()

    def _port(self) -> int:
        given = self.params.get("port", 22)
        try:
            port = int(given)
        except (TypeError, ValueError):
            port = 0
        if not 0 < port < 65536:
            raise ImproperlyConfigured(
                f"The port in params (SFTP_STORAGE_PARAMS) is {given!r}: give a number up to 65535."
            )
        return port

    def _check_policy(self) -> None:
        policy = self.host_key_policy
        is_pinned = isinstance(policy, str) and policy.startswith("SHA256:")
        if policy in ("reject", "accept-new") or (is_pinned and len(policy.rstrip("=")) == 50):
            return
        raise ImproperlyConfigured(
            f"host_key_policy (SFTP_HOST_KEY_POLICY) is {policy!r}: give 'reject', 'accept-new', "
            "or a fingerprint as `ssh-keygen -l` shows it, 'SHA256:' and 43 characters."
        )

    def _check_number(self, name: str, least: int, *, optional: bool = False) -> None:
        given = getattr(self, name)
        if optional and given is None:
            return
        if isinstance(given, bool) or not isinstance(given, int) or given < least:
            setting = _setting(name)
            raise ImproperlyConfigured(
                f"{name} ({setting}) is {given!r}: give a whole number, {least} or more."
            )

    def _check(self, alias: str) -> list[CheckMessage]:
        if self.host_key_policy != "accept-new":
            return []
        return [
            Warning(
                f"STORAGES[{alias!r}]: the first host key that answers for {self.host} is trusted, "
                "whoever answers.",
                hint="Record the server's key in the known_hosts file, or give its fingerprint "
                "as 'host_key_policy'; compare it with the server's own first.",
                id="storages.W009",
            )
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return sftp_cures.cure(self, step, error) or super()._cure(step, error)

    def _place(self) -> tuple[Any, ...] | None:
        return ("sftp", self.host, self._port(), self._prefix_path, self._base_path)

    # -- connections

    def _base(self) -> str:
        return self._base_path

    def _pool(self) -> Pool[Any]:
        pool: Pool[Any] = clients.of(self, self._pool_key, self._make_pool)
        return pool

    def _pool_key(self) -> clients.ClientKey:
        return clients.ClientKey(("sftp", self.max_connections, *self._settings().key()))

    def _make_pool(self) -> Pool[Any]:
        open_tree, settings = with_paramiko("sftp_client").open_tree, self._settings()
        return Pool(
            lambda: open_tree(settings), most=self.max_connections, timeout=settings.timeout
        )

    def _settings(self) -> Settings:
        return Settings(
            host=str(self._require("host")),
            port=self._port(),
            params=GivenOptions(self.params),
            interactive=bool(self.interactive),
            known_hosts=os.path.expanduser(os.fspath(self.known_host_file or KNOWN_HOSTS)),
            host_key_policy=self.host_key_policy,
            timeout=self.timeout,
            keepalive=self.keepalive,
            prefix=self._prefix_path,
            file_mode=self.file_mode,
            dir_mode=self.dir_mode,
            uid=self.uid,
            gid=self.gid,
        )


def _setting(name: str) -> str:
    return str(vars(SFTPOptions)[name].settings[0])


def _check_mode(name: str, mode: int | None) -> None:
    """Raise ImproperlyConfigured for 644 where 0o644 is meant: as a mode it makes no sense."""
    if mode is None:
        return
    is_octal = 0o777 < mode <= 777 and not set(str(mode)) & set("89")
    if is_octal or mode > 0o7777:
        cure = f"write 0o{mode}" if is_octal else "give a mode such as 0o644"
        raise ImproperlyConfigured(f"{name} ({_setting(name)}) is {mode}: {cure}.")


def split_root(root: str) -> tuple[str, str]:
    """The part of `root_path` that names cannot have, and the rest as a part of every key."""
    if "\0" in root:
        raise ImproperlyConfigured("root_path (SFTP_STORAGE_ROOT) holds a NUL character.")
    path = posixpath.normpath(root) if root else ""
    if path.startswith("/"):
        return "/", path.strip("/")
    climbing = 0
    parts = [part for part in path.split("/") if part not in ("", ".")]
    while parts[climbing : climbing + 1] == [".."]:
        climbing += 1
    return "../" * climbing, "/".join(parts[climbing:])


class _Same:
    """An object that equals only itself, and stays while a key holds it."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)


def _hashable(value: Any) -> Any:
    """`value` as a part of a key: by what it says, or, for other objects, by which one it is."""
    if isinstance(value, Mapping):
        return tuple((name, _hashable(value[name])) for name in sorted(value, key=str))
    if isinstance(value, list | tuple | set | frozenset):
        return (type(value).__name__, *map(_hashable, value))
    if value is None or isinstance(value, str | bytes | int | float):
        return (type(value).__name__, value)
    return _Same(value)
