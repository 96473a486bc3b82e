"""A proxy of HTTPS for whom every host is one port of this machine: for links on the internet."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

from .wire import HOST


@contextlib.contextmanager
def connect_proxy(port: int) -> Iterator[str]:
    """The address of a running proxy, as the variable HTTPS_PROXY takes it."""
    with _Proxy((HOST, 0), _Tunnel) as proxy:
        proxy.upstream = port
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{HOST}:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()
            thread.join()


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    upstream = 0


class _Tunnel(socketserver.StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        while self.rfile.readline().strip():  # CONNECT host:443, and headers
            pass
        with socket.create_connection((HOST, self.server.upstream)) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
            back.start()
            _pump(self.connection, upstream)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
