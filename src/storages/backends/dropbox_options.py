"""The options of the storage on Dropbox, and the client that they make."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import dropbox_cures
from storages.backends.dropbox_names import BLOCK, dropbox_key
from storages.base import RemoteStorage
from storages.cures import Cure
from storages.options import GivenOptions, option
from storages.sdk import loader
from storages.transfer import MiB

if TYPE_CHECKING:
    from storages.backends.dropbox_client import Connection

WRITE_MODES = ("add", "overwrite", "update")

LARGEST_PART = 148 * MiB
"""Bytes of a part at most: whole blocks of the 150 MiB that one request takes.

https://www.dropbox.com/developers/documentation/http/documentation#files-upload
"""

CONNECTION_OPTIONS = (
    "oauth2_access_token",
    "oauth2_refresh_token",
    "app_key",
    "app_secret",
    "namespace",
    "team_member_id",
    "timeout",
    "max_connections",
    "client_options",
)

with_dropbox = loader("Dropbox", "dropbox", "dropbox")
"""Imports a module of this package that needs the SDK."""


class DropboxOptions(RemoteStorage):
    """What can be set, and the client that follows from it."""

    sdk = ("dropbox",)
    overwrite_option = "write_mode"

    oauth2_access_token: str | None = option(
        None,
        "DROPBOX_OAUTH2_TOKEN",
        secret=True,
        help="An access token; also the first positional argument. Those of today end after some "
        "hours: a site gives `oauth2_refresh_token`.",
    )
    oauth2_refresh_token: str | None = option(
        None,
        "DROPBOX_OAUTH2_REFRESH_TOKEN",
        secret=True,
        help="A refresh token, with which access tokens are fetched as they are needed.",
    )
    app_key: str | None = option(
        None, "DROPBOX_APP_KEY", help="The key of the app that the refresh token belongs to."
    )
    app_secret: str | None = option(
        None,
        "DROPBOX_APP_SECRET",
        secret=True,
        help="The secret of that app; not needed if the token was made by PKCE.",
    )
    root_path: str = option(
        "/",
        "DROPBOX_ROOT_PATH",
        help="The folder of all files; it is made with the first of them.",
    )
    write_mode: str = option(
        "add",
        "DROPBOX_WRITE_MODE",
        help="What `save()` does with a name that is taken. `add`: another name, both files stay. "
        "`overwrite`: replaces. `update`: replaces the very revision that this storage read last, "
        "an error if it has changed since; what it never read is kept, as by `add`.",
    )
    timeout: float | None = option(
        100,
        "DROPBOX_TIMEOUT",
        help="Seconds to wait for a connection, and for each piece of an answer; `None`: for ever.",
    )
    namespace: str | None = option(
        None,
        "DROPBOX_NAMESPACE",
        help="What `root_path` begins at: `None`, the user's own folder; `root`, the folder of the "
        "whole team, with team folders; or the id of a namespace, such as of a shared folder.",
    )
    team_member_id: str | None = option(
        None,
        "DROPBOX_TEAM_MEMBER_ID",
        help="Whose files they are, `dbmid:…`, if the token is that of a whole team.",
    )
    part_size: int = option(
        8 * MiB,
        "DROPBOX_PART_SIZE",
        help="Bytes of the parts that a large file is sent in; a file of one part is sent by one "
        "request. Rounded up to a multiple of 4 MiB; 148 MiB at most.",
    )
    max_connections: int = option(
        64,
        "DROPBOX_MAX_CONNECTIONS",
        help="Connections that are kept open for all threads of a process together; more than "
        "these are closed after each request.",
    )
    client_options: Mapping[str, Any] = option(
        {},
        "DROPBOX_CLIENT_OPTIONS",
        secret=True,
        help="Keyword arguments of the SDK's `Dropbox`: `session`, `ca_certs`, `headers`, "
        "`user_agent`, `scope` …",
    )

    def __init__(self, *token: Any, **options: Any) -> None:
        # Bound anew, so that no debug page that shows this frame has a token in it.
        options = GivenOptions(options)
        if options.get("oauth2_access_token", "") is None:  # none is given, settings may tell it
            del options["oauth2_access_token"]
        if token == (None,):
            token = ()
        if token:
            args, given = self._made_with
            if args == token:  # what a migration holds has no token, nor a place for one
                self._made_with = ((), _with_token(type(self), token, given))
            options = _with_token(type(self), token, options)
            token = ()
        if "location" in options:
            warnings.warn(
                f"'location' of {type(self).__name__} is called 'root_path'.",
                DeprecationWarning,
                stacklevel=2,
            )
            _rename_location(options)
            _rename_location(self._made_with[1])
        super().__init__(**options)

    def _configured(self) -> None:
        super()._configured()
        if self.write_mode not in WRITE_MODES:
            raise ImproperlyConfigured(
                f"write_mode (DROPBOX_WRITE_MODE) is {self.write_mode!r}; "
                f"it can be: {', '.join(WRITE_MODES)}."
            )
        with suppress(AttributeError):  # a subclass's property stays
            self.part_size = whole_blocks(self.part_size)

    # -- what follows from them

    def _overwrites(self) -> bool:
        return self.write_mode == "overwrite"

    def _normalize_name(self, name: str) -> str:
        return dropbox_key(str(self.root_path or ""), name)

    def _has_credentials(self) -> bool:
        return bool(self.oauth2_access_token or (self.oauth2_refresh_token and self.app_key))

    def _check(self, alias: str) -> list[CheckMessage]:
        if self._has_credentials():
            return []
        return [
            Error(
                f"STORAGES[{alias!r}]: {type(self).__name__} has no credentials.",
                hint=f"{CREDENTIALS}.",
                id="storages.E003",
            )
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return dropbox_cures.cure(self, step, error) or super()._cure(step, error)

    def _place(self) -> tuple[Any, ...] | None:
        if not self._has_credentials():
            return None
        account = self.oauth2_refresh_token or self.oauth2_access_token
        return clients.ClientKey(("dropbox", account, self.namespace, self.team_member_id))

    # -- clients

    @property
    def client(self) -> Any:
        """The SDK's `Dropbox`, shared by all threads and by storages of equal options."""
        return self._connection.ready()

    @property
    def _connection(self) -> Connection:
        found: Connection = clients.of(self, self._connection_key, self._connect)
        return found

    def _connect(self) -> Connection:
        if not self._has_credentials():
            raise ImproperlyConfigured(f"{type(self).__name__} has no credentials. {CREDENTIALS}.")
        connection: Connection = with_dropbox("dropbox_client").Connection(self)
        return connection

    def _connection_key(self) -> clients.ClientKey:
        """What makes two storages' clients different; objects count by identity."""
        return clients.ClientKey(
            ("dropbox", *(_frozen(getattr(self, name)) for name in CONNECTION_OPTIONS))
        )


CREDENTIALS = (
    "Give 'oauth2_access_token' in OPTIONS (DROPBOX_OAUTH2_TOKEN), or 'oauth2_refresh_token' "
    "(DROPBOX_OAUTH2_REFRESH_TOKEN) with 'app_key' (DROPBOX_APP_KEY) and, unless it was made by "
    "PKCE, 'app_secret' (DROPBOX_APP_SECRET)"
)


def _with_token(cls: type, token: tuple[Any, ...], options: GivenOptions) -> GivenOptions:
    """The options with a positional access token among them; TypeError if it is not one."""
    token = _Hidden(token)
    if len(token) > 1:
        raise TypeError(f"{cls.__name__} takes one positional argument, an access token.")
    if "oauth2_access_token" in options:
        raise TypeError(f"{cls.__name__} got two values for 'oauth2_access_token'.")
    return GivenOptions({"oauth2_access_token": token[0], **options})


def _rename_location(options: GivenOptions) -> None:
    if "location" in options:
        location = options.pop("location")
        options.setdefault("root_path", location)


class _Hidden(tuple[Any, ...]):
    """Arguments that are secret: nothing shows them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<arguments>"


def whole_blocks(size: int) -> int:
    """The size of a part that Dropbox takes, at least `size` where it can be."""
    return min(max(1, -(-size // BLOCK)) * BLOCK, LARGEST_PART)


def _frozen(value: Any) -> Any:
    """Something hashable that is equal where the option's value is."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return value
