"""Fixtures for tests on real servers; `tests.servers` has the classes and helpers behind them.

Servers run once a session, each in a process of its own. A machine that lacks one skips its
tests and says why; with the environment variable CI set they fail instead.

    moto, rclone             the running S3 server (session): .url, .options(bucket), .client()
    s3_server                both in turn, as two tests
    gcs, gcs_emulator        Google Cloud Storage: the same, and .service_account, .fail(), ...
    azurite, azure_tls       Azure Blob Storage: .url, .options(container), .service()
    moto_bucket, rclone_bucket, s3_bucket, gcs_bucket, gcs_emulator_bucket, azure_container,
    azure_tls_container
                             name of a new bucket there, which is gone after the test
    sshd, rclone_sftp        SFTP: .options(directory), .parameters(), .known_hosts, .restart(), ...
    sftp_server              both in turn
    ftpd, ftpd_tls, vsftpd, vsftpd_tls
                             FTP, without and with explicit TLS: .options(directory), .ca_cert, ...
    ftp_server               all four in turn
    sftp_directory (of sshd), rclone_sftp_directory, ftp_directory (of ftpd), ftpd_tls_directory,
    vsftpd_directory, vsftpd_tls_directory, sftp_server_directory, ftp_server_directory
                             path of a new directory there, which is gone after the test; tests see
                             into it by server.local(path)
    dropbox_server           Dropbox (session): .options(root), .fail(), .calls, .expire(), ...
    dropbox_root             path of a new folder there, which is gone after the test
    swift, swift_container   OpenStack Swift: .options(container), .provider(container); the name of
                             a new container there, which stays until the server ends
    start(Ftpd, without=("MLSD",)) -> server
                             a server of its own, as odd as asked for, until the test ends
    tests/workers/           has fixtures of its own: Redis, workers of Celery and Django's tasks
    aliases, config          of tests/aliases.py: storages of every kind in STORAGES
    home                     Path of an empty home directory, for what looks into ~/.ssh
    google_iam               signs for gcs's service account (each test its own, in this process)
    fault_proxy(server, *, rtt=0.0, http=True) -> FaultProxy
                             a running proxy before a server or (host, port); stopped by the end
    ftp_fault_proxy(server, *, rtt=0.0) -> FtpFaultProxy
                             the same before an FTP server: .control and .data are its two halves

    def test_budget(moto, moto_bucket, fault_proxy):
        proxy = fault_proxy(moto)
        storage = S3Storage(**moto.options(moto_bucket, via=proxy))
        with count_requests(proxy) as seen:
            storage.save("a.txt", ContentFile(b"x"))
        assert seen == [f"PUT /{moto_bucket}/a.txt"]

One Python will do for the suite on one more server, for the bounds of memory and for the tests of
the servers themselves: `make test-newest` leaves out what is marked `variant`.

What a server lacks (`Moto.lacks`, `Gcs.lacks`, ...) is a strict expected failure of the test that
needs it: mark the test `@pytest.mark.needs("metadata")`, or a parameter
`pytest.param(Rclone, marks=lacking(Rclone, "metadata"))`.
"""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.servers import (
    SERVERS,
    AzureTls,
    Azurite,
    Gcs,
    GcsEmulator,
    GoogleIam,
    Moto,
    Rclone,
    S3Server,
    Server,
    lacking,
)
from tests.servers.running import running

pytest.register_assert_rewrite("tests.request_budgets")
pytest_plugins = ["pytester", "tests.servers.fixtures", "tests.aliases"]

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


SERVERS_FOLDER = Path(__file__).parent / "servers"


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background: programs that tests interrupt would not hear of it either.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "needs(*features): what the server must not lack")
    config.addinivalue_line(
        "markers", "variant: one more server, or what else one Python will do for"
    )
    _forget_the_machine()


def pytest_collection_finish() -> None:
    """The tests themselves stay to the end: no search for garbage need go through them."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == SERVERS_FOLDER:
            item.add_marker("variant")
        features = [name for mark in item.iter_markers("needs") for name in mark.args]
        for server in _servers_of(item) if features else ():
            item.add_marker(lacking(server, *features))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Only a test may fail as expected: its fixtures may not."""
    report = yield
    by_itself = call.excinfo and isinstance(call.excinfo.value, pytest.xfail.Exception)
    if call.when != "call" and hasattr(report, "wasxfail") and not by_itself:
        del report.wasxfail
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    with running(Moto) as server:
        yield server


@pytest.fixture(scope="session")
def rclone() -> Iterator[Rclone]:
    with running(Rclone) as server:
        yield server


@pytest.fixture(params=["moto", "rclone"])
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def moto_bucket(moto: Moto) -> Iterator[str]:
    with moto.bucket() as name:
        yield name


@pytest.fixture
def rclone_bucket(rclone: Rclone) -> Iterator[str]:
    with rclone.bucket() as name:
        yield name


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> Iterator[str]:
    with s3_server.bucket() as name:
        yield name


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with running(Azurite) as server:
        yield server


@pytest.fixture
def azure_container(azurite: Azurite) -> Iterator[str]:
    with azurite.container() as name:
        yield name


@pytest.fixture(scope="session")
def azure_tls() -> Iterator[AzureTls]:
    with running(AzureTls) as server:
        yield server


@pytest.fixture
def azure_tls_container(azure_tls: AzureTls) -> Iterator[str]:
    with azure_tls.container() as name:
        yield name


@pytest.fixture(scope="session")
def gcs() -> Iterator[Gcs]:
    with running(Gcs) as server:
        yield server


@pytest.fixture
def gcs_bucket(gcs: Gcs) -> Iterator[str]:
    with gcs.bucket() as name:
        yield name


@pytest.fixture
def google_iam(gcs: Gcs) -> Iterator[GoogleIam]:
    with GoogleIam(gcs.service_account) as server:
        yield server


@pytest.fixture(scope="session")
def gcs_emulator() -> Iterator[GcsEmulator]:
    with running(GcsEmulator) as server:
        yield server


@pytest.fixture
def gcs_emulator_bucket(gcs_emulator: GcsEmulator) -> Iterator[str]:
    with gcs_emulator.bucket() as name:
        yield name


def _servers_of(item: pytest.Item) -> list[type[Server]]:
    """The servers that a test runs on, by its fixtures and parameters."""
    names = set(getattr(item, "fixturenames", ()))
    if callspec := getattr(item, "callspec", None):
        names |= {value for value in callspec.params.values() if isinstance(value, str)}
    return [SERVERS[name] for name in sorted(names & SERVERS.keys())]


FORGOTTEN = (
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "DROPBOX_",
    "GCE_",
    "GCLOUD_",
    "GOOGLE_",
    "LIBCLOUD_",
    "STORAGE_EMULATOR_HOST",
)
NOWHERE = "127.0.0.1:9"  # a port on which nobody listens


def _forget_the_machine() -> None:
    """No key, profile or proxy of whoever runs the tests may reach a test, nor a test them.

    Nor may a test reach the internet: to the SDKs it lies behind a proxy that is not there.
    """
    for name in [name for name in os.environ if name.startswith(FORGOTTEN)]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CLOUDSDK_CONFIG": os.devnull,
        "GCE_METADATA_HOST": NOWHERE,
        "GCE_METADATA_IP": NOWHERE,
        "NO_GCE_CHECK": "true",
    }
    for name, value in {
        "HTTP_PROXY": f"http://{NOWHERE}",
        "HTTPS_PROXY": f"http://{NOWHERE}",
        "NO_PROXY": "127.0.0.1,localhost,.localhost",
    }.items():
        os.environ |= {name: value, name.lower(): value}
    for name in ("ALL_PROXY", "all_proxy", "SSH_AUTH_SOCK"):
        os.environ.pop(name, None)
