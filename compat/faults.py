"""Deliberate faults for the self-test: a comparison that misses one is worth nothing.

A worker takes them on only when it is told to; each must then be seen in one scenario.
"""

import contextlib
import gzip
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Fault:
    """``spoil`` turns a method of the storage into a faulty one; ``scenario`` must show it."""

    scenario: str
    where: str  # of the check that must differ
    method: str
    spoil: Any


def _changed(change):
    """A method whose result is changed."""
    return lambda method: lambda self, *args, **kwargs: change(method(self, *args, **kwargs))


def _given(change):
    """A method whose keyword arguments are changed."""
    return lambda method: lambda self, *args, **kwargs: method(self, *args, **change(kwargs))


def _without_metadata(parameters):
    return {key: value for key, value in parameters.items() if key != "Metadata"}


def _truncating(save):
    def spoiled(self, name, content):
        content.file.truncate(max(content.size - 1, 0))
        return save(self, name, content)

    return spoiled


def _closing(save):
    def spoiled(self, name, content):
        name = save(self, name, content)
        content.close()
        return name

    return spoiled


def _greedy(delete):
    def spoiled(self, name):
        delete(self, name)
        if name == "plain.txt":
            delete(self, "noext")

    return spoiled


def _skipping(save):
    def spoiled(self, name, content):
        return name if name.endswith("robots.txt") else save(self, name, content)

    return spoiled


def _gzipping(save):
    """Compresses once more than it should, headers unchanged."""

    def spoiled(self, name, content):
        if name.endswith(".css"):
            content.file.write(gzip.compress(content.read()))
            content.seek(0)
        return save(self, name, content)

    return spoiled


def _other_error(size):
    def spoiled(self, name):
        try:
            return size(self, name)
        except FileNotFoundError as error:
            raise ValueError(name) from error

    return spoiled


FAULTS = {
    "drops metadata": Fault(
        "object_parameters", "headers", "get_object_parameters", _changed(_without_metadata)
    ),
    "drops the last byte": Fault("default", "body", "_save", _truncating),
    "compresses twice": Fault("gzip", "body", "_save", _gzipping),
    "returns another name": Fault("odd names", "save", "save", _changed(str.upper)),
    "hides files": Fault("default", "listdir", "listdir", _changed(lambda found: (found[0], []))),
    "adds a byte to sizes": Fault("default", "size", "size", _changed(lambda size: size + 1)),
    "raises another exception": Fault("default", "size('missing.txt')", "size", _other_error),
    "deletes nothing": Fault("default", "keys", "delete", lambda _: lambda *_: None),
    "deletes too much": Fault("default", "keys", "delete", _greedy),
    "says that nothing exists": Fault(
        "default", "exists", "exists", lambda _: lambda *_args: False
    ),
    "signs for a second longer": Fault(
        "url, s3v4", "url", "url", _given(lambda kwargs: {"expire": 3601, **kwargs})
    ),
    "signs for another method": Fault(
        "url, v2", "url", "url", _given(lambda kwargs: {**kwargs, "http_method": "HEAD"})
    ),
    "quotes addresses twice": Fault(
        "url, custom domain", "url", "url", _changed(lambda url: url.replace("%", "%25"))
    ),
    "leaves a static file out": Fault("collectstatic, gzip", "keys", "_save", _skipping),
    "loses the time zone": Fault(
        "times",
        "get_modified_time",
        "get_modified_time",
        _changed(lambda time: time.replace(tzinfo=None)),
    ),
    "closes the source": Fault("sources", "save() leaves", "save", _closing),
}


@contextlib.contextmanager
def spoiled(cls, name):
    """The storage class with one fault."""
    fault = FAULTS[name]
    method = getattr(cls, fault.method)
    with mock.patch.object(cls, fault.method, fault.spoil(method)):
        yield
