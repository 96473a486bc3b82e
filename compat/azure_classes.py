"""What projects write on top of the Azure storage: imported by the workers, on either side."""

import datetime

from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas
from django.contrib.staticfiles.storage import ManifestFilesMixin
from mixins import Counting, FixedName

from storages.backends.azure_storage import AzureStorage


def shared(url, account_name, account_key):
    """A connection string with a token that allows all that a storage does."""
    token = generate_account_sas(
        account_name,
        account_key,
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(read=True, write=True, delete=True, list=True, create=True, add=True),
        datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC),
    )
    return f"BlobEndpoint={url};SharedAccessSignature={token}"


class MediaStorage(AzureStorage):
    location = "media"
    overwrite_files = False


class PublicAzureStorage(AzureStorage):
    """As the documentation of django-storages shows it."""

    azure_container = "compat-bucket"
    expiration_secs = None


class CdnStorage(AzureStorage):
    custom_domain = "cdn.example.org"
    cache_control = "max-age=60"


class AttributeStorage(AzureStorage):
    account_name = "attribute"
    account_key = "YXR0cmlidXRl"
    azure_container = "attribute-container"
    expiration_secs = 42
    azure_ssl = False


class ByNameStorage(AzureStorage):
    """Headers that depend on the name."""

    def get_object_parameters(self, name):
        parameters = {**super().get_object_parameters(name), "content_language": "de"}
        if name.endswith(".bin"):
            parameters["cache_control"] = "no-store"
        return parameters


class DefaultSettingsStorage(AzureStorage):
    def get_default_settings(self):
        return super().get_default_settings() | {"location": "defaults", "expiration_secs": 11}


class FixedNameStorage(FixedName, AzureStorage):
    pass


class CountingStorage(Counting, AzureStorage):
    pass


class ManifestStorage(ManifestFilesMixin, AzureStorage):
    manifest_name = "compat.json"
