"""What carries the requests to Dropbox."""

from __future__ import annotations

import os
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from storages.transfer import KiB

HOSTS = 4
"""Hosts that connections are kept to; there are two, and one for signing in."""

SEND_BLOCK = 128 * KiB
"""Bytes that are given to a socket at a time."""


class Adapter(HTTPAdapter):
    """Sends large bodies in large pieces."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, blocksize=SEND_BLOCK, **options)


def make_session(address: str, connections: int, ca_certs: str | None) -> requests.Session:
    """A session whose connections stay open.

    Proxies and authorities of the environment are looked up once rather than for each request;
    ~/.netrc has no say, whose passwords would take the place of the token.
    """
    session = requests.Session()
    session.mount("https://", Adapter(pool_connections=HOSTS, pool_maxsize=connections))
    session.trust_env = False
    session.proxies.update(get_environ_proxies(address))
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    session.verify = ca_certs or bundle or True
    return session
