"""The S3 client: one session and client per configuration, and its errors as builtin ones."""

from __future__ import annotations

import errno
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import botocore
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from django.core.exceptions import ImproperlyConfigured
from urllib3.exceptions import HTTPError

from storages.backends.s3_direct import DirectClient
from storages.backends.s3_hooks import hook
from storages.backends.s3_session import make_session
from storages.signers import CurrentCredentials, Presigner, probe, unsigned_prefix
from storages.transfer import WORKERS

if TYPE_CHECKING:
    from storages.backends.s3_options import S3Options

POOL = 2 * WORKERS
"""Connections that are kept open: the shared threads' and as many of the project's own."""


class S3Error(OSError, ClientError):
    """An error of the service; also a botocore ClientError, with its `response`."""

    def __init__(self, message: str, response: Any, operation_name: str) -> None:
        OSError.__init__(self, message)
        self.response = response
        self.operation_name = operation_name

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return int(self.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"errno": self.errno}  # which is not among the arguments
        return type(self), (self.args[0], self.response, self.operation_name), state


class S3FileNotFoundError(S3Error, FileNotFoundError): ...


class S3FileExistsError(S3Error, FileExistsError): ...


class S3PermissionError(S3Error, PermissionError): ...


class S3UnavailableError(S3Error, ConnectionError):
    """The service could not answer, after the SDK's own attempts."""


USER_AGENT = f"django-storehouse botocore/{botocore.__version__} python/{platform.python_version()}"
"""Given once, since botocore builds its own anew for each request: a tenth of a small one."""

NEEDED = {
    "HeadObject": "s3:GetObject, and s3:ListBucket on the bucket: without that one S3 answers "
    "403 instead of 404 for an object that does not exist",
    "GetObject": "s3:GetObject, and s3:ListBucket on the bucket: without that one S3 answers "
    "403 instead of 404 for an object that does not exist",
    "PutObject": "s3:PutObject, and s3:PutObjectAcl where an ACL is set",
    "CreateMultipartUpload": "s3:PutObject, and s3:PutObjectAcl where an ACL is set",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "CopyObject": "s3:GetObject on the source and s3:PutObject on the target",
    "UploadPartCopy": "s3:GetObject on the source and s3:PutObject on the target",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket on the bucket",
}
"""The permissions of each operation.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""


BROKEN = (
    NoConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
    HTTPError,
)
"""What the SDK raises when it reached no service, or lost it, or something on the way."""

NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
)


@contextmanager
def translated(bucket: str, key: str) -> Iterator[None]:
    """Raise builtin errors that name the object, chained from the SDK's."""
    try:
        yield
    except S3Error:
        raise
    except ClientError as error:
        raise _service_error(error, bucket, key) from error
    except SSLError as error:
        raise OSError(
            f"No trusted connection to the S3 service: {error}. For a certificate authority of "
            "your own, give its file as `verify` (AWS_S3_VERIFY)."
        ) from error
    except BROKEN as error:
        raise ConnectionError(f"The connection to S3 broke at {key!r}: {error}") from error
    except NO_CREDENTIALS as error:
        raise no_credentials(error) from error
    except ParamValidationError as error:
        raise ImproperlyConfigured(
            f"S3 takes no such parameters for {key!r}; see object_parameters "
            f"(AWS_S3_OBJECT_PARAMETERS) and get_object_parameters(): {error}"
        ) from error


def no_credentials(error: Exception) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"No credentials for S3: {str(error).rstrip('.')}. Give access_key and secret_key in "
        "OPTIONS (AWS_S3_ACCESS_KEY_ID, AWS_S3_SECRET_ACCESS_KEY), a session_profile, or a role."
    )


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _service_error(error: ClientError, bucket: str, key: str) -> OSError:
    status, code, operation = status_of(error), code_of(error), error.operation_name
    given = (error.response, operation)
    if code == "NoSuchBucket":
        return S3Error(f"The bucket {bucket!r} does not exist.", *given)
    if status == 404 or code in ("404", "NoSuchKey", "NoSuchUpload"):
        return S3FileNotFoundError(f"{key!r} does not exist in the bucket {bucket!r}.", *given)
    if status == 412 and operation in ("GetObject", "CopyObject", "UploadPartCopy"):
        changed = S3Error(f"{key!r} was replaced while it was read.", *given)
        changed.errno = errno.ESTALE
        return changed
    if status == 412 or code == "ConditionalRequestConflict":
        return S3FileExistsError(f"{key!r} exists already in the bucket {bucket!r}.", *given)
    if status in (401, 403):
        detail = code if code not in ("403", "AccessDenied", "Forbidden") else "Access denied"
        needed = NEEDED.get(operation, operation)
        message = f"{detail}: {operation} of {key!r} in the bucket {bucket!r} needs {needed}."
        return S3PermissionError(message, *given)
    message = f"{operation} of {key!r} in the bucket {bucket!r} failed: {error}"
    return (S3UnavailableError if status >= 500 and status != 501 else S3Error)(message, *given)


class Links(NamedTuple):
    """How links are made: by botocore's client, and where that is proven equal by ourselves."""

    client: Any
    presigner: Presigner | None = None
    credentials: CurrentCredentials | None = None
    prefix: str | None = None
    """What comes before the quoted key in an unsigned link."""


class Connection:
    """A session with its client, shared by all threads, and what is made of them when needed."""

    def __init__(self, storage: S3Options) -> None:
        try:
            self.session = make_session(storage)
        except NO_CREDENTIALS as error:
            raise no_credentials(error) from error
        self._arguments = {
            "region_name": storage.region_name,
            "use_ssl": storage.use_ssl,
            "endpoint_url": storage.endpoint_url,
            "verify": storage.verify,
        }
        self._config = _make_config(storage)
        self._lock = threading.RLock()
        self._local = threading.local()
        self._links: dict[tuple[str, str | None, bool], Links] = {}
        self.client: Any = self._make_client(self.session)
        found = self.client.meta.endpoint_url
        if not storage.endpoint_url and not _is_amazon(found):
            # AWS_ENDPOINT_URL_S3, or the endpoint_url of a profile
            self._arguments["endpoint_url"] = found
            self._config = _make_config(storage, compatible=True)
            self.client = self._make_client(self.session)
        self.compatible = bool(self._arguments["endpoint_url"])
        self.client = DirectClient(self.client)

    def _make_client(self, session: Any, **changes: Any) -> Any:
        make = session.create_client if session is self.session else session.client
        arguments = {"config": self._config, **self._arguments, **changes}
        client = make("s3", **arguments)
        hook(client, compatible=bool(arguments["endpoint_url"]))
        return client

    def _unsigned(self) -> Any:
        return self._config.merge(Config(signature_version=UNSIGNED))

    @cached_property
    def _boto3(self) -> Any:
        """A boto3 session, for those who want its clients or resources: it costs an import."""
        import boto3.session

        return boto3.session.Session(botocore_session=self.session)

    @property
    def boto3_client(self) -> Any:
        """A client with boto3's methods for transfers; from now on the storage uses it too.

        So a handler that the project registers on it sees all requests of the storage.
        """
        with self._lock:  # a second boto3 session over the same botocore one breaks both
            if "_boto3" not in self.__dict__:
                self.client = self._make_client(self._boto3)
                self._links.clear()
            return self.client

    @cached_property
    def _boto3_unsigned(self) -> Any:
        return self._make_client(self._boto3, config=self._unsigned())

    def links(self, bucket: str, endpoint: str | None, *, signed: bool) -> Links:
        """How links to a bucket are made; for the host of `endpoint`, if it is given."""
        key = (bucket, endpoint, signed)
        found = self._links.get(key)
        if found is None:
            with self._lock:
                found = self._links[key] = self._make_links(bucket, endpoint, signed)
        return found

    def _make_links(self, bucket: str, endpoint: str | None, signed: bool) -> Links:
        config = self._config if signed else self._unsigned()
        if endpoint is not None:
            s3: Any = {**(config.s3 or {}), "addressing_style": "path"}
            config = config.merge(Config(s3=s3))
            client = self._make_client(self.session, endpoint_url=endpoint, config=config)
        else:
            client = self.client if signed else self._make_client(self.session, config=config)
        if signed:
            return Links(client, probe(client, bucket), CurrentCredentials(client))
        return Links(client, prefix=unsigned_prefix(client, bucket))

    def resource(self, *, signed: bool = True) -> Any:
        """A boto3 resource over a shared client; resources are not thread-safe, clients are."""
        name = "signed" if signed else "unsigned"
        if not hasattr(self._local, name):
            with self._lock:
                client = self.boto3_client  # before `_boto3` is asked for
                resource = self._boto3.resource("s3", config=self._config, **self._arguments)
                resource.meta.client = client if signed else self._boto3_unsigned
            setattr(self._local, name, resource)
        return getattr(self._local, name)


def _is_amazon(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def _make_config(storage: S3Options, *, compatible: bool = False) -> Any:
    """The client's Config: ours, and over it what the user gave."""
    given = storage.client_config or storage.config
    s3: dict[str, Any] = {"payload_signing_enabled": False}
    ours: dict[str, Any] = {"max_pool_connections": POOL, "s3": s3, "user_agent": USER_AGENT}
    if storage.endpoint_url or compatible:
        # Many compatible services know no checksum trailers, or answer with checksums of the
        # whole object to a range.
        ours["request_checksum_calculation"] = "when_required"
        ours["response_checksum_validation"] = "when_required"
    if given is None:
        if storage.addressing_style:
            s3["addressing_style"] = storage.addressing_style
        if storage.signature_version:
            ours["signature_version"] = storage.signature_version
        if storage.proxies:
            ours["proxies"] = storage.proxies
        return Config(**ours)
    ours["s3"] = s3 | (given.s3 or {})
    return Config(**ours).merge(given).merge(Config(s3=ours["s3"]))
