"""Google Cloud Storage: the fake of the tests, and what lies in it, seen by Google's own client."""

import contextlib

from google.api_core.exceptions import Conflict, GoogleAPIError
from scenarios.steps import BUCKET, ENDPOINT, SERVICE_ACCOUNT
from tests.servers import Gcs as Server
from wire import show

from services.bodies import plain

HEADERS = (
    "content_type",
    "content_encoding",
    "content_language",
    "cache_control",
    "content_disposition",
    "metadata",
    "storage_class",
    "custom_time",
)


@contextlib.contextmanager
def running():
    with Server() as server, contextlib.closing(server.client()) as client:
        yield Gcs(server, client)


class Gcs:
    errors = (GoogleAPIError,)

    def __init__(self, server, client):
        self.places = {ENDPOINT: server.url, SERVICE_ACCOUNT: str(server.service_account)}
        self._server = server
        with contextlib.suppress(Conflict):
            client.create_bucket(BUCKET)
        self._bucket = client.bucket(BUCKET)

    def reset(self):
        """An empty bucket, whatever was in it."""
        for key in self.keys():
            self._bucket.blob(key).delete()

    def put(self, key, body, content_type="application/octet-stream", encoding=None):
        blob = self._bucket.blob(key)
        blob.content_encoding = encoding
        blob.upload_from_string(body, content_type=content_type)

    def keys(self):
        return [blob.name for blob in self._bucket.list_blobs()]

    def unfinished(self):
        """Names of resumable uploads that were neither finished nor cancelled."""
        return list(self._server.unfinished(BUCKET))

    def modified(self, key):
        return self._bucket.get_blob(key).updated

    def look(self, key):
        """What can be compared of one object: headers, body, MD5 and grants, as JSON."""
        blob = self._bucket.get_blob(key)
        blob.acl.reload()
        headers = {name: show(getattr(blob, name)) for name in HEADERS if getattr(blob, name)}
        encoding = blob.content_encoding or ""
        seen = {
            "headers": headers,
            "body": plain(blob.download_as_bytes(raw_download=True), encoding),
            "grants": sorted(f"{grant['entity']} {grant['role']}" for grant in blob.acl),
        }
        if "gzip" not in encoding:  # the MD5 is of the compressed bytes, which may differ
            seen["MD5"] = blob.md5_hash
        return seen
