"""Links: by what a driver says, else by where its service has its files; nobody is asked twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from libcloud.storage.base import Container, Object, StorageDriver

from storages.backends.libcloud_drivers import Drivers
from storages.backends.libcloud_errors import translated

STANDARD = {"http": 80, "https": 443}


class Links:
    """Links to the objects of one container."""

    def __init__(self, drivers: Drivers, bucket: str, family: str, cls: Any) -> None:
        self._drivers, self._bucket, self._family = drivers, bucket, family
        self._by_cdn = cls.__name__ == "CloudFilesStorageDriver"  # Rackspace's
        self._base: str | None = None  # where Swift has its files, or its CDN

    def url(self, key: str) -> str:
        """The link to an object, which need not exist."""
        if self._family == "swift":
            return f"{self._swift_base()}/{quote(key)}"
        with self._drivers.lend() as lent:
            driver = lent.driver
            if type(driver).get_object_cdn_url is not StorageDriver.get_object_cdn_url:
                container = Container(self._bucket, {}, driver)
                found = Object(key, 0, "", {}, {}, container, driver)
                return str(driver.get_object_cdn_url(found))
            if self._family in ("s3", "google"):
                return f"{_host(driver.connection)}/{self._bucket}/{quote(key)}"
        raise NotImplementedError(
            f"Libcloud's {type(driver).__name__} makes no links: set the option 'base_url'."
        )

    def _swift_base(self) -> str:
        """Where the container is to be read; asked for by the first link of a process."""
        if self._base is None:
            with self._drivers.lend() as lent, translated("", "link to", lent):
                container = Container(self._bucket, {}, lent.driver)
                if self._by_cdn:
                    base = str(lent.driver.get_container_cdn_url(container, ex_ssl_uri=True))
                else:
                    path = lent.driver.connection.morph_action_hook(f"/{quote(self._bucket)}")
                    base = f"{_host(lent.driver.connection)}{path}"
            self._base = base
        return self._base


def _host(connection: Any) -> str:
    scheme = "https" if connection.secure else "http"
    port = int(connection.port)
    return f"{scheme}://{connection.host}" + ("" if port == STANDARD[scheme] else f":{port}")
