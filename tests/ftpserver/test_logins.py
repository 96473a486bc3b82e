"""Many logins from one address at once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend

from .conftest import PASSWORD

PATIENCE = 60
"""Seconds after which something hangs."""


class Waiting(ModelBackend):
    """Checks passwords once the test says that everybody has sent one."""

    may_go = threading.Event()

    def authenticate(self, *args: Any, **more: Any) -> Any:
        assert self.may_go.wait(PATIENCE)
        return super().authenticate(*args, **more)


@pytest.mark.parametrize(
    ("password", "answers"),
    [
        (PASSWORD, {"230 Welcome.": 12}),
        ("wrong", {"530 Authentication failed.": 3, "530 Too many failed logins;": 9}),
    ],
)
def test_logins_at_once(serve: Any, settings: Any, password: str, answers: dict[str, int]) -> None:
    """Guesses do not get through by being many, and who knows the password only waits."""
    settings.FTPSERVER_MAX_LOGIN_FAILURES = 3
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Waiting"]
    Waiting.may_go.clear()
    serving = serve(handler_options={"auth_failed_timeout": 0})
    clients = [serving.connect() for _ in range(12)]
    for client in clients:
        client.sendcmd("USER ann")
        client.putcmd(f"PASS {password}")
    Waiting.may_go.set()
    found = []
    for client in clients:
        client.sock.settimeout(PATIENCE)
        found.append(client.getmultiline().replace(" try again later.", ""))
    assert Counter(found) == answers
