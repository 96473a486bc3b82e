"""Fixtures for tests of the FTP server; it runs in threads of the test's own process.

serve(storage=None, *, tls=False, **config) -> Serving
                  a running server of that storage (a new MemoryStorage), until the test ends;
                  config is FTPServerConfig's. `.client()` is a logged-in ftplib.FTP, or FTP_TLS
account(name="ann", *, permission=..., home_dir="/home/{username}") -> FTPUserAccount
                  a user with the password PASSWORD; `serve` makes ann's, unless there is one
sent              the signals that were sent: [(name, what came with it), ...]
storages_to_serve storages by their kind: files, memory, s3, sftp (each test its own place)
"""

from __future__ import annotations

import ftplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage, Storage
from django.db import connections

from django_ftpserver import signals
from django_ftpserver.filesystems import StorageFS
from django_ftpserver.models import FTPUserAccount, FTPUserGroup
from django_ftpserver.server import FTPServerConfig, FTPServerRunner
from storages.backends.s3 import S3Storage
from storages.backends.sftpstorage import SFTPStorage
from storages.testing import MemoryStorage
from tests.servers import Moto, Sshd
from tests.servers.certificates import certify

PASSWORD = "Geheim! 100%"
KINDS = ("files", "memory", "s3", "sftp")


class Serving:
    """A server that listens on a free port, with all that a client of it needs to know."""

    def __init__(
        self, storage: Storage | None, ca_cert: Path | None, config: dict[str, Any]
    ) -> None:
        self.storage: Any = storage or MemoryStorage()
        self.ca_cert = ca_cert
        given = self.storage

        class ServedFS(StorageFS):
            storage_class = staticmethod(lambda: given)

        options = {"host": "127.0.0.1", "filesystem_class": ServedFS} | config
        self.runner = FTPServerRunner(FTPServerConfig(port=0, **options))
        self.server: Any = self.runner.create_server()
        self.host, self.port = self.server.address
        self._clients: list[ftplib.FTP] = []
        self._handlers: list[Any] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Serving:
        signals.ftp_client_connected.connect(self._note)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        for client in self._clients:
            client.close()
        self._stop.set()
        self._thread.join()
        signals.ftp_client_connected.disconnect(self._note)

    def _serve(self) -> None:
        while not self._stop.is_set():
            self.server.serve_forever(timeout=0.05, blocking=False, handle_exit=False)
        self.server.close_all()
        connections.close_all()

    def connect(self) -> ftplib.FTP:
        """A client that has not logged in yet."""
        client = ftplib.FTP(timeout=30)
        if self.ca_cert is not None:
            context = ssl.create_default_context(cafile=self.ca_cert)
            client = ftplib.FTP_TLS(timeout=30, context=context)
        self._clients.append(client)
        client.connect(self.host, self.port)
        return client

    def client(self, username: str = "ann", password: str = PASSWORD) -> ftplib.FTP:
        client = self.connect()
        client.login(username, password)
        if isinstance(client, ftplib.FTP_TLS):
            client.prot_p()
        return client

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what the server does after its answer."""
        until = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < until, "it never was so"
            time.sleep(0.005)

    def bytes_received(self) -> int:
        """Of the transfers that go on."""
        channels = [each.data_channel for each in list(self._handlers)]
        return sum(each.tot_bytes_received for each in channels if each is not None)

    def _note(self, handler: Any, **about: Any) -> None:
        if handler.server is self.server:
            self._handlers.append(handler)


@pytest.fixture
def account(transactional_db: None) -> Callable[..., FTPUserAccount]:
    def make(
        name: str = "ann",
        *,
        permission: str = "elradfmw",
        home_dir: str | None = "/home/{username}",
        group: str | None = None,
    ) -> FTPUserAccount:
        user = User.objects.create_user(name, password=PASSWORD)
        made, _ = FTPUserGroup.objects.get_or_create(
            name=group or f"group of {name}"[:30], defaults={"permission": permission}
        )
        return FTPUserAccount.objects.create(user=user, group=made, home_dir=home_dir)

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Files of the authority, the certificate and its key."""
    return certify(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def serve(
    account: Callable[..., FTPUserAccount], certificate: tuple[Path, Path, Path]
) -> Iterator[Callable[..., Serving]]:
    with ExitStack() as stack:

        def start(storage: Storage | None = None, *, tls: bool = False, **config: Any) -> Serving:
            if not FTPUserAccount.objects.exists():
                account()
            if tls:
                config |= {"certfile": str(certificate[1]), "keyfile": str(certificate[2])}
            return stack.enter_context(Serving(storage, certificate[0] if tls else None, config))

        yield start


@pytest.fixture
def sent() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    receivers = []
    for name in dir(signals):
        if name.startswith("ftp_"):

            def receive(sender: Any, name: str = name, **about: Any) -> None:
                about = {key: about[key] for key in about if key not in ("signal", "handler")}
                found.append((name, about | {"sender": sender}))

            getattr(signals, name).connect(receive)
            receivers.append((getattr(signals, name), receive))
    yield found
    for signal, receive in receivers:
        signal.disconnect(receive)


@pytest.fixture
def make_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Storage]:
    """A function of one of KINDS: a new storage of an empty place."""

    def make(kind: str) -> Storage:
        if kind == "files":
            return FileSystemStorage(tmp_path / "files")
        if kind == "memory":
            return MemoryStorage()
        if kind == "s3":
            moto: Moto = request.getfixturevalue("moto")
            return S3Storage(**moto.options(request.getfixturevalue("moto_bucket")))
        sshd: Sshd = request.getfixturevalue("sshd")
        options = sshd.options(request.getfixturevalue("sftp_directory"), base_url="/")
        return SFTPStorage(**options)

    return make


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, make_storage: Callable[[str], Storage]) -> Storage:
    """A storage of each kind in turn."""
    return make_storage(request.param)
