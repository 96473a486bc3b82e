"""The services, as data: what they are called, and what a storage needs to reach their server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

MIB = 1024 * 1024
BUCKET = "bench"
ACCOUNT_KEY = "YmVuY2htYXJrcy1zaWduLXdpdGgtdGhpcy1hY2NvdW50LWtleS1vZi1ub29uZQ=="
CDN = "cdn.example.com"


@dataclass(frozen=True)
class Kind:
    """A service; both packages get the same options and environment.

    The server of "objects" is a fake made for speed (`Service`), that of "files" one of those of
    the tests (`FileService`), as is that of an "account" (`DropboxService`).
    """

    name: str
    title: str
    backend: str
    bulk: int  # bytes of the large file
    options: Callable[[Any], dict[str, Any]]  # of the running service
    urls: dict[str, dict[str, Any]]  # options for each sort of URL; none: files have links
    signature: str = ""  # what only signed URLs have
    environment: Callable[[Any], dict[str, str]] = lambda service: {}
    signs_with_rsa: bool = False  # the workload makes credentials of the service's RSA key
    settings: Mapping[str, Any] = field(default_factory=dict)  # of Django
    registers_driver: bool = False  # Libcloud's, for both packages
    stores: Literal["objects", "files", "account"] = "objects"
    program: str = "workloads.py"  # the workloads: of the storage itself, or of what serves it
    suite: str = ""  # of tasks, where they are not those of what it stores
    speaks: str = ""  # the fake's dialect, where it is not called as the service is
    alone: tuple[str, ...] = ()  # tasks of ours alone, for django-storages cannot
    large_times: int = 1  # that the large file is transferred in a round: the quicker, the more
    slow_peer: Mapping[str, int] = field(default_factory=dict)
    """Tasks for which the peer gets only the beginning of the large file: bytes, all the same."""
    peer_lists_a_page: bool = False  # and not what is on the next ones
    files: int = 0  # static ones to collect, beside the admin's; or those to move
    quick_files: int = 0  # the same in a quick run
    peer_files: int = 0  # of these, for django-storages; its figures are scaled, or per file
    stocked: bool = False  # the files are on disk and in the bucket before
    programs: tuple[str, ...] = ()  # that take part beside the two packages
    time_limit: int = 600  # seconds for one process; an FTP listing takes minutes on a busy machine

    @property
    def dialect(self) -> str:
        return self.speaks or self.name

    @property
    def is_quick(self) -> bool:
        """Whether there are so few files that most of the time goes into imports."""
        return 0 < self.files <= self.quick_files

    def quicker(self) -> "Kind":
        return replace(self, files=self.quick_files, peer_files=0)

    def unscaled(self) -> "Kind":
        return replace(self, peer_files=0)


S3 = Kind(
    name="s3",
    title="S3",
    backend="storages.backends.s3.S3Storage",
    bulk=512 * MIB,
    options=lambda service: {
        "access_key": "benchmark",
        "secret_key": "benchmark-secret",
        "bucket_name": BUCKET,
        "endpoint_url": service.endpoint,
        "region_name": "us-east-1",
        "signature_version": "s3v4",
        "verify": str(service.certificate),
    },
    urls={
        "signed": {},
        "unsigned": {"querystring_auth": False},
        "custom domain": {"querystring_auth": False, "custom_domain": CDN},
    },
    signature="X-Amz-Signature=",
)

GCS = Kind(
    name="gcs",
    title="Google Cloud Storage",
    backend="storages.backends.gcloud.GoogleCloudStorage",
    bulk=256 * MIB,
    options=lambda service: {"bucket_name": BUCKET, "project_id": "benchmark"},
    urls={
        "signed": {},
        "unsigned": {"querystring_auth": False},
        "custom domain": {"querystring_auth": False, "custom_endpoint": f"https://{CDN}"},
    },
    signature="X-Goog-Signature=",
    environment=lambda service: {
        "STORAGE_EMULATOR_HOST": service.endpoint,  # the peer has no option for it
        "REQUESTS_CA_BUNDLE": str(service.certificate),
    },
    signs_with_rsa=True,
)

AZURE = Kind(
    name="azure",
    title="Azure Blob Storage",
    backend="storages.backends.azure_storage.AzureStorage",
    bulk=256 * MIB,
    options=lambda service: {
        "azure_container": BUCKET,
        "connection_string": f"DefaultEndpointsProtocol=https;AccountName=benchmark;"
        f"AccountKey={ACCOUNT_KEY};BlobEndpoint={service.endpoint}/benchmark;",
        "overwrite_files": True,  # as the other services do; else the peer asks for the name first
    },
    urls={
        "signed": {"expiration_secs": 3600},
        "unsigned": {"expiration_secs": None},
        "custom domain": {"expiration_secs": None, "custom_domain": CDN},
    },
    signature="sig=",
    environment=lambda service: {"REQUESTS_CA_BUNDLE": str(service.certificate)},
)

SFTP = Kind(
    name="sftp",
    title="SFTP",
    backend="storages.backends.sftpstorage.SFTPStorage",
    bulk=256 * MIB,
    options=lambda service: service.options(),
    urls={"unsigned": {}},
    stores="files",
    large_times=2,
    slow_peer={"download": 32 * MIB},
)

FTP = Kind(
    name="ftp",
    title="FTP",
    backend="storages.backends.ftp.FTPStorage",
    bulk=256 * MIB,
    options=lambda service: service.options(),
    urls={"unsigned": {}},
    stores="files",
    large_times=6,
)

DROPBOX = Kind(
    name="dropbox",
    title="Dropbox",
    backend="storages.backends.dropbox.DropboxStorage",
    bulk=128 * MIB,
    options=lambda service: service.options(),
    urls={},
    environment=lambda service: service.environment(),
    stores="account",
    alone=("write",),
    peer_lists_a_page=True,
)

LIBCLOUD = Kind(
    name="libcloud",
    title="Apache Libcloud (its driver for S3)",
    backend="storages.backends.apache_libcloud.LibCloudStorage",
    bulk=128 * MIB,
    options=lambda service: {"provider_name": "benchmark"},
    urls={},
    environment=lambda service: {
        "BENCHMARK_ENDPOINT": service.endpoint,
        "SSL_CERT_FILE": str(service.certificate),
    },
    settings={
        "LIBCLOUD_PROVIDERS": {
            "benchmark": {
                "type": "libcloud.storage.types.Provider.BENCHMARK",
                "user": "benchmark",
                "key": "benchmark-secret",
                "bucket": BUCKET,
                "region": "us-east-1",
            }
        }
    },
    registers_driver=True,
    speaks="s3",
    alone=("write", "upload-paced", "write-paced", "zip"),
    # It saves 0.1 to 2 MB/s of a binary file, and reads nothing behind the first 5 MiB.
    slow_peer=dict.fromkeys(("upload", "download", "download-paced"), 4 * MIB),
)

FTPSERVER = replace(
    S3,
    name="ftpserver",
    title="An FTP server that serves S3, 20 ms away",
    bulk=256 * MIB,
    urls={},
    program="ftpserver_workloads.py",
    suite="ftpserver",
    speaks="s3",
)

STATIC = replace(
    S3,
    name="static",
    title="collectstatic on S3",
    backend="storages.backends.s3.S3StaticStorage",
    bulk=8 * MIB,
    urls={},
    program="static_workloads.py",
    suite="static",
    speaks="s3",
    files=2000,
    quick_files=100,
    peer_files=200,
    time_limit=2 * 3600,  # django-storages needs minutes for a run
)

MOVING = replace(
    S3,
    name="moving",
    title="Many files moved, S3",
    bulk=8 * MIB,
    urls={},
    program="moving_workloads.py",
    suite="moving",
    speaks="s3",
    files=2000,
    quick_files=200,
    peer_files=200,
    stocked=True,
    programs=("aws", "rclone"),
)

EVERY = (S3, GCS, AZURE, SFTP, FTP, DROPBOX, LIBCLOUD, FTPSERVER, STATIC, MOVING)
KINDS = {kind.name: kind for kind in EVERY}
