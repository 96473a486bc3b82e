"""What projects write on top of the Google storage: imported by the workers, on either side."""

import datetime
import functools

from django.contrib.staticfiles.storage import ManifestFilesMixin
from google.auth import crypt
from google.auth.credentials import AnonymousCredentials, Signing
from mixins import Counting, FixedName

from storages.backends.gcloud import GoogleCloudStorage


class _KeyCredentials(AnonymousCredentials, Signing):
    """They sign with a service account's key and ask nobody for a token."""

    signer = signer_email = None  # abstract properties

    def __init__(self, signer, email):
        super().__init__()
        self.signer = signer
        self.signer_email = self.service_account_email = email

    def sign_bytes(self, message):
        return self.signer.sign(message)


@functools.cache  # checking the key costs more than all that a scenario does
def credentials(key_file):
    signer = crypt.RSASigner.from_service_account_file(key_file)
    return _KeyCredentials(signer, "tests@storehouse.iam.gserviceaccount.com")


def moment(*parts):
    """An aware datetime."""
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


class MediaStorage(GoogleCloudStorage):
    location = "media"
    file_overwrite = False


class PublicStorage(GoogleCloudStorage):
    default_acl = "publicRead"
    querystring_auth = False
    object_parameters = {"cache_control": "max-age=60"}  # noqa: RUF012 - as users write it


class EndpointStorage(GoogleCloudStorage):
    custom_endpoint = "https://cdn.example.org"
    expiration = datetime.timedelta(hours=2)


class AttributeBucketStorage(GoogleCloudStorage):
    bucket_name = "attribute-bucket"
    expiration = datetime.timedelta(seconds=42)
    gzip = True


class ByNameStorage(GoogleCloudStorage):
    """Headers that depend on the name."""

    def get_object_parameters(self, name):
        parameters = super().get_object_parameters(name)
        parameters = {**parameters, "metadata": {"name": name}}
        if name.endswith(".bin"):
            parameters["cache_control"] = "no-store"
        return parameters


class DefaultSettingsStorage(GoogleCloudStorage):
    def get_default_settings(self):
        changed = {"location": "defaults", "expiration": datetime.timedelta(seconds=11)}
        return super().get_default_settings() | changed


class FixedNameStorage(FixedName, GoogleCloudStorage):
    pass


class CountingStorage(Counting, GoogleCloudStorage):
    pass


class ManifestStorage(ManifestFilesMixin, GoogleCloudStorage):
    manifest_name = "compat.json"
