"""Dropbox: the fake of the tests, and what lies in its account, seen by the official SDK."""

import contextlib
import datetime

import requests
from dropbox.exceptions import DropboxException
from dropbox.files import FileMetadata, WriteMode
from scenarios.steps import (
    API_HOST,
    APP_KEY,
    APP_SECRET,
    CA_FILE,
    EXPIRED_TOKEN,
    REFRESH_TOKEN,
    TOKEN,
)
from tests.servers import Dropbox as Server

from services.bodies import plain

PAGE = 10  # entries of a listing, for one that has more than one page


@contextlib.contextmanager
def running():
    with Server() as server, server.client() as client:
        yield Dropbox(server, client)


class Dropbox:
    """The whole account. A key that ends with a slash is a folder."""

    errors = (DropboxException, requests.RequestException)

    def __init__(self, server, client):
        expired = server.token()
        server.expire(expired)
        self.places = {
            API_HOST: "{}:{}".format(*server.address),
            CA_FILE: server.ca_file,
            TOKEN: server.access_token,
            EXPIRED_TOKEN: expired,
            REFRESH_TOKEN: server.refresh_token,
            APP_KEY: server.app_key,
            APP_SECRET: server.app_secret,
        }
        self._server, self._client = server, client
        server.settings(page=PAGE)

    def reset(self):
        """An empty account, whatever was in it."""
        self._server.forget_sessions()
        while entries := self._client.files_list_folder("").entries:
            for entry in entries:
                self._client.files_delete_v2(entry.path_lower)

    def put(self, key, body):
        path = f"/{key}"
        if key.endswith("/"):
            self._client.files_create_folder_v2(path.rstrip("/"))
        else:
            self._client.files_upload(body, path, mode=WriteMode.overwrite)

    def keys(self):
        return sorted(self._entries())

    def unfinished(self):
        """The bytes in each upload session that was begun and not finished."""
        return sorted(self._server.sessions.values())

    def modified(self, key):
        found = self._client.files_get_metadata(f"/{key}")
        return found.server_modified.replace(tzinfo=datetime.UTC)

    def look(self, key):
        """What can be compared of a file: its content; a folder has nothing."""
        if key.endswith("/"):
            return {}
        found, answer = self._client.files_download(f"/{key}")
        with contextlib.closing(answer):
            return {"body": plain(answer.content, None), "hash": found.content_hash}

    def _entries(self):
        page = self._client.files_list_folder("", recursive=True)
        while True:
            for entry in page.entries:
                slash = "" if isinstance(entry, FileMetadata) else "/"
                yield f"{entry.path_display[1:]}{slash}"
            if not page.has_more:
                return
            page = self._client.files_list_folder_continue(page.cursor)
