"""Serves the fake of Dropbox on a free port of 127.0.0.1, with TLS, and prints where.

python -m tests.servers.dropbox_main certificate.pem key.pem
"""

import ssl
import sys

from .dropbox_http import Dropbox
from .wire import WireServer


def main(certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = WireServer(Dropbox().handle, tls)
    print(f"https://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
