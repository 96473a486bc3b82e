"""The S3 storages under the names of django-storages-s3."""

from storages.backends.s3 import (
    S3File,
    S3ManifestStaticStorage,
    S3StaticStorage,
    S3Storage,
)

__all__ = ["S3File", "S3ManifestStaticStorage", "S3StaticStorage", "S3Storage"]
