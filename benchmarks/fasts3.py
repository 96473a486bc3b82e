"""A small, fast S3 in memory, for measuring clients rather than servers.

One uvloop event loop, path-style addressing, no authentication. It knows what boto3, rclone and
other clients ask of objects, ranges, listings, multi-delete, copies and multipart uploads, and
takes aws-chunked bodies. A measurement steers it over HTTP on either port:

    POST /_ctl?latency_ms=20&rtt_ms=0&conn_mb_s=0   turn the knobs; one not named goes to 0
    POST /_ctl/reset[?data=1]                       zero the counters (and drop all objects)
    GET  /_ctl/stats                                {"ops": {"PutObject": 3}, "requests": 3, ...}
    POST /_ctl/fill?bucket=b&prefix=p/&count=1000&size=100    make objects quickly

latency_ms   the service's own time, added once to each response
rtt_ms       the network's: once per response, once per "100 Continue", and twice more on a fresh
             connection (the TCP and TLS handshakes)
conn_mb_s    what one connection can carry, in MB/s; 0 is unlimited

    python fasts3.py [--port 9000] [--tls-port 9443 --cert cert.pem --key key.pem]

It prints one line once it listens: {"port": 9000, "tls_port": 9443}. Port 0 takes a free one.
"""

import argparse
import asyncio
import functools
import json
import ssl

from fasts3_http import Connection
from fasts3_store import Store


async def serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    factory = functools.partial(Connection, Store(), loop)
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-port", type=int, default=0)
    parser.add_argument("--cert", help="also serve HTTPS, with this certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        parser.exit(1, "fasts3 needs uvloop: pip install uvloop\n")
    uvloop.run(serve(options))


if __name__ == "__main__":
    main()
