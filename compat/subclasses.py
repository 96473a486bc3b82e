"""What projects write on top of ``storages``: imported by the workers, against either package."""

import io

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile

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


class FixedNameStorage(S3Storage):
    """Names that the project chooses itself."""

    def get_available_name(self, name, max_length=None):
        return super().get_available_name(f"chosen/{name}", max_length)

    def get_valid_name(self, name):
        return super().get_valid_name(name).lower()


class CountingStorage(S3Storage):
    """A project's own ``_save`` around the package's."""

    def _save(self, name, content):
        return super()._save(f"counted/{name}", content)


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


def temporary_upload(name, body, content_type):
    upload = TemporaryUploadedFile(name, content_type, len(body), "utf-8")
    upload.write(body)
    upload.seek(0)
    return upload


def half_read(body):
    """A file that somebody has read from, as image checks do."""
    source = ContentFile(body)
    source.read(4)
    return source


class _Unseekable(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *args):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")


class _Failing(io.BytesIO):
    def read(self, *args):
        raise InterruptedError("the source broke")


def unseekable(body):
    return File(_Unseekable(body), "unseekable")


def failing(body):
    return File(_Failing(body), "failing")
