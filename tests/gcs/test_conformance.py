"""The suite on Google Cloud Storage, as imitated by a server that is right about conditions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storages.backends.gcloud import GoogleCloudStorage
from storages.testing.conformance import StorageConformance
from storages.testing.conformance.headers import OWN
from tests.servers import Gcs
from tests.servers.google_credentials import KeyCredentials

KiB = 1024


HEADERS = {
    "cache_control": OWN["cache_control"],
    "content_disposition": OWN["disposition"],
    "content_language": OWN["language"],
    "metadata": OWN["metadata"],
}


class Comparable(KeyCredentials):
    """Credentials that are equal after a pickle: the suite compares options."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparable) and self.token == other.token

    __hash__ = KeyCredentials.__hash__


@pytest.fixture(scope="module")
def credentials(gcs: Gcs) -> Comparable:
    """To read the key anew for each test would take half of the suite's time."""
    return Comparable(gcs.service_account, str(gcs.credentials.token))


class TestGcs(StorageConformance):
    header_options = {"object_parameters": HEADERS}  # noqa: RUF012 - read only, as declared
    small_parts = ({"blob_chunk_size": 256 * KiB}, 256 * KiB)
    static_options = {"querystring_auth": False}  # noqa: RUF012 - read only, as declared

    @pytest.fixture
    def make_storage(
        self, gcs: Gcs, gcs_bucket: str, credentials: Comparable
    ) -> Callable[..., Any]:
        found = gcs.options(gcs_bucket, credentials=credentials)
        return lambda **options: GoogleCloudStorage(**(found | options))

    @pytest.fixture
    def other_storage(self, gcs: Gcs, credentials: Comparable) -> Iterator[GoogleCloudStorage]:
        with gcs.bucket() as bucket:
            yield GoogleCloudStorage(**gcs.options(bucket, credentials=credentials))
