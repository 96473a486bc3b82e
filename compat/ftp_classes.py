"""What projects write on top of the FTP storage: imported by the workers, on either side."""

from django.contrib.staticfiles.storage import ManifestFilesMixin
from mixins import Counting, FixedName

from storages.backends.ftp import FTPStorage


class AttributesStorage(FTPStorage):
    allow_overwrite = True
    base_url = "https://class.example.org/"


class DefaultSettingsStorage(FTPStorage):
    def get_default_settings(self):
        return super().get_default_settings() | {"base_url": "/defaults/"}


class FixedNameStorage(FixedName, FTPStorage):
    pass


class CountingStorage(Counting, FTPStorage):
    pass


class OverwritingStorage(FTPStorage):
    """As many projects overwrite files, whatever the options say."""

    def get_available_name(self, name, max_length=None):
        self.delete(name)
        return name


class ManifestStorage(ManifestFilesMixin, FTPStorage):
    manifest_name = "compat.json"
