"""Tests and tracers that look at the requests of S3, or answer them: none goes past them."""

import copy
import subprocess
import sys
import threading
from contextvars import Context
from functools import partial, wraps
from unittest import mock

import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError

from storages.backends import s3_direct
from tests.s3.answers import Answer, answering

FOUND = Answer(headers={"Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "ETag": '"1"'})
BUSY = Answer(status=503)
LAYERS = [(BaseClient, "_make_api_call"), *((Endpoint, name) for name in s3_direct.LAYERS)]


@pytest.fixture
def server():
    with answering(FOUND) as found:
        yield found


def direct(storage):
    """The kinds of requests that the storage sends directly."""
    return [kind for kind, plan in storage._client._plans.items() if plan]


class Seen(list):
    """Calls of this thread: in others, uploads of tests before may still be aborted."""

    def __init__(self):
        super().__init__()
        self._thread = threading.get_ident()

    def append(self, name):
        if threading.get_ident() == self._thread:
            super().append(name)


def traced(seen, function):
    @wraps(function)
    def tracing(*args, **kwargs):
        seen.append(function.__name__)
        return function(*args, **kwargs)

    return tracing


class Tracer:
    """What wraps a method of a class, and has the class of what it wraps, as wrapt's has."""

    def __init__(self, seen, function):
        self._seen, self.__wrapped__ = seen, function

    __class__ = property(lambda self: self.__wrapped__.__class__)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __get__(self, instance, owner):
        return self if instance is None else partial(self, instance)

    def __call__(self, *args, **kwargs):
        self._seen.append(self.__wrapped__.__name__)
        return self.__wrapped__(*args, **kwargs)


@pytest.mark.parametrize("trace", [traced, Tracer])
@pytest.mark.parametrize(("owner", "name"), LAYERS)
def test_a_layer_that_is_replaced_sees_all_requests(server, monkeypatch, owner, name, trace):
    storage, seen = server.storage(access_key=f"{name}-{trace.__name__}"), Seen()
    for when in ("before the first request", "after one went directly"):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, trace(seen, getattr(owner, name)))
            storage.exists("a")
        assert seen == [name], when
        seen.clear()
        storage.exists("a")
        assert direct(storage)
        assert seen == []
    assert len(server.asked) == 4


def test_a_method_that_is_replaced_sees_all_requests(server, monkeypatch):
    storage, seen = server.storage(access_key="method"), []
    storage.exists("a")
    kind = type(storage._client._client)
    monkeypatch.setattr(kind, "head_object", traced(seen, kind.head_object))
    storage.exists("a")
    assert len(seen) == 1


@pytest.mark.parametrize("asked_before", [True, False])
def test_replaced_calls_are_seen(server, asked_before):
    storage = server.storage(access_key=f"mocked-{asked_before}")
    if asked_before:
        storage.exists("a")
    with mock.patch("botocore.client.BaseClient._make_api_call") as made:
        made.side_effect = ClientError({"Error": {"Code": "404"}}, "HeadObject")
        with pytest.raises(FileNotFoundError):
            storage.size("a")
    assert made.call_args.args[0] == "HeadObject"
    assert len(server.asked) == asked_before


MOTO = """
import boto3, django
from django.conf import settings
from django.core.files.base import ContentFile
settings.configure()
django.setup()
from moto import mock_aws
from storages.backends.s3 import S3Storage

with mock_aws():
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
    storage = S3Storage(bucket_name="bucket", region_name="us-east-1")
    storage.save("a.txt", ContentFile(b"content"))
    assert storage.open("a.txt").read() == b"content"
    storage.copy("a.txt", "b.txt")
    storage.delete("a.txt")
    storage.delete_many(["b.txt"])
    assert list(storage.scan()) == []
"""


def test_moto_in_the_process_answers_all_requests():
    # In a process of its own, for moto stays with all clients that are made after its import.
    subprocess.run([sys.executable, "-c", MOTO], check=True, timeout=120)


def test_an_answer_is_for_the_greenlet_that_asked(server):
    """A greenlet has a context of its own in the thread of others, and may run at any event."""
    storage = server.storage(access_key="greenlets")
    storage.exists("a")
    client, answers = storage._client._client, []

    def switch(**kwargs):
        if not answers:
            answers.append(None)
            answers.append(Context().run(client.head_object, Bucket="bucket", Key="other"))

    client.meta.events.register("before-sign.s3", switch)
    server.says(BUSY, FOUND)
    answer = storage._client.head_object(Bucket="bucket", Key="a")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert answers[1]["ResponseMetadata"]["RetryAttempts"] == 0
    keys = [each.target.rpartition("/")[2] for each in server.asked]
    assert keys == ["a", "a", "other", "a"]


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("answer", [FOUND, BUSY])
def test_what_is_only_looked_at_is_never_sent(server, mode, answer):
    config = Config(retries={"mode": mode, "total_max_attempts": 2})
    storage = server.says(answer, FOUND).storage(client_config=config)
    storage._client.put_object(Bucket="bucket", Key="a", Body=b"content")
    assert direct(storage)
    assert {(each.target, each.body) for each in server.asked} == {("/bucket/a", b"content")}


def test_plans_are_bounded(server, monkeypatch):
    monkeypatch.setattr(s3_direct, "PLANS", 3)
    storage = server.storage(access_key="tenants")
    for number in [*range(9), *range(9)]:
        storage._client.head_object(Bucket=f"bucket-{number}", Key="a")
        assert len(storage._client._plans) <= 3
    assert len(server.asked) == 18


def test_a_client_that_is_copied():
    with answering(FOUND) as server:
        client = copy.copy(server.storage()._client)
        client.head_object(Bucket="bucket", Key="a")
    assert len(server.asked) == 1
