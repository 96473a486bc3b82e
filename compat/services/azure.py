"""Azure: Azurite, and what lies in its container, seen by Microsoft's own client."""

import base64
import contextlib

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import ContentSettings
from scenarios.steps import ACCOUNT_KEY, ACCOUNT_NAME, BUCKET, CONNECTION_STRING, ENDPOINT
from tests.servers import Azurite
from wire import show

from services.bodies import plain

SETTINGS = (
    "content_type",
    "content_encoding",
    "content_language",
    "cache_control",
    "content_disposition",
)


@contextlib.contextmanager
def running():
    with Azurite() as server, server.service(retry_total=0) as service:
        yield Azure(server, service)


class Azure:
    errors = (AzureError,)

    def __init__(self, server, service):
        self.places = {
            ENDPOINT: server.url,
            CONNECTION_STRING: server.connection_string(),
            ACCOUNT_NAME: server.account_name,
            ACCOUNT_KEY: server.account_key,
        }
        self._container = service.get_container_client(BUCKET)
        with contextlib.suppress(ResourceExistsError):
            self._container.create_container()

    def reset(self):
        """An empty container, whatever was in it."""
        for name in self.unfinished():
            self._container.upload_blob(name, b"")  # staged blocks go with their blob
        for name in self.keys():
            self._container.delete_blob(name)

    def put(self, key, body, content_type=None, encoding=None):
        settings = ContentSettings(content_type=content_type, content_encoding=encoding)
        self._container.upload_blob(key, body, content_settings=settings)

    def keys(self):
        return list(self._container.list_blob_names())

    def unfinished(self):
        """Names of blobs of which there is nothing but blocks that were staged."""
        found = self._container.list_blobs(include=["uncommittedblobs"])
        return sorted({blob.name for blob in found} - set(self.keys()))

    def modified(self, key):
        return self._container.get_blob_client(key).get_blob_properties().last_modified

    def look(self, key):
        """What can be compared of one blob: headers, body, MD5, metadata and tier, as JSON."""
        answer = self._container.download_blob(key, decompress=False)
        settings = answer.properties.content_settings
        headers = {name: show(settings[name]) for name in SETTINGS if settings[name]}
        encoding = settings["content_encoding"] or ""
        seen = {
            "headers": {**headers, "metadata": answer.properties.metadata},
            "body": plain(answer.readall(), encoding),
        }
        if "gzip" not in encoding:  # the MD5 is of the compressed bytes, which may differ
            seen["MD5"] = base64.b64encode(settings["content_md5"] or b"").decode()
        return seen
