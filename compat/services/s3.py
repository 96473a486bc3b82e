"""Amazon S3: a moto server, and what really lies in its bucket, seen by boto3 without Django."""

import contextlib
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from scenarios.steps import BUCKET, ENDPOINT, RSA_KEY
from sides import KEYS, s3_server
from wire import show

from services.bodies import plain

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


@contextlib.contextmanager
def running():
    with s3_server(sys.executable) as url:
        yield S3(url)


class S3:
    errors = (BotoCoreError, ClientError)

    def __init__(self, url):
        self.places = {ENDPOINT: url, RSA_KEY: _rsa_key()}
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
        self.reset()

    def reset(self):
        """An empty bucket, whatever was in it."""
        with contextlib.suppress(self._client.exceptions.BucketAlreadyOwnedByYou):
            self._client.create_bucket(Bucket=BUCKET)
        for upload in self._uploads():
            self._client.abort_multipart_upload(
                Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        keys = self.keys()
        nameable = [{"Key": key} for key in keys if key.isprintable()]
        for start in range(0, len(nameable), MAX_DELETED):
            some = {"Objects": nameable[start : start + MAX_DELETED], "Quiet": True}
            self._client.delete_objects(Bucket=BUCKET, Delete=some)
        for key in keys:
            if not key.isprintable():  # the XML of DeleteObjects cannot name such a key
                self._client.delete_object(Bucket=BUCKET, Key=key)

    def put(self, key, body, content_type=None):
        given = {} if content_type is None else {"ContentType": content_type}
        self._client.put_object(Bucket=BUCKET, Key=key, Body=body, **given)

    def keys(self):
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def unfinished(self):
        """Keys of multipart uploads that were neither completed nor aborted."""
        return [upload["Key"] for upload in self._uploads()]

    def modified(self, key):
        return self._client.head_object(Bucket=BUCKET, Key=key)["LastModified"]

    def look(self, key):
        """What can be compared of one object: headers, body, ETag, grants and tags, as JSON."""
        answer = self._client.get_object(Bucket=BUCKET, Key=key)
        encoding = answer.get("ContentEncoding", "")
        tags = self._client.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        seen = {
            "headers": {name: show(answer[name]) for name in HEADERS if answer.get(name)},
            "body": plain(answer["Body"].read(), encoding),
            "grants": self._grants(key),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }
        if "gzip" not in encoding:  # the ETag is of the compressed bytes, which may differ
            seen["ETag"] = answer["ETag"]
        return seen

    def checksums(self, key):
        """The kinds of checksum that the object was given by whoever wrote it."""
        answer = self._client.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        return sorted(name for name in answer if name.startswith("Checksum"))

    def _grants(self, key):
        try:
            grants = self._client.get_object_acl(Bucket=BUCKET, Key=key)["Grants"]
        except ClientError as error:
            # moto keeps no ACL for a multipart upload that named none, and fails when asked.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 500:
                raise
            return [OWNER_ONLY]
        return sorted(f"{_who(grant)} {grant['Permission']}" for grant in grants)

    def _uploads(self):
        return self._client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())


def _who(grant):
    return grant["Grantee"].get("URI", grant["Grantee"].get("Type"))


def _rsa_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
