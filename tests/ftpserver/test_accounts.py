"""Accounts: who may log in, where their homes are, and what they are allowed a minute later."""

from __future__ import annotations

import ftplib
import io
import logging
import os
import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pyftpdlib.exceptions import AuthenticationFailed, AuthorizerError

from django_ftpserver import authorizers
from django_ftpserver.authorizers import FTPAccountAuthorizer
from django_ftpserver.models import FTPUserAccount, FTPUserGroup
from django_ftpserver.throttle import LoginThrottle
from storages.testing import MemoryStorage
from tests.ftpserver.conftest import PASSWORD


class Client:
    """What an authorizer sees of a client."""

    def __init__(self, remote_ip: str = "192.0.2.1") -> None:
        self.remote_ip = remote_ip


def log_in(authorizer: Any, name: str = "ann", password: str = PASSWORD, **more: Any) -> None:
    authorizer.validate_authentication(name, password, Client(**more))


# -- models


def test_homes(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/homes/server")
    ann = account(home_dir=None)
    assert ann.get_home_dir() == "/srv/homes/ann"
    ann.group.home_dir = "/group/{username}"
    assert ann.get_home_dir() == "/group/ann"
    ann.home_dir = "/own"
    assert ann.get_home_dir() == "/own"
    assert (str(ann), str(ann.group), ann.get_username()) == ("ann", "group of ann", "ann")
    assert ann.get_perms() == "elradfmw"
    assert ann.has_perm("e", "/own")
    assert not ann.has_perm("T", "/own")
    at = timezone.now()
    ann.update_last_login(at)
    assert FTPUserAccount.objects.get().last_login == at


def test_what_means_nothing_is_refused(account: Any) -> None:
    ann = account()
    ann.group.permission = "elxy"
    with pytest.raises(ValidationError, match="'xy' is no permission"):
        ann.group.full_clean()
    for wrong in ("/home/{user}", "/home/{", "/home/{}", "/home/{username.x}"):
        ann.home_dir = wrong
        with pytest.raises(ValidationError, match=r"only '\{username\}'"):
            ann.full_clean()


# -- login


def test_who_may_log_in(account: Any) -> None:
    ann = account()
    User.objects.create_user("no-account", password=PASSWORD)
    authorizer = FTPAccountAuthorizer()
    log_in(authorizer)
    assert authorizer.has_user("ann")
    assert not authorizer.has_user("no-account")
    texts = set()
    for name, password in (
        ("ann", "wrong"),
        ("ann", ""),
        ("no-account", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ):
        with pytest.raises(AuthenticationFailed) as caught:
            log_in(authorizer, name, password)
        texts.add(str(caught.value))
    assert texts == {"Authentication failed."}  # nobody learns which of the two was wrong
    ann.user.is_active = False
    ann.user.save()
    with pytest.raises(AuthenticationFailed):
        log_in(authorizer)


def test_the_last_login_is_noted(account: Any) -> None:
    account()
    before = timezone.now()
    log_in(FTPAccountAuthorizer())
    assert FTPUserAccount.objects.get().last_login >= before


@pytest.mark.parametrize("name", ["..", "."])
def test_names_that_lead_elsewhere(account: Any, name: str, caplog: Any) -> None:
    """Django allows them as usernames."""
    account(name, home_dir=None)
    authorizer = FTPAccountAuthorizer()
    with pytest.raises(AuthorizerError, match="no home directory"):
        log_in(authorizer, name)
    assert repr(name) in caplog.text
    FTPUserAccount.objects.update(home_dir="/home/{username}/files")
    with pytest.raises(AuthorizerError):
        log_in(authorizer, name)


def test_the_default_home_is_never_the_root(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account(home_dir=None)
    authorizer = FTPAccountAuthorizer()
    log_in(authorizer)
    for home in ("/root", "/", "/nonexistent", "", "x"):
        monkeypatch.setenv("HOME", home)
        found = authorizer.get_home_dir("ann")
        assert os.path.basename(found) == "ann", home


def test_a_home_with_wrong_braces(account: Any, caplog: Any) -> None:
    account(home_dir="/home/{user}")
    with pytest.raises(AuthorizerError, match="not well configured"):
        log_in(FTPAccountAuthorizer())
    assert "braces" in caplog.text


def test_a_database_that_fails_is_told(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("the database has gone away, and its password is secret")

    serving = serve(handler_options={"auth_failed_timeout": 0})
    monkeypatch.setattr(authorizers, "authenticate", fail)
    with pytest.raises(ftplib.error_perm, match=r"^530 Logging in is not possible now"):
        serving.client()


def test_an_idle_client_keeps_no_database_connection(serve: Any) -> None:
    """With CONN_MAX_AGE 0, as everywhere in Django."""
    client = serve(MemoryStorage()).client()
    client.nlst()
    path = connection.settings_dict["NAME"]
    descriptors = [
        os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")
    ]
    own = 1 if connection.connection is not None else 0
    assert descriptors.count(os.path.realpath(path)) == own


# -- permissions


def test_no_command_costs_a_query(account: Any) -> None:
    account()
    authorizer = FTPAccountAuthorizer()
    log_in(authorizer)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _ in range(100):
            assert authorizer.has_perm("ann", "w", "/home/ann/x")
            assert authorizer.get_perms("ann") == "elradfmw"
            assert authorizer.get_home_dir("ann") == "/home/ann"
            assert authorizer.has_user("ann")
    assert len(queries) == 0


def test_a_permission_is_lost_within_a_minute(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account()
    authorizer = FTPAccountAuthorizer()
    log_in(authorizer)
    FTPUserGroup.objects.update(permission="el")
    assert authorizer.has_perm("ann", "w")
    now = time.monotonic()
    monkeypatch.setattr(authorizers.time, "monotonic", lambda: now + authorizers.KNOWN_FOR + 1)
    assert not authorizer.has_perm("ann", "w")
    assert authorizer.has_perm("ann", "l")
    FTPUserAccount.objects.all().delete()
    assert authorizer.has_perm("ann", "l")
    monkeypatch.setattr(authorizers.time, "monotonic", lambda: now + 2 * authorizers.KNOWN_FOR + 2)
    assert not authorizer.has_perm("ann", "l")
    assert authorizer.get_perms("ann") == ""


def test_a_subclass_may_decide_by_the_path(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def has_perm(self: Any, perm: str, path: Any) -> bool:
        return perm != "w" or "inbox" in path

    monkeypatch.setattr(FTPUserAccount, "has_perm", has_perm)
    client = serve(MemoryStorage()).client()
    client.storbinary("STOR inbox/a", io.BytesIO(b"a"))
    with pytest.raises(ftplib.error_perm, match="privileges"):
        client.storbinary("STOR a", io.BytesIO(b"a"))


# -- throttling


def test_who_guesses_has_to_wait(account: Any, settings: Any, caplog: Any) -> None:
    settings.FTPSERVER_MAX_LOGIN_FAILURES, settings.FTPSERVER_LOGIN_FAILURE_PERIOD = 3, 60
    account()
    authorizer = FTPAccountAuthorizer()
    for _ in range(5):
        log_in(authorizer)  # what succeeds does not count
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="Authentication failed"):
            log_in(authorizer, password="wrong")
    many = pytest.raises(AuthenticationFailed, match="Too many failed logins; try again later")
    with CaptureQueriesContext(connection) as queries, many:
        log_in(authorizer)  # not even with the right one
    assert len(queries) == 0
    assert "192.0.2.1" in caplog.text
    log_in(authorizer, remote_ip="192.0.2.2")


def test_failures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = LoginThrottle(2, 60)
    now = 1000.0
    monkeypatch.setattr("django_ftpserver.throttle.time.monotonic", lambda: now)
    assert [throttle.try_it("a") for _ in range(3)] == [1000.0, 1000.0, None]
    now = 1059.0
    assert throttle.try_it("a") is None
    now = 1061.0
    assert throttle.try_it("a") == now


def test_tries_at_once_are_counted_before_they_end() -> None:
    throttle = LoginThrottle(10, 60)
    allowed = []
    threads = [
        threading.Thread(target=lambda: allowed.append(throttle.try_it("192.0.2.1")))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None for each in allowed) == 10


def test_an_ipv6_network_is_one_address() -> None:
    throttle = LoginThrottle(1, 60)
    assert throttle.try_it("2001:db8:1:2::1") is not None
    assert throttle.try_it("2001:db8:1:2:ffff::9") is None
    assert throttle.try_it("2001:db8:1:3::1") is not None
    assert throttle.try_it("::ffff:192.0.2.1") is not None
    assert throttle.try_it("192.0.2.1") is None
    unlimited = LoginThrottle(0, 60)
    assert all(unlimited.try_it("a") is not None for _ in range(100))


def test_three_failures_end_a_session(serve: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    serving = serve(handler_options={"auth_failed_timeout": 0})
    client = serving.connect()
    for _ in range(2):
        with pytest.raises(ftplib.error_perm, match=r"^530 Authentication failed\.$"):
            client.login("ann", "wrong")
    with pytest.raises(ftplib.error_perm, match=r"^530 Authentication failed\. Disconnecting\.$"):
        client.login("ann", "wrong")
    with pytest.raises((EOFError, ConnectionError)):
        client.sendcmd("NOOP")
