"""What our S3 clients do otherwise than botocore's: quicker, or as compatible services want it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import botocore.handlers

from storages.backends.s3_listing import read_objects
from storages.counting import request_sent

CHECKSUM_HEADERS = ("x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm")

TOLD_IN_BODY = (
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObjects",
    "UploadPartCopy",
)
"""The operations that may have failed although the status is 200: the body says so.

https://repost.aws/knowledge-center/s3-resolve-200-internalerror
"""

KEYS = "storages-keys"
"""The name of the keys to delete in the context of their request."""

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
BEGIN = '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>'
NEXT = "</Key></Object><Object><Key>"
END = "</Key></Object><Quiet>true</Quiet></Delete>"
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;", "\n": "&#xA;"})


def hook(client: Any, *, compatible: bool) -> None:
    """Change how a new client, perhaps of a compatible service, goes about its requests."""
    events = client.meta.events
    # With `Expect: 100-continue` each PUT costs a second round trip.
    events.unregister("before-call.s3", botocore.handlers.add_expect_header)
    # By its wildcard it is called before botocore looks for errors, by parsing all of an answer.
    events.register("before-parse.*.ListObjectsV2", read_objects)
    events.register("before-parse.s3.ListObjectsV2", refuse_no_listing)
    for operation in TOLD_IN_BODY:
        events.register(f"before-parse.s3.{operation}", refuse_nothing)
    events.register_last("before-parameter-build.s3.DeleteObjects", take_keys)
    events.register_last("before-call.s3.DeleteObjects", write_keys)
    events.register("before-send.s3", count)
    if compatible:
        events.register("before-sign.s3.DeleteObjects", with_md5)


def count(**kwargs: Any) -> None:
    """Count the request; it is called for each attempt."""
    request_sent()


def refuse_no_listing(response_dict: Any, **kwargs: Any) -> None:
    """Let what is no listing be asked for again: to botocore it says that there are no objects.

    All of it may be lost on the way, or come from somewhere else, as the page of a proxy does.
    """
    if response_dict["status_code"] == 200 and b"ListBucketResult" not in response_dict["body"]:
        response_dict["status_code"] = 500  # as botocore does if a part of it is lost


def refuse_nothing(response_dict: Any, **kwargs: Any) -> None:
    """Let an answer whose body was lost be asked for again: to botocore it is a success."""
    announced = response_dict["headers"].get("content-length")
    if response_dict["status_code"] == 200 and not response_dict["body"] and announced != "0":
        response_dict["status_code"] = 500


def take_keys(params: dict[str, Any], context: dict[str, Any], **kwargs: Any) -> None:
    """Take plain keys from botocore, which validates and writes each of them at leisure."""
    wanted = params.get("Delete")
    if not isinstance(wanted, dict) or wanted.get("Quiet") is not True:
        return
    objects = wanted.get("Objects")
    if isinstance(objects, list) and objects and all(map(_is_plain, objects)):
        context[KEYS] = [each["Key"] for each in objects]
        params["Delete"] = {**wanted, "Objects": []}


def _is_plain(each: Any) -> bool:
    return (
        type(each) is dict and len(each) == 1 and type(each.get("Key")) is str and each["Key"] != ""
    )


def write_keys(params: dict[str, Any], context: dict[str, Any], **kwargs: Any) -> None:
    """Write the body of the request, with the keys that were taken, in the bytes of botocore."""
    if keys := context.get(KEYS):
        text = NEXT.join([key.translate(ESCAPES) for key in keys])
        params["body"] = f"{BEGIN}{text}{END}".encode("utf-8", "xmlcharrefreplace")


def with_md5(request: Any, **kwargs: Any) -> None:
    """Compatible services want Content-MD5 with DeleteObjects, and some know no other checksum."""
    for name in [name for name in request.headers if name.lower() in CHECKSUM_HEADERS]:
        del request.headers[name]
    digest = hashlib.md5(request.data, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
