"""collectstatic on every service that a static site can live on, plain and with a manifest."""

import json

import pytest
from django.contrib.staticfiles.storage import ManifestFilesMixin, ManifestStaticFilesStorage

from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.dropbox_names import content_hash
from storages.backends.ftp import FTPStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage
from storages.backends.sftpstorage import SFTPStorage
from storages.staticfiles import publication
from tests.static.site import FILES, contents

PLACES = {
    "s3": ("moto", "moto_bucket"),
    "gcs": ("gcs", "gcs_bucket"),
    "azure": ("azurite", "azure_container"),
    "sftp": ("sshd", "sftp_directory"),
    "ftp": ("ftpd", "ftp_directory"),
    "vsftpd": ("vsftpd", "vsftpd_directory"),
    "dropbox": ("dropbox_server", "dropbox_root"),
    "libcloud": ("swift", "swift_container"),
}


class Gcs(GoogleCloudStorage):
    querystring_auth = False


class GcsManifest(ManifestFilesMixin, Gcs):
    pass


class AzureManifest(ManifestFilesMixin, AzureStorage):
    pass


class SftpManifest(ManifestFilesMixin, SFTPStorage):
    pass


class FtpManifest(ManifestFilesMixin, FTPStorage):
    pass


class LibcloudManifest(ManifestFilesMixin, LibCloudStorage):
    pass


KINDS = {
    "s3": (S3StaticStorage, S3ManifestStaticStorage),
    "gcs": (Gcs, GcsManifest),
    "azure": (AzureStorage, AzureManifest),
    "sftp": (SFTPStorage, SftpManifest),
    "ftp": (FTPStorage, FtpManifest),
    "vsftpd": (FTPStorage, FtpManifest),
    "dropbox": (DropboxStorage,),  # whose links are asked for: no name with a hash can be made
    "libcloud": (LibCloudStorage, LibcloudManifest),
}


@pytest.fixture(params=PLACES)
def backend(request):
    """The name of a service, and the options of a storage in a new place of it."""
    server, place = (request.getfixturevalue(each) for each in PLACES[request.param])
    return request.param, server.options(place)


@pytest.fixture
def use(site, backend):
    """The storage as a new process makes it; what is stored is asked by the same one."""
    name, options = backend
    made = []

    def use(manifest=False, **more):
        cls = KINDS[name][manifest]
        made.append(site.use(f"{cls.__module__}.{cls.__qualname__}", **options, **more))
        return made[-1]

    yield use
    for each in made:
        getattr(each, "close", lambda: None)()


def expected(site):
    names = [path for path in site.folder.rglob("*") if path.is_file()]
    return {path.relative_to(site.folder).as_posix(): path.read_bytes() for path in names}


def test_plain(site, use):
    storage = use()
    assert f"{len(FILES)} static files copied (" in site.collect()
    assert contents(storage) == expected(site)
    site.check_out()
    use()
    assert f"0 static files copied, {len(FILES)} unmodified" in site.collect()
    site.write("js/lib/b.js", FILES["js/lib/b.js"].upper())  # of the same size
    site.write("new.txt", "new")
    site.remove("empty.txt")
    use()
    assert f"2 static files copied, {len(FILES) - 2} unmodified" in site.collect()
    assert contents(storage) == expected(site) | {"empty.txt": b""}
    use()
    assert "Pretending to delete 'empty.txt'" in site.collect("--clear", "--dry-run", verbosity=2)
    assert storage.exists("empty.txt")
    assert "Deleting 'empty.txt'" in site.collect("--clear", verbosity=2)
    assert contents(storage) == expected(site)


@pytest.mark.parametrize(
    "backend",
    [name for name in PLACES if len(KINDS[name]) == 2],
    indirect=True,
)
def test_with_a_manifest(site, use, tmp_path, settings, monkeypatch):
    settings.STATIC_ROOT = str(tmp_path / "root")
    django = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    theirs = site.use(django)
    assert isinstance(theirs, ManifestStaticFilesStorage)
    site.collect_as_django()
    storage = use(manifest=True)
    count = len(FILES)
    assert f"{count} static files copied, {count} post-processed" in site.collect()
    found, wanted = contents(storage), local(tmp_path / "root")
    assert found.keys() == wanted.keys()
    assert json.loads(found.pop("staticfiles.json")) == json.loads(wanted.pop("staticfiles.json"))
    assert found == wanted
    site.check_out()
    monkeypatch.setattr(publication, "make_folder", None)  # what post-processing begins with
    use(manifest=True)
    assert f"0 static files copied, {count} unmodified" in (again := site.collect())
    assert "(0.0 KB sent" in again


@pytest.mark.parametrize(
    ("storage", "kind", "digest"),
    [
        (Gcs(bucket_name="b"), "crc32c", "e3069283"),
        (Gcs(bucket_name="b"), "md5", "25f9e794323b453885f5181f1b624d0b"),
        (DropboxStorage(), "dropbox", content_hash(b"123456789")),
    ],
)
def test_digests_that_listings_show(storage, kind, digest):
    found = storage._hasher(kind)
    for part in (b"1234", b"56789"):
        found.update(part)
    assert found.hexdigest() == digest
    assert storage._hasher("of-another-service") is None


def local(folder):
    names = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in names}
