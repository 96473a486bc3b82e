"""Serves OpenStack Swift on a free port of 127.0.0.1, and prints where.

Its proxy, its account, container and object server run in one process, with one copy of
everything. Accounts and containers are databases in the working directory; objects are in memory.
"""

import logging
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import eventlet
from eventlet import wsgi

eventlet.monkey_patch()

from swift.account.server import AccountController  # noqa: E402 - sockets are patched first
from swift.common import utils  # noqa: E402 - sockets are patched first
from swift.common.ring import RingBuilder  # noqa: E402 - sockets are patched first
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # noqa: E402 - sockets are patched first
from swift.container.server import ContainerController  # noqa: E402 - sockets are patched first
from swift.obj.mem_server import ObjectController  # noqa: E402 - sockets are patched first

HOST = "127.0.0.1"
PATIENCE = "30"  # seconds; a machine with two cores may be busy
Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Cache:
    """What Swift asks of memcached: a dictionary with an end for each of its values."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, Any]] = {}

    def get(self, key: str, **_: Any) -> Any:
        end, value = self._values.get(key, (0, None))
        return value if end > time.time() else None

    def set(self, key: str, value: Any, time: float = 0, **_: Any) -> None:
        self._values[key] = (_end(time), value)

    def incr(self, key: str, delta: int = 1, time: float = 0, **_: Any) -> int:
        value = max(0, int(self.get(key) or 0) + delta)
        self._values[key] = (_end(time), value)
        return value

    def decr(self, key: str, delta: int = 1, time: float = 0, **_: Any) -> int:
        return self.incr(key, -delta, time)

    def delete(self, key: str, *_: Any) -> None:
        self._values.pop(key, None)


def _end(seconds: float) -> float:
    return time.time() + seconds if seconds else float("inf")


def cache_factory(_: dict[str, str], **__: str) -> Callable[[Application], Application]:
    """The filter that gives every request the same cache; no memcached has to run."""
    cache = Cache()

    def add_to(application: Application) -> Application:
        def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            environ["swift.cache"] = cache
            return application(environ, start_response)

        return serve

    return add_to


def log_here(*arguments: Any) -> None:
    """Log to our own output and not to the system's."""
    logger: logging.Logger = arguments[-2]
    logger.handlers[:] = [logging.StreamHandler(sys.stderr)]


def serve(application: Application) -> tuple[int, Any]:
    """The port, and the thread that serves there."""
    listener = eventlet.listen((HOST, 0))
    # Nagle's algorithm and delayed acknowledgements would cost 40 ms a request.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    thread = eventlet.spawn(
        wsgi.server,
        listener,
        application,
        logging.getLogger("access"),
        protocol=SwiftHttpProtocol,
        log_output=False,
    )
    port: int = listener.getsockname()[1]
    return port, thread


def make_ring(name: str, port: int) -> None:
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    device = {"region": 1, "zone": 1, "ip": HOST, "port": port, "device": "sda", "weight": 1.0}
    builder.add_dev(device)
    builder.rebalance()
    builder.get_ring().save(f"{name}.ring.gz")


def main() -> None:
    here = Path.cwd()
    (here / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = storehouse\n")
    utils.set_swift_dir(str(here))
    (here / "sda").mkdir(exist_ok=True)
    settings = {
        "devices": str(here),
        "mount_check": "false",
        "swift_dir": str(here),
        "log_custom_handlers": "__main__.log_here",
        "container_update_timeout": PATIENCE,
        "conn_timeout": PATIENCE,
    }
    storing = (AccountController, ContainerController, ObjectController)
    for name, controller in zip(("account", "container", "object"), storing, strict=True):
        make_ring(name, serve(controller(settings))[0])
    shutil.copy(Path(__file__).with_name("swift_proxy.conf"), here)
    port, thread = serve(loadapp(str(here / "swift_proxy.conf"), {"swift_dir": str(here)}))
    print(f"http://{HOST}:{port}", flush=True)
    thread.wait()


if __name__ == "__main__":
    main()
