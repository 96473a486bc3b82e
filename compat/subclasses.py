"""What projects write on top of ``storages``: imported by the workers, against either package."""

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from django.contrib.staticfiles.storage import ManifestFilesMixin
from mixins import Counting, FixedName

from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.backends.s3boto3 import S3Boto3Storage


class MediaStorage(S3Storage):
    location = "media"
    file_overwrite = False


class PublicStorage(S3Boto3Storage):
    default_acl = "public-read"
    querystring_auth = False
    object_parameters = {"CacheControl": "max-age=60"}  # noqa: RUF012 - as users write it


class CdnStorage(S3Storage):
    custom_domain = "cdn.example.org"
    url_protocol = "http:"


class AttributeBucketStorage(S3Storage):
    bucket_name = "attribute-bucket"
    region_name = "eu-central-1"
    querystring_expire = 42
    signature_version = "s3v4"


class ByNameStorage(S3Storage):
    """Headers that depend on the name."""

    def get_object_parameters(self, name):
        parameters = super().get_object_parameters(name)
        parameters["Metadata"] = {"name": name.encode("ascii", "replace").decode()}
        if name.endswith(".bin"):
            parameters["CacheControl"] = "no-store"
        return parameters


class WriteParametersStorage(S3Storage):
    def _get_write_parameters(self, name, content=None):
        parameters = super()._get_write_parameters(name, content)
        parameters["ContentLanguage"] = "de"
        return parameters


class DefaultSettingsStorage(S3Storage):
    def get_default_settings(self):
        return super().get_default_settings() | {"location": "defaults", "querystring_expire": 11}


class FixedNameStorage(FixedName, S3Storage):
    pass


class CountingStorage(Counting, S3Storage):
    pass


class TypedStorage(S3Storage):
    default_content_type = "application/x-compat"


class PrefixedManifestStorage(S3ManifestStaticStorage):
    location = "static"
    manifest_strict = False


class ManifestStorage(ManifestFilesMixin, S3StaticStorage):
    manifest_name = "compat.json"


def as_bytes(text):
    return text.encode()


def cloudfront_signer(key_id, pem):
    """A signer that the project made itself."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    # CloudFront demands SHA-1: it is the only digest of its canned policies.
    return CloudFrontSigner(key_id, lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA1()))
