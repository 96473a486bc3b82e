"""Serves the fake of Google Cloud Storage on a free port of 127.0.0.1, and prints where.

    python -m tests.servers.gcs_main service-account.json

The file is written: the key of an invented service account, as Google's console gives it out.
"""

import sys
from pathlib import Path

from .gcs_http import Gcs
from .gcs_signing import ServiceAccount
from .wire import WireServer


def main(file: str) -> None:
    account = ServiceAccount.invent()
    server = WireServer(Gcs(account).handle)
    url = f"http://127.0.0.1:{server.port}"
    account.save(Path(file), f"{url}/token")
    print(url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
