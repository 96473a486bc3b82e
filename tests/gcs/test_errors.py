"""Errors of Google Cloud Storage: builtins that name the file and the cure, and Google's own."""

import contextlib
import copy
import errno
import json
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from google.api_core import exceptions as google
from google.auth.credentials import AnonymousCredentials
from google.cloud.exceptions import NotFound

from storages.backends.gcloud import GoogleCloudStorage
from tests.servers import Gcs, GoogleIam

MiB = 1024 * 1024
PART = 256 * 1024

READS: dict[str, Callable[[Any], Any]] = {
    "open": lambda storage: storage.open("d/a.txt"),
    "size": lambda storage: storage.size("d/a.txt"),
    "stat": lambda storage: storage.stat("d/a.txt"),
    "modified": lambda storage: storage.get_modified_time("d/a.txt"),
    "created": lambda storage: storage.get_created_time("d/a.txt"),
    "copy": lambda storage: storage.copy("d/a.txt", "b.txt"),
    "move": lambda storage: storage.move("d/a.txt", "b.txt"),
}
WRITES: dict[str, Callable[[Any], Any]] = {
    "save": lambda storage: storage.save("d/a.txt", ContentFile(b"x")),
    "save in parts": lambda storage: storage.save("d/a.txt", ContentFile(b"x" * (PART + 1))),
    "delete": lambda storage: storage.delete("d/a.txt"),
}
LISTINGS: dict[str, Callable[[Any], Any]] = {
    "exists": lambda storage: storage.exists("d/a.txt"),
    "listdir": lambda storage: storage.listdir("d/a.txt"),
    "scan": lambda storage: list(storage.scan("d/a.txt")),
    "delete_many": lambda storage: storage.delete_many(["d/a.txt"]),
}
ALL = READS | WRITES | LISTINGS


@pytest.fixture(autouse=True)
def hasty(monkeypatch: Any) -> None:
    monkeypatch.setattr("storages.backends.gcloud_errors.PAUSES", (0.01,) * 2)
    monkeypatch.setattr("storages.backends.gcloud_errors.BROKEN_PAUSES", (0.01,) * 2)
    monkeypatch.setattr("storages.transfer.PAUSES", (0.01,))


@pytest.fixture(scope="module")
def make(gcs: Gcs, bucket: str) -> Callable[..., GoogleCloudStorage]:
    return lambda **more: GoogleCloudStorage(
        **gcs.options(bucket, **{"blob_chunk_size": PART} | more)
    )


@pytest.fixture
def storage(make: Any) -> GoogleCloudStorage:
    return make()  # type: ignore[no-any-return]


def raised(kind: Any, work: Callable[[Any], Any], storage: Any) -> Any:
    with pytest.raises(kind) as caught:
        work(storage)
    assert "upload_id" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


# -- what the service refuses


@pytest.mark.parametrize("name", READS)
def test_a_missing_file(storage: Any, name: str) -> None:
    error = raised(FileNotFoundError, READS[name], storage)
    assert isinstance(error, NotFound)
    assert "'d/a.txt' does not exist" in str(error)
    assert storage.bucket_name in str(error)
    assert error.code == 404
    assert error.response.status_code == 404
    assert storage.listdir("") == ([], [])


def test_a_file_that_goes_between_two_ranges(storage: Any) -> None:
    storage.save("going.bin", ContentFile(b"x" * MiB))
    with storage.open("going.bin") as file:
        file.read(10)
        storage.delete("going.bin")
        with pytest.raises(FileNotFoundError, match=r"going\.bin"):
            file.read()


@pytest.mark.parametrize("name", ALL)
def test_a_missing_bucket(gcs: Gcs, name: str) -> None:
    missing = GoogleCloudStorage(**gcs.options("no-such-bucket", blob_chunk_size=PART))
    error = raised(OSError, ALL[name], missing)
    assert str(error) == "The bucket 'no-such-bucket' does not exist."
    assert not isinstance(error, FileNotFoundError)
    assert isinstance(error, NotFound)


def test_a_replaced_file_says_so(storage: Any) -> None:
    storage.save("changing.bin", ContentFile(b"1" * MiB))
    with storage.open("changing.bin") as file:
        storage.save("changing.bin", ContentFile(b"2" * MiB))
        with pytest.raises(OSError, match="replaced while it was read") as caught:
            file.read()
    assert caught.value.errno == errno.ESTALE
    assert pickle.loads(pickle.dumps(caught.value)).errno == errno.ESTALE
    storage.delete("changing.bin")


def test_a_taken_name(make: Any) -> None:
    storage = make()
    storage._connection.emulated, before = False, storage._connection.emulated
    for size in (1, PART + 1):
        storage.save("taken.txt", ContentFile(b"old"))
        with pytest.raises(FileExistsError, match=r"'taken\.txt' exists already") as caught:
            storage.write("taken.txt", ContentFile(b"x" * size))
        assert isinstance(caught.value, google.PreconditionFailed)
        assert storage.open("taken.txt").read() == b"old"
    storage._connection.emulated = before
    storage.delete("taken.txt")


def test_a_name_that_is_too_long(storage: Any) -> None:
    error = raised(
        google.GoogleAPICallError, lambda s: s.save("a" * 1025, ContentFile(b"")), storage
    )
    assert isinstance(error, OSError)
    assert error.code == 400
    assert storage.listdir("") == ([], [])


# -- a bucket that clashes with the options


@pytest.mark.parametrize("size", [1, PART + 1])
@pytest.mark.parametrize(
    "options", [{"default_acl": "publicRead"}, {"object_parameters": {"acl": "private"}}]
)
def test_acls_in_a_bucket_with_uniform_access(gcs: Gcs, options: Any, size: int) -> None:
    with gcs.bucket(uniform=True) as name:
        plain = GoogleCloudStorage(**gcs.options(name, blob_chunk_size=PART))
        plain.save("old.txt", ContentFile(b"old"))
        storage = GoogleCloudStorage(**gcs.options(name, blob_chunk_size=PART, **options))
        for work in (
            lambda: storage.save("old.txt", ContentFile(b"x" * size)),
            lambda: storage.save("new.txt", ContentFile(b"x" * size)),
            lambda: storage.copy("old.txt", "copy.txt"),
        ):
            with pytest.raises(ImproperlyConfigured) as caught:
                work()
            for part in (r"default_acl (GS_DEFAULT_ACL)", "uniform bucket-level access", name):
                assert part in str(caught.value)
        assert plain.listdir("") == ([], ["old.txt"])
        assert plain.open("old.txt").read() == b"old"
        assert gcs.unfinished(name) == []


# -- answers of any kind


class Answers(ThreadingHTTPServer):
    """Answers each request with one status and body."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body, self.requests = status, body, 0
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    server: Answers

    def answer(self) -> None:
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_: Any) -> None:
        pass


def said(message: str, reason: str = "odd") -> bytes:
    details = [{"message": message, "domain": "global", "reason": reason}]
    return json.dumps({"error": {"message": message, "errors": details}}).encode()


@contextlib.contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[Any, Answers]]:
    with Answers(status, body) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield GoogleCloudStorage(bucket_name="bucket", api_endpoint=url), server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "own", "times"),
    [
        (503, ConnectionError, google.ServiceUnavailable, 3),
        (500, ConnectionError, google.ServerError, 3),
        (429, ConnectionError, google.TooManyRequests, 3),
        (408, ConnectionError, google.GoogleAPICallError, 3),
        (400, OSError, google.GoogleAPICallError, 1),
        (501, OSError, google.GoogleAPICallError, 1),
        (403, PermissionError, google.Forbidden, 1),
        (412, FileExistsError, google.PreconditionFailed, 1),
    ],
)
def test_other_answers(status: int, kind: Any, own: Any, times: int) -> None:
    with answering(status, said("because")) as (storage, server):
        error = raised(kind, WRITES["save"], storage)
        assert isinstance(error, own)
        assert isinstance(error, ConnectionError) is (kind is ConnectionError)
        assert "'d/a.txt'" in str(error)
        assert status == 412 or "because" in str(error)
        assert error.code == status
        assert error.errors[0]["reason"] == "odd"
        assert server.requests == times


@pytest.mark.parametrize("name", ALL)
def test_no_permission(name: str) -> None:
    with answering(403, said("x@y has no access")) as (storage, server):
        error = raised(PermissionError, ALL[name], storage)
        assert isinstance(error, google.Forbidden)
        assert "storage.objects." in str(error)
        assert "x@y has no access" in str(error)
        assert "bucket" in str(error)
        if name in READS:
            assert "403 instead of 404" in str(error)
        assert server.requests == 1


def test_public_access_that_is_prevented() -> None:
    text = (
        "The member bindings allUsers are not allowed since public access prevention is enforced."
    )
    with answering(412, said(text)) as (storage, _), pytest.raises(ImproperlyConfigured) as caught:
        storage.save("a.txt", ContentFile(b"x"))
    assert "default_acl (GS_DEFAULT_ACL)" in str(caught.value)
    assert "public access prevention" in str(caught.value)


def test_answers_that_are_no_json() -> None:
    with answering(418, b"<html>a proxy says no</html>") as (storage, _):
        assert "a proxy says no" in str(raised(OSError, READS["size"], storage))


@pytest.mark.parametrize("work", [ALL["size"], ALL["open"], ALL["save"]])
@pytest.mark.parametrize("status", [403, 404, 412, 429, 503])
def test_errors_travel(status: int, work: Any) -> None:
    with answering(status, said("because")) as (storage, _):
        error = raised(OSError, work, storage)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args, again.code) == (str(error), error.args, error.code)
        assert (again.errno, again.errors) == (error.errno, error.errors)


# -- what never came to the service


@pytest.fixture
def refused() -> Iterator[GoogleCloudStorage]:
    """A storage whose server does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        yield GoogleCloudStorage(bucket_name="bucket", api_endpoint=url)


@pytest.mark.parametrize("name", ALL)
def test_a_refused_connection(refused: Any, name: str) -> None:
    error = raised(ConnectionError, ALL[name], refused)
    assert refused.api_endpoint in str(error)
    assert "refused" in str(error)
    assert "/o" not in str(error).replace("'d/a.txt", "")


def test_an_unknown_host() -> None:
    url = "http://no-such-host.invalid"
    storage = GoogleCloudStorage(bucket_name="bucket", api_endpoint=url)
    assert url in str(raised(ConnectionError, READS["size"], storage))


@pytest.mark.parametrize("name", ["open", "copy", "save", "exists", "listdir", "delete_many"])
def test_no_credentials(monkeypatch: Any, name: str) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    message = str(raised(ImproperlyConfigured, ALL[name], GoogleCloudStorage(bucket_name="b")))
    assert "credentials" in message
    assert "GS_CREDENTIALS" in message


def test_no_token(make: Any, google_iam: GoogleIam) -> None:
    google_iam.fail(400, containing="token")
    storage = make(credentials=google_iam.credentials())
    assert "GS_CREDENTIALS" in str(raised(ImproperlyConfigured, READS["size"], storage))


def test_anonymous_where_a_name_is_needed() -> None:
    with answering(401, said("Anonymous caller does not have access.")) as (storage, _):
        assert isinstance(storage.client._credentials, AnonymousCredentials)
        assert "GS_CREDENTIALS" in str(raised(ImproperlyConfigured, READS["size"], storage))
