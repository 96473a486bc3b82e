"""Fixtures of the servers with directories, of Swift, and of the proxies before any server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from . import (
    Dropbox,
    FaultProxy,
    Ftpd,
    FtpdTls,
    FtpFaultProxy,
    FtpServer,
    RcloneSftp,
    Server,
    SftpServer,
    Sshd,
    Swift,
    Vsftpd,
    VsftpdTls,
)
from .running import running

S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    with running(Sshd) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_sftp() -> Iterator[RcloneSftp]:
    with running(RcloneSftp) as server:
        yield server


@pytest.fixture(scope="session")
def ftpd() -> Iterator[Ftpd]:
    with running(Ftpd) as server:
        yield server


@pytest.fixture(scope="session")
def ftpd_tls() -> Iterator[FtpdTls]:
    with running(FtpdTls) as server:
        yield server


@pytest.fixture(scope="session")
def vsftpd() -> Iterator[Vsftpd]:
    with running(Vsftpd) as server:
        yield server


@pytest.fixture(scope="session")
def vsftpd_tls() -> Iterator[VsftpdTls]:
    with running(VsftpdTls) as server:
        yield server


@pytest.fixture(params=["sshd", "rclone_sftp"])
def sftp_server(request: pytest.FixtureRequest) -> SftpServer:
    server: SftpServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(
    params=[
        "ftpd",
        pytest.param("ftpd_tls", marks=pytest.mark.variant),
        pytest.param("vsftpd", marks=pytest.mark.variant),
        "vsftpd_tls",
    ]
)
def ftp_server(request: pytest.FixtureRequest) -> FtpServer:
    server: FtpServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def sftp_directory(sshd: Sshd) -> Iterator[str]:
    with sshd.directory() as path:
        yield path


@pytest.fixture
def rclone_sftp_directory(rclone_sftp: RcloneSftp) -> Iterator[str]:
    with rclone_sftp.directory() as path:
        yield path


@pytest.fixture
def sftp_server_directory(sftp_server: SftpServer) -> Iterator[str]:
    with sftp_server.directory() as path:
        yield path


@pytest.fixture
def ftp_directory(ftpd: Ftpd) -> Iterator[str]:
    with ftpd.directory() as path:
        yield path


@pytest.fixture
def ftpd_tls_directory(ftpd_tls: FtpdTls) -> Iterator[str]:
    with ftpd_tls.directory() as path:
        yield path


@pytest.fixture
def vsftpd_directory(vsftpd: Vsftpd) -> Iterator[str]:
    with vsftpd.directory() as path:
        yield path


@pytest.fixture
def vsftpd_tls_directory(vsftpd_tls: VsftpdTls) -> Iterator[str]:
    with vsftpd_tls.directory() as path:
        yield path


@pytest.fixture
def ftp_server_directory(ftp_server: FtpServer) -> Iterator[str]:
    with ftp_server.directory() as path:
        yield path


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    with running(Swift) as server:
        yield server


@pytest.fixture
def swift_container(swift: Swift) -> str:
    return swift.lasting_container()  # to empty and to delete it takes as long as most tests


@pytest.fixture(scope="session")
def dropbox_server() -> Iterator[Dropbox]:
    with running(Dropbox) as server:
        yield server


@pytest.fixture
def dropbox_root(dropbox_server: Dropbox) -> Iterator[str]:
    with dropbox_server.root() as path:
        yield path


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:

        def start_it(server: type[S], *settings: Any, **more: Any) -> S:
            return stack.enter_context(running(server, *settings, **more))

        yield start_it


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def fault_proxy() -> Iterator[Callable[..., FaultProxy]]:
    with ExitStack() as stack:

        def start(
            upstream: Server | tuple[str, int], *, rtt: float = 0.0, http: bool = True
        ) -> FaultProxy:
            address = upstream.address if isinstance(upstream, Server) else upstream
            return stack.enter_context(FaultProxy(address, rtt=rtt, http=http))

        yield start


@pytest.fixture
def ftp_fault_proxy() -> Iterator[Callable[..., FtpFaultProxy]]:
    with ExitStack() as stack:

        def start(server: FtpServer, *, rtt: float = 0.0) -> FtpFaultProxy:
            return stack.enter_context(FtpFaultProxy(server, rtt=rtt))

        yield start
