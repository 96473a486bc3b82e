"""The storage account behind the options, and the credential for it; all without the SDK."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from storages.backends.azure_options import AzureOptions

# What every emulator answers to, and no account of anyone's:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
EMULATOR = "http://127.0.0.1:10000"
EMULATOR_NAME = "devstoreaccount1"
EMULATOR_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
SUFFIX = "core.windows.net"
"""The domain of Azure's public cloud."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account: its endpoint, without a slash at the end, and at most one credential."""

    name: str
    url: str
    key: str | None = field(default=None, repr=False)
    sas: Any = field(default=None, repr=False)
    """A shared access signature, or an object that has it as `signature`."""
    token: Any = field(default=None, repr=False)
    """A credential that has `get_token`."""

    @property
    def signature(self) -> str:
        """The shared access signature as part of a query, without the question mark."""
        return str(getattr(self.sas, "signature", self.sas) or "").removeprefix("?")

    def reaches(self, origin: Account) -> bool:
        """Whether requests of this credential may copy what is of `origin`, the same account.

        A signature goes with the address of what is copied, so it may be another one.
        """
        ours, theirs = (self.key, self.token), (origin.key, origin.token)
        return self.url == origin.url and (bool(origin.signature) or ours == theirs)

    def decoded_key(self) -> bytes:
        return base64.b64decode(self.key or "")


# Errors are raised where no variable holds a secret: a debug page shows the variables.


def resolve(storage: AzureOptions) -> Account:
    """The account of a storage, by the first credential that it has.

    In this order: connection string, account key, token credential, SAS token, none.
    """
    if storage.connection_string:
        return parse(storage, "connection_string")
    if storage.emulated_mode:
        name = storage.account_name or EMULATOR_NAME
        url = f"{EMULATOR}/{name}"
        if not storage.account_key and not storage.sas_token:
            return Account(name, url, key=EMULATOR_KEY)
        return _checked(_account(name, url, storage.account_key, storage.sas_token))
    if not storage.account_name:
        raise ImproperlyConfigured(
            f"{type(storage).__name__} needs 'account_name' or 'connection_string': give one of "
            "them in OPTIONS, or set AZURE_ACCOUNT_NAME or AZURE_CONNECTION_STRING."
        )
    scheme = "https" if storage.azure_ssl else "http"
    url = f"{scheme}://{storage.account_name}.blob.{storage.endpoint_suffix}"
    given = (storage.account_key, storage.sas_token, storage.token_credential)
    return _checked(_account(storage.account_name, url, *given))


def parse(storage: AzureOptions, option: str) -> Account:
    """The account that the connection string in `option` names; ImproperlyConfigured."""
    found = _parse(getattr(storage, option))
    if isinstance(found, str):
        raise ImproperlyConfigured(
            f"{option} (AZURE_{option.upper()}) is malformed: {found}. It is made of "
            "`Name=value`, joined by semicolons, as the Azure portal shows it."
        )
    return _checked(found)


def named(text: str) -> dict[str, str]:
    """The options that a connection string, known to be well-formed, gives by their names."""
    values = _values(text)
    given = {"account_name": "accountname", "account_key": "accountkey"}
    return {name: values[each] for name, each in given.items() if values.get(each)}


def _checked(account: Account) -> Account:
    if account.key and not _is_key(account.key):
        raise ImproperlyConfigured(
            "The account key (account_key, AZURE_ACCOUNT_KEY, or AccountKey in the connection "
            "string) is not the base64 text that the Azure portal shows."
        )
    return account


def _is_key(key: str) -> bool:
    try:
        return bool(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        return False


def _account(name: str, url: str, key: str | None, sas: Any, token: Any = None) -> Account:
    if key:
        return Account(name, url, key=key)
    if token is not None:
        return Account(name, url, token=token)
    return Account(name, url, sas=sas or None)


def _parse(text: str) -> Account | str:
    """The account that a connection string names, or what is wrong with it.

    https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    """
    values = _values(text)
    if None in values.values():
        return "one of its parts has no equals sign"
    if values.get("usedevelopmentstorage", "").lower() == "true":
        host = urlsplit(values.get("developmentstorageproxyuri") or EMULATOR)
        url = f"{host.scheme}://{host.hostname}:{host.port or 10000}/{EMULATOR_NAME}"
        return Account(EMULATOR_NAME, url, key=EMULATOR_KEY)
    name, key = values.get("accountname"), values.get("accountkey")
    endpoint = values.get("blobendpoint") or _default_endpoint(values)
    if not endpoint:
        return "it has neither AccountName nor BlobEndpoint"
    found = urlsplit(endpoint)
    if found.scheme not in ("http", "https") or not found.netloc:
        return "its endpoint is not an address that begins with http:// or https://"
    if key and not name:
        return "it has an AccountKey, but no AccountName"
    url = f"{found.scheme}://{found.netloc}{found.path}".rstrip("/")
    sas = values.get("sharedaccesssignature") or found.query
    return _account(name or _name_in(url), url, key, sas)


def _values(text: str) -> dict[str, Any]:
    """The parts of a connection string by their names in lower case; None without equals sign."""
    parts = [part.partition("=") for part in str(text).strip().split(";") if part]
    return {
        name.strip().lower(): value.strip() if equals else None for name, equals, value in parts
    }


def _default_endpoint(values: dict[str, Any]) -> str | None:
    """As the SDK makes it, for which the protocol counts only beside a suffix."""
    if not (name := values.get("accountname")):
        return None
    suffix = values.get("endpointsuffix")
    scheme = values.get("defaultendpointsprotocol") if suffix else None
    return f"{scheme or 'https'}://{name}.blob.{suffix or SUFFIX}"


def _name_in(endpoint: str) -> str:
    """The account's name in an endpoint: the first part of the path, or else of the host."""
    parts = urlsplit(endpoint)
    return parts.path.strip("/").partition("/")[0] or (parts.hostname or "").partition(".")[0]
