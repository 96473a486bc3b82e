"""Azurite: Azure Blob Storage by its maker, from npm. It checks every signature and condition."""

import base64
import contextlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .base import HOST, Server, find_program, installed

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient


class Azurite(Server):
    """One account, whose name is the first part of every path; a container is some test's own."""

    name = "azurite"
    lacks = frozenset({"name-limits", "put-from-url", "range-at-the-end", "tokens"})
    announcement = re.compile(rf"successfully listens on https?://{re.escape(HOST)}:(\d+)")
    scheme: ClassVar[str] = "http"
    account_name: ClassVar[str] = "storehouse"
    account_key: ClassVar[str] = base64.b64encode(b"no secret" * 7 + b"!").decode()

    @classmethod
    def missing(cls) -> str | None:
        if not installed("azure.storage.blob"):
            return "azure-storage-blob is not installed: pip install django-storehouse[azure]"
        if not find_program("node"):
            return "node is not installed, which azurite needs"
        if not find_program("azurite-blob"):
            return "azurite is not installed: npm install --prefix .venv/node azurite"
        return None

    def command(self) -> list[str | Path]:
        return [
            find_program("azurite-blob") or "azurite-blob",
            *("--blobHost", HOST, "--blobPort", "0"),
            *("--location", self.data_folder()),
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ]

    def environment(self) -> dict[str, str]:
        return {"AZURITE_ACCOUNTS": f"{self.account_name}:{self.account_key}"}

    @property
    def url(self) -> str:
        """The endpoint of the account."""
        return self.url_through(None)

    def url_through(self, via: Server | Any) -> str:
        return f"{self.scheme}://{HOST}:{(via or self).port}/{self.account_name}"

    def connection_string(self, via: Server | Any = None) -> str:
        parts = {
            "DefaultEndpointsProtocol": self.scheme,
            "AccountName": self.account_name,
            "AccountKey": self.account_key,
            "BlobEndpoint": self.url_through(via),
        }
        return ";".join(f"{name}={value}" for name, value in parts.items())

    def options(self, container: str, *, via: Server | Any = None, **more: Any) -> dict[str, Any]:
        """OPTIONS of a storage on this container, through a proxy where one is given."""
        return {
            "connection_string": self.connection_string(via),
            "azure_container": container,
            **more,
        }

    def service(self, via: Server | Any = None, **more: Any) -> "BlobServiceClient":
        """A client without Django, to see and to do what a storage cannot; to be closed."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient.from_connection_string(self.connection_string(via), **more)

    @contextlib.contextmanager
    def container(self, **more: Any) -> Iterator[str]:
        """The name of a new container, which is gone afterwards."""
        name = f"container-{secrets.token_hex(6)}"
        with self.service() as service:
            service.create_container(name, **more)
            try:
                yield name
            finally:
                service.delete_container(name)

    def uncommitted(self, container: str) -> list[str]:
        """Names of the blobs with blocks that were staged and never committed."""
        with self.service() as service:
            client = service.get_container_client(container)
            names = [blob.name for blob in client.list_blobs(include=["uncommittedblobs"])]
            return [
                name
                for name in names
                if client.get_blob_client(name).get_block_list("uncommitted")[1]
            ]
