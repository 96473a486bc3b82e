"""The client of Dropbox: one per configuration, and the requests that it sends."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from dropbox import Dropbox
from dropbox.dropbox_client import BadInputException, RouteErrorResult
from dropbox.exceptions import (
    AuthError,
    BadInputError,
    InternalServerError,
    PathRootError,
)
from dropbox.session import API_HOST

from storages.backends.dropbox_errors import Task, refusal, tags_of
from storages.backends.dropbox_exceptions import DropboxStorageException
from storages.backends.dropbox_failures import FAILURES, bare, failure, refresh_failure
from storages.backends.dropbox_session import make_session
from storages.backends.dropbox_tries import RATE_TRIES, Tries, given_up
from storages.counting import request_sent
from storages.options import GivenOptions

if TYPE_CHECKING:
    from storages.backends.dropbox_options import DropboxOptions

STYLES = {
    "upload": ("content", "upload"),
    "upload_session/start": ("content", "upload"),
    "upload_session/append_v2": ("content", "upload"),
    "upload_session/finish": ("content", "upload"),
    "download": ("content", "download"),
}
"""Host and style of routes; of all others: the API's host, and JSON both ways."""

CREDENTIALS = {
    "oauth2_access_token": "DROPBOX_OAUTH2_TOKEN",
    "oauth2_refresh_token": "DROPBOX_OAUTH2_REFRESH_TOKEN",
    "app_key": "DROPBOX_APP_KEY",
    "app_secret": "DROPBOX_APP_SECRET",
}
"""Options that are sent, and their settings."""

PATH_ROOT = "Dropbox-API-Path-Root"
SELECT_USER = "Dropbox-API-Select-User"


class Client(Dropbox):  # type: ignore[misc]  # the SDK has no types
    """The SDK's, with a bound on how long it waits, and errors that know Retry-After."""

    def raise_dropbox_error_for_resp(self, res: Any) -> None:
        try:
            super().raise_dropbox_error_for_resp(res)
        except InternalServerError as error:
            told = str(res.headers.get("retry-after", ""))
            error.retry_after = int(told) if told.isdigit() else None
            raise


class Connection:
    """A client of the SDK, shared by all threads, and the requests that the storage sends.

    They go past the client's methods, which wait for ever, tell nobody that they tried again, let
    each thread fetch an access token of its own, and cannot ask for a range.
    """

    def __init__(self, storage: DropboxOptions) -> None:
        self._lock = threading.Lock()
        self._renewals = self._failures = 0
        self._failure: Exception | None = None  # of the last try to fetch a token
        self._refreshes = bool(storage.oauth2_refresh_token)
        self._headers: dict[str, str] = {}
        self._wants_root = False
        if storage.team_member_id:
            self._headers[SELECT_USER] = storage.team_member_id
        self._set_namespace(storage.namespace)
        options = GivenOptions(_arguments(storage))  # no traceback shows what is in them
        _check_credentials(options)
        self._headers.update(options.pop("headers", None) or {})
        self._scope = options.get("scope")
        try:
            self._client = Client(headers=self._headers, **options)
            # All threads wait for the one that fetches a token: it tries once, they try again.
            self._signer = self._client.clone(max_retries_on_error=0)
        except (TypeError, BadInputException) as error:
            raise ImproperlyConfigured(
                f"The SDK refuses the options of {type(storage).__name__}: {error}"
            ) from bare(error)

    # -- whose files they are

    def _set_namespace(self, namespace: Any) -> None:
        if namespace in (None, ""):
            return
        if namespace == "root":
            self._wants_root = True
        elif str(namespace).isdigit():
            found = {".tag": "namespace_id", "namespace_id": str(namespace)}
            self._headers[PATH_ROOT] = json.dumps(found)
        else:
            raise ImproperlyConfigured(
                f"namespace (DROPBOX_NAMESPACE) is {namespace!r}: it is None, 'root', or the "
                "number of a namespace."
            )

    def ready(self) -> Any:
        """The SDK's client, which knows the root of the team if that is asked for."""
        if self._wants_root and PATH_ROOT not in self._headers:
            self._find_root()
        return self._client

    def _find_root(self) -> None:
        task = Task("look at", "the account")
        found = self._send("users/get_current_account", None, task, Tries(), None, {})
        root = (found.get("root_info") or {}).get("root_namespace_id")
        if not root:
            raise DropboxStorageException(
                "Dropbox does not tell the root namespace of the account."
            )
        self._set_root(str(root))

    def _has_moved(self, error: PathRootError) -> bool:
        """Whether the team has another root now, which then is this connection's."""
        if not self._wants_root or not error.error or not error.error.is_invalid_root():
            return False
        self._set_root(error.error.get_invalid_root().root_namespace_id)
        return True

    def _set_root(self, root: str) -> None:
        # At no moment there is none: what is sent then would be for the user's own folder.
        self._headers[PATH_ROOT] = json.dumps({".tag": "root", "root": root})

    # -- requests

    def call(
        self,
        route: str,
        arg: Mapping[str, Any],
        task: Task,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        tries: Tries | None = None,
    ) -> Any:
        """The answer of a route of `files`, sent again where that may help.

        It is JSON, decoded; for a download with the response, which has to be closed. Raises
        builtin errors, `OSError`s of `dropbox_errors`, that name the key.
        """
        self.ready()
        tries = tries or Tries(reads=route == "download")
        try:
            return self._send(f"files/{route}", arg, task, tries, body, headers or {})
        except PathRootError as error:
            if not self._has_moved(error):
                raise failure(error, task) from bare(error)
        try:
            return self._send(f"files/{route}", arg, task, tries, body, headers or {})
        except PathRootError as error:
            raise failure(error, task) from bare(error)

    def _send(
        self,
        route: str,
        arg: Mapping[str, Any] | None,
        task: Task,
        tries: Tries,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Any:
        text = json.dumps(arg).replace("\x7f", "\\u007f")  # a header takes nothing else
        expired: int | None = None
        while True:
            if (done := tries.done()) is not None:
                return done
            before, sent = self._renewals, False
            try:
                self._refresh(expired, task)
                sent = True
                answer = self._ask(route, text, body, headers)
                found = json.loads(answer.obj_result) or {}
            except (DropboxStorageException, PathRootError):
                raise
            except FAILURES as error:
                if expired is None and self._can_renew(error):
                    expired = before
                elif not tries.failed(error, sent=sent):
                    raise given_up(error, task) from bare(error)
                continue
            if not isinstance(answer, RouteErrorResult):
                return found if answer.http_resp is None else (found, answer.http_resp)
            if not tries.refused(tags_of(found.get("error"))):
                raise refusal(task, route.partition("/")[2], found, answer.request_id)

    def _ask(self, route: str, text: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        """The SDK's answer to one attempt."""
        host, style = STYLES.get(route.partition("/")[2], ("api", "rpc"))
        client = self._client
        if headers:  # not every version of the SDK takes them otherwise
            client = client.clone(headers={**self._headers, **headers})
        request_sent()
        return client.request_json_string(host, route, style, text, "user", body)

    # -- tokens

    def _can_renew(self, error: Exception) -> bool:
        if not self._refreshes or not isinstance(error, AuthError):
            return False
        return bool(error.error and error.error.is_expired_access_token())

    def _refresh(self, expired: int | None, task: Task) -> None:
        """A new access token, if there is none, or none that is good for minutes to come.

        Or if that of so many renewals has expired, unless another thread has fetched one since.
        """
        if not self._refreshes:
            return
        failures = self._failures
        with self._lock, _refreshing(task):
            if self._failure is not None and failures != self._failures:
                raise self._failure  # of the one that this thread has waited for
            try:
                self._fetch_token(expired)
            except Exception as error:
                self._failures += 1
                self._failure = error
                raise
            self._failure = None

    def _fetch_token(self, expired: int | None) -> None:
        if expired is None:
            self._signer.check_and_refresh_access_token()
        elif expired == self._renewals:
            self._signer.refresh_access_token(scope=self._scope)
            self._renewals += 1
        for name in ("_oauth2_access_token", "_oauth2_access_token_expiration"):
            setattr(self._client, name, getattr(self._signer, name))


@contextmanager
def _refreshing(task: Task) -> Iterator[None]:
    try:
        yield
    except (AuthError, BadInputError) as error:
        raise refresh_failure(error, task) from bare(error)


def _check_credentials(options: Mapping[str, Any]) -> None:
    """ImproperlyConfigured for what cannot be sent; neither it nor its frame tells the value."""
    for name, setting in CREDENTIALS.items():
        if flaw := _flaw_of(options.get(name)):
            raise ImproperlyConfigured(f"{name} ({setting}) has {flaw}.")


def _flaw_of(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if value != value.strip():
        return "a space or a line's end at one of its ends"
    if not (value.isascii() and value.isprintable()):
        return "a character that none of them has"
    return None


def _arguments(storage: DropboxOptions) -> dict[str, Any]:
    """The keyword arguments of the SDK's client: ours, and over them what the user gave."""
    given = dict(storage.client_options or {})
    session = given.get("session")
    if session is None:
        address = f"https://{API_HOST}"
        given["session"] = make_session(address, storage.max_connections, given.get("ca_certs"))
    elif getattr(session, "_storages_pid", None) not in (None, os.getpid()):
        session.close()  # its connections are the parent's
    given["session"]._storages_pid = os.getpid()
    return {
        "oauth2_access_token": storage.oauth2_access_token,
        "oauth2_refresh_token": storage.oauth2_refresh_token,
        "app_key": storage.app_key,
        "app_secret": storage.app_secret,
        "timeout": storage.timeout,
        "max_retries_on_rate_limit": RATE_TRIES,
        **given,
    }
