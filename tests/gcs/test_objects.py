"""What objects on Google Cloud Storage get, and what is known of them."""

import gzip
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storages.backends.gcloud import GoogleCloudStorage
from storages.testing.conformance.suite import noise
from tests.servers import Gcs

KiB = 1024


def stored(gcs: Gcs, bucket: str, name: str) -> Any:
    client = gcs.client()
    blob = client.bucket(bucket).get_blob(name)
    client.close()
    return blob


@pytest.mark.parametrize("size", [10, 300 * KiB])
def test_object_parameters(gcs: Gcs, gcs_bucket: str, size: int) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    given = {
        "cache_control": "no-cache",
        "content_disposition": "attachment",
        "content_encoding": "identity",
        "content_language": "de",
        "content_type": "text/x-own",
        "metadata": {"colour": "ü red"},
        "storage_class": "NEARLINE",
        "custom_time": moment,
        "temporary_hold": False,
    }
    options = gcs.options(gcs_bucket, object_parameters=given, blob_chunk_size=256 * KiB)
    storage = GoogleCloudStorage(**options, cache_control="public")
    storage.save("a.css", ContentFile(noise(size)))
    blob = stored(gcs, gcs_bucket, "a.css")
    assert {name: getattr(blob, name) for name in given} == given
    assert storage.open("a.css").read() == noise(size)


def test_parameters_of_one_object(gcs: Gcs, gcs_bucket: str) -> None:
    class Own(GoogleCloudStorage):
        def get_object_parameters(self, name: str) -> dict[str, Any]:
            own = {"cache_control": "private"} if name.startswith("in/secret/") else {}
            return super().get_object_parameters(name) | own

    options = gcs.options(gcs_bucket, location="in", object_parameters={"cache_control": "public"})
    storage = Own(**options)
    for name, found in (("secret/a.txt", "private"), ("a.txt", "public")):
        storage.save(name, ContentFile(b"x"))
        assert stored(gcs, gcs_bucket, f"in/{name}").cache_control == found
        with storage.open(name, "w") as file:
            file.write("written")
        assert stored(gcs, gcs_bucket, f"in/{name}").cache_control == found


def test_parameters_that_objects_do_not_have(gcs: Gcs, gcs_bucket: str) -> None:
    class Own(GoogleCloudStorage):
        def get_object_parameters(self, name: str) -> dict[str, Any]:
            return {"CacheControl": "private"}

    storage = Own(**gcs.options(gcs_bucket))
    with pytest.raises(ImproperlyConfigured, match=r"'CacheControl'.*cache_control"):
        storage.save("a.txt", ContentFile(b"x"))
    assert storage.listdir("") == ([], [])


def test_cache_control(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, cache_control="max-age=5"))
    storage.save("a.txt", ContentFile(b"x"))
    assert stored(gcs, gcs_bucket, "a.txt").cache_control == "max-age=5"


@pytest.mark.parametrize("size", [10, 300 * KiB])
@pytest.mark.parametrize(
    ("options", "public"),
    [
        ({"default_acl": "publicRead"}, True),
        ({"default_acl": "public-read"}, True),
        ({"default_acl": "publicRead", "object_parameters": {"acl": "private"}}, False),
        ({"object_parameters": {"acl": "public-read"}}, True),
        ({}, False),
    ],
)
def test_acls(gcs: Gcs, gcs_bucket: str, options: Any, public: bool, size: int) -> None:
    given = gcs.options(gcs_bucket, blob_chunk_size=256 * KiB, **options)
    storage = GoogleCloudStorage(**given)
    storage.save("a.txt", ContentFile(noise(size)))
    with storage.open("b.txt", "wb") as file:
        file.write(noise(size))
    storage.copy("a.txt", "c.txt")
    for name in ("a.txt", "b.txt", "c.txt"):
        acl = stored(gcs, gcs_bucket, name).acl
        assert ("READER" in acl.all().get_roles()) is public


def test_content_types(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    own = ContentFile(b"x")
    own.content_type = "image/x-own"  # type: ignore[attr-defined]
    for name, content, kind, encoding in (
        ("a.txt", ContentFile(b"x"), "text/plain", None),
        ("a.tar.gz", ContentFile(b"x"), "application/x-tar", "gzip"),
        ("none", ContentFile(b"x"), "application/octet-stream", None),
        ("b.txt", own, "image/x-own", None),
    ):
        storage.save(name, content)
        found = storage.stat(name)
        assert (found.content_type, found.encoding) == (kind, encoding)


@pytest.mark.parametrize("size", [10, 300 * KiB])
def test_a_content_type_that_would_break_a_header(gcs: Gcs, gcs_bucket: str, size: int) -> None:
    """It comes from a browser, and goes as it is."""
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, blob_chunk_size=256 * KiB))
    content = ContentFile(noise(size))
    content.content_type = "text/日本\r\nX-Own: 1"
    storage.save("a.txt", content)
    assert storage.open("a.txt").read() == noise(size)
    assert storage.bucket.get_blob("a.txt").content_type == content.content_type


def test_an_entry_tells_what_is_stored(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, gzip=True))
    storage.save("a.css", ContentFile(b"a {}" * 1000))
    stat, blob = storage.stat("a.css"), stored(gcs, gcs_bucket, "a.css")
    assert (stat.modified, stat.created) == (blob.updated, blob.time_created)
    assert (stat.size, stat.etag) == (blob.size, str(blob.generation))
    assert list(storage.scan()) == [stat]
    with storage.open("a.css") as file:
        known = file.entry
    assert known is not None
    for name in ("key", "size", "etag", "digest", "encoding", "content_type"):
        assert getattr(known, name) == getattr(stat, name)
    assert known.created is None  # the content does not come with it
    packed = blob.download_as_bytes(raw_download=True)
    assert stat.digest == f"md5:{hashlib.md5(packed).hexdigest()}"


def test_a_composed_object_has_no_md5(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    storage.save("a.txt", ContentFile(b"x"))
    bucket = storage.bucket
    bucket.blob("b.txt").compose([bucket.blob("a.txt"), bucket.blob("a.txt")])
    digest = storage.stat("b.txt").digest
    assert digest is not None
    assert digest.startswith("crc32c:")
    with storage.open("b.txt") as file:
        assert file.read() == b"xx"
        assert file.entry is not None
        assert file.entry.digest == digest


def test_what_others_compressed(gcs: Gcs, gcs_bucket: str) -> None:
    """It is unpacked as by the SDK, whether the storage compresses or not, and can be sought in."""
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    blob = storage.bucket.blob("a.txt")
    blob.content_encoding = "gzip"
    content = noise(2_000_000)
    packed = gzip.compress(content)
    blob.upload_from_string(packed, content_type="text/plain")
    assert storage.size("a.txt") == len(packed)
    with storage.open("a.txt") as file:
        assert file.read() == content
        file.seek(1_000_000)
        assert file.read(10) == content[1_000_000:1_000_010]


def test_markers_of_directories(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    for key in ("d/", "d/e/", "d/a.txt"):
        storage.bucket.blob(key).upload_from_string(b"")
    assert storage.listdir("") == (["d"], [])
    assert storage.listdir("d") == (["e"], ["a.txt"])
    assert storage.listdir("d/e") == ([], [])
    assert [entry.name for entry in storage.scan()] == ["d/a.txt"]
    assert storage.exists("d/e")
    assert storage.delete_tree("d") == 1
    assert list(storage.client.list_blobs(gcs_bucket)) == []
