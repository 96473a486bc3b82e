"""Apache Libcloud's MinIO driver on moto, and what lies in its bucket, seen by boto3."""

from services.s3 import running

__all__ = ["running"]
