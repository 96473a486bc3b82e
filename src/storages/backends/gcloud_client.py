"""The client of Google Cloud Storage: one per configuration, and the requests that it sends."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud.storage import Client, __version__
from google.oauth2 import service_account

from storages.backends.gcloud_errors import (
    AUTH,
    Patience,
    Task,
    bare,
    no_credentials,
    parsed,
    refusal,
    translated,
)
from storages.backends.gcloud_session import Session
from storages.backends.gcloud_signing import Signers

if TYPE_CHECKING:
    from storages.backends.gcloud_options import GCSOptions

TIMEOUT = 60
"""Seconds to wait for a connection, and for each piece of an answer, as the SDK does."""

USER_AGENT = f"django-storehouse gcloud-python/{__version__} python/{platform.python_version()}"


def connect(storage: GCSOptions) -> Connection:
    """The connection of a storage; over the client of a subclass that has its own."""
    if storage._has_own_client():
        own = storage.client
        return Connection(own, session=own._http)  # and whatever is special about its session
    credentials = load_credentials(storage.credentials)
    if credentials is None and (storage.api_endpoint or "").startswith("http://"):
        credentials = AnonymousCredentials()  # a token is not for every ear
    options = {"api_endpoint": storage.api_endpoint} if storage.api_endpoint else None
    try:
        client = Client(storage.project_id, credentials, client_options=options)
    except AUTH as error:
        raise no_credentials(error) from bare(error)
    return Connection(client)


def load_credentials(given: Any) -> Credentials | None:
    """Credentials as they were given, or those of a service account's JSON file."""
    if not isinstance(given, str | PathLike):
        return cast("Credentials | None", given)
    try:
        found = service_account.Credentials.from_service_account_file(fspath(given))
        return cast("Credentials", found)
    except OSError as error:
        problem = error.strerror or "it cannot be read"
    except (ValueError, AttributeError, TypeError):  # which may tell what is in the file
        problem = "it is not the JSON file of a service account's key"
    where = "credentials (GS_CREDENTIALS)"
    raise ImproperlyConfigured(f"{where} names {fspath(given)!r}: {problem}.")


class Connection:
    """A client and the session for our requests, shared by all threads.

    They have the client's address and credentials, but go past its objects: those cost twice the
    request, ask the service for more than is needed, and neither tell what a failed batch did nor
    give an upload up for good.
    """

    def __init__(self, client: Client, *, session: Any = None) -> None:
        self.client = client
        # The SDK documents no way to the credentials and certificates that its client found.
        if session is None:
            session = client._http if client._http.is_mtls else Session(client._credentials)
        self.session = session
        self.base = client.api_endpoint.rstrip("/")
        if not self.base.startswith(("http://", "https://")):
            raise ImproperlyConfigured(
                f"The address of Google Cloud Storage, by STORAGE_EMULATOR_HOST or the client, is "
                f"{self.base!r}: it needs its scheme, such as http://."
            )
        self.emulated = not (urlsplit(self.base).hostname or "").endswith(
            f".{client.universe_domain}"
        )
        """Whether this is none of Google's own services."""
        self.signers = Signers(client._credentials)

    def object_url(self, bucket: str, key: str, kind: str = "") -> str:
        """The address of an object; `kind` is "/download" for its content."""
        return f"{self.base}{kind}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(key, safe='')}"

    def bucket_url(self, bucket: str, kind: str = "") -> str:
        """The address of all objects; `kind` is "/upload" to make one."""
        return f"{self.base}{kind}/storage/v1/b/{quote(bucket, safe='')}/o"

    def send(
        self,
        method: str,
        url: str,
        task: Task,
        *,
        good: tuple[int, ...] = (200,),
        patience: Patience | None = None,
        **asked: Any,
    ) -> Any:
        """The answer, whose status is `good`; a request without one is sent again and again.

        All that the storage sends can be: what it does twice is as if it were done once, and where
        it must not be, a generation in `params` sees to it.
        """
        patience = patience or Patience()
        while True:
            with translated(task, self.base, patience):
                answer = self.request(method, url, **asked)
                if answer.status_code in good:
                    return answer
                raise refusal(answer, task)

    def json(self, answer: Any, task: Task, *needed: str) -> dict[str, Any]:
        """What an answer says, the `needed` fields included; OSError if it is not the service's."""
        return parsed(answer, task, self.base, *needed)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> Any:
        """The answer to one request, whatever its status."""
        return self.session.request(
            method,
            url,
            params=params,
            data=data,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            timeout=TIMEOUT,
            stream=stream,
            allow_redirects=False,
        )
