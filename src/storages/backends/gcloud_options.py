"""The options of the storages on Google Cloud Storage, and the client that they make."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import gcloud_cures
from storages.base import RemoteStorage
from storages.compress import GZIP_CONTENT_TYPES
from storages.cures import Cure
from storages.options import GivenOptions, option
from storages.sdk import loader
from storages.signers.gcs import seconds_left

if TYPE_CHECKING:
    from storages.backends.gcloud_client import Connection

UNIT = 256 * 1024
"""Bytes that each part of an upload but the last one is a multiple of.

https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
"""

SERVICE = "https://storage.googleapis.com"
IAM_SERVICE = "https://iamcredentials.googleapis.com"

FIELDS = {
    "acl": None,
    "cache_control": "cacheControl",
    "content_disposition": "contentDisposition",
    "content_encoding": "contentEncoding",
    "content_language": "contentLanguage",
    "content_type": "contentType",
    "metadata": "metadata",
    "storage_class": "storageClass",
    "custom_time": "customTime",
    "event_based_hold": "eventBasedHold",
    "temporary_hold": "temporaryHold",
}
"""The object parameters by the SDK's names, and the fields of the JSON API."""

ASKED = (
    "name,size,updated,timeCreated,generation,md5Hash,crc32c,contentEncoding,contentType,"
    "cacheControl,contentDisposition,contentLanguage,metadata"
)
"""The fields of an object that the API is asked for."""

ACLS = {
    "authenticated-read": "authenticatedRead",
    "bucket-owner-full-control": "bucketOwnerFullControl",
    "bucket-owner-read": "bucketOwnerRead",
    "private": "private",
    "project-private": "projectPrivate",
    "public-read": "publicRead",
}
"""The predefined ACLs of objects by the names of the XML API, and those of the JSON API."""

REDIRECTING = ("STORAGE_EMULATOR_HOST", "API_ENDPOINT_OVERRIDE", "GOOGLE_CLOUD_UNIVERSE_DOMAIN")
"""Variables of the environment by which the SDK's client goes to another service."""

with_google = loader("Google Cloud Storage", "google-cloud-storage", "google")
"""Imports a module of this package that needs google-cloud-storage."""


class GCSOptions(RemoteStorage):
    """What can be set, what cannot be set together, and the client that follows from it."""

    sdk = ("google.cloud.storage",)

    bucket_name: str | None = option(
        None, "GS_BUCKET_NAME", required=True, help="The bucket that holds the files."
    )
    location: str = option("", "GS_LOCATION", help="A prefix of all keys, without a leading slash.")
    file_overwrite: bool = option(
        True,
        "GS_FILE_OVERWRITE",
        help="Replace a file of the same name. With `False`, `save()` creates exclusively and "
        "takes another name where there is one already; no file is ever lost.",
    )
    project_id: str | None = option(
        None, "GS_PROJECT_ID", help="The project of the client; files need none."
    )
    credentials: Any = option(
        None,
        "GS_CREDENTIALS",
        secret=True,
        help="The path of a service account's JSON file, or a credentials object of google-auth. "
        "Without them, Google's library looks for those of the environment.",
    )
    api_endpoint: str | None = option(
        None,
        "GS_API_ENDPOINT",
        help="The address of an emulator or another way to the service, scheme included. Without "
        "TLS and without `credentials` it is spoken to anonymously. The environment's "
        "STORAGE_EMULATOR_HOST does the same.",
    )
    default_acl: str | None = option(
        None,
        "GS_DEFAULT_ACL",
        help="The predefined ACL of stored objects; links to `publicRead` ones are not signed. "
        "Default: the bucket's. A bucket with uniform access takes none.",
    )
    querystring_auth: bool = option(
        True, "GS_QUERYSTRING_AUTH", help="Sign links; `False` for public files."
    )
    expiration: timedelta | datetime | int = option(
        timedelta(days=1),
        "GS_EXPIRATION",
        help="How long a signed link is valid, as a timedelta or in seconds, or until when, as a "
        "datetime; 7 days at most.",
    )
    custom_endpoint: str | None = option(
        None,
        "GS_CUSTOM_ENDPOINT",
        help="What links begin with instead of the service and the bucket, such as "
        "`https://files.example.com`; they are signed for it.",
    )
    iam_sign_blob: bool = option(
        False,
        "GS_IAM_SIGN_BLOB",
        help="Sign links by the IAM service even if the credentials hold a private key; where "
        "they hold none, that is done anyway.",
    )
    sa_email: str | None = option(
        None,
        "GS_SA_EMAIL",
        help="The service account that the IAM service signs for; default: the credentials' own.",
    )
    iam_endpoint: str = option(
        IAM_SERVICE, "GS_IAM_ENDPOINT", help="The address of the IAM Credentials API."
    )
    object_parameters: dict[str, Any] = option(
        {},
        "GS_OBJECT_PARAMETERS",
        help="Parameters of all stored objects: " + ", ".join(FIELDS) + ".",
    )
    cache_control: str | None = option(
        None,
        "GS_CACHE_CONTROL",
        help="Deprecated: `cache_control` in `object_parameters`, which wins over it.",
    )
    blob_chunk_size: int | None = option(
        None,
        "GS_BLOB_CHUNK_SIZE",
        help="Bytes of a part of an upload, a multiple of 256 KiB; what fits in one is sent by a "
        "single request. Default: 16 MiB.",
    )
    max_memory_size: int = option(
        0,
        "GS_MAX_MEMORY_SIZE",
        help="Bytes of windows that one open file may have in memory and on their way. 0 stands "
        "for 40 MiB. Nothing is spooled to disk.",
    )
    gzip: bool = option(
        False, "GS_IS_GZIPPED", help="Compress content of the types in `gzip_content_types`."
    )
    gzip_content_types: Iterable[str] = option(
        GZIP_CONTENT_TYPES, "GZIP_CONTENT_TYPES", help="The content types that `gzip` is for."
    )
    file_charset: str = option(
        "utf-8",
        ("GS_FILE_CHARSET", "GS_FILE_NAME_CHARSET"),
        help="Accepted, and without effect: keys are UTF-8.",
    )

    def _configured(self) -> None:
        super()._configured()
        self._check_part()
        self._check_expiration()
        self._acl()
        check_parameters(self.object_parameters, "object_parameters (GS_OBJECT_PARAMETERS)")
        self._check_credentials()
        for name in ("api_endpoint", "iam_endpoint"):
            if (given := getattr(self, name)) and not given.startswith(("http://", "https://")):
                raise ImproperlyConfigured(
                    f"{name} (GS_{name.upper()}) is {given!r}: it needs its scheme, such as "
                    "https://."
                )

    def _check_credentials(self) -> None:
        """Whether they can be credentials at all; files are read when they are needed."""
        given = self.credentials
        if given is None or isinstance(given, str | os.PathLike):
            return
        if not hasattr(given, "before_request"):
            raise ImproperlyConfigured(
                f"credentials (GS_CREDENTIALS) is a {type(given).__name__}: give the path of a "
                "service account's JSON file, or a credentials object of google-auth."
            )

    def _check_part(self) -> None:
        size = self.blob_chunk_size
        if size is None:
            return
        if not isinstance(size, int) or size <= 0 or size % UNIT:
            raise ImproperlyConfigured(
                f"blob_chunk_size (GS_BLOB_CHUNK_SIZE) is {size!r}: Google Cloud Storage takes "
                f"parts of multiples of 256 KiB ({UNIT} bytes)."
            )
        self.part_size = size

    def _signs(self) -> bool:
        """Whether links are signed: not those to what everybody may read."""
        own = self.object_parameters.get("acl")
        is_public = (ACLS.get(own, own) if own else self._acl()) == "publicRead"
        return bool(self.querystring_auth) and not is_public

    def _check_expiration(self) -> None:
        try:
            if self._signs() and not isinstance(self.expiration, datetime):
                seconds_left(self.expiration)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"expiration (GS_EXPIRATION): {error}") from error

    def _check(self, alias: str) -> list[CheckMessage]:
        if not self.cache_control:
            return []
        return [
            Warning(
                f"STORAGES[{alias!r}]: 'cache_control' is deprecated.",
                hint="Use 'cache_control' in 'object_parameters' instead.",
                id="storages.W005",
            )
        ]

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        parts = urlsplit(self.api_endpoint or "")
        if parts.scheme != "http" or parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return []
        return [
            Warning(
                f"STORAGES[{alias!r}]: files travel without encryption.",
                hint="See the option api_endpoint.",
                id="storages.W007",
            )
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return gcloud_cures.cure(self, step, error) or super()._cure(step, error)

    def _place(self) -> tuple[Any, ...] | None:
        return ("gcs", self.api_endpoint, self.bucket_name) if self.bucket_name else None

    def _hosts(self) -> list[str | None]:
        return [self.custom_endpoint, self.api_endpoint or SERVICE]

    def _acl(self) -> str | None:
        """The name of `default_acl` in the JSON API."""
        return known_acl(self.default_acl, "default_acl (GS_DEFAULT_ACL)")

    # -- client

    @property
    def _connection(self) -> Connection:
        found: Connection = clients.of(self, self._connection_key, self._connect)
        return found

    def _connect(self) -> Connection:
        connection: Connection = with_google("gcloud_client").connect(self)
        return connection

    def _connection_key(self) -> clients.ClientKey:
        """What makes two storages' clients different; objects count by identity."""
        own = self if self._has_own_client() else None
        given = (self.project_id, self.credentials, self.api_endpoint)
        return clients.ClientKey(("gcs", own, *given, *map(os.environ.get, REDIRECTING)))

    def _account(self) -> clients.ClientKey:
        """The service and who asks it: among the buckets of one account it copies by itself."""
        own = self if self._has_own_client() else None
        return clients.ClientKey((own, self.credentials, self.api_endpoint))

    def _has_own_client(self) -> bool:
        """Whether a subclass makes the client itself."""
        return type(self).client is not GCSOptions.client

    @property
    def client(self) -> Any:
        """Google's client, shared by all threads and all storages with the same connection.

        A subclass that overrides it gives the storage another one.
        """
        return self._connection.client

    @property
    def bucket(self) -> Any:
        """Google's Bucket object; no request is sent for it."""
        return self.client.bucket(self._bucket())

    def _bucket(self) -> str:
        return self.bucket_name or str(self._require("bucket_name"))

    def _service(self) -> str:
        """The address that links begin with; that of the client, if it may be another one."""
        if self.api_endpoint:
            return self.api_endpoint.rstrip("/")
        if self._has_own_client() or any(map(os.environ.get, REDIRECTING)):
            return str(self._connection.base)
        return SERVICE


def known_acl(acl: str | None, where: str) -> str | None:
    """The name of a predefined ACL in the JSON API; ImproperlyConfigured for an unknown one."""
    if not acl:
        return None
    found = ACLS.get(acl, acl)
    if found not in ACLS.values():
        raise ImproperlyConfigured(
            f"{where} is {acl!r}: objects know the ACLs {', '.join(ACLS.values())}."
        )
    return found


def check_parameters(parameters: Mapping[str, Any], where: str) -> None:
    """Raise ImproperlyConfigured for what objects do not have."""
    for name in parameters:
        if name not in FIELDS:
            raise ImproperlyConfigured(
                f"{where} has the unknown key {name!r}; objects have: {', '.join(FIELDS)}."
            )
    known_acl(parameters.get("acl"), f"the acl in {where}")


def resource_of(params: Mapping[str, Any]) -> GivenOptions:
    """Object parameters as the JSON API takes them, without the ACL."""
    found = GivenOptions()
    for name, field in FIELDS.items():
        value = params.get(name)
        if field and value is not None:
            found[field] = _as_text(value) if isinstance(value, datetime) else value
    if "metadata" in found:
        found["metadata"] = {name: str(value) for name, value in found["metadata"].items()}
    return found


def _as_text(time: datetime) -> str:
    """A time as the API wants it; a naive one is in UTC, as the SDK has it."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
