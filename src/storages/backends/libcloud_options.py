"""The options of the Libcloud storage: which provider, and what it says; all without the SDK."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import libcloud_cures
from storages.base import RemoteStorage
from storages.cures import Cure
from storages.options import GivenOptions, option
from storages.sdk import loader

if TYPE_CHECKING:
    from storages.backends.libcloud_local import LocalService
    from storages.backends.libcloud_service import Service

DEFAULT = "default"
"""The provider of a storage that names none."""

NEEDED = ("type", "bucket")
"""What no provider can do without."""

with_libcloud = loader("Apache Libcloud", "apache-libcloud", "libcloud")
"""Imports a module of this package that needs the SDK."""


class LibCloudOptions(RemoteStorage):
    """What can be set, and the service that follows from it."""

    sdk = ("libcloud.storage",)

    provider_name: str | None = option(
        None,
        "DEFAULT_LIBCLOUD_PROVIDER",
        help="The name of an entry of `LIBCLOUD_PROVIDERS`, also as the first positional "
        "argument. Default: `default`.",
    )
    provider: Mapping[str, Any] | None = option(
        None,
        secret=True,
        help="A whole entry instead of a name: `type`, `user`, `key`, `bucket`, `region` and "
        "whatever else Libcloud's driver takes.",
    )
    location: str = option("", help="A prefix of all names, without a leading slash.")
    file_overwrite: bool = option(
        False,
        help="Replace a file of the same name. With `False`, `save()` creates exclusively and "
        "takes another name where there is one already.",
    )
    base_url: str | None = option(
        None,
        help="What links begin with, such as the address of a CDN. Default: what the driver says.",
    )

    def __init__(
        self, provider_name: str | None = None, option: Any = None, **options: Any
    ) -> None:
        # `option` is taken for the sake of those who give it; nothing was ever done with it.
        options = GivenOptions(options)
        if provider_name is not None:
            options["provider_name"] = provider_name
        super().__init__(**options)

    def _configured(self) -> None:
        super()._configured()
        if self.provider is None:
            self.provider = self._named()
        elif not isinstance(self.provider, Mapping):
            raise ImproperlyConfigured(
                f"The option 'provider' of {type(self).__name__} must be a dictionary such as the "
                "entries of LIBCLOUD_PROVIDERS; 'provider_name' takes the name of one."
            )
        elif self._given.get("provider_name"):
            raise ImproperlyConfigured(
                f"{type(self).__name__} was given both 'provider' and 'provider_name': give one."
            )
        self.provider = GivenOptions(self.provider)
        self._check_provider()

    def _named(self) -> Mapping[str, Any]:
        """The entry of LIBCLOUD_PROVIDERS that this storage is about."""
        name = self.provider_name or DEFAULT
        known = getattr(settings, "LIBCLOUD_PROVIDERS", None)
        if not isinstance(known, Mapping):
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs the setting LIBCLOUD_PROVIDERS, a dictionary of "
                "providers by name, or the option 'provider'."
            )
        if not isinstance(known.get(name), Mapping):
            close = difflib.get_close_matches(str(name), list(known), n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(known)}."
            raise ImproperlyConfigured(
                f"LIBCLOUD_PROVIDERS has no entry {name!r} that is a dictionary. {hint} Name one "
                "by 'provider_name' or DEFAULT_LIBCLOUD_PROVIDER."
            )
        found: Mapping[str, Any] = known[name]
        return found

    def _check_provider(self) -> None:
        """ImproperlyConfigured for what can be known before there is a connection."""
        for name in NEEDED:
            if not self._provider().get(name):
                raise ImproperlyConfigured(f"The provider of {self._who()} has no {name!r}.")
        for name in ("user", "key"):
            if not isinstance(self._provider().get(name), str | os.PathLike | None):
                raise ImproperlyConfigured(f"The {name!r} of {self._who()} must be a text.")
        try:
            providers = with_libcloud("libcloud_provider")
        except ImproperlyConfigured:
            return  # it is not installed, which is told at first use
        providers.driver_name(self._provider()["type"])

    def _check(self, alias: str) -> list[CheckMessage]:
        """W010: keys of the provider that nothing takes, which a typing error may have made."""
        try:
            unknown = with_libcloud("libcloud_provider").unknown_arguments(self._provider())
        except ImproperlyConfigured:
            return []  # a package is missing, which is told at first use
        return [
            Warning(
                f"STORAGES[{alias!r}]: the provider of {self._who()} has a key {name!r}, "
                "which Libcloud's driver does not take: it has no effect.",
                hint=hint,
                id="storages.W010",
            )
            for name, hint in unknown.items()
        ]

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        if self._provider().get("secure", True):
            return []
        return [
            Warning(
                f"STORAGES[{alias!r}]: files travel without encryption, for 'secure' is off in the "
                f"provider of {self._who()}.",
                hint="Let the server speak TLS, and remove 'secure'.",
                id="storages.W007",
            )
        ]

    def _who(self) -> str:
        """What errors call this storage: its class, and its provider if that has a name."""
        if self._given.get("provider") is not None:
            return type(self).__name__
        return f"{type(self).__name__}, {(self.provider_name or DEFAULT)!r} in LIBCLOUD_PROVIDERS,"

    def _provider(self) -> Mapping[str, Any]:
        assert self.provider is not None  # noqa: S101 - since `_configured`
        return self.provider

    # -- the service

    @property
    def bucket(self) -> str:
        """The name of the container that holds the files."""
        return str(self._provider()["bucket"])

    @property
    def driver(self) -> Any:
        """Libcloud's driver, to create a container, say; one for this process and this provider.

        The storage itself works with others of the same kind, for it may only be used by one
        thread at a time.
        """
        return self._service().driver

    def _service(self) -> LocalService | Service:
        """What carries out the primitives."""
        found: LocalService | Service = clients.of(self, self._service_key, self._make_service)
        return found

    def _service_key(self) -> clients.ClientKey:
        items = sorted((str(name), value) for name, value in self._provider().items())
        return clients.ClientKey(("libcloud", *((name, _hashable(v)) for name, v in items)))

    def _make_service(self) -> Any:
        try:
            return with_libcloud("libcloud_provider").service(self._provider())
        except ValueError as error:  # what Libcloud raises as it is imported
            if "ertificate" not in str(error):
                raise
            raise ImproperlyConfigured(
                f"Libcloud finds no CA certificates: {error}. Let the environment variable "
                "SSL_CERT_FILE name a file with them, or unset it."
            ) from error

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return libcloud_cures.cure(self, step, error) or super()._cure(step, error)

    def _honours_exclusive(self, key: str) -> bool:
        return self._service().is_exclusive and super()._honours_exclusive(key)

    def _place(self) -> tuple[Any, ...] | None:
        found = self._provider()
        return ("libcloud", str(found["type"]), str(found.get("user")), self.bucket)


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
