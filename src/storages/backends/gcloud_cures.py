"""What cures the errors of Google Cloud Storage: by the permission that it names, else by the step.

https://cloud.google.com/storage/docs/access-control/iam-json
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from storages.cures import CLOCK, Cure, LinkError

NEEDED = {
    "connect": "storage.objects.get and storage.objects.list",
    "write": "storage.objects.create",
    "read": "storage.objects.get",
    "range": "storage.objects.get",
    "stat": "storage.objects.get",
    "list": "storage.objects.list",
    "sign": "iam.serviceAccounts.signBlob",
    "copy": "storage.objects.get, storage.objects.list and storage.objects.create",
    "condition": "storage.objects.create",
    "parts": "storage.objects.create",
    "abort": "storage.objects.create",
    "delete": "storage.objects.delete",
}

BUCKET = Cure("Create the bucket, or correct bucket_name (GS_BUCKET_NAME).", stops=True)
LOGIN = Cure(
    "The credentials are refused, or there are none: give the JSON file of a service account as "
    "credentials (GS_CREDENTIALS), let the machine have one, or log in anew (`gcloud auth "
    "application-default login`).",
    stops=True,
)
# https://cloud.google.com/docs/authentication/application-default-credentials

UNIFORM = Cure(
    "The bucket has uniform access and takes no ACLs of objects: remove default_acl "
    "(GS_DEFAULT_ACL) and acl in object_parameters, and allow roles/storage.objectViewer to "
    "allUsers if its files are public."
)
# https://cloud.google.com/storage/docs/uniform-bucket-level-access

SIGNING = Cure(
    "Nothing here can sign: allow iam.serviceAccounts.signBlob (in the role "
    "roles/iam.serviceAccountTokenCreator) on the service account to itself and enable the IAM "
    "Credentials API, or give the JSON file of a key as credentials, or set "
    "querystring_auth=False for public files."
)
# https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob

_named = re.compile(r"does not have ([\w.]+) access|[Pp]ermission '([\w.]+)' denied")
_clock = re.compile(r"iat and exp|token must be a short-lived|used too early|too skewed", re.I)


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of the service or of a link; None if it is not theirs."""
    said = f"{error} {getattr(error, 'said', '')}"
    if _clock.search(said):
        return CLOCK
    if isinstance(error, LinkError):
        return _of_link(storage, error)
    if "uniform bucket-level access" in said:
        return UNIFORM
    if type(error).__name__ == "GCSBucketNotFoundError":
        return BUCKET
    if step == "sign" and isinstance(error, PermissionError | ImproperlyConfigured):
        return SIGNING
    if isinstance(error, ImproperlyConfigured) and "No credentials" in said:
        return LOGIN
    if isinstance(error, PermissionError):
        return _permission(storage, step, said, getattr(error, "code", 0))
    return None


def _permission(storage: Any, step: str, said: str, status: int) -> Cure:
    named = _named.search(said)
    if status == 401 and not named:
        return LOGIN
    needed = (named[1] or named[2]) if named else NEEDED.get(step, "the permission")
    return Cure(
        f"Allow {needed} on the bucket {storage.bucket_name!r} to the account of the credentials: "
        "the role roles/storage.objectUser has all that is needed, roles/storage.objectViewer "
        "what reading needs."
    )


def _of_link(storage: Any, error: LinkError) -> Cure | None:
    if error.status not in (401, 403):
        return None
    if error.signed:
        return Cure(
            "Allow storage.objects.get to the service account that signs; for a custom_endpoint, "
            "it has to lead to this bucket unchanged, since the link is signed for it."
        )
    return Cure(
        "The links are not signed, and the file is not public: set querystring_auth=True, or allow "
        f"roles/storage.objectViewer on the bucket {storage.bucket_name!r} to allUsers."
    )
