"""Fixtures for the tests of the fault proxy."""

import http.client
from contextlib import ExitStack

import pytest

from .origin import Origin


@pytest.fixture
def origin():
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def connect():
    """Makes HTTP connections to a proxy, closed by the end of the test."""
    with ExitStack() as stack:

        def make(proxy, timeout=10):
            connection = http.client.HTTPConnection(*proxy.address, timeout=timeout)
            stack.callback(connection.close)
            return connection

        yield make
