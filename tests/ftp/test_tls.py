"""FTP over TLS: who is trusted, and what is protected."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.ftp import FTPStorage, FTPStorageException
from storages.testing.conformance.suite import noise
from tests.ftp.test_strange import serve
from tests.servers import FtpdTls, FtpFaultProxy, FtpServer, VsftpdTls
from tests.servers.certificates import certify

KiB = 1024


def works(storage: FTPStorage) -> None:
    content = noise(700 * KiB)
    storage.save("a.bin", ContentFile(content))
    storage.save("empty.txt", ContentFile(b""))
    assert storage.open("a.bin").read() == content
    assert storage.size("empty.txt") == 0
    assert sorted(storage.listdir("")[1]) == ["a.bin", "empty.txt"]
    storage.close()


@pytest.fixture(params=["ftpd_tls", "vsftpd_tls"])
def server(request: pytest.FixtureRequest) -> FtpServer:
    server: FtpServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def directory(server: FtpServer) -> Any:
    with server.directory() as path:
        yield path


@pytest.mark.parametrize("scheme", ["ftps", "ftpes"])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_every_scheme_and_version(
    server: FtpServer, directory: str, scheme: str, version: str
) -> None:
    """One of the servers takes data only in the session of the control connection."""
    context = ssl.create_default_context(cafile=server.ca_cert)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    options = server.options(directory, scheme=scheme, ssl_context=context)
    del options["ca_file"]
    storage = FTPStorage(**options)
    works(storage)
    storage.exists("a.bin")
    sock = storage._pool()._idle[0][1]._client._wire.sock
    assert sock.version() == version.replace("_", ".")
    storage.close()


@pytest.mark.parametrize(
    ("kind", "settings"), [(FtpdTls, {"implicit": True}), (VsftpdTls, {"implicit_ssl": "YES"})]
)
def test_implicit_tls(start: Callable[..., Any], kind: Any, settings: dict[str, Any]) -> None:
    server = start(kind, **settings)
    with server.directory() as directory:
        options = server.options(directory)
        assert options["implicit_tls"] is True
        works(FTPStorage(**options))
        wrong = FTPStorage(**(options | {"implicit_tls": False}), timeout=1)
        with pytest.raises((ConnectionError, TimeoutError), match="Connecting to"):
            wrong.exists("a.bin")


def test_tls_is_for_who_asks(ftpd: FtpServer, ftp_directory: str) -> None:
    works(FTPStorage(**ftpd.options(ftp_directory, scheme="ftps")))


def test_a_stranger_is_not_trusted(server: FtpServer, directory: str, tmp_path: Path) -> None:
    ca_file, _, _ = certify(tmp_path)
    options = server.options(directory)
    for given in ({"ca_file": str(ca_file)}, {"ca_file": None}):
        storage = FTPStorage(**(options | given))
        with pytest.raises(FTPStorageException, match=r"is not trusted.*ca_file"):
            storage.exists("a.txt")
    works(FTPStorage(**(options | {"ca_file": None, "verify": False})))


def test_the_name_must_be_the_one_in_the_certificate(
    server: FtpServer, directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = server.location(directory).replace(server.host, "files.example.com")
    known = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **more: Any) -> Any:
        return known(server.host if host == "files.example.com" else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    storage = FTPStorage(location=location, ca_file=server.ca_cert)
    with pytest.raises(FTPStorageException, match=r"files\.example\.com.*not trusted"):
        storage.exists("a.txt")
    works(FTPStorage(location=location, verify=False))


@pytest.mark.parametrize("kind", [FtpdTls, VsftpdTls])
def test_a_server_that_wants_tls(kind: Any, start: Callable[..., Any]) -> None:
    """The error says so, and does not blame the password."""
    server = start(kind)
    storage = FTPStorage(location=server.location("/", scheme="ftp"))
    with pytest.raises(PermissionError, match="ftps://"):
        storage.exists("a.txt")


def test_a_server_without_tls(vsftpd: FtpServer, vsftpd_directory: str) -> None:
    storage = FTPStorage(**vsftpd.options(vsftpd_directory, scheme="ftps", ca_file=None))
    with pytest.raises(FTPStorageException, match="TLS with 127"):
        storage.exists("a.txt")


def test_a_download_without_the_end_of_tls_is_cut(
    server: FtpServer, directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    """Where the wire ends as if the file did: nothing is taken for the whole that is not."""
    proxy = ftp_fault_proxy(server)
    storage = FTPStorage(**server.options(directory, via=proxy))
    content = noise(600 * KiB)
    storage.save("a.bin", ContentFile(content))
    entry = storage._stat(storage._key("a.bin"))
    proxy.cut(down=300 * KiB, clean=True)
    tree = storage._pool()._connect()
    incoming = tree.read(entry, 0)
    got = b""
    with pytest.raises(ConnectionError, match=r"a\.bin"):
        while chunk := incoming.read():
            got += chunk
    assert 0 < len(got) < len(content)
    assert content.startswith(got)
    tree.abandon()
    storage.close()


def test_a_server_that_leaves_out_the_end_of_tls(tmp_path: Path) -> None:
    """All bytes came, and its reply says so: that will do. In a listing, nobody knows."""
    _, certificate, key = certify(tmp_path)
    ca_file = tmp_path / "authority.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    content = {"RETR": b"content", "MLSD": b"type=file;size=7; a.txt\r\n"}
    facts = "250-facts\r\n type=file;size=7;modify=20240101000000; /a.txt\r\n250 end"
    with serve({"MLST": facts}, content, context) as script:
        storage = FTPStorage(location=script.location("ftps"), ca_file=str(ca_file))
        tree = storage._pool()._connect()
        incoming = tree.read(tree.stat("a.txt"), 0)
        assert incoming.read() == b"content"
        assert incoming.read() == b""
        with pytest.raises(ConnectionError):
            tree.list("")
        tree.abandon()
