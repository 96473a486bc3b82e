"""Small requests that are sent past botocore's layers: as botocore would, to the last byte."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import botocore
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from storages.counting import count_requests
from tests.s3.answers import Answer, answering

TIME = "Fri, 02 Jan 2026 03:04:05 GMT"
KEYS = ["a.txt", "a b+c%20d/é日本🙂~!*'();:@&=$,[]", "/a//b/../c/.", "line\nend", "?x=1#y", "\x01"]
COPY = {"CopySource": {"Bucket": "other", "Key": "é a+b%/~.txt"}}
CALLS = {
    "head": ("head_object", {}),
    "head of a version": ("head_object", {"IfMatch": '"1"', "RequestPayer": "requester"}),
    "get": ("get_object", {}),
    "get of a range": ("get_object", {"Range": "bytes=0-99", "IfMatch": '"1"'}),
    "put": ("put_object", {"Body": b"content"}),
    "put of nothing": ("put_object", {"Body": b""}),
    "put with headers": (
        "put_object",
        {
            "Body": b"\0" * 99,
            "ContentType": "text/plain; charset=utf-8",
            "CacheControl": "max-age=60, public",
            "ContentDisposition": 'attachment; filename="a b.txt"',
            "ACL": "public-read",
            "StorageClass": "STANDARD_IA",
            "Tagging": "a=b&c=%C3%A9",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": "key",
            "Metadata": {"Name": "a b", "other-one": "=?utf-8?q?=C3=A9?="},
            "IfNoneMatch": "*",
            "ChecksumCRC32": "aaaaaa==",
        },
    ),
    "copy": ("copy_object", {**COPY, "CopySourceIfMatch": '"1"'}),
    "copy with headers": (
        "copy_object",
        {**COPY, "MetadataDirective": "REPLACE", "Metadata": {"a": "b"}, "ACL": "private"},
    ),
    "delete": ("delete_object", {}),
}
UNUSUAL = {
    "SSE-C": ("get_object", {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}),
    "a checksum to be made": ("put_object", {"Body": b"x", "ChecksumAlgorithm": "SHA256"}),
    "a number": ("get_object", {"PartNumber": 1}),
    "a time": ("get_object", {"IfModifiedSince": "2026-01-01"}),
    "a flag": ("put_object", {"Body": b"x", "BucketKeyEnabled": True}),
    "a version": ("delete_object", {"VersionId": "1"}),
    "a file": ("put_object", {"Body": bytearray(b"x")}),
    "much": ("put_object", {"Body": bytes(257 * 1024)}),
    "a query of the response": ("get_object", {"ResponseContentType": "a/b"}),
    "an access point as source": (
        "copy_object",
        {
            "CopySource": {
                "Bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/name",
                "Key": "a",
            }
        },
    ),
    "names in two cases": ("put_object", {"Body": b"x", "Metadata": {"A": "1", "a": "2"}}),
    "spaces": ("put_object", {"Body": b"x", "CacheControl": "max-age=60,  public"}),
    "a source as text": ("copy_object", {"CopySource": "other/a.txt"}),
    "a version as source": (
        "copy_object",
        {"CopySource": {"Bucket": "other", "Key": "a", "VersionId": "1"}},
    ),
}
CHANGING = ("authorization", "x-amz-date", "amz-sdk-invocation-id")
COPIED = b'<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>'


def answer_to(method, *, status=200, **headers):
    body = COPIED if method == "copy_object" else b""
    return Answer(body, status, {"Last-Modified": TIME, "ETag": '"1"', **headers})


def call(client, name, key="a.txt"):
    method, params = (CALLS | UNUSUAL)[name]
    return send(getattr(client, method), Bucket="bucket", Key=key, **params)


def send(method, **params):
    """The answer, with its body read."""
    answer = method(**params)
    if "Body" in answer:
        with answer["Body"] as body:
            answer["Body"] = body.read()
    return answer


def direct(storage):
    """The kinds of requests that the storage sends directly."""
    return [kind for kind, plan in storage._client._plans.items() if plan]


def constant(asked):
    headers = {name: text for name, text in asked.headers.items() if name not in CHANGING}
    return asked._replace(headers=headers)


def right_authorization(asked, url):
    """What botocore signs a request with that arrived."""
    headers = {name: text for name, text in asked.headers.items() if name in signed(asked)}
    request = AWSRequest(asked.method, f"{url}{asked.target}", headers, asked.body)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials("AK", "SK"), "s3", "us-east-1")
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def signed(asked):
    _, _, rest = asked.headers["authorization"].partition("SignedHeaders=")
    return rest.partition(",")[0].split(";")


@pytest.fixture(scope="module")
def one_service():
    with answering() as server:
        yield server


@pytest.fixture
def service(one_service):
    """What answers what `says` tells it to; its storage is shared, and not to be changed."""
    one_service.asked.clear()
    return one_service


@pytest.mark.parametrize("name", CALLS)
def test_what_is_sent(service, name):
    storage = service.says(answer_to(CALLS[name][0])).storage()
    for key in KEYS:
        call(storage._client, name, key)
        call(storage._client._client, name, key)
        ours, theirs = service.asked[-2:]
        assert constant(ours) == constant(theirs)
        assert signed(ours) == signed(theirs)
        assert ours.headers["authorization"].endswith(f"={right_authorization(ours, service.url)}")
        assert ours.headers["amz-sdk-invocation-id"] != theirs.headers["amz-sdk-invocation-id"]
    method, params = CALLS[name]
    assert (method, "bucket", "Bucket", "Key", *params) in direct(storage)


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_unusual_is_sent_by_botocore(service, name):
    storage = service.says(answer_to(UNUSUAL[name][0])).storage(access_key=name)
    call(storage._client, name)
    call(storage._client._client, name)
    ours, theirs = service.asked
    assert constant(ours) == constant(theirs)
    assert direct(storage) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-amz-meta-Name": "a b", "X-Amz-Meta-other": "c", "x-amz-request-id": "1"},
        {"Content-Type": "text/plain", "Content-Encoding": "gzip", "Cache-Control": "no-cache"},
        {"Content-Range": "bytes 0-0/1", "Accept-Ranges": "bytes", "Expires": TIME},
        {"x-amz-missing-meta": "3", "x-amz-mp-parts-count": "4", "x-amz-delete-marker": "true"},
        {"x-amz-server-side-encryption": "aws:kms", "x-amz-version-id": "v", "x-amz-id-2": "h"},
        {"x-amz-server-side-encryption-bucket-key-enabled": "false", "x-unknown": "x"},
        {"x-amz-storage-class": "GLACIER", "x-amz-restore": 'ongoing-request="true"'},
        {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"},
    ],
)
@pytest.mark.parametrize("name", ["head", "get", "put", "delete", "copy"])
def test_what_is_answered(service, name, headers):
    client = service.says(answer_to(CALLS[name][0], **headers)).storage()._client
    ours, theirs = call(client, name), call(client._client, name)
    theirs.pop("CopyObjectResult", None)
    for each in (ours, theirs):
        each["ResponseMetadata"]["HTTPHeaders"].pop("date")
    assert ours == theirs


# -- whose client is not to be passed by


def test_a_client_that_the_project_has_seen_makes_all_requests():
    with answering(answer_to("head_object")) as server:
        storage, seen = server.storage(), []
        storage.exists("a")
        storage.client.meta.events.register("before-send.s3", lambda **_: seen.append(1))
        storage.exists("a")
    assert seen == [1]


@pytest.mark.parametrize(
    "options",
    [
        {"signature_version": "s3"},
        {"client_config": Config(signature_version=botocore.UNSIGNED)},
        {"client_config": Config(retries={"mode": "adaptive"})},
        {"bucket_name": "arn:aws:s3:us-east-1:123456789012:accesspoint/name"},
    ],
    ids=["SigV2", "unsigned", "adaptive", "access point"],
)
def test_unusual_clients(options):
    with answering(answer_to("head_object")) as server:
        storage = S3Storage(
            **{"bucket_name": "bucket", "access_key": "AK", "secret_key": "SK"}
            | {"endpoint_url": server.url, "region_name": "us-east-1"}
            | options
        )
        with suppress(ConnectionError):  # an access point's host is another one
            storage.exists("a")
        assert direct(storage) == []


def test_a_handler_of_the_project():
    with answering(answer_to("head_object")) as server:
        storage, seen = server.storage(), []
        storage._client.meta.events.register("before-sign.s3", lambda **_: seen.append(1))
        storage.exists("a")
        storage.exists("a")
    assert (seen, direct(storage)) == ([1, 1], [])


def test_a_trace_of_lambda_goes_along(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1")
    with answering(answer_to("head_object")) as server:
        storage = server.storage(access_key="lambda")
        storage.exists("a")
    assert server.asked[0].headers["x-amzn-trace-id"] == "Root=1"
    assert direct(storage) == []


@pytest.mark.parametrize(
    "options",
    [
        {"client_config": Config(s3={"payload_signing_enabled": True})},
        {"security_token": "token"},
        {"client_config": Config(user_agent="mine/1.0")},
        {"client_config": Config(response_checksum_validation="when_supported")},
    ],
    ids=["signed body", "token", "user agent", "validating"],
)
@pytest.mark.parametrize("name", ["put", "get"])
def test_settings(options, name):
    with answering(answer_to(CALLS[name][0])) as server:
        storage = server.storage(**options)
        call(storage._client, name)
        assert direct(storage)
        call(storage._client._client, name)
        ours, theirs = server.asked
        assert constant(ours) == constant(theirs)
        assert signed(ours) == signed(theirs)


# -- what goes wrong


BUSY = Answer(b"<Error><Code>SlowDown</Code></Error>", 503)


@pytest.mark.parametrize("name", ["head", "get", "put", "delete", "copy"])
def test_a_busy_service_is_asked_again(service, name):
    service.says(BUSY, answer_to(CALLS[name][0]))
    answer = call(service.storage()._client, name)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    first, second = (each.headers["amz-sdk-request"] for each in service.asked)
    assert ("attempt=1" in first, "attempt=2" in second) == (True, True)


@pytest.mark.parametrize(
    "body", [b"<Error><Code>InternalError</Code></Error>", COPIED[:-9], b"<CopyObjectResult>"]
)
def test_a_copy_that_fails_late_is_made_again(service, body):
    call(service.says(Answer(body), Answer(COPIED)).storage()._client, "copy")
    assert len(service.asked) == 2


def test_a_put_that_fails_late_is_made_again(service):
    late = Answer(b"<Error><Code>InternalError</Code></Error>")
    call(service.says(late, answer_to("put_object")).storage()._client, "put")
    assert [each.body for each in service.asked] == [b"content"] * 2


@pytest.mark.parametrize("status", [404, 403, 412, 416, 304, 400])
@pytest.mark.parametrize("name", ["head", "get", "put"])
def test_refusals_are_told_once(service, name, status):
    body = b"" if status == 304 else b"<Error><Code>Odd</Code><Message>why</Message></Error>"
    client = service.says(Answer(body, status)).storage()._client
    with pytest.raises(ClientError) as ours:
        call(client, name)
    asked = len(service.asked)
    with pytest.raises(ClientError) as theirs:
        call(client._client, name)
    assert len(service.asked) == 2 * asked
    assert str(ours.value) == str(theirs.value)
    assert ours.value.response["Error"] == theirs.value.response["Error"]


def test_the_region_of_a_bucket_is_learned():
    moved = Answer(b"", 301, {"x-amz-bucket-region": "eu-west-1"})
    with answering(moved, answer_to("head_object")) as server:
        storage = server.storage(region_name="us-east-1", access_key="regions")
        for _ in range(3):
            assert storage.exists("a")
        assert direct(storage)
    regions = [each.headers["authorization"].split("/")[2] for each in server.asked]
    assert regions == ["us-east-1", "eu-west-1", "eu-west-1", "eu-west-1"]


def test_retries_learn_of_successes():
    with answering(answer_to("head_object")) as server:
        storage, seen = server.storage(), []
        storage.exists("a")
        storage._client.meta.events.register(
            "after-call.s3.HeadObject", lambda http_response, **_: seen.append(http_response)
        )
        storage.exists("a")
    assert [each.status_code for each in seen] == [200]


@pytest.mark.parametrize("answers", [[], [BUSY]])
@pytest.mark.parametrize("name", ["head", "get", "put", "delete", "copy"])
def test_each_attempt_is_counted_once(service, name, answers):
    service.says(*answers, answer_to(CALLS[name][0]))
    with count_requests() as counted:  # the first time, what would be sent is not
        call(service.storage(access_key=f"{name}-{len(answers)}")._client, name)
    assert counted.count == len(service.asked) == len(answers) + 1


@pytest.mark.parametrize("name", ["head", "get", "put", "delete", "copy"])
def test_a_connection_that_breaks(moto, moto_bucket, fault_proxy, name):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    for each in ("a.txt", "b.txt"):
        storage.save(each, ContentFile(b"content"))
    method, params = CALLS[name]
    if name == "copy":
        params = {"CopySource": {"Bucket": moto_bucket, "Key": "a.txt"}}
    ask = partial(send, getattr(storage._client, method), Bucket=moto_bucket, **params)
    ask(Key="b.txt")
    storage.save("a.txt", ContentFile(b"content"))
    proxy.cut(down=0, times=1)
    before = len(proxy.requests)
    answer = ask(Key="b.txt" if name == "copy" else "a.txt")
    assert len(proxy.requests) - before == 2
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_temporary_credentials_are_renewed():
    with answering(answer_to("head_object")) as server:
        storage = server.storage(security_token="old")
        storage.exists("a")
        client = storage._client
        client._request_signer._credentials.token = "new"
        client._credentials._known = (-1, None)  # a second has passed
        storage.exists("a")
    assert [each.headers["x-amz-security-token"] for each in server.asked] == ["old", "new"]
    assert "x-amz-security-token" in signed(server.asked[1])


def test_threads(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket))
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait(30)
        name = f"{number}.txt"
        storage.save(name, ContentFile(name.encode()))
        assert not storage.exists(f"none-{name}")
        with storage.open(name) as file:
            assert file.read() == name.encode()
        storage.copy(name, f"copy-{name}")
        storage.delete(name)
        return storage.size(f"copy-{name}")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [5] * 8
    assert len(storage.listdir("")[1]) == 8
