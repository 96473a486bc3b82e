"""Starts a server for a test, or says why there is none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from .base import Server

S = TypeVar("S", bound=Server)


@contextmanager
def running(server: type[S], *settings: Any, **more: Any) -> Iterator[S]:
    """The server, started; a test that needs it skips where there is none, but fails in CI."""
    if reason := server.missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with server(*settings, **more) as started:
        yield started
