"""What our Google Cloud Storage does with the uploads and copies of which something goes wrong."""

import base64
import os
import socket
import time

import pytest
import requests
from google.auth.credentials import Signing
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

CHUNK = 1 << 18
MIB = 1 << 20


@pytest.fixture
def http():
    with requests.Session() as session:
        yield session


@pytest.fixture
def bucket(gcs, gcs_bucket):
    with gcs.client() as client:
        yield client.bucket(gcs_bucket)


@pytest.fixture
def session(gcs, bucket, http):
    """The URL of an upload that has begun."""
    return begin(gcs, bucket, http)


def begin(gcs, bucket, http, name="key", **query):
    place = f"{gcs.url}/upload/storage/v1/b/{bucket.name}/o"
    settings = {"uploadType": "resumable", "name": name, **query}
    answer = http.post(place, params=settings, json={"contentType": "text/x-odd"})
    answer.raise_for_status()
    return answer.headers["Location"]


def send(http, url, body, start, total="*"):
    stop = start + len(body)
    return http.put(url, body, headers={"Content-Range": f"bytes {start}-{stop - 1}/{total}"})


def ask(http, url, total="*"):
    return http.put(url, headers={"Content-Range": f"bytes */{total}"})


def test_an_upload_says_how_far_it_is(gcs, bucket, http, session):
    assert gcs.unfinished(bucket.name) == ["key"]
    answer = ask(http, session)
    assert (answer.status_code, "Range" in answer.headers) == (308, False)
    body = os.urandom(2 * CHUNK + 5)
    answer = send(http, session, body[:CHUNK], 0)
    assert (answer.status_code, answer.headers["Range"]) == (308, f"bytes=0-{CHUNK - 1}")
    assert ask(http, session).headers["Range"] == f"bytes=0-{CHUNK - 1}"
    assert not bucket.blob("key").exists()
    # some of it again, as after an answer that was lost
    assert send(http, session, body[CHUNK // 2 :], CHUNK // 2, len(body)).status_code == 200
    for again in (ask(http, session), ask(http, session, len(body))):
        assert (again.status_code, again.json()["size"]) == (200, str(len(body)))
    blob = bucket.get_blob("key")
    assert (blob.download_as_bytes(), blob.content_type) == (body, "text/x-odd")
    assert gcs.unfinished(bucket.name) == []


def test_the_length_may_be_said_last(bucket, http, session):
    send(http, session, b"x" * CHUNK, 0)
    assert ask(http, session, CHUNK).status_code == 200
    assert bucket.get_blob("key").size == CHUNK


def test_chunks_have_rules(http, session):
    assert send(http, session, b"x" * (CHUNK - 1), 0).status_code == 400
    assert send(http, session, b"x" * CHUNK, CHUNK).status_code == 503


def test_what_is_no_multiple_of_a_chunk_is_not_persisted(http, session):
    assert send(http, session, b"x" * (CHUNK + 7), 0).headers["Range"] == f"bytes=0-{CHUNK - 1}"


def test_a_cancelled_upload_is_over(gcs, bucket, http, session):
    assert http.delete(session).status_code == 499
    assert ask(http, session).status_code == 499
    assert gcs.unfinished(bucket.name) == []


def test_what_came_before_the_connection_broke_is_persisted(gcs, http, session):
    path = session.removeprefix(gcs.url)
    head = f"PUT {path} HTTP/1.1\r\nHost: {gcs.url.removeprefix('http://')}\r\n"
    head += f"Content-Length: {MIB}\r\nContent-Range: bytes 0-{MIB - 1}/{MIB}\r\n\r\n"
    with socket.create_connection(gcs.address) as connection:
        connection.sendall(head.encode() + b"x" * (2 * CHUNK + 9))
    deadline = time.monotonic() + 10
    while "Range" not in (answer := ask(http, session)).headers and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answer.headers["Range"] == f"bytes=0-{2 * CHUNK - 1}"


def test_conditions_hold_at_the_end_too(gcs, bucket, http):
    url = begin(gcs, bucket, http, ifGenerationMatch=0)
    bucket.blob("key").upload_from_string(b"first")
    assert send(http, url, b"second", 0, 6).status_code == 412
    assert bucket.blob("key").download_as_bytes() == b"first"
    assert gcs.unfinished(bucket.name) == []


def test_calls_fail_when_they_shall(gcs, bucket, http, session):
    gcs.fail(status=429, times=2, method="PUT", containing="upload_id")
    body = b"x" * (2 * CHUNK)
    assert [send(http, session, body, 0, len(body)).status_code for _ in range(2)] == [429, 429]
    assert "Range" not in ask(http, session).headers
    gcs.fail(keep=CHUNK, method="PUT")
    assert send(http, session, body, 0, len(body)).status_code == 503
    assert ask(http, session).headers["Range"] == f"bytes=0-{CHUNK - 1}"
    gcs.fail(times=99)
    gcs.work()
    assert send(http, session, body[CHUNK:], CHUNK, len(body)).status_code == 200


def test_the_sdk_gets_over_it(gcs, bucket):
    body = os.urandom(3 * MIB)
    gcs.fail(keep=CHUNK, method="PUT")
    with bucket.blob("key", chunk_size=MIB).open("wb", ignore_flush=True) as file:
        file.write(body)
    assert bucket.blob("key").download_as_bytes() == body


def test_a_long_copy_takes_several_calls(gcs, bucket):
    source, copy = bucket.blob("source"), bucket.blob("copy")
    source.upload_from_string(b"x" * 5 * MIB, "text/x-odd")
    seen = []
    with gcs.slow_rewrites(2 * MIB):
        token, written, _ = copy.rewrite(source)
        seen.append(written)
        while token:
            assert not bucket.blob("copy").exists()
            token, written, _ = copy.rewrite(source, token=token)
            seen.append(written)
    assert seen == [2 * MIB, 4 * MIB, 5 * MIB]
    assert bucket.get_blob("copy").content_type == "text/x-odd"


def test_a_service_account_gets_a_token_that_is_taken(gcs, bucket, http):
    scopes = ["https://www.googleapis.com/auth/devstorage.read_write"]
    credentials = service_account.Credentials.from_service_account_file(
        gcs.service_account, scopes=scopes
    )
    credentials.refresh(Request(http))
    url = f"{gcs.url}/storage/v1/b/{bucket.name}"
    for token, status in ((credentials.token, 200), (credentials.token + "x", 401)):
        assert http.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_iam_signs_for_who_has_a_token(gcs, bucket, google_iam, http):
    bucket.blob("key").upload_from_string(b"signed")
    credentials = google_iam.credentials()
    credentials.refresh(Request(http))
    url = bucket.blob("key").generate_signed_url(
        version="v4", expiration=60, credentials=IamSigner(google_iam, credentials)
    )
    assert http.get(url).content == b"signed"
    assert google_iam.calls == ["POST /token?lifetime=3600", f"POST {sign_path(google_iam)}"]


def test_iam_refuses(google_iam, http):
    url = google_iam.url + sign_path(google_iam)
    credentials = google_iam.credentials(lifetime=-60)
    credentials.refresh(Request(http))
    ended = {"Authorization": f"Bearer {credentials.token}"}
    assert http.post(url, json={"payload": "eA=="}, headers=ended).status_code == 401
    assert http.post(url, json={"payload": "eA=="}).status_code == 401
    credentials = google_iam.credentials()
    credentials.refresh(Request(http))
    good = {"Authorization": f"Bearer {credentials.token}"}
    assert http.post(url, json={"payload": "?"}, headers=good).status_code == 400
    other = url.replace(google_iam.email, "other@example.com")
    assert http.post(other, json={"payload": "eA=="}, headers=good).status_code == 404
    google_iam.fail(403)
    google_iam.fail(503)
    statuses = [
        http.post(url, json={"payload": "eA=="}, headers=good).status_code for _ in range(3)
    ]
    assert statuses == [403, 503, 200]
    google_iam.fail(500, containing="token")
    with pytest.raises(RefreshError):
        credentials.refresh(Request(http))


def sign_path(iam):
    return f"/v1/projects/-/serviceAccounts/{iam.email}:signBlob"


class IamSigner(Signing):
    """google-auth has one too, but its host is Google's."""

    signer = signer_email = None

    def __init__(self, iam, credentials):
        self.url, self.signer_email = iam.url + sign_path(iam), iam.email
        self.session = AuthorizedSession(credentials)

    def sign_bytes(self, message):
        payload = {"payload": base64.b64encode(message).decode()}
        with self.session as session:
            return base64.b64decode(session.post(self.url, json=payload).json()["signedBlob"])
