"""What moving files costs in requests, and what is left when they fail."""

import gzip

import pytest

from storages import bulk
from tests.aliases import CLASSES, fill, put, storages_command, tree
from tests.servers import count_requests


@pytest.fixture
def counted(aliases, config, moto, moto_bucket, fault_proxy):
    """A source on disk, two places in S3 behind a proxy."""
    proxy = fault_proxy(moto)

    def there(location):
        options = moto.options(moto_bucket, via=proxy, location=location)
        return {"BACKEND": CLASSES["s3"], "OPTIONS": options}

    source, one, two = aliases(disk="files", one=there("one"), two=there("two"))
    fill(source, *(f"{number}.txt" for number in range(12)))
    return proxy, source, one, two


def verbs(seen):
    return sorted("LIST" if "list-type" in each else each.partition(" ")[0] for each in seen)


def test_requests_of_sync(counted):
    proxy, _, _, two = counted
    with count_requests(proxy) as seen:
        assert bulk.sync("disk:", "one:").counts == {"copied": 12}
    assert verbs(seen) == ["LIST", *["PUT"] * 12]
    with count_requests(proxy) as seen:
        assert bulk.sync("disk:", "one:").counts == {"equal": 12}
    assert verbs(seen) == ["LIST"]
    up, down = proxy.bytes_up, proxy.bytes_down
    with count_requests(proxy) as seen:
        summary = bulk.sync("one:", "two:")
    assert (summary.counts, summary.on_server) == ({"copied": 12}, 12)
    assert verbs(seen) == ["LIST", "LIST", *["PUT"] * 12]
    assert all("x-amz-copy-source" in each.headers for each in seen if each.startswith("PUT"))
    assert all(each.headers.get("content-length", "0") == "0" for each in seen)
    assert (proxy.bytes_up, proxy.bytes_down) > (up, down)
    assert tree(two) == {f"{number}.txt": f"{number}.txt".encode() for number in range(12)}


def test_requests_of_sync_to_disk(counted, tmp_path):
    proxy, *_ = counted
    bulk.sync("disk:", "one:")
    with count_requests(proxy) as seen:
        assert bulk.sync("one:", f"{tmp_path}/out").counts == {"copied": 12}
    assert verbs(seen) == [*["GET"] * 12, "LIST"]
    with count_requests(proxy) as seen:
        assert bulk.sync("one:", f"{tmp_path}/out").counts == {"equal": 12}
    assert verbs(seen) == ["LIST"]


def test_a_cut_wire_is_tried_again_and_the_rest_another_time(counted, monkeypatch):
    """What failed for good is listed, and a second run does only what is missing."""
    monkeypatch.setattr("storages.crew.PAUSES", (0, 0))
    proxy, _, one, _ = counted
    proxy.cut(up=0, match=r"PUT /\S+/one/3\.txt", times=2)
    proxy.cut(up=0, match=r"PUT /\S+/one/7\.txt", times=1000)
    ran = storages_command("sync", "disk:", "one:")
    assert ran.status == 1
    assert "11 files copied, 1 failed" in ran.out
    assert ran.err.startswith("7.txt: ")
    assert "7.txt" not in tree(one)
    proxy.heal()
    with count_requests(proxy) as seen:
        assert bulk.sync("disk:", "one:").counts == {"copied": 1, "equal": 11}
    assert verbs(seen) == ["LIST", "PUT"]
    assert len(tree(one)) == 12


def test_an_answer_that_is_lost_does_no_harm(counted, monkeypatch):
    """The service has done it, and the client does not hear so."""
    monkeypatch.setattr("storages.crew.PAUSES", (0, 0))
    proxy, source, one, _ = counted
    bulk.sync("disk:", "one:")
    put(source, "3.txt", b"new content")
    proxy.cut(down=0, match=r"PUT /\S+/one/3\.txt", times=30)
    summary = bulk.sync("disk:", "one:", backup_dir="old")
    assert [each.name for each in summary.failures] == ["3.txt"]
    proxy.heal()
    assert bulk.sync("disk:", "one:", backup_dir="old").counts == {"equal": 12}
    found = tree(one)
    assert found.pop("3.txt") == b"new content"
    (kept,) = (name for name in found if name.startswith("old/"))
    assert (kept.endswith("/3.txt"), found[kept]) == (True, b"3.txt")


@pytest.mark.parametrize("reaches", [True, False])
def test_headers_travel_without_a_request_more(counted, monkeypatch, reaches):
    proxy, _, one, two = counted
    served = {
        "ContentType": "text/x-special",
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="b.txt"',
        "ContentLanguage": "de",
        "ContentEncoding": "gzip",
        "Metadata": {"owner": "somebody"},
    }
    body = gzip.compress(b"content" * 100)
    one.client.put_object(Bucket=one.bucket_name, Key="one/a.txt", Body=body, **served)
    monkeypatch.setattr(type(one), "_reaches", lambda self, origin: reaches)
    with count_requests(proxy) as seen:
        assert bulk.sync("one:", "two:").counts == {"copied": 1}
    assert verbs(seen) == ["LIST", "LIST", "PUT"] if reaches else ["GET", "LIST", "LIST", "PUT"]
    found = two.client.get_object(Bucket=two.bucket_name, Key="two/a.txt")
    assert {name: found[name] for name in served} == served
    assert found["Body"].read() == body


def test_one_refused_copy_is_enough(aliases, monkeypatch):
    """Credentials that read here and write there, but not both: the rest is sent at once."""
    source, target = aliases(live="memory", copy="memory")
    fill(source, *(f"{number}.txt" for number in range(50)))
    asked = []

    def refused(self, entry, *args, **more):
        asked.append(entry.key)
        raise PermissionError("This key may not read there.")

    monkeypatch.setattr(type(target), "_copy", refused)
    monkeypatch.setattr("storages.moving.executors.WORKERS", 2)
    summary = bulk.sync("live:", "copy:")
    assert (summary.counts, summary.on_server) == ({"copied": 50}, 0)
    assert len(asked) <= 2
    assert tree(target) == tree(source)
    with pytest.raises(PermissionError):
        bulk.copy(source, "0.txt", source, "x.txt")
