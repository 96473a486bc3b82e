"""Errors of S3: builtins that name the file and the cure, boto3's as well, never with a secret."""

import contextlib
import copy
import datetime
import errno
import ipaddress
import json
import pickle
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage

QUICK = Config(signature_version="s3v4", retries={"max_attempts": 0})
SECRET = "hunter2-never-told"
MiB = 1024 * 1024

READS = {
    "open": lambda storage: storage.open("d/a.txt"),
    "size": lambda storage: storage.size("d/a.txt"),
    "stat": lambda storage: storage.stat("d/a.txt"),
    "modified": lambda storage: storage.get_modified_time("d/a.txt"),
    "created": lambda storage: storage.get_created_time("d/a.txt"),
    "copy": lambda storage: storage.copy("d/a.txt", "b.txt"),
    "move": lambda storage: storage.move("d/a.txt", "b.txt"),
}
WRITES = {
    "save": lambda storage: storage.save("d/a.txt", ContentFile(b"x")),
    "save in parts": lambda storage: storage.save("d/a.txt", ContentFile(b"x" * 9 * MiB)),
    "delete": lambda storage: storage.delete("d/a.txt"),
}
LISTINGS = {
    "exists": lambda storage: storage.exists("d/a.txt"),
    "listdir": lambda storage: storage.listdir("d/a.txt"),
    "scan": lambda storage: list(storage.scan("d/a.txt")),
    "delete_many": lambda storage: storage.delete_many(["d/a.txt"]),
}
ALL = READS | WRITES | LISTINGS
SOME = ["open", "copy", "save", "save in parts", "exists", "listdir", "delete_many"]


@pytest.fixture(scope="module")
def storage(moto, bucket):
    return S3Storage(**moto.options(bucket))


@pytest.fixture(scope="module")
def stranger(rclone):
    """A storage whose server knows its keys, and that the secret one is wrong."""
    with rclone.bucket() as name:
        yield S3Storage(**rclone.options(name, secret_key=SECRET))


def raised(kind, work, storage):
    with pytest.raises(kind) as caught:
        work(storage)
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    return caught.value


# -- what the service refuses


@pytest.mark.parametrize("name", READS)
def test_a_missing_file(storage, name):
    error = raised(FileNotFoundError, READS[name], storage)
    assert isinstance(error, ClientError)
    assert "'d/a.txt'" in str(error)
    assert storage.bucket_name in str(error)
    assert error.response["Error"]["Code"] in ("404", "NoSuchKey")
    assert error.operation_name in ("HeadObject", "GetObject")
    assert error.__cause__.response is error.response


def test_a_file_that_goes_between_two_ranges(storage):
    storage.save("going.bin", ContentFile(b"x" * MiB))
    with storage.open("going.bin") as file:
        file.read(10)
        storage.delete("going.bin")
        with pytest.raises(FileNotFoundError, match=r"going\.bin"):
            file.read()


@pytest.mark.parametrize("name", ALL)
def test_no_permission(stranger, name):
    error = raised(PermissionError, ALL[name], stranger)
    assert isinstance(error, ClientError)
    assert "s3:" in str(error)
    assert stranger.bucket_name in str(error)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("name", [*READS, "exists"])
def test_a_403_for_reading_says_that_listing_may_be_what_is_missing(stranger, name):
    """Without s3:ListBucket, S3 answers 403 for an object that does not exist."""
    message = str(raised(PermissionError, ALL[name], stranger))
    assert "s3:GetObject" in message
    assert "s3:ListBucket" in message
    assert "404" in message


@pytest.mark.parametrize("name", [name for name in ALL if name not in READS])
def test_a_missing_bucket(moto, name):
    missing = S3Storage(**moto.options("no-such-bucket"))
    error = raised(OSError, ALL[name], missing)
    assert "bucket 'no-such-bucket' does not exist" in str(error)
    assert not isinstance(error, FileNotFoundError)
    assert error.response["Error"]["Code"] == "NoSuchBucket"


def test_opening_in_a_missing_bucket(moto):
    error = raised(OSError, READS["open"], S3Storage(**moto.options("no-such-bucket")))
    assert "bucket 'no-such-bucket' does not exist" in str(error)


def test_what_cannot_be_deleted_is_named(storage, moto):
    for name in ("free.txt", "kept/1.txt", "kept/2.txt"):
        storage.save(name, ContentFile(b"x"))
    resource = f"arn:aws:s3:::{storage.bucket_name}/kept/*"
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    client = moto.client()
    client.put_bucket_policy(Bucket=storage.bucket_name, Policy=policy)
    try:
        names = ["kept/1.txt", "free.txt", "kept/2.txt", "missing.txt"]
        with pytest.raises(PermissionError, match=r"2 objects.*'kept/1\.txt'.*Access Denied"):
            storage.delete_many(names)
        with pytest.raises(PermissionError, match=r"2 objects"):
            storage.delete_tree("kept")
    finally:
        client.delete_bucket_policy(Bucket=storage.bucket_name)
        client.close()
    assert not storage.exists("free.txt")
    assert storage.exists("kept/2.txt")
    assert storage.delete_tree("kept") == 2


@pytest.mark.parametrize("work", [ALL["size"], ALL["open"], ALL["save"]])
def test_errors_travel(stranger, storage, work):
    for kind, place in ((PermissionError, stranger), (FileNotFoundError, storage)):
        if kind is FileNotFoundError and work is ALL["save"]:
            continue
        error = raised(kind, work, place)
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(again) is type(error)
            assert (str(again), again.args) == (str(error), error.args)
            assert again.response == error.response
            assert again.operation_name == error.operation_name


def test_a_replaced_file_says_so_wherever_it_is_told(storage):
    storage.save("changing.bin", ContentFile(b"1" * MiB))
    with storage.open("changing.bin") as file:
        storage.save("changing.bin", ContentFile(b"2" * MiB))
        with pytest.raises(OSError, match="replaced while it was read") as caught:
            file.read()
    assert caught.value.errno == errno.ESTALE
    assert pickle.loads(pickle.dumps(caught.value)).errno == errno.ESTALE


class Answers(ThreadingHTTPServer):
    """Answers each request with one status and error code."""

    def __init__(self, status, code):
        self.status, self.code, self.requests = status, code, 0
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    def answer(self):
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"<Error><Code>{self.server.code}</Code><Message>why</Message></Error>".encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def answering(status, code="Odd"):
    with Answers(status, code) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        given = {"access_key": "AK", "secret_key": SECRET, "client_config": QUICK}
        yield S3Storage(bucket_name="bucket", endpoint_url=url, **given), server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "SlowDown", ConnectionError),
        (500, "InternalError", ConnectionError),
        (400, "ExpiredToken", OSError),
        (501, "NotImplemented", OSError),
        (403, "RequestTimeTooSkewed", PermissionError),
        (401, "Unauthorized", PermissionError),
        (409, "ConditionalRequestConflict", FileExistsError),
        (412, "PreconditionFailed", FileExistsError),
    ],
)
def test_other_answers(status, code, kind):
    with answering(status, code) as (storage, server):
        error = raised(kind, WRITES["save"], storage)
        assert isinstance(error, ClientError)
        assert "'d/a.txt'" in str(error)
        assert isinstance(error, ConnectionError) is (kind is ConnectionError)
        if kind is not FileExistsError:
            assert code in str(error)
        assert server.requests <= 2


# -- what never came to the service


@pytest.fixture
def refused():
    """A storage whose server does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        given = {"access_key": "AK", "secret_key": SECRET, "client_config": QUICK}
        yield S3Storage(bucket_name="bucket", endpoint_url=url, **given)


@pytest.mark.parametrize("name", SOME)
def test_a_refused_connection(refused, name):
    error = raised(ConnectionError, ALL[name], refused)
    assert refused.endpoint_url in str(error)


def test_an_unknown_host(monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):  # the proxy of the tests leads nowhere
        monkeypatch.setenv(name, "*")
    url = "http://no-such-host.invalid"
    given = {"access_key": "AK", "secret_key": SECRET, "client_config": QUICK}
    storage = S3Storage(bucket_name="bucket", endpoint_url=url, **given)
    assert url in str(raised(ConnectionError, READS["size"], storage))


@pytest.mark.parametrize("name", SOME)
def test_no_credentials(moto, bucket, name):
    storage = S3Storage(**moto.options(bucket, access_key=None, secret_key=None))
    message = str(raised(ImproperlyConfigured, ALL[name], storage))
    assert "access_key" in message
    assert "AWS_S3_SECRET_ACCESS_KEY" in message


@pytest.mark.parametrize("missing", ["access_key", "secret_key"])
def test_half_of_the_credentials(moto, bucket, missing):
    storage = S3Storage(**moto.options(bucket, **{"secret_key": SECRET, missing: None}))
    for work in (READS["size"], lambda storage: storage.url("a.txt")):
        message = str(raised(ImproperlyConfigured, work, storage))
        assert f"missing: {missing}" in message
        assert "access_key and secret_key" in message


def test_a_token_alone_is_no_credential(moto, bucket):
    keyless = {"access_key": None, "secret_key": None, "security_token": SECRET}
    raised(ImproperlyConfigured, READS["size"], S3Storage(**moto.options(bucket, **keyless)))


def test_an_unknown_profile():
    storage = S3Storage(bucket_name="bucket", session_profile="no-such-profile")
    message = str(raised(ImproperlyConfigured, READS["size"], storage))
    assert "no-such-profile" in message
    assert "session_profile" in message


# -- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a certificate for 127.0.0.1 that nobody signed but itself, and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "own authority")])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def over_tls(certificate):
    """Makes storages of a server that answers 404 to all, over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with answering(404, "NoSuchKey") as (storage, server):
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # the clients that hang up
        url = storage.endpoint_url.replace("http:", "https:")
        given = {"access_key": "AK", "secret_key": SECRET, "client_config": QUICK}
        yield lambda **more: S3Storage(bucket_name="bucket", endpoint_url=url, **given, **more)


@pytest.mark.parametrize("name", SOME)
def test_an_untrusted_certificate(over_tls, name):
    error = raised(OSError, ALL[name], over_tls())
    assert not isinstance(error, ConnectionError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert "`verify` (AWS_S3_VERIFY)" in str(error)


def test_verify_is_the_cure(over_tls, certificate, recwarn):
    raised(FileNotFoundError, READS["size"], over_tls(verify=str(certificate[0])))
    assert [str(each.message) for each in recwarn] == []


def test_verify_false_trusts_everyone(over_tls):
    with pytest.warns(match="certificate verification"):
        raised(FileNotFoundError, READS["size"], over_tls(verify=False))
