"""The requests that the storages of a process count are those that pass on the wire."""

import threading

import pytest
from django.core.files.base import ContentFile

from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.ftp import FTPStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import S3Storage
from storages.backends.sftpstorage import SFTPStorage
from storages.counting import request_sent
from storages.testing import MemoryStorage, count_requests
from tests import servers

PLACES = {
    "s3": (S3Storage, "moto", "moto_bucket"),
    "gcs": (GoogleCloudStorage, "gcs", "gcs_bucket"),
    "azure": (AzureStorage, "azurite", "azure_container"),
    "libcloud": (LibCloudStorage, "swift", "swift_container"),
}


@pytest.fixture(params=PLACES)
def proxied(request, fault_proxy):
    """A storage, and the proxy that its requests pass."""
    cls, server, place = PLACES[request.param]
    server, place = request.getfixturevalue(server), request.getfixturevalue(place)
    proxy = fault_proxy(server)
    return cls(**server.options(place, via=proxy)), proxy


def work(storage):
    """Some of each kind of request; a large file among them."""
    storage.save("a.txt", ContentFile(b"one"))
    storage.save("large.bin", ContentFile(bytes(9 * 1024 * 1024)))
    with storage.open("large.bin") as file:
        file.read()
    assert storage.exists("a.txt")
    assert not storage.exists("b.txt")
    storage.copy("a.txt", "c.txt")
    assert len(list(storage.scan())) == 3
    storage.delete_many(["a.txt", "c.txt"])
    storage.delete("large.bin")


def test_http(proxied):
    storage, proxy = proxied
    with servers.count_requests(proxy) as passed, count_requests() as counted:
        work(storage)
    assert counted.count == len(passed) > 8


def test_dropbox(dropbox_server, dropbox_root):
    storage = DropboxStorage(**dropbox_server.options(dropbox_root))
    with dropbox_server.counting() as passed, count_requests() as counted:
        work(storage)
    assert counted.count == len(passed) > 8


def test_attempts_count(moto, moto_bucket, fault_proxy):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, via=proxy))
    storage.save("a.txt", ContentFile(b"one"))
    proxy.cut(down=0, match="HEAD ")
    with servers.count_requests(proxy) as passed, count_requests() as counted:
        assert storage.size("a.txt") == 3
    assert counted.count == len(passed) == 2


def test_ftp(ftpd, ftp_directory):
    storage = FTPStorage(**ftpd.options(ftp_directory))
    with servers.count_ftp(ftpd) as passed, count_requests() as counted:
        work(storage)
    storage.close()
    assert counted.count == len(passed) > 8


def test_sftp(sshd, sftp_directory):
    with SFTPStorage(**sshd.options(sftp_directory)) as storage:
        storage.save("a.txt", ContentFile(b"one"))  # the connection is there
        with servers.count_sftp(sshd) as passed, count_requests() as counted:
            assert storage.size("a.txt") == 3
            assert not storage.exists("b.txt")
    assert counted.count == len(passed) > 1


def test_nothing_is_sent_by_what_is_not_remote():
    with count_requests() as counted:
        MemoryStorage().save("a.txt", ContentFile(b"one"))
    assert counted.count == 0


def test_each_counts_what_is_sent_while_it_is_open():
    request_sent()
    with count_requests() as outer:
        request_sent()
        with count_requests() as inner:
            threads = [
                threading.Thread(target=lambda: [request_sent() for _ in range(500)]) for _ in "ab"
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        request_sent()
    request_sent()
    assert (outer.count, inner.count) == (1002, 1000)
