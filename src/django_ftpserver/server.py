"""The server as it is configured, and what runs it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import dataclass, field, fields
from typing import Any
from weakref import WeakKeyDictionary

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer, ThreadedFTPServer

from django_ftpserver import signals
from django_ftpserver.conf import get_ftp_setting
from django_ftpserver.impersonation import Impersonation
from django_ftpserver.utils import make_server, parse_ports

logger = logging.getLogger("django_ftpserver")

PAUSE = 0.2
"""Seconds after which the next client is accepted when one could not be."""

GLANCE = 1.0
"""Seconds after which a thread looks whether the server has stopped."""


class ThreadedServer(ThreadedFTPServer):
    """A server with a thread for each client: a slow storage makes nobody else wait.

    All that belongs to a client happens in its thread, receivers of signals included; then its
    database connections are closed.
    """

    def __init__(
        self, address_or_socket: Any, handler: type, ioloop: Any = None, backlog: int = 100
    ) -> None:
        # pyftpdlib's are shared by all servers of a process, which could not end one by one.
        self._lock = threading.Lock()
        self._exit = threading.Event()
        self._active_tasks: list[threading.Thread] = []
        self._addresses: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()
        super().__init__(address_or_socket, handler, ioloop or IOLoop(), backlog)

    def handle_accepted(self, sock: socket.socket, addr: tuple[Any, ...]) -> None:
        thread = threading.Thread(
            target=self._serve, args=(sock, addr), name=f"ftp {addr[0]}", daemon=True
        )
        with self._lock:
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                sock.close()
                raise
            self._addresses[thread] = addr[0]
            self._active_tasks.append(thread)

    def handle_error(self) -> None:
        """Go on: who cannot be accepted, for lack of descriptors or threads, may be later."""
        logger.exception("An FTP client could not be accepted.")
        time.sleep(PAUSE)

    def close_all(self) -> None:
        """Stop accepting at once, and wait for all clients together; what they send is dropped."""
        self._active_tasks_idler.cancel()
        self._exit.set()
        FTPServer.close_all(self)
        until = time.monotonic() + self.join_timeout
        for thread in self._alive():
            thread.join(max(0.0, until - time.monotonic()))

    def _serve(self, sock: socket.socket, addr: tuple[Any, ...]) -> None:
        try:
            with self.ioloop.factory() as ioloop:
                self._greet(self.handler(sock, self, ioloop=ioloop), addr[0])
                self._loop(ioloop)
        except Exception:
            logger.exception("The FTP client %s could not be served.", addr[0])
        finally:
            sock.close()  # which nobody has who could not even be greeted
            connections.close_all()

    def _greet(self, handler: Any, ip: str) -> None:
        if not handler.connected:
            return
        # pyftpdlib counts addresses by what handlers tell; one that breaks at once tells nothing.
        addresses = [self._addresses[each] for each in self._alive()]
        if self.max_cons and len(addresses) > self.max_cons:
            handler.handle_max_cons()
        elif self.max_cons_per_ip and addresses.count(ip) > self.max_cons_per_ip:
            handler.handle_max_cons_per_ip()
        else:
            handler.handle()

    def _alive(self) -> list[threading.Thread]:
        with self._lock:
            self._active_tasks = [each for each in self._active_tasks if each.is_alive()]
            return list(self._active_tasks)

    def _accept_new_cons(self) -> bool:
        """Data connections need no thread: only clients are counted."""
        return True

    def _loop(self, ioloop: Any) -> None:
        while not self._exit.is_set():
            soonest = ioloop.sched.poll()
            if ioloop.socket_map:
                ioloop.poll(GLANCE if soonest is None else min(soonest, GLANCE))
                continue
            ioloop.sched.reheapify()  # forget what was cancelled
            if (soonest := ioloop.sched.poll()) is None:
                return
            time.sleep(min(soonest, GLANCE))  # a wrong password is answered later


@dataclass
class FTPServerConfig:
    """What a server is made of. What is None comes from the settings; a class may be a path."""

    host: str
    port: int
    timeout: float | None = None
    passive_ports: list[int] | str | None = None
    masquerade_address: str | None = None
    file_access_user: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    sendfile: bool | None = None
    server_class: Any = None
    handler_class: Any = None
    authorizer_class: Any = None
    filesystem_class: Any = None
    handler_options: dict[str, Any] = field(default_factory=dict)
    max_connections: int | None = None
    max_connections_per_ip: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) is None:
                setattr(self, each.name, self._setting(each.name))
        if isinstance(self.passive_ports, str):
            self.passive_ports = parse_ports(self.passive_ports)
        if self.server_class is None:
            # Where a process has one user for its files, two clients must not take turns.
            alone = self.file_access_user and not Impersonation.is_per_thread
            self.server_class = FTPServer if alone else ThreadedServer

    def _setting(self, name: str) -> Any:
        if name == "handler_class":
            name = "tlshandler" if self.certfile else "handler"
        return get_ftp_setting(f"FTPSERVER_{name.removesuffix('_class').upper()}")


class FTPServerRunner:
    """Makes the server, runs it until it is interrupted, and says so by signals."""

    def __init__(self, config: FTPServerConfig) -> None:
        self.config = config
        self._server: Any = None

    def create_server(self) -> FTPServer:
        """The server, which listens from now on; OSError if it cannot."""
        config = self.config
        if config.keyfile and not config.certfile:
            raise ImproperlyConfigured("There is a key file, but no certificate: set both.")
        self._server = make_server(
            server_class=config.server_class,
            handler_class=config.handler_class,
            authorizer_class=config.authorizer_class,
            filesystem_class=config.filesystem_class,
            host_port=(config.host, config.port),
            file_access_user=config.file_access_user,
            timeout=config.timeout,
            passive_ports=config.passive_ports,
            masquerade_address=config.masquerade_address,
            certfile=config.certfile,
            keyfile=config.keyfile,
            use_sendfile=config.sendfile,
            **config.handler_options,
        )
        self._server.max_cons = config.max_connections
        self._server.max_cons_per_ip = config.max_connections_per_ip
        return self._server

    @property
    def server(self) -> Any:
        return self._server

    def run(self, sender: Any = None) -> None:
        """Serve until Ctrl-C or SystemExit; `sender` is that of the signals."""
        server = self._server or self.create_server()
        host, port = server.address
        about = {"sender": sender, "server": server, "host": host, "port": port}
        signals.ftp_server_started.send_robust(**about)
        try:
            server.serve_forever()
        finally:
            signals.ftp_server_stopped.send_robust(**about)
