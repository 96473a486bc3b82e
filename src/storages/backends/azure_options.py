"""The options of the Azure storage, and the clients that they make."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import azure_cures
from storages.backends.azure_account import SUFFIX, Account, named, parse, resolve
from storages.base import RemoteStorage
from storages.cures import Cure
from storages.options import option
from storages.sdk import loader
from storages.transfer import MiB

if TYPE_CHECKING:
    from storages.backends.azure_client import Connection

CONNECTIONS = 2
"""The default of `upload_max_conn`."""
MEMORY = 2 * MiB
"""The default of `max_memory_size`."""

CONNECTION_OPTIONS = (
    "connection_string",
    "account_name",
    "account_key",
    "token_credential",
    "sas_token",
    "endpoint_suffix",
    "azure_ssl",
    "emulated_mode",
    "api_version",
    "timeout",
    "client_options",
)

with_azure = loader("Azure", "azure-storage-blob", "azure")
"""Imports a module of this package that needs the SDK."""


class AzureOptions(RemoteStorage):
    """What can be set, what cannot be set together, and the client that follows from it."""

    sdk = ("azure.storage.blob",)
    overwrite_option = "overwrite_files"

    azure_container: str | None = option(
        None,
        "AZURE_CONTAINER",
        required=True,
        help="The container that holds the files; it must exist.",
    )
    location: str = option(
        "", "AZURE_LOCATION", help="A prefix of all names, without a leading slash."
    )
    overwrite_files: bool = option(
        False,
        "AZURE_OVERWRITE_FILES",
        help="Replace a file of the same name. With `False`, `save()` creates exclusively and "
        "takes another name where there is one already; no file is ever lost.",
    )
    connection_string: str | None = option(
        None,
        "AZURE_CONNECTION_STRING",
        secret=True,
        help="A connection string; it wins over all other credentials and names the account.",
    )
    account_name: str | None = option(
        None, "AZURE_ACCOUNT_NAME", help="The storage account, unless `connection_string` names it."
    )
    account_key: str | None = option(
        None, "AZURE_ACCOUNT_KEY", secret=True, help="One of the account's two keys."
    )
    token_credential: Any = option(
        None,
        "AZURE_TOKEN_CREDENTIAL",
        secret=True,
        help="A credential of `azure-identity`, such as `DefaultAzureCredential()`; used where "
        "there is no key.",
    )
    sas_token: str | None = option(
        None,
        "AZURE_SAS_TOKEN",
        secret=True,
        help="A shared access signature, used where there is neither key nor token. Links carry "
        "it unless they are signed: let it allow reading only, or set `custom_domain` to a host "
        "that needs none.",
    )
    endpoint_suffix: str = option(
        SUFFIX,
        "AZURE_ENDPOINT_SUFFIX",
        help="The domain of the cloud; `core.chinacloudapi.cn` for China.",
    )
    azure_ssl: bool = option(True, "AZURE_SSL", help="Speak HTTPS, and make links with it.")
    emulated_mode: bool = option(
        False,
        "AZURE_EMULATED_MODE",
        help="Speak to an emulator (Azurite) on port 10000 of this machine, as its well-known "
        "account unless `account_name` and `account_key` say otherwise.",
    )
    custom_domain: str | None = option(
        None,
        "AZURE_CUSTOM_DOMAIN",
        help="The host of links, without a scheme, such as a CDN in front of the account; the "
        "storage itself speaks to the account. Scheme and path of links stay the account's.",
    )
    custom_connection_string: str | None = option(
        None,
        "AZURE_CUSTOM_CONNECTION_STRING",
        secret=True,
        help="A connection string for links only: their endpoint and what signs them. For "
        "everything where no account is given otherwise.",
    )
    expiration_secs: int | None = option(
        None,
        "AZURE_URL_EXPIRATION_SECS",
        help="Seconds that a link is valid, which makes it a signed one; `None` for links that "
        "are not signed, to public containers.",
    )
    default_content_type: str = option(
        "application/octet-stream",
        "AZURE_DEFAULT_CONTENT_TYPE",
        help="The content type where neither the upload nor the name tells one.",
    )
    cache_control: str | None = option(
        None, "AZURE_CACHE_CONTROL", help="The Cache-Control header of stored files."
    )
    object_parameters: dict[str, Any] = option(
        {},
        "AZURE_OBJECT_PARAMETERS",
        secret=True,
        help="Parameters of all stored files: content_type, content_encoding, content_language, "
        "content_disposition, cache_control, content_md5, metadata, tags, standard_blob_tier, "
        "encryption_scope, cpk, immutability_policy, legal_hold.",
    )
    upload_max_conn: int = option(
        CONNECTIONS,
        "AZURE_UPLOAD_MAX_CONN",
        help="Requests for parts of one file on their way at once, up or down. The default, 2, "
        "leaves it to the storage: as many as fit `max_memory_size`.",
    )
    max_memory_size: int = option(
        MEMORY,
        "AZURE_BLOB_MAX_MEMORY_SIZE",
        help="Bytes of parts and windows that one open file may have in memory and on their way, "
        "but at least one part. The default, 2 MB, stands for 40 MiB. Nothing is spooled to disk.",
    )
    timeout: int = option(
        20,
        "AZURE_CONNECTION_TIMEOUT_SECS",
        help="Seconds to wait for a connection; for an answer as long, but at least 60.",
    )
    api_version: str | None = option(
        None,
        "AZURE_API_VERSION",
        help="Deprecated, use `client_options`: the version of the service's protocol.",
    )
    client_options: Mapping[str, Any] = option(
        {},
        "AZURE_CLIENT_OPTIONS",
        secret=True,
        help="Keyword arguments of the SDK's `BlobServiceClient`: `retry_total`, `transport`, "
        "`api_version`, `proxies` …",
    )

    def _configured(self) -> None:
        super()._configured()
        self._take_custom()
        if self.connection_string or self.emulated_mode or self.account_name:
            self._refuse_clashes(resolve(self))
        elif self.account_key:
            raise ImproperlyConfigured(
                "account_key (AZURE_ACCOUNT_KEY) is given without account_name "
                "(AZURE_ACCOUNT_NAME), which it belongs to."
            )
        if self.connection_string:
            for name, value in named(self.connection_string).items():
                with suppress(AttributeError):  # a subclass's property stays
                    setattr(self, name, value)
        if self.custom_domain and "//" in self.custom_domain:
            raise ImproperlyConfigured(
                f"custom_domain (AZURE_CUSTOM_DOMAIN) is {self.custom_domain!r}: give a host, "
                "without a scheme, which is that of the account."
            )

    def _take_custom(self) -> None:
        """The connection string for links is the storage's, too, if nothing else is given."""
        if self.custom_connection_string:
            parse(self, "custom_connection_string")
            given = (self.connection_string, self.emulated_mode, self.account_name)
            if not any(given) and not (self.account_key or self.sas_token or self.token_credential):
                self.connection_string = self.custom_connection_string

    def _refuse_clashes(self, account: Account) -> None:
        if account.token is None:
            return
        if not hasattr(account.token, "get_token"):
            raise ImproperlyConfigured(
                "token_credential (AZURE_TOKEN_CREDENTIAL) has no get_token(): give an object of "
                "azure-identity, such as DefaultAzureCredential()."
            )
        if not account.url.startswith("https:"):
            raise ImproperlyConfigured(
                "token_credential (AZURE_TOKEN_CREDENTIAL) needs HTTPS, but azure_ssl (AZURE_SSL) "
                "is False."
            )

    # -- checks

    def _check(self, alias: str) -> list[CheckMessage]:
        where, messages = f"STORAGES[{alias!r}]", list[CheckMessage]()
        if not (self.connection_string or self.emulated_mode or self.account_name):
            messages.append(
                Error(
                    f"{where}: {type(self).__name__} has no account_name.",
                    hint="Give 'account_name' or 'connection_string' in OPTIONS, or set "
                    "AZURE_ACCOUNT_NAME or AZURE_CONNECTION_STRING.",
                    id="storages.E003",
                )
            )
        if self.api_version:
            messages.append(
                Warning(
                    f"{where}: 'api_version' is deprecated.",
                    hint="Use 'client_options' instead: {'api_version': ...}.",
                    id="storages.W005",
                )
            )
        return messages

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        where = f"STORAGES[{alias!r}]"
        if self.emulated_mode and not self.connection_string:
            return [
                Warning(
                    f"{where}: files go to an emulator on this machine.",
                    hint="See the option emulated_mode.",
                    id="storages.W008",
                )
            ]
        if not (self.connection_string or self.account_name):
            return []
        url = urlsplit(resolve(self).url)
        if url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1"):
            return []
        return [
            Warning(
                f"{where}: files travel without encryption.",
                hint="See the options azure_ssl and connection_string.",
                id="storages.W007",
            )
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return azure_cures.cure(self, step, error) or super()._cure(step, error)

    def _link_trust(self) -> bool | str | None:
        trust: bool | str | None = (self.client_options or {}).get("connection_verify")
        return None if self.custom_domain else trust

    def _place(self) -> tuple[Any, ...] | None:
        if not self.azure_container or not (
            self.connection_string or self.emulated_mode or self.account_name
        ):
            return None
        return ("azure", resolve(self).url, self.azure_container)

    def _hosts(self) -> list[str | None]:
        if self._place() is None:
            return [self.custom_domain]
        return [self.custom_domain, self._links_account().url]

    # -- clients

    @property
    def azure_protocol(self) -> str:
        """What azure_ssl says: "https" or "http"."""
        return "https" if self.azure_ssl else "http"

    def _links_account(self) -> Account:
        """The account as links see it: the same, unless custom_connection_string is set."""
        if not self.custom_connection_string:
            return resolve(self)
        custom = parse(self, "custom_connection_string")
        return custom if custom.key or custom.sas else replace(resolve(self), url=custom.url)

    @property
    def _connection(self) -> Connection:
        found: Connection = clients.of(self, self._connection_key, self._connect)
        return found

    def _connect(self) -> Connection:
        connection: Connection = with_azure("azure_client").Connection(self)
        return connection

    def _connection_key(self) -> clients.ClientKey:
        """What makes two storages' clients different; objects count by identity."""
        return clients.ClientKey(
            ("azure", *(_frozen(getattr(self, name)) for name in CONNECTION_OPTIONS))
        )

    @property
    def service_client(self) -> Any:
        """The SDK's BlobServiceClient, shared by all threads and by storages of equal options."""
        return self._connection.service

    @property
    def client(self) -> Any:
        """The SDK's ContainerClient of the container, shared likewise."""
        return self._connection.container(self._container())

    def _container(self) -> str:
        return self.azure_container or str(self._require("azure_container"))


def _frozen(value: Any) -> Any:
    """Something hashable that is equal where the option's value is."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return value
