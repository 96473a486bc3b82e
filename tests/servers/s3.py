"""What every S3 server shares: keys, clients, storage options and buckets."""

import contextlib
import functools
import re
import secrets
from collections.abc import Iterator
from typing import Any, ClassVar

import boto3
from botocore.config import Config

from .base import HOST, Server


class S3Server(Server):
    """A server with one account; every bucket of it is some test's own."""

    announcement = re.compile(rf"http://{re.escape(HOST)}:(\d+)")
    access_key: ClassVar[str] = "storehouse-access"
    secret_key: ClassVar[str] = "storehouse-secret"
    region: ClassVar[str] = "us-east-1"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def options(self, bucket: str, *, via: Server | Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this bucket, through a proxy where one is given."""
        return {
            "endpoint_url": f"http://{HOST}:{(via or self).port}",
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "region_name": self.region,
            "signature_version": "s3v4",  # boto3 presigns with V2 for an endpoint of one's own
            "bucket_name": bucket,
            **more,
        }

    def client(self, *, via: Any = None, **config: Any) -> Any:
        """A boto3 client without Django, to see and to do what a storage cannot."""
        settings: dict[str, Any] = {
            "signature_version": "s3v4",
            # rclone answers a range with the checksum of the whole object
            "response_checksum_validation": "when_required",
            **config,
        }
        return _session().client(
            "s3",
            endpoint_url=f"http://{HOST}:{(via or self).port}",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(**settings),
        )

    @functools.cached_property
    def _own_client(self) -> Any:
        """For buckets: a client for each of thousands would cost more than what they ask for."""
        return self.client()

    def stop(self) -> None:
        if client := self.__dict__.pop("_own_client", None):
            client.close()
        super().stop()

    @contextlib.contextmanager
    def bucket(self) -> Iterator[str]:
        """The name of a new bucket, which is gone afterwards."""
        name = f"bucket-{secrets.token_hex(6)}"
        self._own_client.create_bucket(Bucket=name)
        try:
            yield name
        finally:
            self.drop(self._own_client, name)

    def drop(self, client: Any, bucket: str) -> None:
        """Delete a bucket with all that is in it."""
        _empty(client, bucket)
        client.delete_bucket(Bucket=bucket)

    def unfinished(self, bucket: str) -> list[str]:
        """Keys of the multipart uploads that were neither completed nor aborted."""
        with contextlib.closing(self.client()) as client:
            return [upload["Key"] for upload in _uploads(client, bucket)]


@functools.cache
def _session() -> boto3.session.Session:
    """One for all clients: the first of a session costs twenty times as much as the next."""
    return boto3.session.Session()


def _uploads(client: Any, bucket: str) -> list[dict[str, str]]:
    try:
        pages = list(client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket))
    except client.exceptions.NoSuchUpload:  # rclone's answer for a bucket that never had any
        return []
    return [upload for page in pages for upload in page.get("Uploads", ())]


def _empty(client: Any, bucket: str) -> None:
    for upload in _uploads(client, bucket):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
            client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
