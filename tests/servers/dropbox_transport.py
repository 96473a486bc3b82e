"""Reaches Dropbox at its names on the internet, which are a port of this machine."""

import requests

from .local_adapter import LocalAdapter


def local_session(port: int, ca_file: str, connections: int = 32) -> requests.Session:
    """A session, for `dropbox.Dropbox` too, for which all of https is this port."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file
    session.mount("https://", LocalAdapter(port, connections))
    return session
