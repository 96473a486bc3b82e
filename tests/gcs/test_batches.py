"""Deletions on Google Cloud Storage, by batches whose parts fail one by one."""

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import gcloud_batch
from storages.backends.gcloud import GoogleCloudStorage
from tests.servers import Gcs


@pytest.fixture(autouse=True)
def hasty(monkeypatch: Any) -> None:
    monkeypatch.setattr("storages.backends.gcloud_errors.PAUSES", (0.01,) * 3)
    monkeypatch.setattr("storages.backends.gcloud_errors.BROKEN_PAUSES", (0.01,) * 3)


@pytest.fixture
def proxy(gcs: Gcs, fault_proxy: Any) -> Iterator[Any]:
    yield fault_proxy(gcs)
    gcs.work()


@pytest.fixture
def storage(gcs: Gcs, gcs_bucket: str, proxy: Any) -> GoogleCloudStorage:
    return GoogleCloudStorage(**gcs.options(gcs_bucket, via=proxy))


def names(storage: Any) -> list[str]:
    return [entry.name for entry in storage.scan()]


def fill(storage: Any, **files: bytes) -> None:
    for name, content in files.items():
        storage.save(name.replace("_", "."), ContentFile(content))


# -- a service that answers the parts of batches as it is told


class Parts(ThreadingHTTPServer):
    """Answers the deletion of each key by the next of its statuses; of others, by 204."""

    def __init__(self, statuses: dict[str, list[int]]) -> None:
        self.statuses = statuses
        self.asked: list[list[str]] = []
        super().__init__(("127.0.0.1", 0), _Batches)


class _Batches(BaseHTTPRequestHandler):
    server: Parts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = re.findall(r"DELETE /storage/v1/b/bucket/o/(\S+) HTTP/1.1", body)
        self.server.asked.append(keys)
        parts = []
        for key in keys:
            left = self.server.statuses.get(key) or [204]
            status = left.pop(0) if len(left) > 1 else left[0]
            text = '{"error": {"message": "because", "errors": []}}' if status != 204 else ""
            parts.append(
                "--x\r\nContent-Type: application/http\r\n\r\n"
                f"HTTP/1.1 {status} Why\r\nContent-Type: application/json\r\n\r\n{text}\r\n"
            )
        answer = f"{''.join(parts)}--x--\r\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/mixed; boundary=x")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def answering(**statuses: list[int]) -> Iterator[tuple[Any, Parts]]:
    with Parts(statuses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield GoogleCloudStorage(bucket_name="bucket", api_endpoint=url), server
        server.shutdown()
        thread.join()


def test_what_is_absent_is_fine() -> None:
    with answering(a=[404], c=[404]) as (storage, server):
        storage.delete_many(["a", "b", "c"])
    assert server.asked == [["a", "b", "c"]]


def test_one_that_fails_is_named() -> None:
    with (
        answering(b=[403]) as (storage, server),
        pytest.raises(PermissionError, match=r"'b' .*storage\.objects\.delete.*because"),
    ):
        storage.delete_many(["a", "b", "c"])
    assert server.asked == [["a", "b", "c"]]


def test_of_many_that_fail_the_first_is_named() -> None:
    with (
        answering(b=[403], c=[503], d=[400]) as (storage, server),
        pytest.raises(PermissionError, match=r"2 objects .*the first: Deletion of 'b'"),
    ):
        storage.delete_many(["a", "b", "c", "d"])
    assert len(server.asked) == 1


def test_what_the_service_was_too_busy_for_is_asked_for_again() -> None:
    with answering(a=[503, 204], c=[429, 500, 404]) as (storage, server):
        storage.delete_many(["a", "b", "c"])
    assert server.asked == [["a", "b", "c"], ["a", "c"], ["c"]]


def test_what_the_service_stays_too_busy_for() -> None:
    with (
        answering(a=[503], c=[503]) as (storage, server),
        pytest.raises(ConnectionError, match=r"2 objects .*the first is 'a'"),
    ):
        storage.delete_many(["a", "b", "c"])
    assert server.asked == [["a", "b", "c"], *[["a", "c"]] * 3]


# -- a service that stores


@pytest.mark.parametrize("fault", ["busy", "cut", "lost"])
def test_a_batch_is_asked_for_again(gcs: Gcs, storage: Any, proxy: Any, fault: str) -> None:
    fill(storage, a_txt=b"a", b_txt=b"b")
    if fault == "busy":
        gcs.fail(status=503, times=3, method="POST", containing="/batch/")
    else:
        proxy.cut(match="/batch/", **({"up": 0} if fault == "cut" else {"down": 0}))
    storage.delete_many(["a.txt", "b.txt"])
    assert names(storage) == []


def test_odd_names_in_a_batch(storage: Any) -> None:
    odd = ["a b.txt", "ü+%25#?&=.txt", "d/100%/a%20b.txt", "日本/😀.txt", "a\r.txt"[:1] + "--b"]
    for name in odd:
        storage.save(name, ContentFile(b"x"))
    storage.delete_many(odd)
    assert names(storage) == []


def test_batches_of_a_hundred_at_once(storage: Any, gcs_bucket: str) -> None:
    for number in range(250):
        storage._put(f"{number}.txt", b"", {"content_type": "text/plain"})
    storage.delete_many(f"{number}.txt" for number in range(250))
    assert names(storage) == []


def test_answers_to_a_batch_in_another_order() -> None:
    class Answer:
        headers = {"Content-Type": 'multipart/mixed; boundary="x"'}  # noqa: RUF012 - a stand-in
        content = (
            b"--x\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\n"
            b"HTTP/1.1 204 No Content\r\n\r\n\r\n"
            b"--x\r\nContent-Type: application/http\r\nContent-ID: <response-0>\r\n\r\n"
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno\r\n--x--\r\n"
        )

    found = dict(gcloud_batch._answers(Answer))
    assert {number: answer.status_code for number, answer in found.items()} == {0: 404, 1: 204}
    assert found[0].text.strip() == "no"


@pytest.mark.parametrize("fault", ["busy", "cut", "lost"])
def test_a_deletion_is_asked_for_again(gcs: Gcs, storage: Any, proxy: Any, fault: str) -> None:
    fill(storage, a_txt=b"a")
    if fault == "busy":
        gcs.fail(status=503, times=3, method="DELETE")
    else:
        proxy.cut(match="^DELETE", **({"up": 0} if fault == "cut" else {"down": 0}))
    storage.delete("a.txt")
    assert names(storage) == []
