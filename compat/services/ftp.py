"""FTP: pyftpdlib's server, plain and with explicit TLS, and what lies in its directory."""

import contextlib

from scenarios.steps import CA_FILE, LATIN_LOCATION, LOCATION, STRANGE_LOCATION, TLS_LOCATION
from tests.servers import Ftpd

from services.folder import Folder

ACCOUNT = {"user": "plain", "password": "plain"}


@contextlib.contextmanager
def running():
    with (
        Ftpd() as server,
        server.directory() as directory,
        Ftpd(encoding="latin-1") as latin,
        latin.directory() as elsewhere,
    ):
        places = {
            LOCATION: server.location(directory, **ACCOUNT),
            LATIN_LOCATION: latin.location(elsewhere, **ACCOUNT),
            STRANGE_LOCATION: server.location(directory),
            TLS_LOCATION: server.location(directory, scheme="ftps", **ACCOUNT),
            CA_FILE: server.ca_cert,
        }
        yield Folder(places, server.local(directory), shows_modes=False)
