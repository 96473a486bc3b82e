"""Threads, forks, proxies, other emulators, and no SDK at all: Google Cloud Storage around it."""

import pickle
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.core.files.base import ContentFile
from google.cloud.storage import Client

from storages import clients
from storages.backends.gcloud import GoogleCloudStorage
from storages.testing.conformance.suite import noise
from storages.testing.conformance.threads import _in_child
from tests.servers import Gcs, GcsEmulator

KiB = 1024


def test_clients_are_shared(gcs: Gcs) -> None:
    storage = GoogleCloudStorage(**gcs.options("one"))
    other = GoogleCloudStorage(**gcs.options("two", location="in"))
    assert storage.client is other.client
    assert isinstance(storage.client, Client)
    assert storage.bucket.name == "one"
    assert storage.client.project == gcs.project
    assert GoogleCloudStorage(**gcs.options("one", project_id="x")).client is not storage.client
    assert GoogleCloudStorage(**gcs.options("one", project_id=None)).client.project is None


def test_a_client_of_ones_own(gcs: Gcs, gcs_bucket: str) -> None:
    made = []

    class Own(GoogleCloudStorage):
        @property
        def client(self) -> Any:
            if not made:
                made.append(gcs.client())
            return made[0]

    storage = Own(bucket_name=gcs_bucket)
    storage.save("a.txt", ContentFile(b"own"))
    assert storage.open("a.txt").read() == b"own"
    assert storage.bucket.client is made[0]
    assert storage.url("a.txt").startswith(f"{gcs.url}/{gcs_bucket}/a.txt?")
    assert storage._connection.session is made[0]._http
    assert len(made) == 1
    made[0].close()


def test_threads_and_forks(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    storage.save("a.bin", ContentFile(noise(3_000_000)))
    errors: list[Any] = []

    def work() -> None:
        try:
            with storage.open("a.bin") as file:
                assert file.read() == noise(3_000_000)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    _in_child(work)
    for each in threads:
        each.join()
    assert errors == []
    before = storage._connection
    clients.forget()
    assert storage._connection is not before


def test_pickles(gcs: Gcs, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket, location="in"))
    storage.save("a.txt", ContentFile(b"x"))
    other = pickle.loads(pickle.dumps(storage))
    assert other.open("a.txt").read() == b"x"
    assert other.url("a.txt").partition("?")[0] == storage.url("a.txt").partition("?")[0]


def test_proxies_of_the_environment(gcs: Gcs, fault_proxy: Any, monkeypatch: Any) -> None:
    proxy = fault_proxy(gcs)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy.url)
    storage = GoogleCloudStorage(bucket_name="b", api_endpoint="http://gcs.test")
    with pytest.raises(OSError, match=r"'a\.txt'"):  # the server is no proxy, but the request came
        storage.save("a.txt", ContentFile(b"x"))
    assert proxy.requests[0].startswith("POST http://gcs.test/upload/storage/v1/b/b/o?")


# -- without Google's library, and on another emulator

PROGRAM = """
import sys

sys.modules["google"] = None  # importing it fails as if it were not there

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.gcloud import GoogleCloudStorage

print(GoogleCloudStorage(bucket_name="b", default_acl="publicRead").url("a b.txt"))
try:
    GoogleCloudStorage(bucket_name="b").exists("a.txt")
except ImproperlyConfigured as error:
    print(error)
"""


def test_without_the_sdk() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "https://storage.googleapis.com/b/a%20b.txt",
        "Storages on Google Cloud Storage need google-cloud-storage: "
        "pip install 'django-storehouse[google]'",
    ], done.stderr


def test_the_sdk_is_loaded_for_who_needs_it() -> None:
    program = PROGRAM.replace('sys.modules["google"] = None', "").partition("try:")[0]
    program += "print([name for name in sys.modules if name.startswith('google')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[1:] == ["[]"], done.stderr


def test_another_emulator(gcs_emulator: GcsEmulator, gcs_emulator_bucket: str) -> None:
    """One that ignores conditions, and tells nothing of what it sends."""
    options = gcs_emulator.options(
        gcs_emulator_bucket, blob_chunk_size=256 * KiB, gzip=True, file_overwrite=False
    )
    storage = GoogleCloudStorage(**options)
    for size in (0, 10, 300 * KiB, 512 * KiB):
        names = [storage.save("d/ü #?a.css", ContentFile(noise(size))) for _ in range(2)]
        assert len(set(names)) == 2
        for name in names:
            assert storage.open(name).read() == noise(size)
            assert storage.stat(name).encoding == "gzip"
            assert storage.stat(name).content_type == "text/css"
        with pytest.raises(FileExistsError):
            storage.copy(*names)
        storage.move(names[0], "b.css")
        assert storage.listdir("") == (["d"], ["b.css"])
        storage.delete_many([*names, "b.css", "missing"])
        assert not storage.exists("d")
    assert storage.listdir("") == ([], [])
    with pytest.raises(FileNotFoundError):
        storage.open("a.bin")
