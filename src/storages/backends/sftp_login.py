"""How a connection begins: the socket, the host key, the login, a password that is asked for."""

from __future__ import annotations

import getpass
import inspect
import os
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from paramiko import (
    AuthenticationException,
    BadHostKeyException,
    MissingHostKeyPolicy,
    SSHClient,
    SSHException,
    Transport,
)
from paramiko.ssh_exception import IncompatiblePeer

from storages.backends.sftp_errors import HostKeyError, LoginError
from storages.backends.sftp_host_keys import HostKeys
from storages.backends.sftp_link import LOG, Link, Wire
from storages.options import GivenOptions

if TYPE_CHECKING:
    from paramiko import PKey

    from storages.backends.sftp_options import Settings

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Tried first: they need no checksum beside them, which takes as long as the cipher."""


class BadHostKeyError(HostKeyError, BadHostKeyException):
    """As whoever catches paramiko's errors expects it."""

    def __init__(self, said: str, settings: Settings, transport: Transport | None) -> None:
        PermissionError.__init__(self, said)
        self.hostname = settings.host
        self.key = transport.get_remote_server_key() if transport else None  # type: ignore[assignment]  # none yet
        self.expected_key = None  # type: ignore[assignment]  # there may be several, or none


class NotLetInError(LoginError, AuthenticationException):
    """As whoever catches paramiko's errors expects it."""


def connect(settings: Settings) -> Link:
    """A new connection; HostKeyError, or LoginError if the user is not let in."""
    keys = HostKeys(settings.known_hosts, settings.host_key_policy, settings.host, settings.port)
    refused: HostKeyError | None = None
    while True:
        try:
            return _log_in(settings, keys)
        except HostKeyError as error:
            # A pinned fingerprint does not tell the type of its key: the server may have others.
            refused = refused or error
            if not keys.others or len(keys.others) > len(set(keys.others)):
                raise refused from None
        except IncompatiblePeer as error:
            if refused is not None:
                raise refused from None
            raise ConnectionError(f"{settings.address} cannot be spoken to: {error}") from None


def _log_in(settings: Settings, keys: HostKeys) -> Link:
    known = _passwords.get(settings.address)
    try:
        return _connect(settings, keys, known)
    except LoginError as error:
        if not settings.interactive:
            raise
        refusal = error
    with _asking:  # one thread asks, the others wait for what it was told
        if (told := _passwords.get(settings.address)) is not known:
            return _connect(settings, keys, told)
        _passwords.pop(settings.address, None)
        asked = _Password(_ask(settings, refusal))
        link = _connect(settings, keys, asked)
        _passwords[settings.address] = asked  # a wrong one is asked for again the next time
        return link


def _connect(settings: Settings, keys: HostKeys, password: _Password | None) -> Link:
    client = SSHClient()
    client.set_log_channel(LOG)
    client.set_missing_host_key_policy(_Policy(keys))
    params = _parameters(settings, keys)
    if password is not None:
        params["password"] = password.value
    wire = params["sock"] = Wire(_open_socket(settings), settings.timeout)
    try:
        client.connect(settings.host, **params)
        transport = client.get_transport()
        if transport is None:
            raise ConnectionError("paramiko has no transport")
        transport.set_keepalive(settings.keepalive)
        return Link(client, transport, wire, settings.timeout)
    except BaseException as error:  # noqa: BLE001 - it is raised again, as what it means
        failure = _failure(error, settings, keys, client.get_transport())
        wire.end()
        client.close()
        wire.close()
        # paramiko's variables have the password: no frame of its goes along.
        raise failure.with_traceback(None) from None


# -- socket


def _open_socket(settings: Settings) -> Any:
    """A socket, or what stands for one: the `sock` of the parameters."""
    given = settings.params.get("sock")
    if given is not None:
        return given() if callable(given) else given
    timeout = settings.params.get("timeout") or settings.timeout
    try:
        opened = socket.create_connection((settings.host, settings.port), timeout)
    except TimeoutError as error:
        raise TimeoutError(f"{settings.address} did not answer for {timeout:g} seconds.") from error
    except OSError as error:
        raise ConnectionError(f"{settings.address} cannot be reached: {error}") from error
    # Without it each small request waits for the confirmation of the one before.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


# -- parameters


def _parameters(settings: Settings, keys: HostKeys) -> GivenOptions:
    """The arguments of `SSHClient.connect`."""
    params = GivenOptions(settings.params)
    for name in params:
        if name not in inspect.signature(SSHClient.connect).parameters:
            raise ImproperlyConfigured(
                f"params (SFTP_STORAGE_PARAMS) has {name!r}, which this version of paramiko does "
                "not know."
            )
    factory = params.get("transport_factory") or Transport

    def make(sock: Any, **more: Any) -> Transport:
        transport: Transport = factory(sock, **more)
        _prefer(transport, keys)
        return transport

    params["transport_factory"] = make
    params["port"] = settings.port
    for name in ("timeout", "banner_timeout", "auth_timeout", "channel_timeout"):
        if params.get(name) is None:
            params[name] = settings.timeout
    if (files := params.get("key_filename")) is not None:
        names = [files] if isinstance(files, str | os.PathLike) else files
        params["key_filename"] = [_key_file(os.fspath(each)) for each in names]
    return params


def _key_file(name: str) -> str:
    path = os.path.expanduser(name)
    if not os.access(path, os.R_OK):
        raise ImproperlyConfigured(
            f"key_filename in params (SFTP_STORAGE_PARAMS) names {name!r}, which is not there or "
            "cannot be read."
        )
    return path


def _prefer(transport: Transport, keys: HostKeys) -> None:
    """Ask for the fastest ciphers, and for a host key of a type that is known."""
    options = transport.get_security_options()
    ciphers = list(options.ciphers)
    options.ciphers = sorted(ciphers, key=lambda each: each not in CIPHERS)
    known, others = keys.kinds(), keys.others
    left = [each for each in options.key_types if _kind(each) not in others]
    if not left:
        raise IncompatiblePeer("no type of host key is left")
    options.key_types = sorted(left, key=lambda each: _kind(each) not in known)


def _kind(algorithm: str) -> str:
    """The type of the keys that sign with an algorithm."""
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm


class _Policy(MissingHostKeyPolicy):
    """Asks our own list: paramiko knows no host, so that it asks this for each."""

    def __init__(self, keys: HostKeys) -> None:
        self._keys = keys

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
        self._keys.check(key)


# -- failures


def _failure(
    error: BaseException, settings: Settings, keys: HostKeys, transport: Transport | None
) -> BaseException:
    """The error to raise for one of paramiko's; it tells no password."""
    where = settings.address
    is_up = transport is not None and transport.is_active()
    if isinstance(error, HostKeyError):
        return BadHostKeyError(str(error), settings, transport)
    if isinstance(error, ImproperlyConfigured | IncompatiblePeer):
        return error
    if isinstance(error, TimeoutError) or (is_up and _is_late(error, keys)):
        return TimeoutError(f"{where} did not answer for {settings.timeout:g} seconds.")
    if isinstance(error, SSHException) and is_up:
        said = str(error).rstrip(".")
        return NotLetInError(
            f"{where} did not let the user {settings.user!r} in: {said}. Check 'username', "
            "'password' and the keys in params (SFTP_STORAGE_PARAMS)."
        )
    if isinstance(error, AuthenticationException):
        return ConnectionError(
            f"{where} closed the connection while {settings.user!r} logged in: {error}"
        )
    if isinstance(error, SSHException | EOFError | OSError):
        return ConnectionError(f"{where} cannot be spoken to: {error or 'it closed'}")
    return error


def _is_late(error: BaseException, keys: HostKeys) -> bool:
    """Whether the server did not answer in time, which paramiko tells as something else."""
    return isinstance(error, SSHException) and (
        not keys.is_content or str(error).startswith("Authentication timeout")
    )


# -- passwords that were asked for


class _Password:
    """A password that no traceback shows."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value


_passwords: dict[str, _Password] = {}
"""By the addresses of their accounts."""

_asking = threading.RLock()


def _ask(settings: Settings, refusal: LoginError) -> str:
    """A password that whoever sits at the terminal types; LoginError if nobody does."""
    try:
        is_terminal = os.isatty(sys.stdin.fileno())
    except (AttributeError, OSError, ValueError):
        is_terminal = False
    if not is_terminal:
        raise NotLetInError(
            f"{refusal} 'interactive' asks for a password on a terminal only, and there is none."
        )
    with suppress(EOFError):
        return getpass.getpass(f"Password of {settings.address}: ")
    raise NotLetInError(f"{refusal} No password was typed.")


def _forget_lock() -> None:
    """In a forked child, where nobody is left who would release it."""
    global _asking
    _asking = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
