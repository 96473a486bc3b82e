"""What the fake of Dropbox does with uploads: sessions of both kinds, hashes, space, faults."""

import os
import time

import pytest
import requests
from dropbox.content_hash import content_hash
from dropbox.exceptions import InternalServerError, RateLimitError
from dropbox.files import (
    CommitInfo,
    DeleteArg,
    UploadSessionCursor,
    UploadSessionFinishArg,
    UploadSessionType,
    WriteMode,
)

from .test_dropbox import MIB, listed, read, refused, settle, tags

BLOCK = 4 * MIB
WRONG = "0" * 64
LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def client(dropbox_server):
    with dropbox_server.client(max_retries_on_error=0, max_retries_on_rate_limit=0) as client:
        yield client


def at(session, offset):
    return UploadSessionCursor(session, offset)


def concurrent(client):
    start = client.files_upload_session_start
    return start(b"", session_type=UploadSessionType.concurrent).session_id


def test_a_session(client, dropbox_server, dropbox_root):
    body, commit = os.urandom(10 * MIB), CommitInfo(f"{dropbox_root}/a")
    session = client.files_upload_session_start(body[:MIB]).session_id
    client.files_upload_session_append_v2(body[MIB : 9 * MIB], at(session, MIB))
    assert dropbox_server.sessions == {session: 9 * MIB}
    finish = client.files_upload_session_finish
    made = finish(body[9 * MIB :], at(session, 9 * MIB), commit)
    assert made.content_hash == content_hash(body)
    assert content_hash(read(client, made.path_lower)) == made.content_hash
    assert dropbox_server.sessions == {}
    end = at(session, len(body))
    assert refused(finish, b"", end, commit) == "lookup_failed/not_found"
    assert refused(client.files_upload_session_append_v2, b"1", end) == "closed"


def test_offsets_are_checked(client, dropbox_root):
    append, finish = client.files_upload_session_append_v2, client.files_upload_session_finish
    commit = CommitInfo(f"{dropbox_root}/a")
    session = client.files_upload_session_start(b"123").session_id
    for offset in (0, 2, 4):
        assert refused(append, b"45", at(session, offset)) == "incorrect_offset"
        lost = refused(finish, b"45", at(session, offset), commit)
        assert lost == "lookup_failed/incorrect_offset"
    append(b"45", at(session, 3), close=True)
    assert refused(append, b"6", at(session, 5)) == "closed"
    assert refused(finish, b"6", at(session, 5), commit) == "lookup_failed/closed"
    assert refused(append, b"6", at("other", 5)) == "not_found"
    assert refused(finish, b"", at("other", 5), commit) == "lookup_failed/not_found"
    assert read(client, finish(b"", at(session, 5), commit).path_lower) == b"12345"


def test_the_right_offset_is_told(client):
    session = client.files_upload_session_start(b"123").session_id
    with pytest.raises(Exception, match="correct_offset=3"):
        client.files_upload_session_append_v2(b"45", at(session, 0))


def test_a_commit_that_fails_keeps_the_data(client, dropbox_root):
    path = client.files_upload(b"old", f"{dropbox_root}/a").path_lower
    finish = client.files_upload_session_finish
    session = client.files_upload_session_start(b"123").session_id
    assert refused(finish, b"45", at(session, 3), CommitInfo(path)) == "path/conflict/file"
    commit = CommitInfo(path, WriteMode.overwrite)
    assert refused(finish, b"45", at(session, 3), commit) == "lookup_failed/incorrect_offset"
    finish(b"", at(session, 5), commit)
    assert read(client, path) == b"12345"


def test_an_upload_that_fails_keeps_the_data(client, dropbox_server, dropbox_root):
    path = client.files_upload(b"old", f"{dropbox_root}/a").path_lower
    with pytest.raises(Exception, match="conflict") as error:
        client.files_upload(b"new", path)
    session = error.value.error.get_path().upload_session_id
    assert dropbox_server.sessions == {}
    overwrite = CommitInfo(path, WriteMode.overwrite)
    client.files_upload_session_finish(b"", at(session, 3), overwrite)
    assert read(client, path) == b"new"


def test_a_concurrent_session(client, dropbox_root):
    body, commit = os.urandom(2 * BLOCK + 5), CommitInfo(f"{dropbox_root}/a")
    append, finish = client.files_upload_session_append_v2, client.files_upload_session_finish
    session, end = concurrent(client), len(body)
    append(body[BLOCK : 2 * BLOCK], at(session, BLOCK))
    assert refused(finish, b"", at(session, end), commit) == "concurrent_session_not_closed"
    append(body[2 * BLOCK :], at(session, 2 * BLOCK), close=True)
    assert refused(finish, b"", at(session, end), commit) == "concurrent_session_missing_data"
    append(body[:BLOCK], at(session, 0))
    append(body[:BLOCK], at(session, 0))  # once more, as after a lost answer
    data = refused(finish, b"1", at(session, end), commit)
    assert data == "concurrent_session_data_not_allowed"
    assert refused(append, body[:BLOCK], at(session, 3 * BLOCK)) == "closed"
    assert finish(b"", at(session, end), commit).content_hash == content_hash(body)


def test_pieces_of_a_concurrent_session(client):
    start, kind = client.files_upload_session_start, UploadSessionType.concurrent
    assert refused(start, b"1", session_type=kind) == "concurrent_session_data_not_allowed"
    closing = refused(start, b"", close=True, session_type=kind)
    assert closing == "concurrent_session_close_not_allowed"
    append, session = client.files_upload_session_append_v2, concurrent(client)
    assert refused(append, b"1", at(session, 0)) == "concurrent_session_invalid_data_size"
    assert refused(append, b"1", at(session, 5), True) == "concurrent_session_invalid_offset"


def test_sessions_end(client, dropbox_server):
    session = client.files_upload_session_start(b"1").session_id
    dropbox_server.forget_sessions()
    assert refused(client.files_upload_session_append_v2, b"1", at(session, 1)) == "not_found"


def test_batches_of_sessions(client, dropbox_root):
    def arguments(*, close):
        start, names = client.files_upload_session_start, ("a", "b", ".dropbox")
        sessions = [start(name.encode(), close=close).session_id for name in names]
        return [
            UploadSessionFinishArg(at(key, len(name)), CommitInfo(f"{dropbox_root}/{name}"))
            for key, name in zip(sessions, names, strict=True)
        ]

    entries = client.files_upload_session_finish_batch_v2(arguments(close=False)).entries
    assert {tags(one.get_failure()) for one in entries} == {"lookup_failed/not_closed"}
    entries = client.files_upload_session_finish_batch_v2(arguments(close=True)).entries
    assert [one.get_success().name for one in entries[:2]] == ["a", "b"]
    assert tags(entries[2].get_failure()) == "path/disallowed_name"
    with pytest.deprecated_call():
        launched = client.files_upload_session_finish_batch(arguments(close=True))
    again, asked = settle(client.files_upload_session_finish_batch_check, launched)
    assert [one.get_success().rev for one in again[:2]] == [
        one.get_success().rev for one in entries[:2]
    ]
    assert asked == 2


def test_hashes_are_checked(client, dropbox_server, dropbox_root):
    path = f"{dropbox_root}/a"
    wrong = {"content_hash": WRONG}
    assert refused(client.files_upload, b"1", path, **wrong) == "content_hash_mismatch"
    assert refused(client.files_upload_session_start, b"1", **wrong) == "content_hash_mismatch"
    session = client.files_upload_session_start(b"1").session_id
    append, cursor = client.files_upload_session_append_v2, at(session, 1)
    assert refused(append, b"2", cursor, **wrong) == "content_hash_mismatch"
    finish = client.files_upload_session_finish
    lost = refused(finish, b"2", cursor, CommitInfo(path), **wrong)
    assert lost == "content_hash_mismatch"
    assert dropbox_server.sessions == {session: 1}
    assert listed(client, dropbox_root) == []


def test_the_largest_request(client, dropbox_server, dropbox_root):
    dropbox_server.settings(largest=MIB)  # of 150 MiB
    large, larger, path = b"\0" * MIB, b"\0" * (MIB + 1), f"{dropbox_root}/a"
    session = client.files_upload_session_start(large).session_id
    cursor, too_large = at(session, MIB), "payload_too_large"
    assert refused(client.files_upload, larger, path) == too_large
    assert refused(client.files_upload_session_start, larger) == too_large
    assert refused(client.files_upload_session_append_v2, larger, cursor) == too_large
    finish = client.files_upload_session_finish
    assert refused(finish, larger, cursor, CommitInfo(path)) == too_large
    assert finish(large, cursor, CommitInfo(path)).size == 2 * MIB


def test_space(client, dropbox_server, dropbox_root):
    path = client.files_upload(b"1234", f"{dropbox_root}/a").path_lower
    usage = client.users_get_space_usage()
    dropbox_server.settings(quota=usage.used + 3)
    other, full = f"{dropbox_root}/b", "path/insufficient_space"
    assert refused(client.files_upload, b"12345", other) == full
    assert refused(client.files_copy_v2, path, other) == "insufficient_quota"
    session = client.files_upload_session_start(b"12345").session_id
    finish = client.files_upload_session_finish
    assert refused(finish, b"", at(session, 5), CommitInfo(other)) == full
    client.files_upload(b"1234567", path, WriteMode.overwrite)
    assert refused(client.files_upload, b"1", other) == full
    dropbox_server.work()
    finish(b"", at(session, 5), CommitInfo(other))
    assert listed(client, dropbox_root) == ["a", "b"]


def test_errors_on_demand(client, dropbox_server, dropbox_root):
    busy, path = "too_many_write_operations", f"{dropbox_root}/a"
    dropbox_server.fail("files/upload", error=["path", busy], times=2, skip=1)
    client.files_upload(b"1", path)
    for _ in range(2):
        assert refused(client.files_upload, b"1", path) == f"path/{busy}"
    client.files_upload(b"1", path)
    dropbox_server.fail("files/delete_v2", error=[busy], containing="/b")
    client.files_copy_v2(path, f"{dropbox_root}/b")
    client.files_delete_v2(path)
    assert refused(client.files_delete_v2, f"{dropbox_root}/b") == busy
    assert listed(client, dropbox_root) == ["b"]


def test_entries_fail_on_demand(client, dropbox_server, dropbox_root):
    busy = "too_many_write_operations"
    paths = [client.files_upload(b"1", f"{dropbox_root}/{name}").path_lower for name in "ab"]
    dropbox_server.fail("files/delete_batch/entry", error=[busy], containing=paths[1])
    launched = client.files_delete_batch([DeleteArg(path) for path in paths])
    entries, _ = settle(client.files_delete_batch_check, launched)
    assert entries[0].is_success()
    assert tags(entries[1].get_failure()) == busy
    assert listed(client, dropbox_root) == ["b"]


def test_too_many_requests(client, dropbox_server, dropbox_root):
    dropbox_server.fail("files/upload", status=429, retry_after=7)
    with pytest.raises(RateLimitError) as error:
        client.files_upload(b"1", f"{dropbox_root}/a")
    assert (error.value.backoff, error.value.error.reason.is_too_many_requests()) == (7, True)
    dropbox_server.fail("files/upload", status=503, body="Busy.")
    with pytest.raises(InternalServerError, match="Busy"):
        client.files_upload(b"1", f"{dropbox_root}/a")
    assert listed(client, dropbox_root) == []


def test_answers_get_lost(client, dropbox_server, dropbox_root):
    path = f"{dropbox_root}/a"
    dropbox_server.fail("files/upload", drop=True)
    with pytest.raises(LOST):
        client.files_upload(b"12345", path)
    dropbox_server.fail("files/download", cut=2)
    with pytest.raises(LOST):
        read(client, path)
    dropbox_server.fail("files/get_metadata", status=500, after=True)
    with pytest.raises(InternalServerError):
        client.files_get_metadata(path)
    assert read(client, path) == b"12345"


def test_a_server_that_stalls(client, dropbox_server, dropbox_root):
    dropbox_server.fail("files/upload", stall=60)
    with (
        dropbox_server.client(timeout=0.2) as impatient,
        pytest.raises(requests.ReadTimeout),
    ):
        impatient.files_upload(b"1", f"{dropbox_root}/a")
    assert listed(client, dropbox_root) == []
    dropbox_server.work()
    deadline = time.monotonic() + 10
    while listed(client, dropbox_root) != ["a"] and time.monotonic() < deadline:
        pass
    assert listed(client, dropbox_root) == ["a"]  # it went on when it could


def test_calls_are_counted(client, dropbox_server, dropbox_root):
    with dropbox_server.counting() as seen:
        client.files_upload(b"12345", f"{dropbox_root}/a")
        read(client, f"{dropbox_root}/a", Range="bytes=1-2")
        refused(client.files_get_metadata, f"{dropbox_root}/b")
    calls = [(one.route, one.status) for one in seen]
    assert calls == [("files/upload", 200), ("files/download", 206), ("files/get_metadata", 409)]
    assert (seen[0].up, seen[1].down) == (5, 2)
    assert f"{dropbox_root}/b" in seen[2].about
    assert dropbox_server.access_token not in repr(dropbox_server.calls)


def test_the_end_of_a_root_ends_everything(client, dropbox_server):
    with dropbox_server.root() as root:
        client.files_upload(b"1", f"{root}/a")
        client.files_upload_session_start(b"1")
        dropbox_server.fail("files/upload", status=500, times=9)
        dropbox_server.settings(quota=0, asks=9)
    assert refused(client.files_get_metadata, root) == "path/not_found"
    assert dropbox_server.sessions == {}
    with dropbox_server.root() as root:
        client.files_upload(b"1", f"{root}/a")
