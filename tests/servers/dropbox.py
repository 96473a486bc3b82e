"""Dropbox, imitated: there is no emulator of it. What it does is what the API reference says."""

import contextlib
import http.client
import json
import re
import secrets
import ssl
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import HOST, ROOT, Server, installed
from .dropbox_account import (
    APP_KEY,
    APP_SECRET,
    HOME,
    MEMBER,
    PKCE_REFRESH_TOKEN,
    REFRESH_TOKEN,
    SHARED,
)
from .dropbox_account import ROOT as TEAM_ROOT
from .dropbox_faults import Seen

if TYPE_CHECKING:
    import dropbox
    import requests

NAMES = ("api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com")
LINKS = "*.dl.dropboxusercontent.com"


class Dropbox(Server):
    """One account; a folder of it is some test's own, its faults and settings are a session's.

    The names that Dropbox has on the internet lead here in the sessions that `session` gives. Not
    here are shared links and folders, listings of what was deleted, notifications, and the place
    that the home namespace has in the one of the team.
    """

    name = "dropbox_server"
    announcement = re.compile(rf"https://{re.escape(HOST)}:(\d+)")
    app_key, app_secret = APP_KEY, APP_SECRET
    refresh_token, pkce_refresh_token = REFRESH_TOKEN, PKCE_REFRESH_TOKEN
    home_namespace, root_namespace, shared_namespace = HOME, TEAM_ROOT, SHARED
    member = MEMBER

    @classmethod
    def missing(cls) -> str | None:
        if not installed("dropbox"):
            return "dropbox is not installed: pip install django-storehouse[dropbox]"
        return None if installed("cryptography") else "cryptography is not installed"

    def command(self) -> list[str | Path]:
        from .certificates import certify

        _, certificate, key = certify(self.folder, *NAMES, LINKS)
        return [sys.executable, "-m", "tests.servers.dropbox_main", certificate, key]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    @property
    def ca_file(self) -> str:
        return str(self.folder / "authority.pem")

    @property
    def env(self) -> dict[str, str]:
        """Variables with which the SDK of another process comes here."""
        return self.env_through(None)

    def env_through(self, via: Any) -> dict[str, str]:
        place = f"{HOST}:{(via or self).port}"
        hosts = ("DROPBOX_API_HOST", "DROPBOX_API_CONTENT_HOST", "DROPBOX_API_NOTIFY_HOST")
        return {**dict.fromkeys(hosts, place), "REQUESTS_CA_BUNDLE": self.ca_file}

    @cached_property
    def access_token(self) -> str:
        """The token of `options` and `client`, with which everything may be done."""
        return self.token()

    def session(self, via: Any = None) -> "requests.Session":
        """A session that leads here, through a proxy of TCP where one is given; can be pickled."""
        from .dropbox_transport import local_session

        return local_session((via or self).port, self.ca_file)

    def options(self, root: str, *, via: Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage below this path."""
        return {
            "oauth2_access_token": self.access_token,
            "root_path": root,
            "client_options": {"session": self.session(via)},
            **more,
        }

    def client(self, via: Any = None, **more: Any) -> "dropbox.Dropbox":
        """A client without Django, to see and to do what a storage cannot; to be closed."""
        import dropbox

        settings = {"oauth2_access_token": self.access_token, "session": self.session(via), **more}
        return dropbox.Dropbox(**settings)

    def get(self, url: str, **headers: str) -> "requests.Response":
        """What a browser gets from a link."""
        with self.session() as session:
            return session.get(url, headers=headers)

    @contextlib.contextmanager
    def root(self) -> Iterator[str]:
        """The path of a new folder, in each namespace; afterwards nothing of it is left.

        Nor are faults, settings and sessions.
        """
        path = f"/Root-{secrets.token_hex(6)}"
        self._control("make", path=path)
        try:
            yield path
        finally:
            self._control("tidy", path=path)

    # What it is told.

    def fail(self, route: str | None = None, **fault: Any) -> None:
        """The next calls of a route (`files/upload`) fail, as a `dropbox_faults.Fault` says.

        Until `work()`, or the end of any root.
        """
        self._control("fail", route=route, **fault)

    def work(self) -> None:
        """Fail no more, and have space."""
        self._control("work")

    def settings(self, **wanted: Any) -> None:
        """Until the end of any root, of these:

        `asks` answers that a job is in progress; `page` entries, where nobody says how many, after
        `hollow` pages of none; `largest` request and `quota` in bytes; `root` namespace;
        `lifetime` of new access tokens in seconds.
        """
        self._control("settings", **wanted)

    def reset(self) -> None:
        """Forget everything but the tokens."""
        self._control("reset")

    @property
    def calls(self) -> list[Seen]:
        """What was asked so far, but by `_control`."""
        return [Seen(**seen) for seen in self._control("log")["seen"]]

    @contextlib.contextmanager
    def counting(self) -> Iterator[list[Seen]]:
        """The calls meanwhile, filled in at the end."""
        before = self._control("log", since=1 << 62)["count"]
        seen: list[Seen] = []
        yield seen
        seen += (Seen(**one) for one in self._control("log", since=before)["seen"])

    def clear_calls(self) -> None:
        self._control("forget_log")

    def token(self, *, scopes: list[str] | None = None, team: bool = False) -> str:
        token: str = self._control("token", scopes=scopes, team=team)
        return token

    def expire(self, token: str | None = None) -> None:
        """This access token, or all of them."""
        self._control("expire", token=token)
        if token in (None, self.__dict__.get("access_token")):
            self.__dict__.pop("access_token", None)

    def revoke(self, token: str) -> None:
        """An access token, for ever, or a refresh token, until `restore`."""
        self._control("revoke", token=token)
        if token == self.__dict__.get("access_token"):
            del self.__dict__["access_token"]

    def restore(self, refresh_token: str) -> None:
        self._control("restore", token=refresh_token)

    def expire_links(self) -> None:
        self._control("expire_links")

    def forget_cursors(self) -> None:
        """Every cursor of a listing is answered by `reset`."""
        self._control("forget_cursors")

    @property
    def sessions(self) -> dict[str, int]:
        """The bytes in each upload session that was begun and not finished."""
        sessions: dict[str, int] = self._control("sessions")
        return sessions

    def forget_sessions(self) -> None:
        """As after a week."""
        self._control("forget_sessions")

    def _control(self, what: str, **wanted: Any) -> Any:
        tls = ssl.create_default_context(cafile=self.ca_file)
        connection = http.client.HTTPSConnection(*self.address, context=tls)
        with contextlib.closing(connection):
            connection.request("POST", f"/_control/{what}", json.dumps(wanted))
            return json.loads(connection.getresponse().read())["result"]
