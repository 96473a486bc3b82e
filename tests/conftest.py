"""Fixtures for tests on real servers; `tests.servers` has the classes and helpers behind them.

Servers run once a session, each in a process of its own. A machine that lacks one skips its
tests and says why; with the environment variable CI set they fail instead.

    moto, rclone             the running server (session): .url, .options(bucket), .client()
    s3_server                both in turn, as two tests
    moto_bucket, rclone_bucket, s3_bucket
                             name of a new bucket there, which is gone after the test
    fault_proxy(server, *, rtt=0.0, http=True) -> FaultProxy
                             a running proxy before a server or (host, port); stopped by the end

    def test_budget(moto, moto_bucket, fault_proxy):
        proxy = fault_proxy(moto)
        storage = S3Storage(**moto.options(moto_bucket, via=proxy))
        with count_requests(proxy) as seen:
            storage.save("a.txt", ContentFile(b"x"))
        assert seen == [f"PUT /{moto_bucket}/a.txt"]

What a server lacks (`Moto.lacks`, `Rclone.lacks`) is a strict expected failure of the test that
needs it: mark the test `@pytest.mark.needs("metadata")`, or a parameter
`pytest.param(Rclone, marks=lacking(Rclone, "metadata"))`.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import hypothesis
import pytest

from tests.servers import SERVERS, FaultProxy, Moto, Rclone, S3Server, Server, lacking

pytest_plugins = ["pytester"]

S = TypeVar("S", bound=Server)

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*features): what the server must not lack")
    _forget_the_machine()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
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


@pytest.fixture
def fault_proxy() -> Iterator[Callable[..., FaultProxy]]:
    with ExitStack() as stack:

        def start(
            upstream: Server | tuple[str, int], *, rtt: float = 0.0, http: bool = True
        ) -> FaultProxy:
            address = upstream.address if isinstance(upstream, Server) else upstream
            return stack.enter_context(FaultProxy(address, rtt=rtt, http=http))

        yield start


@contextmanager
def running(server: type[S]) -> Iterator[S]:
    """The server, started; a test that needs it skips where there is none, but fails in CI."""
    if reason := server.missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with server() as started:
        yield started


def _servers_of(item: pytest.Item) -> list[type[Server]]:
    """The servers that a test runs on, by its fixtures and parameters."""
    names = set(getattr(item, "fixturenames", ()))
    if callspec := getattr(item, "callspec", None):
        names |= {value for value in callspec.params.values() if isinstance(value, str)}
    return [SERVERS[name] for name in sorted(names & SERVERS.keys())]


def _forget_the_machine() -> None:
    """No key, profile or proxy of whoever runs the tests may reach a test, nor a test them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
