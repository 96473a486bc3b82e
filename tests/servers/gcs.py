"""Google Cloud Storage, imitated: there is no emulator of it that knows conditions and signatures.

And gcp-storage-emulator, which knows neither, as a second look at all the rest.
"""

import contextlib
import functools
import http.client
import json
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import HOST, ROOT, Server, installed

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.storage import Client

PROJECT = "storehouse"


class GcsServer(Server):
    """A server of one project; every bucket of it is some test's own."""

    project: str = PROJECT

    @property
    def url(self) -> str:
        return self.url_through(None)

    def url_through(self, via: Server | Any) -> str:
        return f"http://{HOST}:{(via or self).port}"

    @property
    def credentials(self) -> "Credentials":
        raise NotImplementedError

    def options(self, bucket: str, *, via: Server | Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this bucket, through a proxy where one is given."""
        return {
            "bucket_name": bucket,
            "project_id": self.project,
            "credentials": self.credentials,
            "api_endpoint": self.url_through(via),
            **more,
        }

    def client(self, via: Server | Any = None, **more: Any) -> "Client":
        """A client without Django, to see and to do what a storage cannot; to be closed."""
        from google.cloud.storage import Client

        place = {"api_endpoint": self.url_through(via)}
        settings = {"project": self.project, "credentials": self.credentials, **more}
        return Client(client_options=place, **settings)

    @contextlib.contextmanager
    def bucket(self, *, uniform: bool = False, name: str | None = None) -> Iterator[str]:
        """The name of a new bucket, with or without ACLs, which is gone afterwards."""
        name = name or f"bucket-{secrets.token_hex(6)}"
        with contextlib.closing(self.client()) as client:
            made = client.bucket(name)
            made.iam_configuration.uniform_bucket_level_access_enabled = uniform
            made.create()
            try:
                yield name
            finally:
                self.work()
                for blob in client.list_blobs(name):
                    blob.delete()
                made.delete()

    def work(self) -> None:
        """Fail no more."""


class Gcs(GcsServer):
    """Our own, in memory. Its data, its account and its faults are a session's."""

    name = "gcs"
    lacks = frozenset({"authorization", "versioning", "xml-multipart"})
    announcement = re.compile(rf"http://{re.escape(HOST)}:(\d+)")

    @classmethod
    def missing(cls) -> str | None:
        if not installed("google.cloud.storage"):
            return "google-cloud-storage is not installed: pip install django-storehouse[google]"
        return None if installed("cryptography") else "cryptography is not installed"

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "tests.servers.gcs_main", self.service_account]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    @property
    def service_account(self) -> Path:
        """The key file of the account whose signatures this server knows."""
        return self.folder / "service-account.json"

    @functools.cached_property
    def credentials(self) -> "Credentials":
        from .gcs_signing import ServiceAccount
        from .google_credentials import KeyCredentials

        token = ServiceAccount.load(self.service_account).token(10 * 365 * 86400)
        return KeyCredentials(self.service_account, token)

    def unfinished(self, bucket: str) -> list[str]:
        """Names of the resumable uploads that were neither finished nor cancelled."""
        names: list[str] = self._control("unfinished", bucket=bucket)["names"]
        return names

    def fail(
        self,
        *,
        status: int = 503,
        times: int = 1,
        method: str | None = None,
        containing: str = "",
        keep: int | None = None,
    ) -> None:
        """Answer the next calls of this method and target so, in place of what was to fail before.

        Until `work()`, or the end of any bucket.

        With `keep`, that many bytes of a resumable upload are taken before; a status of 308 then
        says how many were persisted.
        """
        what = {"method": method, "containing": containing, "keep": keep}
        self._control("fail", status=status, times=times, **what)

    def work(self) -> None:
        self._control("fail")

    @contextlib.contextmanager
    def slow_rewrites(self, bytes_per_call: int) -> Iterator[None]:
        """Copies of more bytes take several calls."""
        self._control("rewrite", bytes=bytes_per_call)
        try:
            yield
        finally:
            self._control("rewrite", bytes=None)

    def _control(self, what: str, **wanted: Any) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self.address)
        with contextlib.closing(connection):
            connection.request("POST", f"/_control/{what}", json.dumps(wanted))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer


class GcsEmulator(GcsServer):
    """gcp-storage-emulator; it takes everything and checks nothing."""

    name = "gcs_emulator"
    lacks = frozenset(
        {
            "acl",
            "authorization",
            "batch-limit",
            "expiry",
            "keep-alive",
            "pages",
            "partial-answers",
            "preconditions",
            "range-not-satisfiable",
            "signatures",
            "transcoding",
            "uniform-access",
            "versioning",
            "xml-multipart",
        }
    )

    @classmethod
    def missing(cls) -> str | None:
        if not installed("google.cloud.storage"):
            return "google-cloud-storage is not installed: pip install django-storehouse[google]"
        if not installed("gcp_storage_emulator"):
            return "gcp-storage-emulator is not installed: pip install gcp-storage-emulator"
        return None

    def command(self) -> list[str | Path]:
        return [
            *(sys.executable, "-m", "gcp_storage_emulator", "start"),
            *("--host", HOST, "--port", str(self.port), "--in-memory"),
        ]

    @property
    def credentials(self) -> "Credentials":
        from google.auth.credentials import AnonymousCredentials

        return AnonymousCredentials()
