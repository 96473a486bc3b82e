"""Copies, reads and listings on Google Cloud Storage, and what may happen to them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import gcloud_copy
from storages.backends.gcloud import GoogleCloudStorage
from storages.testing.conformance.suite import noise
from tests.servers import Gcs, count_requests

MiB = 1024 * 1024


@pytest.fixture(autouse=True)
def hasty(monkeypatch: Any, gcs: Gcs) -> Iterator[None]:
    monkeypatch.setattr("storages.backends.gcloud_errors.PAUSES", (0.01,) * 3)
    monkeypatch.setattr("storages.backends.gcloud_errors.BROKEN_PAUSES", (0.01,) * 3)
    yield
    gcs.work()


@pytest.fixture
def proxy(gcs: Gcs, fault_proxy: Any) -> Any:
    return fault_proxy(gcs)


@pytest.fixture
def storage(gcs: Gcs, gcs_bucket: str, proxy: Any) -> GoogleCloudStorage:
    return GoogleCloudStorage(**gcs.options(gcs_bucket, via=proxy))


def names(storage: Any) -> list[str]:
    return [entry.name for entry in storage.scan()]


def fill(storage: Any, **files: bytes) -> None:
    for name, content in files.items():
        storage.save(name.replace("_", "."), ContentFile(content))


# -- copies


def test_a_copy_of_many_calls(gcs: Gcs, storage: Any, proxy: Any) -> None:
    fill(storage, a_bin=noise(5 * MiB))
    with gcs.slow_rewrites(2 * MiB), count_requests(proxy) as seen:
        storage.copy("a.bin", "b.bin")
    assert sum("rewriteTo" in each for each in seen) == 3
    assert storage.open("b.bin").read() == noise(5 * MiB)
    with gcs.slow_rewrites(2 * MiB):
        storage.move("b.bin", "c ü#?.bin")
    assert names(storage) == ["a.bin", "c ü#?.bin"]


def test_a_source_that_changes_meanwhile(gcs: Gcs, storage: Any, monkeypatch: Any) -> None:
    fill(storage, a_bin=noise(5 * MiB), b_bin=b"old")
    rewrite = gcloud_copy._rewrite

    def change(*args: Any) -> Any:
        answer = rewrite(*args)
        fill(storage, a_bin=b"another's")
        return answer

    monkeypatch.setattr(gcloud_copy, "_rewrite", change)
    with gcs.slow_rewrites(2 * MiB), pytest.raises(OSError, match=r"'a\.bin' was replaced"):
        storage.move("a.bin", "b.bin")
    assert storage.open("a.bin").read() == b"another's"
    assert storage.open("b.bin").read() == b"old"


def test_an_exclusive_copy(storage: Any, monkeypatch: Any) -> None:
    """One that comes after we looked whether the name is free."""
    fill(storage, a_txt=b"a", b_txt=b"b")
    taken = storage._is_taken
    monkeypatch.setattr(storage, "_is_taken", lambda key: False)
    rewrite = gcloud_copy._rewrite

    def looked(*args: Any) -> Any:
        monkeypatch.setattr(storage, "_is_taken", taken)
        return rewrite(*args)

    monkeypatch.setattr(gcloud_copy, "_rewrite", looked)
    with pytest.raises(FileExistsError, match=r"'b\.txt' exists already"):
        storage.move("a.txt", "b.txt", overwrite=False)
    assert storage.open("a.txt").read() == b"a"
    assert storage.open("b.txt").read() == b"b"


@pytest.mark.parametrize("cut", [{"up": 0}, {"down": 0}])
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_copy_whose_answer_is_lost(storage: Any, proxy: Any, cut: Any, overwrite: bool) -> None:
    fill(storage, a_txt=b"a")
    proxy.cut(match="rewriteTo", **cut)
    storage.move("a.txt", "b.txt", overwrite=overwrite)
    assert names(storage) == ["b.txt"]
    assert storage.open("b.txt").read() == b"a"


def test_an_exclusive_copy_that_lost_and_whose_answer_is_lost(
    storage: Any, proxy: Any, monkeypatch: Any
) -> None:
    fill(storage, a_txt=b"a", b_txt=b"another's")
    entry = storage._stat("a.txt")
    proxy.cut(match="rewriteTo", down=0)
    with pytest.raises(FileExistsError):
        storage._copy(entry, "b.txt", {}, exclusive=True)
    assert storage.open("b.txt").read() == b"another's"


def test_a_copy_that_fails_leaves_both(gcs: Gcs, storage: Any) -> None:
    fill(storage, a_txt=b"a", b_txt=b"b")
    gcs.fail(times=100, method="POST", containing="rewriteTo")
    with pytest.raises(ConnectionError, match=r"Copy of 'a\.txt'"):
        storage.move("a.txt", "b.txt")
    gcs.work()
    assert storage.open("a.txt").read() == b"a"
    assert storage.open("b.txt").read() == b"b"


def test_a_copy_keeps_what_describes_it(gcs: Gcs, gcs_bucket: str) -> None:
    given = {
        "cache_control": "no-cache",
        "content_disposition": "attachment",
        "content_language": "de",
        "content_type": "text/x-own",
        "metadata": {"colour": "red"},
    }
    options = gcs.options(gcs_bucket)
    GoogleCloudStorage(**options, object_parameters=given).save("a.txt", ContentFile(b"x"))
    cold = {"storage_class": "COLDLINE", "content_type": "text/never"}
    for other in (options, {**options, "object_parameters": cold}):
        storage = GoogleCloudStorage(**other)
        storage.copy("a.txt", "b.txt")
        blob = storage.bucket.get_blob("b.txt")
        assert {name: getattr(blob, name) for name in given} == given
        assert (blob.storage_class == "COLDLINE") is ("object_parameters" in other)


# -- copies from another bucket


@pytest.fixture
def origin(gcs: Gcs, proxy: Any) -> Iterator[GoogleCloudStorage]:
    with gcs.bucket() as bucket:
        yield GoogleCloudStorage(**gcs.options(bucket, via=proxy))


def test_a_copy_from_a_listing_is_one_request(storage: Any, origin: Any, proxy: Any) -> None:
    fill(origin, a_txt=b"a")
    storage.exists("warm-up")
    (entry,) = origin._scan("")
    with count_requests(proxy) as seen:
        storage._copy(entry, "b.txt", storage._prepare("b.txt")[0], origin=origin)
    assert len(seen) == 1
    where = f"b/{origin.bucket_name}/o/a.txt/rewriteTo/b/{storage.bucket_name}/o/b.txt"
    assert where in seen[0]
    assert f"ifSourceGenerationMatch={entry.etag}" in seen[0]


def test_a_listing_tells_what_is_served(gcs: Gcs, gcs_bucket: str) -> None:
    given = {"cache_control": "no-cache", "metadata": {"Über": "ß"}}
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, object_parameters=given))
    fill(storage, a_txt=b"a")
    assert [*storage.scan()] == [storage.stat("a.txt")]
    assert storage.stat("a.txt").metadata == {"Über": "ß"}


def test_a_copy_to_another_class_is_described_by_its_source(
    gcs: Gcs, gcs_bucket: str, origin: Any
) -> None:
    cold = {"storage_class": "COLDLINE", "cache_control": "immutable"}
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, object_parameters=cold))
    origin.object_parameters = {"cache_control": "no-cache", "content_type": "text/x-own"}
    fill(origin, a_txt=b"a")
    (entry,) = origin._scan("")
    storage._copy(entry, "b.css", storage._prepare("b.css")[0], origin=origin)
    blob = storage.bucket.get_blob("b.css")
    found = (blob.storage_class, blob.cache_control, blob.content_type)
    assert found == ("COLDLINE", "no-cache", "text/x-own")


def test_a_copy_that_is_refused(gcs: Gcs, storage: Any, origin: Any) -> None:
    fill(origin, a_txt=b"a")
    (entry,) = origin._scan("")
    gcs.fail(status=403, times=1, method="POST", containing="rewriteTo")
    with pytest.raises(PermissionError, match=r"Copy of 'a\.txt'"):
        storage._copy(entry, "b.txt", {}, origin=origin)
    assert names(storage) == []


class OwnClient(GoogleCloudStorage):
    @property
    def client(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    ("theirs", "reached"),
    [
        ({}, True),
        ({"bucket_name": "other", "location": "d", "project_id": "p"}, True),
        ({"credentials": "other.json"}, False),
        ({"api_endpoint": "http://127.0.0.1:9"}, False),
    ],
)
def test_the_service_reaches_what_the_same_credentials_do(
    theirs: dict[str, Any], reached: bool
) -> None:
    ours = {"bucket_name": "ours", "credentials": "ours.json"}
    storage = GoogleCloudStorage(**ours)
    assert storage._reaches(GoogleCloudStorage(**(ours | theirs))) is reached
    assert not storage._reaches(OwnClient(**ours))


# -- reads and listings


@pytest.mark.parametrize("fault", ["busy", "cut", "halved"])
def test_reads_over_a_wire_that_is_cut(gcs: Gcs, storage: Any, proxy: Any, fault: str) -> None:
    fill(storage, a_bin=noise(5 * MiB))
    if fault == "busy":
        gcs.fail(status=503, times=3, method="GET", containing="/download/")
    else:
        proxy.cut(match="/download/", down=0 if fault == "cut" else 100_000, times=2)
    assert storage.open("a.bin").read() == noise(5 * MiB)
    with storage.open("a.bin") as file:
        file.seek(3 * MiB)
        proxy.cut(match="/download/", down=10_000, times=2)
        assert file.read() == noise(5 * MiB)[3 * MiB :]


@pytest.mark.parametrize("fault", ["busy", "cut"])
def test_listings_over_a_wire_that_is_cut(gcs: Gcs, storage: Any, proxy: Any, fault: str) -> None:
    fill(storage, a_txt=b"a", b_txt=b"b")
    if fault == "busy":
        gcs.fail(status=503, times=3, method="GET", containing="/o?")
    else:
        proxy.cut(match="/o\\?", down=20, times=2)
    assert storage.listdir("") == ([], ["a.txt", "b.txt"])
