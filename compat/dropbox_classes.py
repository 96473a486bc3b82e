"""What projects write on top of the Dropbox storage: imported by the workers, on either side."""

from django.contrib.staticfiles.storage import ManifestFilesMixin
from mixins import Counting, FixedName

from storages.backends.dropbox import DropBoxStorage, DropboxStorage


class ByPositionStorage(DropboxStorage):
    """The token as the first argument."""

    def __init__(self, token=None):
        super().__init__(token)


class RootStorage(DropBoxStorage):
    root_path = "/class"
    write_mode = "overwrite"
    timeout = 17


class DefaultSettingsStorage(DropboxStorage):
    def get_default_settings(self):
        return super().get_default_settings() | {"root_path": "/defaults"}


class FixedNameStorage(FixedName, DropboxStorage):
    pass


class CountingStorage(Counting, DropboxStorage):
    pass


class OverwritingStorage(DropboxStorage):
    """As many projects overwrite files, whatever the options say."""

    def get_available_name(self, name, max_length=None):
        if self.exists(name):
            self.delete(name)
        return name


class SmallChunksStorage(DropboxStorage):
    CHUNK_SIZE = 100_000


class BaseUrlStorage(DropboxStorage):
    """Addresses of the project's own."""

    def url(self, name):
        return f"https://media.example.org/{name}"


class ManifestStorage(ManifestFilesMixin, BaseUrlStorage):
    manifest_name = "compat.json"
