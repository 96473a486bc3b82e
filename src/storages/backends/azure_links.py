"""Links to blobs: plain, with the project's own signature, or signed for a while."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends.azure_account import Account
from storages.backends.azure_names import AzureNames
from storages.backends.azure_options import with_azure
from storages.signers.azure import (
    PARAMETERS,
    BlobSigner,
    Layout,
    probe,
)

LINK_OPTIONS = (
    "azure_container",
    "custom_domain",
    "custom_connection_string",
    "connection_string",
    "account_name",
    "account_key",
    "token_credential",
    "sas_token",
    "endpoint_suffix",
    "azure_ssl",
    "emulated_mode",
)
_link_options = attrgetter(*LINK_OPTIONS)


class Links(NamedTuple):
    """What all links to one container have in common."""

    options: clients.ClientKey
    account: Account
    prefix: str
    """What comes before the quoted name."""


class AzureLinks(AzureNames):
    """`url()` and what it is made of."""

    def url(
        self,
        name: str | None,
        expire: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        mode: str = "r",
    ) -> str:
        """A link to the file, which need not exist; signed if it has a time to expire.

        `expire` is in seconds, expiration_secs by default. `mode` has the letters of permissions
        that a signed link gives: r (read), w (write), d (delete) … `parameters` are those of the
        SDK's `generate_blob_sas`: content_disposition, content_type … ValueError for a link that
        the service would not honour.
        """
        key = self._key(name or "").rstrip("./")
        links = self._links()
        if expire is None:
            expire = self.expiration_secs
        if not expire:
            sas = links.account.signature
            return f"{links.prefix}{quote(key)}{'?' if sas else ''}{sas}"
        if not key:
            raise ValueError("A signed link needs the name of a file.")
        return f"{links.prefix}{quote(key)}?{self._sign(links, key, expire, parameters, mode)}"

    def _links(self) -> Links:
        options = clients.ClientKey(_link_options(self))
        found: Links | None = self.__dict__.get("_cached_links")
        if found is None or found.options != options:
            found = self.__dict__["_cached_links"] = self._make_links(options)
        return found

    def _make_links(self, options: clients.ClientKey) -> Links:
        account, container = self._links_account(), self._container()
        base = account.url
        if self.custom_domain:
            url = urlsplit(account.url)
            base = f"{url.scheme}://{self.custom_domain.rstrip('/')}{url.path}"
        return Links(options, account, f"{base}/{quote(container)}/")

    def _sign(
        self,
        links: Links,
        key: str,
        expire: float,
        parameters: Mapping[str, Any] | None,
        mode: str,
    ) -> str:
        expires, delegation = int(time.time() + expire), None
        if links.account.token is not None:
            delegation, until = self._connection.delegation(expires)
            expires = min(expires, until)
        signer = self._signer(links, delegation)
        permission = signer.layout.permission_of(mode) if signer else ""
        if signer and permission and (not parameters or _is_usual(parameters)):
            return signer.sign(key, expires, permission, parameters)
        return self._ask(links, key, expires, parameters, mode, delegation)

    def _signer(self, links: Links, delegation: Any) -> BlobSigner | None:
        """What signs by the account's key or by a user delegation key; None if only the SDK can."""
        found: tuple[Links, Any, BlobSigner | None] | None = self.__dict__.get("_cached_signer")
        if found is None or found[0] is not links or found[1] is not delegation:
            found = (links, delegation, self._make_signer(links.account, delegation))
            self.__dict__["_cached_signer"] = found
        return found[2]

    def _make_signer(self, account: Account, delegation: Any) -> BlobSigner | None:
        layout = _layout()
        if layout is None:
            return None
        if delegation is None:
            secret = account.decoded_key()
        elif layout.delegated is None or getattr(delegation, "signed_delegated_user_tid", None):
            return None  # a key for a user of another tenant, whom its links name
        else:
            secret = base64.b64decode(delegation.value)
        if not secret:
            return None
        return BlobSigner(account.name, self._container(), secret, layout, delegation)

    def _ask(
        self,
        links: Links,
        key: str,
        expires: int,
        parameters: Mapping[str, Any] | None,
        mode: str,
        delegation: Any,
    ) -> str:
        """The SDK's own signature, for what is unusual."""
        if not links.account.key and delegation is None:
            raise ImproperlyConfigured(
                "A link that expires is signed, which a SAS token and an anonymous client cannot "
                "do: give account_key, a connection string with AccountKey, or token_credential; "
                "or leave expiration_secs (AZURE_URL_EXPIRATION_SECS) unset."
            )
        generate, permissions, _ = with_azure("azure_client").SAS
        return str(
            generate(
                links.account.name,
                self._container(),
                key,
                account_key=links.account.key,
                user_delegation_key=delegation,
                permission=permissions(mode),
                expiry=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires)),
                **(parameters or {}),
            )
        )


def _is_usual(parameters: Mapping[str, Any]) -> bool:
    """Whether these are but headers of the answer, as texts."""
    return all(name in PARAMETERS and type(value) is str for name, value in parameters.items())


@cache
def _layout() -> Layout | None:
    """How the installed SDK signs, found once in a process."""
    return probe(*with_azure("azure_client").SAS)
