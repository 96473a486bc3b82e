"""What is served beside the content, where Libcloud's own drivers send little of it."""

from collections.abc import Callable
from typing import Any

import pytest

from storages.backends import libcloud_service
from storages.backends.apache_libcloud import LibCloudStorage
from storages.entry import Entry
from tests.servers import Azurite, Moto

MiB = 1024 * 1024
THEIRS = Entry(
    "of/another.css",
    content_type="application/x-own",
    encoding="br",
    cache_control="no-cache",
    disposition="inline",
    language="en",
    metadata={"owner": "them"},
)
FIELDS = ("content_type", "encoding", "cache_control", "disposition", "language", "metadata")


@pytest.fixture
def on_s3(moto: Moto, moto_bucket: str) -> LibCloudStorage:
    provider = {
        "type": "libcloud.storage.types.Provider.MINIO",
        "user": moto.access_key,
        "key": moto.secret_key,
        "bucket": moto_bucket,
        "host": "127.0.0.1",
        "port": moto.port,
        "secure": False,
    }
    return LibCloudStorage(provider=provider)


@pytest.fixture
def on_azure(azurite: Azurite, azure_container: str) -> LibCloudStorage:
    provider = {
        "type": "libcloud.storage.types.Provider.AZURE_BLOBS",
        "user": azurite.account_name,
        "key": azurite.account_key,
        "bucket": azure_container,
        "host": "127.0.0.1",
        "port": azurite.port,
        "secure": False,
    }
    return LibCloudStorage(provider=provider)


@pytest.mark.parametrize("service", ["on_s3", "on_azure"])
@pytest.mark.parametrize("exclusive", [False, True])
def test_what_is_sent_in_parts_is_served_likewise(
    request: pytest.FixtureRequest, monkeypatch: Any, service: str, exclusive: bool
) -> None:
    monkeypatch.setattr(libcloud_service, "SINGLE_PUT", MiB)
    storage = request.getfixturevalue(service)
    params = storage._prepare_like("a.css", THEIRS)
    storage._put("a.css", bytes(6 * MiB), params, exclusive=exclusive)
    found = storage.stat("a.css")
    assert {name: getattr(found, name) for name in FIELDS} == {
        name: getattr(THEIRS, name) for name in FIELDS
    }
    assert found.size == 6 * MiB


def test_it_goes_along_with_a_whole_directory(on_s3: LibCloudStorage) -> None:
    """Whose files are known by a listing, which tells little of them."""
    on_s3._put("d/a.css", b"a", on_s3._prepare_like("d/a.css", THEIRS))
    on_s3.move_tree("d", "e")
    found = on_s3.stat("e/a.css")
    assert {name: getattr(found, name) for name in FIELDS} == {
        name: getattr(THEIRS, name) for name in FIELDS
    }
    assert [entry.name for entry in on_s3.scan()] == ["e/a.css"]


def _storage(driver: str, **provider: Any) -> LibCloudStorage:
    kind = f"libcloud.storage.types.Provider.{driver}"
    return LibCloudStorage(
        provider={"type": kind, "user": "me", "key": "a2V5", "bucket": "media", **provider}
    )


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: _storage("AZURE_BLOBS"), "a-dash"),
        (lambda: _storage("OPENSTACK_SWIFT", auth_url="http://127.0.0.1:9"), "under_score"),
        (lambda: _storage("MINIO", host="127.0.0.1"), "a b"),
    ],
)
def test_metadata_that_cannot_be_kept_is_named(
    make: Callable[[], LibCloudStorage], name: str
) -> None:
    with pytest.raises(ValueError, match=f"'d/a.css' cannot have the metadata '{name}'"):
        make()._prepare_like("d/a.css", Entry("b", metadata={name: "x"}))


def test_a_service_that_keeps_no_headers_keeps_the_type() -> None:
    storage = _storage("BACKBLAZE_B2")
    assert not storage._keeps_headers()
    assert storage._prepare_like("a.css", THEIRS) == {"content_type": "application/x-own"}
