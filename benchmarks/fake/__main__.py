"""Runs one of the stores until it is terminated."""

import argparse
import asyncio
import functools
import importlib
import json
import ssl

from fake.http import Connection
from fake.messages import Dialect
from fake.store import Store

DIALECTS = ("s3", "gcs", "azure")


async def serve(options: argparse.Namespace, dialect: Dialect) -> None:
    loop = asyncio.get_running_loop()
    factory = functools.partial(Connection, dialect, Store(), loop)
    servers = {"port": await loop.create_server(factory, "127.0.0.1", options.port, backlog=512)}
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        servers["tls_port"] = await loop.create_server(
            factory, "127.0.0.1", options.tls_port, ssl=context, backlog=512
        )
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers.values()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fake", description=__doc__)
    parser.add_argument("dialect", choices=DIALECTS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-port", type=int, default=0)
    parser.add_argument("--cert", help="also serve HTTPS, with this certificate")
    parser.add_argument("--key")
    parser.add_argument("--warm", type=int, default=0, help="bytes of memory to have at hand")
    options = parser.parse_args()
    # Fresh memory costs more than a body's way through it; malloc() has to be told to keep it.
    bytearray(options.warm)
    try:
        import uvloop

        dialect: Dialect = importlib.import_module(f"fake.{options.dialect}").DIALECT
    except ImportError as problem:
        parser.exit(1, f"{problem}; pip install uvloop google-crc32c\n")
    uvloop.run(serve(options, dialect))


if __name__ == "__main__":
    main()
