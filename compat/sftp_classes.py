"""What projects write on top of the SFTP storage: imported by the workers, on either side."""

from django.contrib.staticfiles.storage import ManifestFilesMixin
from mixins import Counting, FixedName

from storages.backends.sftpstorage import SFTPStorage


class ModesStorage(SFTPStorage):
    file_mode = 0o640
    dir_mode = 0o750
    base_url = "https://class.example.org/"


class DefaultSettingsStorage(SFTPStorage):
    def get_default_settings(self):
        return super().get_default_settings() | {"file_mode": 0o604, "base_url": "/defaults/"}


class FixedNameStorage(FixedName, SFTPStorage):
    pass


class CountingStorage(Counting, SFTPStorage):
    pass


class OverwritingStorage(SFTPStorage):
    """As many projects overwrite files with django-storages, which has no option for it."""

    def get_available_name(self, name, max_length=None):
        self.delete(name)
        return name


class ManifestStorage(ManifestFilesMixin, SFTPStorage):
    manifest_name = "compat.json"
