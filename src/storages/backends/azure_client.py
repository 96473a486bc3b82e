"""The Azure clients: one per configuration, what carries their requests, and delegation keys."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    UserDelegationKey,
    generate_blob_sas,
)
from django.core.exceptions import ImproperlyConfigured
from requests.utils import get_environ_proxies

from storages.backends.azure_account import Account, resolve
from storages.backends.azure_errors import translated
from storages.counting import request_sent
from storages.transfer import WORKERS, KiB, MiB

if TYPE_CHECKING:
    from storages.backends.azure_options import AzureOptions

SAS = (generate_blob_sas, BlobSasPermissions.from_string, UserDelegationKey)
"""What of the SDK signs links."""

POOL = 2 * WORKERS
"""Connections that are kept open: the shared threads' and as many of the project's own."""

SEND_BLOCK = 128 * KiB
"""Bytes that are given to a socket at a time."""

RECEIVED_BLOCK = 256 * KiB
"""Bytes that are taken from a socket at a time."""

SLOWEST_ANSWER = 60
"""Seconds to wait for an answer, if `timeout` is not longer."""

MAX_PUT = 5000 * MiB
"""Bytes that one Put Blob takes.

https://learn.microsoft.com/rest/api/storageservices/put-blob#remarks
"""

RETRIES = {
    "initial_backoff": 0.2,
    "increment_base": 1.5,
    "random_jitter_range": 0.5,
    "retry_total": 3,
}
"""When the SDK tries again: about 8 seconds in all, rather than its own 100."""

# https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
LONGEST_KEY = 7 * 24 * 3600
"""Seconds that a user delegation key is valid at most, and so what it signs."""
DAY = 24 * 3600
SKEW = 300
"""Seconds that our clock may be ahead of the service's: so much earlier a key begins."""
ROUNDED = 3600
"""Seconds by which a link for about seven days may be cut short, to need no key of its own."""


class Delegation(NamedTuple):
    """A user delegation key, and until when (seconds since the epoch) it is valid."""

    key: Any
    expires: int


class Transport(RequestsTransport):  # type: ignore[misc]  # the SDK tells its types only to some
    """The SDK's own, with a connection for each thread; it counts the requests.

    Proxies and authorities of the environment are looked up once rather than for each request,
    where that takes a tenth of the time; ~/.netrc has no say.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(**options)
        self._url = url

    def send(self, *args: Any, **more: Any) -> Any:
        request_sent()
        return super().send(*args, **more)

    def _init_session(self, session: requests.Session) -> None:
        super()._init_session(session)
        for scheme in ("http://", "https://"):
            adapter: Any = session.get_adapter(scheme)
            adapter.init_poolmanager(POOL, POOL, blocksize=SEND_BLOCK)
        if session.trust_env:
            session.trust_env = False
            session.proxies.update(get_environ_proxies(self._url))
            bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            if self.connection_config.verify is True and bundle:
                self.connection_config.verify = bundle


class Connection:
    """A service client, shared by all threads, and what is made of it when needed."""

    def __init__(self, storage: AzureOptions) -> None:
        self.account = resolve(storage)
        self._containers: dict[str, Any] = {}
        self._delegation: Delegation | None = None
        self._lock = threading.Lock()
        arguments = _arguments(storage)
        if "transport" not in arguments:
            arguments["transport"] = Transport(self.account.url, **arguments)
            arguments["transport"].open()  # here, rather than by several threads at once
        try:
            self.service = BlobServiceClient(
                self.account.url, credential=_credential(self.account), **arguments
            )
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(
                f"The SDK refuses the options of {type(storage).__name__}: {error}"
            ) from error

    def container(self, name: str) -> Any:
        """The client of a container."""
        found = self._containers.get(name)
        if found is None:
            found = self._containers[name] = self.service.get_container_client(name)
        return found

    def delegation(self, expires: int) -> Delegation:
        """A user delegation key that is valid until `expires`, asked for only if none is at hand.

        One within an hour of seven days may end a little earlier.
        """
        found = self._delegation
        if found is None or not _covers(found, expires):
            with self._lock:
                found = self._delegation
                if found is None or not _covers(found, expires):
                    found = self._delegation = self._ask_for_key(expires)
        return found

    def _ask_for_key(self, expires: int) -> Delegation:
        now = int(time.time())
        asked = expires - now
        if asked > LONGEST_KEY:
            raise ValueError(
                "A link that is signed under a token credential is valid for 7 days at most, but "
                f"{asked} seconds were asked for (expire, AZURE_URL_EXPIRATION_SECS)."
            )
        until = now + min(LONGEST_KEY - SKEW, asked + max(asked, DAY))
        with translated(self.account.name, "a user delegation key", "sign"):
            key = self.service.get_user_delegation_key(_utc(now - SKEW), _utc(until))
        return Delegation(key, until)


def _covers(delegation: Delegation, expires: int) -> bool:
    """Whether a key is valid until `expires`, or is as good as a new one."""
    now = time.time()
    if delegation.expires <= now:
        return False
    return expires <= delegation.expires or (
        expires - now <= LONGEST_KEY and delegation.expires - now > LONGEST_KEY - ROUNDED
    )


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _credential(account: Account) -> Any:
    if account.key:
        return {"account_name": account.name, "account_key": account.key}
    if account.token is not None:
        return account.token
    if account.sas is not None and not hasattr(account.sas, "signature"):
        # As text, so that the clients' addresses have it; they would read a plus as a space.
        return account.signature.replace("+", "%2B")
    return account.sas


def _arguments(storage: AzureOptions) -> dict[str, Any]:
    """The keyword arguments of the service client: ours, and over them what the user gave."""
    timeout = storage.timeout or SLOWEST_ANSWER
    arguments: dict[str, Any] = {
        **RETRIES,
        "connection_timeout": timeout,
        "read_timeout": max(timeout, SLOWEST_ANSWER),
        "connection_data_block_size": RECEIVED_BLOCK,
        # What the core hands over as one part is sent by one request.
        "max_single_put_size": MAX_PUT,
    }
    if storage.api_version:
        arguments["api_version"] = storage.api_version
    return arguments | dict(storage.client_options or {})
