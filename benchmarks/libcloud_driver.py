"""Libcloud's driver for S3, which finds the benchmark's server by itself, for both packages.

django-storages hands on neither host nor port.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from libcloud.storage.drivers.s3 import S3StorageDriver
from libcloud.storage.providers import set_driver
from libcloud.storage.types import Provider

NAME = "BENCHMARK"
TYPE = f"libcloud.storage.types.Provider.{NAME}"  # in LIBCLOUD_PROVIDERS
PLACE = "BENCHMARK_ENDPOINT"  # the environment variable with the server's URL


class BenchmarkDriver(S3StorageDriver):
    def __init__(self, key: str, secret: str | None = None, **more: Any) -> None:
        server = urlsplit(os.environ[PLACE])
        place = {"host": server.hostname, "port": server.port, "secure": server.scheme == "https"}
        super().__init__(key, secret, **{**more, **place})  # type: ignore[no-untyped-call]  # Libcloud's


def register() -> None:
    if not hasattr(Provider, NAME):
        setattr(Provider, NAME, NAME.lower())
        name: Any = BenchmarkDriver.__name__  # Libcloud's types say the class itself
        module: Any = __name__
        set_driver(NAME.lower(), module, name)
