"""What an S3 storage is beside its files: its client, its names, how it travels, its secrets."""

import importlib
import logging
import pickle
import threading
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings
from django.test.utils import isolate_apps

from storages.backends import s3 as storage_module
from storages.backends.s3 import S3File, S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.testing.conformance.threads import _in_child

PLACE = {"bucket_name": "bucket", "endpoint_url": "http://s3.test", "region_name": "us-east-1"}
HIDDEN = "hunter2"
SECRETS = {
    "secret_key": "hunter2-key",
    "security_token": "hunter2-token",
    "proxies": {"http": "http://user:hunter2-proxy@127.0.0.1"},
    "object_parameters": {"SSECustomerKey": "hunter2-customer"},
    "cloudfront_key": "hunter2-pem",
}


def make(cls=S3Storage, **options):
    return cls(**(PLACE | {"access_key": "AK", "secret_key": "SK"} | options))


# -- one client for a connection


def test_the_same_connection_has_one_client():
    first = make(location="a", querystring_auth=False, gzip=True)
    second = make(S3StaticStorage, location="b", bucket_name="other")
    assert first.client is second.client
    assert first.client is make(transfer_config=TransferConfig()).client


CONFIG = Config(connect_timeout=3)


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "http://other.test"},
        {"access_key": "other"},
        {"secret_key": "other"},
        {"security_token": "other"},
        {"region_name": "eu-west-1"},
        {"use_ssl": False},
        {"verify": False},
        {"addressing_style": "virtual"},
        {"signature_version": "s3v4"},
        {"proxies": {"http": "http://127.0.0.1:1"}},
        {"client_config": CONFIG},
    ],
    ids=lambda options: next(iter(options)),
)
def test_another_connection_has_another_client(options):
    assert make(**options).client is not make().client
    assert make(**options).client is make(**options).client


def test_another_connection_takes_little_memory():
    """What botocore reads of a service is shared: each session would hold 10 MiB of it."""
    storages = [make(endpoint_url=f"http://{name}.test") for name in ("first", "second")]
    assert storages[0].client
    tracemalloc.start()
    try:
        assert storages[1].client
        assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_options_that_change_later_make_another_client():
    storage = make()
    before = storage.client
    other = pickle.loads(pickle.dumps(storage))
    other.endpoint_url = "http://changed.test"
    assert other.client.meta.endpoint_url == "http://changed.test"
    assert storage.client is before


def test_threads_race_for_one_client():
    barrier = threading.Barrier(8)

    def client(_):
        storage = make(access_key="raced")
        barrier.wait(30)
        return storage.client

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(client, range(8)))) == 1


def test_a_child_has_a_client_of_its_own(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket))
    storage.save("parent.txt", ContentFile(b"x"))
    before = storage.client, storage.connection, storage.url("a.txt")

    def work():
        assert storage.client is not before[0]
        assert storage.connection is not before[1]
        assert storage.client is S3Storage(**moto.options(moto_bucket)).client
        assert storage.exists("parent.txt")

    _in_child(work)
    assert (storage.client, storage.connection) == before[:2]


# -- boto3's own objects


def test_connection_is_a_resource_of_each_thread(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket))
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: storage.connection).result()
        assert pool.submit(lambda: storage.connection).result() is other
    assert storage.connection is storage.connection
    assert storage.connection is not other
    assert storage.connection.meta.client is other.meta.client is storage.client
    storage.connection.Object(moto_bucket, "a.txt").put(Body=b"by resource")
    with storage.open("a.txt") as file:
        assert file.read() == b"by resource"


def test_bucket(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket, location="in"))
    storage.save("a.txt", ContentFile(b"x"))
    assert storage.bucket.name == moto_bucket
    assert [each.key for each in storage.bucket.objects.all()] == ["in/a.txt"]
    assert storage.bucket.Object("in/a.txt").get()["Body"].read() == b"x"
    assert storage.bucket.meta.client is storage.client


def test_unsigned_connection(moto, moto_bucket, fault_proxy):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    storage.save("a.txt", ContentFile(b"x"))
    signed, unsigned = storage.connection, storage.unsigned_connection
    assert unsigned is storage.unsigned_connection
    unsigned.meta.client.list_buckets()
    signed.meta.client.list_buckets()
    sent = ["authorization" in each.headers for each in proxy.requests]
    assert sent == [True, False, True]


def test_the_deprecated_config_of_a_class():
    class Old(S3Storage):
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, read_timeout=7)

    class OldAndNew(Old):
        client_config = Config(read_timeout=8)

    url = Old(bucket_name="bucket", access_key="AK", secret_key="SK").url("a.txt")
    assert url.startswith("https://s3.amazonaws.com/bucket/a.txt?X-Amz-Algorithm")
    assert make(Old).client.meta.config.read_timeout == 7
    assert make(OldAndNew).client.meta.config.read_timeout == 8
    assert make(Old).client is not make().client


# -- names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("storages.s3.S3Storage", S3Storage),
        ("storages.s3.S3StaticStorage", S3StaticStorage),
        ("storages.s3.S3ManifestStaticStorage", S3ManifestStaticStorage),
        ("storages.s3.S3File", S3File),
        ("storages.backends.s3boto3.S3Boto3Storage", S3Storage),
        ("storages.backends.s3boto3.S3StaticStorage", S3StaticStorage),
        ("storages.backends.s3boto3.S3ManifestStaticStorage", S3ManifestStaticStorage),
        ("storages.backends.s3boto3.S3Boto3StorageFile", S3File),
    ],
)
def test_import_paths(path, expected):
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is expected


# -- travelling


class PrefixedStorage(S3Storage):
    """A location that depends on the environment, as projects have set it for years."""

    def __init__(self, *args, **kwargs):
        kwargs["location"] = settings.SITE_NAME
        super().__init__(*args, **kwargs)


def prefixed():
    with override_settings(SITE_NAME="tests"):
        return make(PrefixedStorage, secret_key="hunter2-key")


with isolate_apps("tests"):  # it has no table for those who look at all models

    class Document(models.Model):
        upload = models.FileField(storage=prefixed)
        protected = models.FileField(storage=make(querystring_expire=600), blank=True)

        class Meta:
            app_label = "tests"


@pytest.fixture
def known_document(monkeypatch):
    """Instances are pickled by the name of their model."""
    monkeypatch.setitem(apps.all_models["tests"], "document", Document)


def test_a_prefixed_storage(settings, moto, moto_bucket):
    whole = S3Storage(**moto.options(moto_bucket))
    for name in ("staging", "production"):
        settings.SITE_NAME = name
        PrefixedStorage(**moto.options(moto_bucket)).save("a.txt", ContentFile(b"x"))
    assert [each.name for each in whole.scan()] == ["production/a.txt", "staging/a.txt"]
    storage = PrefixedStorage(**moto.options(moto_bucket))
    settings.SITE_NAME = "another"
    again = pickle.loads(pickle.dumps(storage))
    assert [each.name for each in again.scan()] == ["a.txt"]


def test_a_migration_holds_what_was_given_to_a_subclass(settings):
    """What its constructor adds is its own: else each environment had other migrations."""
    settings.SITE_NAME = "staging"
    path, args, options = PrefixedStorage(bucket_name="bucket").deconstruct()
    assert path == f"{__name__}.PrefixedStorage"
    assert (args, options) == ((), {"bucket_name": "bucket"})


def test_a_storage_is_pickled_with_all_it_has():
    storage = make(
        client_config=CONFIG,
        transfer_config=TransferConfig(max_concurrency=3),
        object_parameters={"CacheControl": "no-store"},
        secret_key="hunter2-key",
        location="in",
    )
    url = storage.url("a.txt")
    again = pickle.loads(pickle.dumps(storage))
    assert again.client.meta.config.connect_timeout == 3
    assert again.transfer_config.max_concurrency == 3
    assert again.object_parameters == {"CacheControl": "no-store"}
    assert again.url("a.txt").partition("?")[0] == url.partition("?")[0]
    assert again.deconstruct() == storage.deconstruct()


def test_a_model_instance_is_pickled(moto, moto_bucket, monkeypatch, known_document):
    storage = S3Storage(**moto.options(moto_bucket))
    field = Document._meta.get_field("upload")
    monkeypatch.setattr(field, "storage", storage)
    instance = Document(upload="a.txt")
    storage.save("a.txt", ContentFile(b"content"))
    instance.upload.open().close()
    again = pickle.loads(pickle.dumps(instance))
    assert again.upload.name == "a.txt"
    assert again.upload.storage is storage
    with again.upload.open() as file:
        assert file.read() == b"content"


def test_a_field_has_its_own_link():
    document = Document(upload="a.txt", protected="b.txt")
    assert document.upload.url.startswith("http://s3.test/bucket/tests/a.txt?")
    until, sooner = (
        int(each.url.rpartition("Expires=")[2]) for each in (document.upload, document.protected)
    )
    assert 2990 <= until - sooner <= 3000


def test_a_migration_rebuilds_the_storage_without_secrets(settings):
    options = {"location": "in", "file_overwrite": False, "transfer_config": TransferConfig()}
    storage = make(client_config=CONFIG, **SECRETS, cloudfront_key_id="K1", **options)
    text, imports = MigrationWriter.serialize(storage)
    assert HIDDEN not in text
    scope = {}
    exec("\n".join(imports), scope)
    settings.AWS_CLOUDFRONT_KEY = "hunter2-from-settings"
    again = eval(text, scope)
    assert type(again) is S3Storage
    found = again.bucket_name, again.location, again.file_overwrite, again.endpoint_url
    assert found == ("bucket", "in", False, "http://s3.test")
    assert again.secret_key is None


def test_a_field_deconstructs_without_secrets():
    field = models.FileField(storage=make(**SECRETS, cloudfront_key_id="K1"))
    text, _ = MigrationWriter.serialize(field)
    assert "storages.backends.s3.S3Storage(" in text
    assert HIDDEN not in text


# -- secrets


def test_repr_tells_no_secret():
    shown = repr(make(cloudfront_key_id="K1", **SECRETS))
    assert HIDDEN not in shown
    assert "bucket_name='bucket'" in shown


def _frames_that_tell(error):
    """Functions of ours in whose local variables a debug page would show a secret."""
    ours = str(Path(storage_module.__file__).parents[1])
    found, seen = [], [error]
    while error := error.__cause__ or error.__context__:
        seen.append(error)
    for each in seen:
        frames = traceback.TracebackException.from_exception(each, capture_locals=True).stack
        found += [
            f"{frame.filename}:{frame.name}"
            for frame in frames
            if frame.filename.startswith(ours) and HIDDEN in str(frame.locals)
        ]
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "http://not a host"},
        {"session_profile": "no-such-profile", "access_key": None, "secret_key": None},
        {"region_name": "no region"},
        {"access_key": None},
        {"unknown": 1},
        {"object_parameters": {"Unknown": 1, "SSECustomerKey": "hunter2-customer"}},
    ],
    ids=lambda options: next(iter(options)),
)
def test_tracebacks_tell_no_secret(options):
    with pytest.raises(Exception, match=r".") as caught:
        make(**(SECRETS | {"cloudfront_key_id": "K1"} | options)).save("a.txt", ContentFile(b""))
    assert HIDDEN not in str(caught.value)
    assert _frames_that_tell(caught.value) == []


def test_logs_tell_no_secret(caplog, moto, moto_bucket, fault_proxy):
    proxy = fault_proxy(moto)
    given = {"secret_key": "hunter2-key", "security_token": "hunter2-token"}
    quick = Config(retries={"max_attempts": 0})
    storage = S3Storage(**moto.options(moto_bucket, via=proxy, client_config=quick) | given)
    proxy.cut(up=0, match="partNumber", then_refuse=True, times=100)
    with caplog.at_level(logging.DEBUG, "storages"):
        with pytest.raises(ConnectionError):
            storage.save("a.bin", ContentFile(b"x" * 9 * 1024 * 1024))
        proxy.heal()
        proxy.wait_for(lambda: any(each.startswith("DELETE") for each in proxy.requests))
    told = [each for each in caplog.records if each.name == "storages"]
    assert told
    assert HIDDEN not in caplog.text
