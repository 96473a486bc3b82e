"""Answers of S3 of which something is lost or changed on the way: asked for again, or an error."""

import base64
import zlib

import pytest
from botocore.config import Config

from storages import transfer
from tests.s3.answers import Answer, answering

CONTENT = b"0123456789"
TIME = "Fri, 02 Jan 2026 03:04:05 GMT"
HEADERS = {"Last-Modified": TIME, "ETag": '"1"'}
RANGE = HEADERS | {"Content-Range": "bytes 0-9/10"}
SUM = {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()}
WHOLE = {"206": Answer(CONTENT, 206, RANGE | SUM), "200": Answer(CONTENT, 200, HEADERS | SUM)}
DAMAGED = {
    "cut": Answer(CONTENT[:5], 206, RANGE, lost=5),
    "lost": Answer(b"", 206, RANGE, lost=10),
    "cut without a range": Answer(CONTENT[:5], 200, HEADERS, lost=5),
    "lost without a range": Answer(b"", 200, HEADERS, lost=10),
    "changed": Answer(b"0123456780", 206, RANGE | SUM),
    "changed without a range": Answer(b"0123456780", 200, HEADERS | SUM),
}
VALIDATING = Config(response_checksum_validation="when_supported")

LISTING = (
    b"<ListBucketResult><Contents><Key>a</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z"
    b"</LastModified></Contents></ListBucketResult>"
)
REFUSED = b"<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"
PAGE = Answer(b"<html><body>Sign in</body></html>")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(transfer, "PAUSES", (0, 0))


def read(storage):
    with storage.open("a.txt") as file:
        return file.read()


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("name", DAMAGED)
def test_reading_gives_the_whole_content(name, whole):
    with answering(DAMAGED[name], WHOLE[whole]) as server:
        assert read(server.storage(client_config=VALIDATING)) == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", DAMAGED)
def test_reading_what_stays_damaged_is_an_error(name):
    with answering(DAMAGED[name]) as server:
        storage = server.storage(client_config=VALIDATING)
        with pytest.raises(ConnectionError, match=r"The connection to S3 broke at 'a\.txt'"):
            read(storage)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "lost", [Answer(b"", lost=len(LISTING)), Answer(b""), PAGE], ids=["lost", "nothing", "page"]
)
def test_what_is_no_listing_does_not_say_that_there_is_nothing(lost):
    with answering(lost, Answer(LISTING)) as server:
        assert [entry.key for entry in server.storage().scan()] == ["a"]
    once = Config(retries={"total_max_attempts": 1})
    with answering(lost) as server, pytest.raises(ConnectionError):
        list(server.storage(client_config=once).scan())


def test_a_lost_answer_does_not_say_that_all_is_deleted():
    with answering(Answer(b"", lost=len(REFUSED)), Answer(REFUSED)) as server:
        storage = server.storage()
        with pytest.raises(PermissionError, match="1 objects could not be deleted"):
            storage.delete_many(["a", "b"])
    assert len(server.asked) == 2


UPLOAD = {"Key": "a", "UploadId": "1"}
SOURCE = {"CopySource": {"Bucket": "bucket", "Key": "b"}}
PARTS = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": '"1"'}]}}


@pytest.mark.parametrize(
    ("method", "params", "result"),
    [
        ("copy_object", {"Key": "a", **SOURCE}, "CopyObjectResult"),
        ("create_multipart_upload", {"Key": "a"}, "InitiateMultipartUploadResult"),
        ("upload_part_copy", {"PartNumber": 1, **UPLOAD, **SOURCE}, "CopyPartResult"),
        ("complete_multipart_upload", UPLOAD | PARTS, "CompleteMultipartUploadResult"),
    ],
)
def test_a_lost_answer_is_no_success(method, params, result):
    whole = f"<{result}></{result}>".encode()
    with answering(Answer(b"", lost=len(whole)), Answer(whole)) as server:
        getattr(server.storage()._client, method)(Bucket="bucket", **params)
    assert len(server.asked) == 2


def test_a_service_that_says_nothing_of_deletions():
    with answering(Answer(b"")) as server:
        server.storage().delete_many(["a", "b"])
    assert len(server.asked) == 1
