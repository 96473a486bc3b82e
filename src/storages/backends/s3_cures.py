"""What cures the errors of S3: by the code of its answer, else by what was asked for.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re
from typing import Any

from storages.cures import CLOCK, Cure, LinkError

KEYS = Cure(
    "The keys are not those of this service: correct access_key and secret_key (no blanks, no "
    "line break), and endpoint_url where the service is not Amazon's.",
    stops=True,
)
EXPIRED = Cure(
    "The temporary keys have ended, or their token is another one: renew access_key, secret_key "
    "and security_token together, or leave them out and give the machine a role.",
    stops=True,
)
BUCKET = Cure(
    "Create the bucket, or correct bucket_name; with endpoint_url, look whether that names the "
    "bucket already, and try addressing_style='path'.",
    stops=True,
)
CHECKSUMS = Cure(
    "The service does not know the checksums that boto3 sends and checks. Give client_config="
    'botocore.config.Config(request_checksum_calculation="when_required", '
    'response_checksum_validation="when_required"); with endpoint_url set that is so anyway, '
    "unless client_config says otherwise.",
)
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html

ACL = Cure(
    "The bucket takes no ACLs of objects (Object Ownership: bucket owner enforced). Set "
    "default_acl=None, remove ACL from object_parameters, and let a bucket policy or a CDN make "
    "files public.",
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html

BLOCKED_ACL = (
    " A 403 for a public ACL may also be Block Public Access: set default_acl=None, or allow "
    "public ACLs in the bucket's settings."
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

CODES = {
    "AccessControlListNotSupported": ACL,
    "ExpiredToken": EXPIRED,
    "InvalidToken": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "InvalidAccessKeyId": KEYS,
    "SignatureDoesNotMatch": KEYS,
    "NoSuchBucket": BUCKET,
    "InvalidBucketName": BUCKET,
    "RequestTimeTooSkewed": CLOCK,
    "RequestExpired": CLOCK,
}

REGION = frozenset(
    {
        "301",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)
"""Codes of answers to those who ask in another region than the bucket's."""

_checksum = re.compile(
    r"checksum|crc32|trailer|aws-chunked|x-amz-sdk|STREAMING-|content-encoding"
    r"|XAmzContentSHA256Mismatch|MissingContentLength|header you provided implies functionality",
    re.I,
)
_action = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html"""

LIST = "s3:ListBucket"
OBJECT = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "CopyObject": "s3:GetObject and s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject",
}
"""The permission on objects that an operation needs.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of boto3 or of a link; None if it is not S3's."""
    answer, code = _answer(error)
    if code in REGION:
        return _region(storage, error, answer)
    if code in CODES:
        return CODES[code]
    if isinstance(error, LinkError):
        return _of_link(storage, error)
    said = f"{code} {answer.get('Message', '')} {type(error).__name__} {error}"
    if not isinstance(error, PermissionError) and _checksum.search(said):
        return CHECKSUMS
    if code.startswith("KMS.") or "kms:" in said:
        return Cure(_kms(said, code))
    if isinstance(error, PermissionError):
        return Cure(_permission(storage, step, error, said))
    return None


def _answer(error: BaseException) -> tuple[dict[str, Any], str]:
    """The Error of an answer, and its code."""
    answer = getattr(error, "response", None)
    found = dict(answer.get("Error", {})) if isinstance(answer, dict) else {}
    return found, str(found.get("Code") or getattr(error, "code", "") or "")


def _region(storage: Any, error: BaseException, answer: dict[str, Any]) -> Cure:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html"""
    meta = getattr(error, "response", None) or {}
    headers = meta.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    said = f"{answer.get('Message', '')} {getattr(error, 'said', '')}"
    named = re.search(r"expecting '([\w-]+)'|<Region>([\w-]+)</Region>", said)
    region = (
        answer.get("Region")
        or headers.get("x-amz-bucket-region")
        or (named and (named[1] or named[2]))
    )
    wanted = f"region_name={region!r}" if region else "region_name to the region of the bucket"
    now = f", which is {storage.region_name!r} now" if storage.region_name else ""
    place = f", and endpoint_url ({storage.endpoint_url})" if storage.endpoint_url else ""
    return Cure(f"The bucket is in another region: set {wanted}{now}{place}.", stops=True)


def _of_link(storage: Any, error: LinkError) -> Cure | None:
    if error.status != 403:
        return None
    if storage.custom_domain and error.host == storage.custom_domain:
        return Cure(
            f"{error.host} refuses the link: CloudFront needs a key of the bucket's distribution "
            "(cloudfront_key_id, cloudfront_key) or public files, and may itself need to be "
            "allowed to read the bucket (origin access control)."
        )
    if not error.signed:
        return Cure(
            "The links are not signed (querystring_auth=False), and the file is not public: set "
            "querystring_auth=True, or let a bucket policy allow s3:GetObject to everybody."
        )
    return Cure(f"Allow s3:GetObject on {_objects(storage)} to the keys that sign.")


def _kms(said: str, code: str) -> str:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"""
    action = _action.search(said)
    if action:
        return f"Allow {action[1]} on the KMS key of the bucket, in its key policy as well."
    return (
        f"The KMS key cannot be used ({code}): enable it, correct SSEKMSKeyId in object_parameters "
        "or the bucket's encryption, and allow kms:GenerateDataKey and kms:Decrypt on it."
    )


def _permission(storage: Any, step: str, error: BaseException, said: str) -> str:
    """The statement that a policy lacks."""
    named = _action.search(said)
    operation = getattr(error, "operation_name", "")
    if named:
        action = named[1]
    elif operation == "ListObjectsV2" or (step == "connect" and operation in OBJECT):
        action = LIST
    else:
        action = OBJECT.get(operation, f"what {operation or step} needs")
    if action == LIST:
        where = f"arn:aws:s3:::{storage.bucket_name} (the bucket itself, without /*)"
    else:
        where = _objects(storage)
    told = f"Allow {action} on {where} in the policy of the user, role or bucket."
    if action == LIST and step == "connect":
        told += " Without it S3 answers 403 instead of 404 for what does not exist"
        told += "; or s3:GetObject on the objects is missing, or the keys are of another account."
    if action == "s3:PutObject":
        acl = storage.default_acl or storage.object_parameters.get("ACL")
        told += f" For the ACL {acl!r} s3:PutObjectAcl is needed, too.{BLOCKED_ACL}" if acl else ""
    if action == "s3:AbortMultipartUpload":
        told += " Until then let a lifecycle rule (AbortIncompleteMultipartUpload) clean up."
    return told


def _objects(storage: Any) -> str:
    return f"arn:aws:s3:::{storage.bucket_name}/{storage._root()}*"


def honours_exclusive(storage: Any, key: str) -> bool:
    """Whether the service heeds If-None-Match; without the look that comes first otherwise.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    try:
        with storage._translated(key):
            storage._client.put_object(
                Bucket=storage._bucket(),
                Key=key,
                Body=b"",
                IfNoneMatch="*",
                **storage._prepare(key)[0],
            )
    except FileExistsError:
        return True
    except OSError as error:
        if getattr(error, "status", None) != 501:
            raise
    return False
