"""Who may log in and do what, by Django's users and their FTP accounts."""

from __future__ import annotations

import logging
import posixpath
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, close_old_connections
from pyftpdlib.exceptions import AuthenticationFailed, AuthorizerError

from django_ftpserver.conf import get_ftp_setting
from django_ftpserver.impersonation import Impersonation
from django_ftpserver.models import FTPUserAccount
from django_ftpserver.throttle import LoginThrottle

logger = logging.getLogger("django_ftpserver")

KNOWN_FOR = 60.0
"""Seconds for which an account is known; then its permissions are looked up again."""


@contextmanager
def _fresh_connections() -> Iterator[None]:
    """Let go of database connections that are too old, before and after: a client may be idle."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


class FTPAccountAuthorizer:
    """What pyftpdlib asks of an authorizer, answered by `FTPUserAccount`.

    An account is read when its user logs in, and once a minute while commands come: who loses a
    permission or the account loses it within a minute, and no command costs a query.
    """

    model: Any = FTPUserAccount

    def __init__(self, file_access_user: str | None = None) -> None:
        self._accounts: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._throttle = LoginThrottle(
            get_ftp_setting("FTPSERVER_MAX_LOGIN_FAILURES"),
            get_ftp_setting("FTPSERVER_LOGIN_FAILURE_PERIOD"),
        )
        self._impersonation = Impersonation(file_access_user) if file_access_user else None

    # -- accounts

    def get_account(self, username: str) -> Any:
        """The account of an active user, or None; from the database, with user and group."""
        name = f"user__{get_user_model().USERNAME_FIELD}"
        accounts = self.model.objects.select_related("user", "group")
        with _fresh_connections():
            try:
                account = accounts.get(**{name: username})
            except ObjectDoesNotExist:
                return None
        return account if account.user.is_active else None

    def _known(self, username: str) -> Any:
        """The account as it was a minute ago at most."""
        with self._lock:
            until, account = self._accounts.get(username, (0.0, None))
        if time.monotonic() < until:
            return account
        try:
            return self._remember(username, self.get_account(username))
        except DatabaseError:
            logger.exception("The FTP account of %r cannot be read.", username)
            return account  # the session goes on with what it was allowed

    def _remember(self, username: str, account: Any) -> Any:
        with self._lock:
            self._accounts[username] = (time.monotonic() + KNOWN_FOR, account)
        return account

    def has_user(self, username: str) -> bool:
        return self._known(username) is not None

    # -- login

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        """AuthenticationFailed, whatever the reason: who guesses learns nothing from it."""
        attempt = self._throttle.begin(handler.remote_ip)
        if attempt is None:
            logger.warning("Too many failed FTP logins from %s.", handler.remote_ip)
            raise AuthenticationFailed("Too many failed logins; try again later.")
        with _fresh_connections():
            try:
                account = self._checked(username, password)
                self._throttle.succeeded(handler.remote_ip, attempt)
            except AuthorizerError:  # no fault of whoever logs in
                self._throttle.succeeded(handler.remote_ip, attempt)
                raise
            finally:
                self._throttle.end(handler.remote_ip)
            try:
                account.update_last_login()
            except DatabaseError:
                logger.exception("The last FTP login of %r could not be noted.", username)

    def _checked(self, username: str, password: str) -> Any:
        """The account, if the password is right and there is a home."""
        try:
            account = self._authenticate(username, password)
        except DatabaseError:
            logger.exception("The FTP login of %r failed.", username)
            raise AuthorizerError("Logging in is not possible now.") from None
        if account is None:
            raise AuthenticationFailed("Authentication failed.")
        self.get_home_dir(username)
        return account

    def _authenticate(self, username: str, password: str) -> Any:
        """The account if the password is right, else None."""
        name = get_user_model().USERNAME_FIELD
        credentials: dict[str, Any] = {name: username, "password": password}
        user = authenticate(**credentials)
        account = self.get_account(username)
        if user is None or account is None or account.user.pk != user.pk:
            return None
        return self._remember(username, account)

    def get_msg_login(self, username: str) -> str:
        return "Welcome."

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."

    # -- home and permissions

    def get_home_dir(self, username: str) -> str:
        """Where the user's files are; AuthorizerError if the name would lead elsewhere."""
        account = self._known(username)
        if account is None:
            raise AuthorizerError("There is no such account.")
        if username in ("", ".", "..") or any(each in username for each in "/\\\0"):
            logger.error("%r cannot be the name of a home directory: no FTP for it.", username)
            raise AuthorizerError("There is no home directory of that name.")
        try:
            home: str = account.get_home_dir()
        except (AttributeError, IndexError, KeyError, ValueError) as error:
            logger.error("The home directory of %r has wrong braces: %s", username, error)
            raise AuthorizerError("The home directory is not well configured.") from None
        return posixpath.normpath(home)

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        account = self._known(username)
        return account is not None and bool(account.has_perm(perm, path))

    def get_perms(self, username: str) -> str:
        account = self._known(username)
        return "" if account is None else str(account.get_perms())

    # -- files of this machine

    def impersonate_user(self, username: str, password: str) -> None:
        if self._impersonation is not None:
            self._impersonation.begin()

    def terminate_impersonation(self, username: str) -> None:
        if self._impersonation is not None:
            self._impersonation.end()
