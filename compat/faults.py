"""Deliberate faults for the self-test: a comparison that misses one is worth nothing.

A worker takes them on only when it is told to; each must then be seen in one scenario.
"""

import contextlib
import gzip
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from django.core.files.base import ContentFile


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


def _without(name):
    return lambda found: {key: value for key, value in found.items() if key != name}


def _parameter(name, value):
    """Of Google's ``url()``, whose parameters are one dictionary."""
    return lambda kwargs: {"parameters": {**(kwargs.get("parameters") or {}), name: value}}


def _quoted(url):
    return url.replace("%", "%25")


def _truncating(save):
    def spoiled(self, name, content):
        return save(self, name, ContentFile(content.read()[:-1], name=content.name))

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


def _opening(save):
    """Of SFTP: files with a mode of their own."""

    def spoiled(self, name, content):
        name = save(self, name, content)
        self.sftp.chmod(f"{self.root_path}/{name}", 0o666)
        return name

    return spoiled


def _other_error(method):
    def spoiled(self, name):
        try:
            return method(self, name)
        except Exception as error:
            raise ValueError(name) from error

    return spoiled


# Of every service.
EVERYWHERE = {
    "drops the last byte": Fault("default", "body", "_save", _truncating),
    "returns another name": Fault("odd names", "save", "save", _changed(str.upper)),
    "hides files": Fault("default", "listdir", "listdir", _changed(lambda found: (found[0], []))),
    "adds a byte to sizes": Fault("default", "size", "size", _changed(lambda size: size + 1)),
    "raises another exception": Fault("default", "size('missing.txt')", "size", _other_error),
    "deletes nothing": Fault("default", "keys", "delete", lambda _: lambda *_: None),
    "deletes too much": Fault("default", "keys", "delete", _greedy),
    "says that nothing exists": Fault(
        "default", "exists", "exists", lambda _: lambda *_args: False
    ),
    "loses the time zone": Fault(
        "times",
        "get_modified_time",
        "get_modified_time",
        _changed(lambda time: time.replace(tzinfo=None)),
    ),
    "closes the source": Fault("sources", "save() leaves", "save", _closing),
}
S3 = {
    "drops metadata": Fault(
        "object_parameters",
        "headers",
        "get_object_parameters",
        _changed(_without("Metadata")),
    ),
    "compresses twice": Fault("gzip", "body", "_save", _gzipping),
    "signs for a second longer": Fault(
        "url, s3v4", "url", "url", _given(lambda kwargs: {"expire": 3601, **kwargs})
    ),
    "signs for another method": Fault(
        "url, v2", "url", "url", _given(lambda kwargs: {**kwargs, "http_method": "HEAD"})
    ),
    "quotes addresses twice": Fault("url, custom domain", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic, gzip", "keys", "_save", _skipping),
}
GCS = {
    "drops metadata": Fault(
        "object_parameters",
        "headers",
        "get_object_parameters",
        _changed(_without("metadata")),
    ),
    "makes files private": Fault(
        "acl in object_parameters",
        "grants",
        "get_object_parameters",
        _changed(_without("acl")),
    ),
    "compresses twice": Fault("gzip", "body", "_save", _gzipping),
    "signs for a second longer": Fault(
        "url, no options", "url", "url", _given(_parameter("expiration", 86401))
    ),
    "signs for another method": Fault(
        "links that are fetched", "GET", "url", _given(_parameter("method", "PUT"))
    ),
    "quotes addresses twice": Fault("url, unsigned", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic, gzip", "keys", "_save", _skipping),
}
AZURE = {
    "drops the language": Fault(
        "object_parameters",
        "headers",
        "get_object_parameters",
        _changed(_without("content_language")),
    ),
    "signs for a second longer": Fault(
        "url, account signed", "url", "url", _given(lambda kwargs: {"expire": 3601, **kwargs})
    ),
    "signs for writing": Fault(
        "links that are fetched", "GET", "url", _given(lambda kwargs: {**kwargs, "mode": "w"})
    ),
    "quotes addresses twice": Fault("url, custom domain", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic, plain", "keys", "_save", _skipping),
}
SFTP = {
    "gives files to everybody": Fault("file_mode", "mode", "_save", _opening),
    "quotes addresses twice": Fault("url, a path", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic", "keys", "_save", _skipping),
}
FTP = {
    "quotes addresses twice": Fault("url, a path", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic", "keys", "_save", _skipping),
    "raises another exception": Fault("default", "listdir('missing')", "listdir", _other_error),
    # Here django-storages knows no times, and closes the source itself.
    "loses the time zone": None,
    "closes the source": None,
}
LIBCLOUD = {
    "quotes addresses twice": Fault("url", "url", "url", _changed(_quoted)),
    "leaves a static file out": Fault("collectstatic", "keys", "_save", _skipping),
    "loses the time zone": None,  # here django-storages knows no times
}
LIBCLOUD_MINIO = {
    "leaves a static file out": Fault("collectstatic", "keys", "_save", _skipping),
    "loses the time zone": None,
}
DROPBOX = {
    "links to another file": Fault(
        "default", "url", "url", lambda url: lambda self, _: url(self, "css/site.css")
    ),
    "leaves a static file out": Fault("collectstatic", "keys", "_save", _skipping),
    "overwrites": Fault(
        "file_overwrite off", "keys", "get_available_name", lambda _: lambda _, name, **__: name
    ),
    # Here django-storages knows no times, and closes the source itself.
    "loses the time zone": None,
    "closes the source": None,
}
SERVICES = {
    "s3": S3,
    "gcs": GCS,
    "azure": AZURE,
    "sftp": SFTP,
    "ftp": FTP,
    "libcloud": LIBCLOUD,
    "libcloud_minio": LIBCLOUD_MINIO,
    "dropbox": DROPBOX,
}
FAULTS = {
    f"{service}, {name}": replace(fault, scenario=f"{service}, {fault.scenario}")
    for service, alone in SERVICES.items()
    for name, fault in (EVERYWHERE | alone).items()
    if fault
}


@contextlib.contextmanager
def spoiled(cls, name):
    """The storage class with one fault."""
    fault = FAULTS[name]
    method = getattr(cls, fault.method)
    with mock.patch.object(cls, fault.method, fault.spoil(method)):
        yield
