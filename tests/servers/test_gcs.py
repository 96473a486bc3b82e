"""What the two servers of Google Cloud Storage can do: a declared lack must be a real one."""

import datetime
import gzip
import os
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
import requests
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound, PreconditionFailed
from google.cloud.storage import transfer_manager

from . import SERVERS
from .gcs import GcsServer

MIB = 1 << 20
HOUR = datetime.timedelta(hours=1)
ODD = "a b/ü+%20#?.txt"


@pytest.fixture(params=["gcs", "gcs_emulator"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket(server):
    with server.bucket() as name:
        client = server.client()
        yield client.bucket(name)
        client.close()


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def place(server, bucket, name, **query):
    path = f"{server.url}/download/storage/v1/b/{bucket.name}/o/{urllib.parse.quote(name, safe='')}"
    return f"{path}?{urllib.parse.urlencode({'alt': 'media', **query})}"


def test_objects_come_back(bucket):
    for name, body in {ODD: b"odd", "empty": b"", "large": os.urandom(9 * MIB)}.items():
        blob = bucket.blob(name)
        blob.upload_from_string(body, "text/x-odd")
        blob.reload()
        assert (blob.content_type, blob.size) == ("text/x-odd", len(body))
        assert bucket.blob(name).download_as_bytes() == body
    assert [blob.name for blob in bucket.list_blobs()] == [ODD, "empty", "large"]
    assert bucket.blob(ODD).download_as_bytes(start=1, end=1) == b"d"


def test_a_bucket_is_new_and_gone_afterwards(server):
    with server.client() as client:
        with server.bucket() as name:
            client.bucket(name).blob("left/behind").upload_from_string(b"x")
        assert not client.bucket(name).exists()


def test_an_upload_in_chunks(bucket):
    body = os.urandom(3 * MIB + 1)
    with bucket.blob("chunks", chunk_size=MIB).open("wb", ignore_flush=True) as file:
        file.write(body)
    assert bucket.blob("chunks").download_as_bytes() == body


def test_what_is_missing_is_not_found(bucket):
    for action in (bucket.blob("no").download_as_bytes, bucket.blob("no").delete):
        with pytest.raises(NotFound):
            action()


def test_a_batch_says_what_became_of_each_call(bucket):
    for number in range(3):
        bucket.blob(f"{number}/ü").upload_from_string(b"x")
    with bucket.client.batch(raise_exception=False) as batch:
        for name in ("0/ü", "missing", "1/ü"):
            bucket.blob(name).delete()
    assert [answer.status_code for answer in batch._responses] == [204, 404, 204]
    assert [blob.name for blob in bucket.list_blobs()] == ["2/ü"]


@pytest.mark.needs("batch-limit")
def test_a_batch_has_at_most_100_calls(bucket):
    part = f"Content-Type: application/http\r\n\r\nDELETE /storage/v1/b/{bucket.name}/o/x\r\n\r\n"
    body = "".join(f"--b\r\n{part}\r\n" for _ in range(101)) + "--b--"
    answer = requests.post(
        f"{bucket.client._connection.API_BASE_URL}/batch/storage/v1",
        body,
        headers={"Content-Type": "multipart/mixed; boundary=b"},
    )
    assert answer.status_code == 400


@pytest.mark.needs("pages")
def test_listings_have_pages(bucket):
    for number in range(7):
        bucket.blob(f"folder/{number}").upload_from_string(b"")
    bucket.blob("folder/sub/x").upload_from_string(b"")
    pages = bucket.list_blobs(prefix="folder/", delimiter="/", page_size=3).pages
    assert [[blob.name[-1] for blob in page] for page in pages] == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
    ]


@pytest.mark.needs("partial-answers")
def test_only_the_fields_that_are_wanted_are_sent(bucket):
    bucket.blob("a").upload_from_string(b"abc")
    [blob] = bucket.list_blobs(fields="items(name,size),nextPageToken")
    assert (blob.name, blob.size, blob.etag) == ("a", 3, None)


@pytest.mark.needs("preconditions")
def test_an_upload_that_must_be_the_first(bucket):
    large = b"x" * (9 * MIB)  # resumable
    for name, body in (("small", b"first"), ("large", large)):
        bucket.blob(name).upload_from_string(body, if_generation_match=0)
        with pytest.raises(PreconditionFailed):
            bucket.blob(name).upload_from_string(large, if_generation_match=0)
        with pytest.raises(PreconditionFailed):
            bucket.blob(name).upload_from_string(b"second", if_generation_match=0)
        assert bucket.blob(name).download_as_bytes() == body


@pytest.mark.needs("preconditions")
def test_one_of_many_exclusive_uploads_wins(bucket):
    def upload(number):
        try:
            blob = bucket.blob(f"race-{number // 4}")
            blob.upload_from_string(str(number), if_generation_match=0, checksum=None)
        except PreconditionFailed:
            return None
        return blob.name

    with ThreadPoolExecutor(4) as pool:
        winners = [winner for winner in pool.map(upload, range(20)) if winner]
    assert winners == [f"race-{number}" for number in range(5)]


@pytest.mark.needs("preconditions")
def test_a_version_that_was_replaced_is_not_read_changed_or_copied(bucket):
    blob = bucket.blob("key")
    blob.upload_from_string(b"old")
    old = blob.generation
    blob.upload_from_string(b"new")
    fresh = bucket.blob("key")
    for action in (
        lambda: fresh.download_as_bytes(if_generation_match=old),
        lambda: fresh.reload(if_generation_match=old),
        lambda: fresh.delete(if_generation_match=old),
        lambda: fresh.patch(if_generation_match=old),
        lambda: bucket.blob("copy").rewrite(fresh, if_source_generation_match=old),
        lambda: bucket.blob("copy").rewrite(fresh, if_generation_match=old),
        lambda: bucket.copy_blob(fresh, bucket, "copy", if_source_generation_match=old),
        lambda: bucket.blob("copy").compose([fresh], if_source_generation_match=[old]),
    ):
        with pytest.raises(PreconditionFailed):
            action()
    assert [(blob.name, blob.size) for blob in bucket.list_blobs()] == [("key", 3)]


@pytest.mark.needs("preconditions")
def test_a_version_that_one_has_is_not_sent_again(server, bucket):
    blob = bucket.blob("key")
    blob.upload_from_string(b"x")
    url = place(server, bucket, "key", ifGenerationNotMatch=blob.generation)
    assert get(url)[0] == 304


@pytest.mark.needs("range-not-satisfiable")
def test_ranges(server, bucket):
    bucket.blob("key").upload_from_string(b"0123456789")
    for wanted, expected in {"2-4": b"234", "-3": b"789", "8-99": b"89"}.items():
        status, body, headers = get(place(server, bucket, "key"), Range=f"bytes={wanted}")
        assert (status, body) == (206, expected)
        assert headers["Content-Range"].endswith("/10")
    assert get(place(server, bucket, "key"), Range="bytes=10-")[0] == 416


@pytest.mark.needs("transcoding")
def test_gzip_is_undone_for_who_does_not_accept_it(server, bucket):
    packed = gzip.compress(b"0123456789")
    blob = bucket.blob("key")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed)
    status, body, headers = get(place(server, bucket, "key"), Range="bytes=0-1")
    assert (status, body, headers["Content-Length"]) == (200, b"0123456789", None)
    status, body, headers = get(
        place(server, bucket, "key"), Range="bytes=2-5", **{"Accept-Encoding": "gzip"}
    )
    assert (status, body, headers["Content-Encoding"]) == (206, packed[2:6], "gzip")
    assert headers["X-Goog-Stored-Content-Length"] == str(len(packed))
    assert headers["X-Goog-Stored-Content-Encoding"] == "gzip"
    assert headers["X-Goog-Generation"] == str(blob.generation)
    assert f"md5={blob.md5_hash}" in headers["X-Goog-Hash"]


def test_metadata_is_kept_by_a_rewrite(bucket):
    source = bucket.blob("source")
    source.metadata = {"owner": "me"}
    source.upload_from_string(b"x", "text/x-odd")
    bucket.blob("copy").rewrite(source)
    copy = bucket.get_blob("copy")
    assert (copy.metadata, copy.content_type) == ({"owner": "me"}, "text/x-odd")


@pytest.mark.needs("acl")
def test_an_object_can_be_public(server, bucket):
    bucket.blob("public").upload_from_string(b"x", predefined_acl="publicRead")
    bucket.blob("private").upload_from_string(b"x")
    assert get(f"{server.url}/{bucket.name}/public")[:2] == (200, b"x")
    assert get(f"{server.url}/{bucket.name}/private")[0] == 403
    bucket.blob("private").make_public()
    assert get(f"{server.url}/{bucket.name}/private")[:2] == (200, b"x")


@pytest.mark.needs("uniform-access")
def test_a_bucket_without_acls_refuses_them(server):
    with server.client() as client, server.bucket(uniform=True) as name:
        blob = client.bucket(name).blob("key")
        with pytest.raises(BadRequest, match="uniform bucket-level access is enabled"):
            blob.upload_from_string(b"x", predefined_acl="publicRead")
        blob.upload_from_string(b"x")
        with pytest.raises(BadRequest, match="uniform bucket-level access is enabled"):
            blob.make_public()


def test_a_wrong_checksum_is_refused(bucket):
    blob = bucket.blob("key")
    blob.md5_hash = "1B2M2Y8AsgTpgAmY7PhCfg=="
    with pytest.raises(BadRequest):
        blob.upload_from_string(b"x", checksum=None)
    assert not blob.exists()


def signed(gcs, bucket, **parameters):
    blob = bucket.blob(ODD)
    blob.upload_from_string(b"signed")
    settings = {"version": "v4", "expiration": HOUR, "credentials": gcs.credentials, **parameters}
    return blob.generate_signed_url(**settings)


@pytest.fixture
def signer(gcs):
    return gcs


def test_a_signed_url_is_served(signer, bucket):
    assert get(signed(signer, bucket))[:2] == (200, b"signed")


@pytest.mark.needs("signatures")
def test_a_signed_url_may_say_the_headers(signer, bucket):
    url = signed(signer, bucket, response_type="a/b", response_disposition="attachment")
    headers = get(url)[2]
    assert (headers["Content-Type"], headers["Content-Disposition"]) == ("a/b", "attachment")


@pytest.mark.needs("signatures")
def test_a_wrong_signature_is_refused(signer, bucket):
    url = signed(signer, bucket)
    assert get(url[:-4] + ("0000" if url[-4:] != "0000" else "1111"))[0] == 403
    assert get(url + "&response-content-type=a/b")[0] == 403


@pytest.mark.needs("expiry")
def test_an_expired_url_is_refused(signer, bucket):
    before = datetime.datetime.now(datetime.UTC) - 2 * HOUR
    assert get(signed_at(before, signer, bucket))[0] == 400


def signed_at(moment, gcs, bucket):
    """The SDK takes the time of signing from its clock only."""
    stamps = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    with mock.patch("google.cloud.storage._signing.get_v4_now_dtstamps", return_value=stamps):
        return signed(gcs, bucket)


@pytest.mark.needs("authorization")
def test_nobody_may_read_what_is_private(server, bucket):
    bucket.blob("key").upload_from_string(b"x")
    assert get(place(server, bucket, "key"))[0] == 401


@pytest.mark.needs("versioning")
def test_a_former_version_is_kept(bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("key")
    blob.upload_from_string(b"old")
    old = blob.generation
    blob.upload_from_string(b"new")
    assert bucket.blob("key", generation=old).download_as_bytes() == b"old"


@pytest.mark.needs("xml-multipart")
def test_an_upload_in_parts_at_once(bucket, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(b"x" * 6 * MIB)
    settings = {"chunk_size": 5 * MIB, "worker_type": transfer_manager.THREAD}
    transfer_manager.upload_chunks_concurrently(str(file), bucket.blob("large"), **settings)
    assert bucket.get_blob("large").size == 6 * MIB


@pytest.mark.needs("keep-alive")
def test_connections_are_reused(server, bucket, fault_proxy, monkeypatch):
    # else the SDK asks for the bucket's place, in a thread of its own
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    proxy = fault_proxy(server)
    with server.client(proxy) as client:
        for number in range(5):
            blob = client.bucket(bucket.name).blob(str(number))
            blob.upload_from_string(b"x" * 10_000)
            blob.download_as_bytes()
        with pytest.raises(GoogleAPICallError):
            client.bucket(bucket.name).blob("missing").reload()
    assert (proxy.connections, len(proxy.requests)) == (1, 11)


def test_the_lacks_are_known_features():
    known = {
        mark.args[0]
        for test in globals().values()
        for mark in getattr(test, "pytestmark", ())
        if mark.name == "needs"
    }
    servers = [server for server in SERVERS.values() if issubclass(server, GcsServer)]
    assert len(servers) == 2
    assert all(server.lacks <= known for server in servers)
