"""The options of the S3 storages, and the client that they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import s3_cures
from storages.base import RemoteStorage
from storages.compress import GZIP_CONTENT_TYPES
from storages.cures import Cure
from storages.options import option
from storages.sdk import loader

if TYPE_CHECKING:
    from storages.backends.s3_client import Connection

CONNECTION_OPTIONS = (
    "access_key",
    "secret_key",
    "security_token",
    "session_profile",
    "region_name",
    "endpoint_url",
    "use_ssl",
    "verify",
    "addressing_style",
    "signature_version",
)


with_boto3 = loader("S3", "boto3", "s3")
"""Imports a module of this package that needs boto3."""


class S3Options(RemoteStorage):
    """What can be set, what cannot be set together, and the client that follows from it."""

    sdk = ("boto3",)

    config: Any = None
    """Deprecated: a botocore Config as a class attribute; use `client_config`."""

    bucket_name: str | None = option(
        None, "AWS_STORAGE_BUCKET_NAME", required=True, help="The bucket that holds the files."
    )
    location: str = option(
        "", "AWS_LOCATION", help="A prefix of all keys, without a leading slash."
    )
    file_overwrite: bool = option(
        True,
        "AWS_S3_FILE_OVERWRITE",
        help="Replace a file of the same name. With `False`, `save()` creates exclusively and "
        "takes another name where there is one already; no file is ever lost.",
    )
    access_key: str | None = option(
        None,
        ("AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        env=("AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        secret=True,
        help="The access key. Without one, boto3 looks for a role or a profile.",
    )
    secret_key: str | None = option(
        None,
        ("AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        env=("AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        secret=True,
        help="The secret key to `access_key`.",
    )
    security_token: str | None = option(
        None,
        ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
        env=("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
        secret=True,
        help="The session token of temporary keys.",
    )
    session_profile: str | None = option(
        None,
        "AWS_S3_SESSION_PROFILE",
        env="AWS_S3_SESSION_PROFILE",
        help="A profile of the AWS configuration files, instead of keys.",
    )
    region_name: str | None = option(None, "AWS_S3_REGION_NAME", help="The bucket's region.")
    endpoint_url: str | None = option(
        None,
        "AWS_S3_ENDPOINT_URL",
        help="The address of a compatible service, scheme included. Checksums are then sent and "
        "checked only where the protocol requires them.",
    )
    use_ssl: bool = option(
        True, "AWS_S3_USE_SSL", help="Speak HTTPS; an `endpoint_url` decides by its own scheme."
    )
    verify: bool | str | None = option(
        None,
        "AWS_S3_VERIFY",
        help="A file of certificate authorities to trust, or `False` to trust everyone.",
    )
    addressing_style: str | None = option(
        None,
        "AWS_S3_ADDRESSING_STYLE",
        help="`virtual` has the bucket in the host, `path` in the path; default: boto3's choice.",
    )
    signature_version: str | None = option(
        None,
        "AWS_S3_SIGNATURE_VERSION",
        help="`s3v4` is what AWS wants for links to newer buckets, together with `region_name`; "
        "default: boto3's choice.",
    )
    proxies: Mapping[str, str] | None = option(
        None, "AWS_S3_PROXIES", secret=True, help="Proxy servers by protocol, as boto3 takes them."
    )
    client_config: Any = option(
        None,
        "AWS_S3_CLIENT_CONFIG",
        help="A `botocore.config.Config`. It wins over `addressing_style`, `signature_version` "
        "and `proxies`.",
    )
    transfer_config: Any = option(
        None,
        "AWS_S3_TRANSFER_CONFIG",
        help="A `boto3.s3.transfer.TransferConfig`: `multipart_threshold`, `multipart_chunksize`, "
        "`max_concurrency` and `use_threads` are honoured.",
    )
    use_threads: bool = option(
        True,
        "AWS_S3_USE_THREADS",
        help="Deprecated, use `transfer_config`. `False` moves parts one after another.",
    )
    max_memory_size: int = option(
        0,
        "AWS_S3_MAX_MEMORY_SIZE",
        help="Bytes of parts and windows that one open file may have in memory and on their way, "
        "but at least one part. 0 stands for 40 MiB. Nothing is spooled to disk.",
    )
    file_buffer_size: int = option(
        5 * 1024 * 1024,
        "AWS_S3_FILE_BUFFER_SIZE",
        help="Bytes of a part of a file opened for writing, at least 5 MiB.",
    )
    object_parameters: dict[str, Any] = option(
        {},
        "AWS_S3_OBJECT_PARAMETERS",
        secret=True,
        help="Parameters of all stored objects, by boto3's names for `put_object`: CacheControl, "
        "StorageClass, Metadata, Tagging, SSE-KMS, SSE-C …",
    )
    default_acl: str | None = option(
        None,
        "AWS_DEFAULT_ACL",
        help="The canned ACL of stored objects, such as `public-read`; default: the bucket's.",
    )
    gzip: bool = option(
        False, "AWS_IS_GZIPPED", help="Compress content of the types in `gzip_content_types`."
    )
    gzip_content_types: Iterable[str] = option(
        GZIP_CONTENT_TYPES, "GZIP_CONTENT_TYPES", help="The content types that `gzip` is for."
    )
    querystring_auth: bool = option(
        True, "AWS_QUERYSTRING_AUTH", help="Sign links; `False` for public files."
    )
    querystring_expire: int = option(
        3600, "AWS_QUERYSTRING_EXPIRE", help="Seconds that a signed link is valid."
    )
    url_protocol: str = option(
        "https:",
        "AWS_S3_URL_PROTOCOL",
        help="The scheme of links to `custom_domain` and `public_domain`, with its colon.",
    )
    custom_domain: str | None = option(
        None,
        "AWS_S3_CUSTOM_DOMAIN",
        help="The host of links, such as a CDN in front of the bucket; signed by the CloudFront "
        "key if there is one, and not signed else.",
    )
    public_domain: str | None = option(
        None,
        "AWS_S3_PUBLIC_DOMAIN",
        help="The host by which browsers reach the service, without a trailing slash: links, "
        "signed ones too, are made for it, with the bucket in the path, while the storage itself "
        "speaks to `endpoint_url`.",
    )
    cloudfront_key_id: str | None = option(
        None, "AWS_CLOUDFRONT_KEY_ID", help="The id of the CloudFront public key."
    )
    cloudfront_key: str | bytes | None = option(
        None, "AWS_CLOUDFRONT_KEY", secret=True, help="The CloudFront private key, as PEM."
    )
    cloudfront_signer: Any = option(
        None,
        secret=True,
        help="A `botocore.signers.CloudFrontSigner` of your own, instead of the key; `None` "
        "switches signing off.",
    )
    file_name_charset: str = option(
        "utf-8", "AWS_S3_FILE_NAME_CHARSET", help="Accepted, and without effect: keys are UTF-8."
    )

    def _configured(self) -> None:
        super()._configured()
        if self.session_profile and (self.access_key or self.secret_key):
            raise ImproperlyConfigured(
                "session_profile (AWS_S3_SESSION_PROFILE) and keys (access_key, secret_key; "
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) were both given: which shall it be?"
            )
        if bool(self.cloudfront_key_id) != bool(self.cloudfront_key):
            raise ImproperlyConfigured(
                "cloudfront_key_id (AWS_CLOUDFRONT_KEY_ID) and cloudfront_key "
                "(AWS_CLOUDFRONT_KEY) belong together, but one of them is missing."
            )
        if self.public_domain and (self.public_domain.endswith("/") or "//" in self.public_domain):
            raise ImproperlyConfigured(
                f"public_domain (AWS_S3_PUBLIC_DOMAIN) is {self.public_domain!r}: give a host, "
                "with a port where needed, but without a scheme and without a slash at the end."
            )
        if self.endpoint_url and not re.match(r"https?://", self.endpoint_url):
            raise ImproperlyConfigured(
                f"endpoint_url (AWS_S3_ENDPOINT_URL) is {self.endpoint_url!r}: it needs its "
                "scheme, such as https://."
            )

    def _check(self, alias: str) -> list[CheckMessage]:
        messages: list[CheckMessage] = []
        where = f"STORAGES[{alias!r}]"
        if self.url_protocol and not self.url_protocol.endswith(":"):
            messages.append(
                Error(
                    f"{where}: url_protocol is {self.url_protocol!r}: it needs its colon.",
                    hint=f"Write {self.url_protocol.rstrip(':/') + ':'!r}.",
                    id="storages.E006",
                )
            )
        for old, new, used in (
            ("use_threads", "transfer_config", not self.use_threads),
            ("config", "client_config", self.config is not None),
        ):
            if used:
                messages.append(
                    Warning(
                        f"{where}: {old!r} is deprecated.",
                        hint=f"Use {new!r} instead.",
                        id="storages.W005",
                    )
                )
        return messages

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        # An endpoint decides by its own scheme.
        plain = not (self.endpoint_url or ("https:" if self.use_ssl else "")).startswith("https:")
        local = urlsplit(self.endpoint_url or "").hostname in ("localhost", "127.0.0.1", "::1")
        found = []
        if self.verify is False:
            found.append(("the certificate of the service is not verified", "verify", "W006"))
        if plain and not local:
            found.append(("files travel without encryption", "endpoint_url and use_ssl", "W007"))
        return [
            Warning(
                f"STORAGES[{alias!r}]: {what}.",
                hint=f"See the options {where}.",
                id=f"storages.{number}",
            )
            for what, where, number in found
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return s3_cures.cure(self, step, error) or super()._cure(step, error)

    def _link_trust(self) -> bool | str | None:
        return None if self.custom_domain or self.public_domain else self.verify

    def _honours_exclusive(self, key: str) -> bool:
        return s3_cures.honours_exclusive(self, key)

    def _place(self) -> tuple[Any, ...] | None:
        name = self.bucket_name or ""
        # An access point is another name of some bucket.
        is_known = name and not name.startswith("arn:") and not name.endswith("-s3alias")
        return ("s3", self.endpoint_url, name) if is_known else None

    def _hosts(self) -> list[str | None]:
        return [self.custom_domain, self.public_domain, self.endpoint_url]

    # -- client

    @property
    def _connection(self) -> Connection:
        found: Connection = clients.of(self, self._connection_key, self._connect)
        return found

    def _connect(self) -> Connection:
        connection: Connection = with_boto3("s3_client").Connection(self)
        return connection

    @property
    def client(self) -> Any:
        """The boto3 client, shared by all threads and all storages with the same connection."""
        return self._connection.boto3_client

    @property
    def _client(self) -> Any:
        """The same, or one that needs no boto3 as long as nobody asked for that."""
        return self._connection.client

    @property
    def connection(self) -> Any:
        """A boto3 resource over the shared client, one per thread."""
        return self._connection.resource()

    @property
    def unsigned_connection(self) -> Any:
        """A boto3 resource that does not sign its requests, one per thread."""
        return self._connection.resource(signed=False)

    @property
    def bucket(self) -> Any:
        """The boto3 Bucket resource."""
        return self.connection.Bucket(self._bucket())

    def _connection_key(self) -> clients.ClientKey:
        """What makes two storages' clients different; objects count by identity."""
        proxies = tuple(sorted((self.proxies or {}).items()))
        plain = (getattr(self, name) for name in CONNECTION_OPTIONS)
        return clients.ClientKey(("s3", *plain, proxies, self.client_config, self.config))

    def _account(self) -> clients.ClientKey:
        """The service and who asks it: among the buckets of one account it copies by itself."""
        return clients.ClientKey(
            (
                self.endpoint_url and self.endpoint_url.rstrip("/"),
                self.access_key,
                self.secret_key,
                self.security_token,
                self.session_profile,
            )
        )

    def _bucket(self) -> str:
        return self.bucket_name or str(self._require("bucket_name"))
