"""The third party: what really lies in the bucket, seen by boto3 without Django."""

import contextlib
import gzip
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from sides import KEYS
from wire import show, show_bytes

HEADERS = (
    "ContentType",
    "ContentEncoding",
    "ContentLanguage",
    "CacheControl",
    "ContentDisposition",
    "Expires",
    "Metadata",
    "StorageClass",
    "ServerSideEncryption",
    "WebsiteRedirectLocation",
)
MAX_DELETED = 1000  # keys of one DeleteObjects
OWNER_ONLY = "CanonicalUser FULL_CONTROL"


class Observer:
    def __init__(self, url):
        self._client = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
            region_name="us-east-1",
            config=Config(
                retries={"total_max_attempts": 1},
                # moto stores a body that contradicts its checksum: look at it all the same.
                response_checksum_validation="when_required",
            ),
        )

    def reset(self, bucket):
        """An empty bucket, whatever was in it."""
        with contextlib.suppress(self._client.exceptions.BucketAlreadyOwnedByYou):
            self._client.create_bucket(Bucket=bucket)
        for upload in self._uploads(bucket):
            self._client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        keys = self.keys(bucket)
        nameable = [{"Key": key} for key in keys if key.isprintable()]
        for start in range(0, len(nameable), MAX_DELETED):
            some = {"Objects": nameable[start : start + MAX_DELETED], "Quiet": True}
            self._client.delete_objects(Bucket=bucket, Delete=some)
        for key in keys:
            if not key.isprintable():  # the XML of DeleteObjects cannot name such a key
                self._client.delete_object(Bucket=bucket, Key=key)

    def put(self, bucket, key, **parameters):
        self._client.put_object(Bucket=bucket, Key=key, **parameters)

    def keys(self, bucket):
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def unfinished(self, bucket):
        """Keys of multipart uploads that were neither completed nor aborted."""
        return [upload["Key"] for upload in self._uploads(bucket)]

    def modified(self, bucket, key):
        return self._client.head_object(Bucket=bucket, Key=key)["LastModified"]

    def look(self, bucket, key):
        """What can be compared of one object: headers, body, ETag, grants and tags, as JSON."""
        answer = self._client.get_object(Bucket=bucket, Key=key)
        encoding = answer.get("ContentEncoding", "")
        tags = self._client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        seen = {
            "headers": {name: show(answer[name]) for name in HEADERS if answer.get(name)},
            "body": _plain(answer["Body"].read(), encoding),
            "grants": self._grants(bucket, key),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }
        if "gzip" not in encoding:  # the ETag is of the compressed bytes, which may differ
            seen["ETag"] = answer["ETag"]
        return seen

    def checksums(self, bucket, key):
        """The kinds of checksum that the object was given by whoever wrote it."""
        answer = self._client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        return sorted(name for name in answer if name.startswith("Checksum"))

    def _grants(self, bucket, key):
        try:
            grants = self._client.get_object_acl(Bucket=bucket, Key=key)["Grants"]
        except ClientError as error:
            # moto keeps no ACL for a multipart upload that named none, and fails when asked.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 500:
                raise
            return [OWNER_ONLY]
        return sorted(f"{_who(grant)} {grant['Permission']}" for grant in grants)

    def _uploads(self, bucket):
        return self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())


def _who(grant):
    return grant["Grantee"].get("URI", grant["Grantee"].get("Type"))


def _plain(body, encoding):
    """The body as a browser would see it; a manifest as its entries, since their order is free."""
    if "gzip" in encoding and body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    try:
        manifest = json.loads(body)
    except ValueError:
        return show_bytes(body)
    if isinstance(manifest, dict) and "paths" in manifest:
        return {**manifest, "paths": dict(sorted(manifest["paths"].items()))}
    return show_bytes(body)
