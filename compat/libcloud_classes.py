"""What projects write on top of the Libcloud storage: imported by the workers, on either side."""

import os
from urllib.parse import urlsplit

from django.contrib.staticfiles.storage import ManifestFilesMixin
from libcloud.storage.drivers.minio import MinIOStorageDriver
from libcloud.storage.drivers.s3 import S3StorageDriver
from libcloud.storage.providers import set_driver
from libcloud.storage.types import Provider
from mixins import Counting, FixedName

from storages.backends.apache_libcloud import LibCloudStorage


class HereDriver(MinIOStorageDriver):
    """Knows by itself where its server is: django-storages passes neither host nor port."""

    def __init__(self, key, secret=None, **arguments):
        server = urlsplit(os.environ["COMPAT_ENDPOINT"])
        place = {"host": server.hostname, "port": server.port, "secure": False}
        super().__init__(key, secret, **{**arguments, **place})


class SigningDriver(HereDriver):
    """Of Amazon's driver the links: signed, for a day."""

    get_object_cdn_url = S3StorageDriver.get_object_cdn_url


def registered(name="HERE", driver="HereDriver"):
    """The type of the driver, as LIBCLOUD_PROVIDERS take it."""
    if not hasattr(Provider, name):
        setattr(Provider, name, name.lower())
        set_driver(name.lower(), __name__, driver)
    return f"libcloud.storage.types.Provider.{name}"


class ByPositionStorage(LibCloudStorage):
    def __init__(self):
        super().__init__("here")


class FixedNameStorage(FixedName, LibCloudStorage):
    pass


class CountingStorage(Counting, LibCloudStorage):
    pass


class OverwritingStorage(LibCloudStorage):
    """As many projects overwrite files with django-storages, which has no option for it."""

    def get_available_name(self, name, max_length=None):
        if self.exists(name):
            self.delete(name)
        return name


class BaseUrlStorage(LibCloudStorage):
    """Addresses of the project's own."""

    def url(self, name):
        return f"https://media.example.org/{name}"


class ManifestStorage(ManifestFilesMixin, BaseUrlStorage):
    manifest_name = "compat.json"
