"""What fails on the way to Dropbox, as builtin errors that name the file and tell no token."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from dropbox.exceptions import (
    AuthError,
    BadInputError,
    DropboxException,
    HttpError,
    InternalServerError,
    PathRootError,
)
from dropbox.stone_validators import ValidationError
from urllib3.exceptions import HTTPError as TransportError
from urllib3.util.ssl_match_hostname import CertificateError

from storages.backends.dropbox_errors import (
    NEEDED,
    DropboxAuthError,
    DropboxConnectionError,
    DropboxHttpError,
    DropboxTimeoutError,
    DropboxUnavailableError,
    Task,
    told,
)
from storages.backends.dropbox_exceptions import DropboxStorageException

UNSENT = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
"""What is raised before anything is sent, with the header or address in its text."""


def failure(error: Exception, task: Task) -> OSError:
    """The builtin that one of the SDK's errors, or of those below it, stands for."""
    if isinstance(error, AuthError):
        return _auth(error, task)
    if isinstance(error, BadInputError):
        return _bad_input(error, task)
    if isinstance(error, PathRootError):
        text = "the account has no such namespace (namespace, DROPBOX_NAMESPACE)"
        return told(DropboxAuthError, errno.EACCES, f"Cannot {task}: {text}.", status_code=422)
    if isinstance(error, HttpError):
        down = isinstance(error, InternalServerError)
        kind = DropboxUnavailableError if down else DropboxHttpError
        text = f"Cannot {task}: Dropbox answers {error.status_code}."
        return kind(text, error.status_code)
    if isinstance(error, requests.exceptions.RequestException | TransportError):
        return _transport(error, task)
    return DropboxStorageException(
        f"Cannot {task}: what answers is not Dropbox, or not as the SDK knows it."
    )


def _transport(error: Exception, task: Task) -> OSError:
    if isinstance(error, UNSENT):
        return DropboxStorageException(
            f"Cannot {task}: what is to be sent is no request of HTTP: look at the tokens, and at "
            "'headers' and 'session' in client_options."
        )
    if is_untrusted(error):
        return DropboxStorageException(
            f"No trusted connection to Dropbox: {_root_of(error)}. For a certificate authority of "
            "your own, set REQUESTS_CA_BUNDLE."
        )
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
        return DropboxTimeoutError(f"Cannot {task}: Dropbox did not answer in time.")
    return DropboxConnectionError(
        f"Cannot {task}: the connection to Dropbox broke: {_root_of(error)}."
    )


UNTRUSTED = (ssl.SSLCertVerificationError, CertificateError)


def is_untrusted(error: BaseException) -> bool:
    """Whether the certificate is not good; other failures of TLS are broken connections."""
    return any(isinstance(each, UNTRUSTED) for each in _chain(error))


NOT_OURS = (ValidationError, AssertionError, KeyError, TypeError, ValueError, AttributeError)
"""What the SDK raises where an answer is not one of Dropbox."""

FAILURES = (
    DropboxException,
    requests.exceptions.RequestException,
    TransportError,
    *NOT_OURS,
)
"""What `failure` is for."""


@contextmanager
def reading(task: Task) -> Iterator[None]:
    """Raise builtin errors while the body of an answer is read."""
    try:
        yield
    except (requests.exceptions.RequestException, TransportError) as error:
        raise failure(error, task) from bare(error)


def _auth(error: AuthError, task: Task) -> OSError:
    found = error.error
    tag = str(getattr(found, "_tag", "") or "")
    if tag == "expired_access_token":
        text = (
            "the access token has expired. Give a refresh token, which does not: "
            "oauth2_refresh_token, app_key and app_secret (DROPBOX_OAUTH2_REFRESH_TOKEN, "
            "DROPBOX_APP_KEY, DROPBOX_APP_SECRET)"
        )
    elif tag == "invalid_access_token":
        text = (
            "the access token is none, or was revoked: make a new one, or let the user allow the "
            "app again (oauth2_access_token, DROPBOX_OAUTH2_TOKEN)"
        )
    elif tag == "missing_scope":
        scope = getattr(found.get_missing_scope(), "required_scope", None)
        text = (
            f"the app lacks the permission {scope or NEEDED.get(task.doing, 'it needs')}: allow it "
            "in the App Console, and make new tokens"
        )
    elif tag in ("invalid_select_user", "invalid_select_admin"):
        text = "the team has no such member (team_member_id, DROPBOX_TEAM_MEMBER_ID)"
    elif tag == "user_suspended":
        text = "the account is suspended"
    else:
        text = f"Dropbox refuses the token ({tag or 'no reason given'})"
    return told(
        DropboxAuthError, errno.EACCES, f"Cannot {task}: {text}.", status_code=401, error=found
    )


def refresh_failure(error: AuthError | BadInputError, task: Task) -> OSError:
    """What it means that Dropbox gives no access token for a refresh token."""
    if isinstance(error, AuthError):
        text = (
            "the refresh token was revoked, or is not one of this app_key: let the user allow the "
            "app again (oauth2_refresh_token, DROPBOX_OAUTH2_REFRESH_TOKEN)"
        )
    else:
        text = (
            "Dropbox gives no access token for app_key and app_secret (DROPBOX_APP_KEY, "
            "DROPBOX_APP_SECRET): they are not those of the app, or one of them is missing"
        )
    return told(DropboxAuthError, errno.EACCES, f"Cannot {task}: {text}.", status_code=400)


def _bad_input(error: BadInputError, task: Task) -> OSError:
    text = str(error.message).strip()
    kind: type[DropboxHttpError] = DropboxHttpError
    number = errno.EINVAL
    if any(word in text for word in ("access token", "Authorization", "OAuth")):
        kind, number = DropboxAuthError, errno.EACCES
        if "team" in text:
            text = "the token is that of a whole team: set team_member_id (DROPBOX_TEAM_MEMBER_ID)"
        else:
            text = "the access token is malformed (oauth2_access_token, DROPBOX_OAUTH2_TOKEN)"
    return told(kind, number, f"Cannot {task}: {text.rstrip('.')}.", status_code=400)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of, the innermost last."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _may_tell(error: BaseException) -> bool:
    """Whether its text may have a token in it: that of a bad header, or of an odd answer."""
    return isinstance(error, ValueError) and not isinstance(error, UNTRUSTED)


def _root_of(error: BaseException) -> str:
    """The innermost reason, which has no address in it."""
    *_, root = _chain(error)
    text = "" if _may_tell(root) else str(root)
    return (text.splitlines() or [""])[0].rstrip(".") or type(root).__name__


def bare(error: BaseException) -> BaseException:
    """An error, and what it came of, without the frames and requests that have a token in them."""
    for cause in _chain(error):
        cause.__traceback__ = None
        for name in ("request", "response"):
            if getattr(cause, name, None) is not None:
                setattr(cause, name, None)
        if _may_tell(cause):
            cause.args = ("not shown, as there may be a token in it",)
            for name in ("object", "doc"):
                if (value := getattr(cause, name, None)) is not None:
                    setattr(cause, name, type(value)())
    return error
