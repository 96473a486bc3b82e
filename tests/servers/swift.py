"""OpenStack Swift itself, from PyPI; its objects are in memory, its login is that of version 1."""

import contextlib
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from .base import HOST, Server, installed


class Swift(Server):
    """One account; a container is some test's own."""

    name = "swift"
    announcement = re.compile(rf"^http://{re.escape(HOST)}:(\d+)$", re.MULTILINE)
    user: ClassVar[str] = "storehouse:tester"
    key: ClassVar[str] = "storehouse-key"

    @classmethod
    def missing(cls) -> str | None:
        if not installed("libcloud.storage"):
            return "apache-libcloud is not installed: pip install django-storehouse[libcloud]"
        if not (installed("swift.obj.mem_server") and installed("eventlet")):
            return "OpenStack Swift is not installed: pip install swift"
        return None

    def command(self) -> list[str | Path]:
        # -P: beside the script lies a swift.py that is not the one to import
        return [sys.executable, "-P", Path(__file__).with_name("swift_main.py")]

    def url_through(self, via: Server | Any) -> str:
        """Where the containers are."""
        return f"http://{HOST}:{(via or self).port}/v1/AUTH_storehouse"

    def place(self, via: Server | Any = None) -> dict[str, Any]:
        """Arguments of Libcloud's driver, beside user and key."""
        return {
            "ex_force_auth_url": f"http://{HOST}:{(via or self).port}/auth",  # it adds /v1.0
            "ex_force_auth_version": "1.0",
            # else it looks for an endpoint of the name "swift", which version 1 does not give
            "ex_force_base_url": self.url_through(via),
        }

    def provider(self, container: str, *, via: Server | Any = None, **more: Any) -> dict[str, Any]:
        """An entry of LIBCLOUD_PROVIDERS, through a proxy where one is given."""
        return {
            "type": "libcloud.storage.types.Provider.OPENSTACK_SWIFT",
            "user": self.user,
            "key": self.key,
            "bucket": container,
            **self.place(via),
            **more,
        }

    def options(self, container: str, *, via: Server | Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this container, through a proxy where one is given."""
        return {"provider": self.provider(container, via=via), **more}

    def driver(self, via: Server | Any = None) -> Any:
        """Libcloud's driver without Django, to see and to do what a storage cannot."""
        from libcloud.storage.providers import get_driver
        from libcloud.storage.types import Provider

        return get_driver(Provider.OPENSTACK_SWIFT)(self.user, self.key, **self.place(via))

    def lasting_container(self) -> str:
        """The name of a new container, which ends with the server."""
        name = f"container-{secrets.token_hex(6)}"
        driver = self.driver()
        driver.create_container(name)
        driver.connection.connection.session.close()
        return name

    @contextlib.contextmanager
    def container(self) -> Iterator[str]:
        """The name of a new container, which is gone afterwards."""
        driver, name = self.driver(), f"container-{secrets.token_hex(6)}"
        container = driver.create_container(name)
        try:
            yield name
        finally:
            for item in driver.iterate_container_objects(container):
                driver.delete_object(item)
            driver.delete_container(container)
            driver.connection.connection.session.close()
