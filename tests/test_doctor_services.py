"""What `storages.doctor` tells of the other services when something is wrong, and what is left."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import generate_container_sas
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from google.auth.credentials import AnonymousCredentials

from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.ftp import FTPStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.sftpstorage import SFTPStorage
from storages.cures import LinkError, cure_of
from storages.doctor import FAILED, OK, SKIPPED, WARNING, examine
from tests.servers import Ftpd, Sshd
from tests.servers.front import Front

SECRET = "hunter2-never-told"


def examined(storage, *secrets, **options):
    steps = {step.name: step for step in examine(storage, **options)}
    told = " ".join(f"{step.detail} {step.cure} {step.settings}" for step in steps.values())
    for secret in (SECRET, *secrets):
        assert secret not in told
    return steps


def stopped(steps, cure):
    """Nothing was tried after connecting, which has this cure."""
    assert steps["connect"].status == FAILED, steps
    assert cure in steps["connect"].cure, steps["connect"]
    others = {name: step for name, step in steps.items() if name not in ("options", "connect")}
    assert {step.status for step in others.values()} == {SKIPPED}


def names(folder):
    return [each.name for each in folder.iterdir()]


# -- Google Cloud


@pytest.fixture
def google(gcs, gcs_bucket):
    with Front(gcs) as front:

        def make(**options):
            return GoogleCloudStorage(**(gcs.options(gcs_bucket, via=front) | options))

        yield front, make
    with gcs.client() as client:
        assert list(client.list_blobs(gcs_bucket)) == []


@pytest.mark.parametrize(
    ("pattern", "step", "permission"),
    [
        ("POST /upload/", "write", "storage.objects.create"),
        (r"GET /storage/v1/b/[^/]*/o\?", "list", "storage.objects.list"),
        (r"POST .*rewriteTo", "copy", "storage.objects.create"),
    ],
)
def test_a_permission_of_google(google, pattern, step, permission):
    front, make = google
    said = (
        f"site@project.iam.gserviceaccount.com does not have {permission} access to the Google "
        f"Cloud Storage object. Permission '{permission}' denied on resource (or it may not exist)."
    )
    front.answer(pattern, 403, {"error": {"code": 403, "message": said}})
    found = examined(make())[step]
    assert found.status == FAILED
    assert f"Allow {permission} on the bucket" in found.cure
    assert "roles/storage.objectUser" in found.cure


def test_a_permission_that_google_does_not_name(google):
    front, make = google
    front.answer("POST /upload/", 403, {"error": {"code": 403, "message": "Forbidden"}})
    assert "storage.objects.create" in examined(make())["write"].cure


def test_a_token_that_google_refuses(google):
    front, make = google
    front.answer(".", 401, {"error": {"code": 401, "message": "Invalid Credentials"}})
    stopped(
        examined(make(credentials=AnonymousCredentials())), "gcloud auth application-default login"
    )


def test_a_bucket_of_uniform_access(gcs):
    with gcs.bucket(uniform=True) as name:
        storage = GoogleCloudStorage(**gcs.options(name, default_acl="publicRead"))
        step = examined(storage)["write"]
        assert step.status == FAILED
        assert "default_acl" in step.cure
        assert "allUsers" in step.cure


def test_a_bucket_of_google_that_is_not_there(gcs):
    storage = GoogleCloudStorage(**gcs.options("no-such-bucket"))
    stopped(examined(storage), "Create the bucket, or correct bucket_name")


def test_nothing_that_signs(google):
    _, make = google
    steps = examined(make(credentials=AnonymousCredentials()))
    assert steps["sign"].status == FAILED
    assert "iam.serviceAccounts.signBlob" in steps["sign"].cure
    assert steps["fetch"].status == SKIPPED
    assert steps["delete"].status == OK


# -- Azure


@pytest.fixture
def azure(azurite, azure_container):
    def signature(letters, minutes=5):
        return generate_container_sas(
            azurite.account_name,
            azure_container,
            azurite.account_key,
            permission=letters,
            expiry=datetime.now(UTC) + timedelta(minutes=minutes),
        )

    def make(letters, minutes=5):
        token = signature(letters, minutes)
        string = f"BlobEndpoint={azurite.url};SharedAccessSignature={token}"
        more = {"client_options": {"retry_total": 0}}
        return AzureStorage(connection_string=string, azure_container=azure_container, **more)

    yield make
    with azurite.service() as service:
        assert list(service.get_container_client(azure_container).list_blobs()) == []


@pytest.mark.parametrize(
    ("letters", "step", "wanted"),
    [("rl", "write", "sp=cw "), ("rcwd", "list", "sp=l "), ("lcwd", "connect", "sp=r ")],
)
def test_a_permission_of_azure(azure, letters, step, wanted):
    steps = examined(azure(letters), "sig=")
    assert steps[step].status == FAILED
    assert wanted in steps[step].cure
    assert steps["delete"].status in (OK, SKIPPED)


def test_a_signature_of_azure_that_has_ended(azure):
    steps = examined(azure("rwdlc", minutes=-5), "sig=")
    assert steps["connect"].status == FAILED
    assert steps["connect"].cure


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (403, "AuthenticationFailed", "account_key"),
        (403, "AuthorizationFailure", "firewall"),
        (403, "AuthorizationResourceTypeMismatch", "srt=sco"),
        (403, "KeyBasedAuthenticationNotPermitted", "token_credential"),
        (404, "ContainerNotFound", "azure_container"),
    ],
)
def test_what_azure_refuses(azurite, azure_container, status, code, cure):
    with Front(azurite) as front:
        front.refuse(".", status, code, "As it says.")
        stopped(examined(AzureStorage(**azurite.options(azure_container, via=front))), cure)
        assert len(front.calls) == 1


def test_a_clock_that_azure_refuses(azurite, azure_container):
    with Front(azurite) as front:
        front.refuse(".", 403, "AuthenticationFailed", "Request date header too old: 'Sat'")
        stopped(examined(AzureStorage(**azurite.options(azure_container, via=front))), "clock")


def test_a_role_of_azure(azurite, azure_container):
    with Front(azurite) as front:
        front.refuse("PUT ", 403, "AuthorizationPermissionMismatch", "Not authorized.")
        step = examined(AzureStorage(**azurite.options(azure_container, via=front)))["write"]
    assert "Storage Blob Data Contributor" in step.cure


def test_private_links_of_azure(azurite, azure_container):
    step = examined(AzureStorage(**azurite.options(azure_container)))["fetch"]
    assert step.status == FAILED
    assert "expiration_secs" in step.cure


# -- Dropbox


@pytest.mark.parametrize(
    ("scopes", "step", "missing"),
    [
        (["files.content.read", "files.metadata.read"], "write", "files.content.write"),
        (["files.content.read", "files.content.write"], "list", "files.metadata.read"),
        (["files.metadata.read", "files.content.write"], "connect", "files.content.read"),
    ],
)
def test_a_scope_of_dropbox(dropbox_server, dropbox_root, scopes, step, missing):
    token = dropbox_server.token(scopes=scopes)
    options = dropbox_server.options(dropbox_root, oauth2_access_token=token)
    steps = examined(DropboxStorage(**options), token)
    assert steps[step].status == FAILED
    assert f"Allow {missing} under Permissions" in steps[step].cure
    storage = DropboxStorage(**dropbox_server.options(dropbox_root))
    for entry in storage.scan():  # nothing is deleted that may not be looked at
        assert (missing, steps["delete"].status) == ("files.metadata.read", FAILED)
        assert entry.name in steps["delete"].detail


def test_a_token_of_dropbox_that_has_ended(dropbox_server, dropbox_root):
    token = dropbox_server.token()
    dropbox_server.expire(token)
    options = dropbox_server.options(dropbox_root, oauth2_access_token=token)
    stopped(examined(DropboxStorage(**options), token), "oauth2_refresh_token")


def test_an_account_of_dropbox_that_is_full(dropbox_server, dropbox_root):
    dropbox_server.fail("files/upload", error=["path", "insufficient_space"], times=9)
    steps = examined(DropboxStorage(**dropbox_server.options(dropbox_root)))
    assert steps["write"].status == FAILED
    assert "full" in steps["write"].cure


# -- SFTP


def test_a_directory_for_reading_only(start):
    sshd = start(Sshd, read_only=True)
    with sshd.directory() as path:
        with SFTPStorage(**sshd.options(path)) as storage:
            steps = examined(storage)
        assert steps["write"].status == FAILED
        assert "write in root_path" in steps["write"].cure
        assert steps["list"].status == OK
        assert names(sshd.local(path)) == []


def test_what_sftp_does_not_delete(start):
    sshd = start(Sshd, denied=("remove",))
    with sshd.directory() as path:
        with SFTPStorage(**sshd.options(path)) as storage:
            step = examined(storage)["delete"]
        found = names(sshd.local(path))
        assert step.status == FAILED
        assert found
        assert all(repr(name) in step.detail for name in found if name.endswith(".txt"))


def test_a_key_that_sftp_refuses(sshd, sftp_directory, rclone_sftp):
    options = sshd.options(sftp_directory)
    options["params"]["key_filename"] = str(sshd.host_keys / "ed25519")
    with SFTPStorage(**options) as storage:
        stopped(examined(storage), "authorized_keys")


def test_a_host_that_is_not_known(sshd, sftp_directory, tmp_path):
    (tmp_path / "known_hosts").touch()
    options = sshd.options(sftp_directory, known_host_file=str(tmp_path / "known_hosts"))
    with SFTPStorage(**options) as storage:
        stopped(examined(storage), "ssh-keyscan")
    assert names(sshd.local(sftp_directory)) == []


# -- FTP


def test_a_password_that_ftp_refuses(ftpd, ftp_directory):
    storage = FTPStorage(**ftpd.options(ftp_directory, password=SECRET))
    stopped(examined(storage), "user and password in location")


def test_ftp_without_the_tls_that_is_wanted(ftpd_tls, ftpd_tls_directory):
    storage = FTPStorage(**ftpd_tls.options(ftpd_tls_directory, scheme="ftp"))
    stopped(examined(storage, ftpd_tls.password), "ftpes://")


def test_ftp_without_tls(start):
    ftpd = start(Ftpd, without=("AUTH",))
    with ftpd.directory() as path:
        storage = FTPStorage(**ftpd.options(path, scheme="ftpes"))
        stopped(examined(storage, ftpd.password), "offers no TLS")


def test_a_certificate_that_is_not_trusted(ftpd_tls, ftpd_tls_directory):
    options = ftpd_tls.options(ftpd_tls_directory)
    del options["ca_file"]
    stopped(examined(FTPStorage(**options), ftpd_tls.password), "certificate")


def test_an_ftp_server_that_is_not_there(ftpd, ftp_directory, fault_proxy):
    proxy = fault_proxy(ftpd, http=False)
    proxy.refuse()
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy))
    steps = examined(storage, ftpd.password)
    assert steps["connect"].status == FAILED
    assert "host, port" in steps["connect"].cure


# -- Libcloud


def test_a_key_that_swift_refuses(swift, swift_container):
    provider = swift.provider(swift_container) | {"key": SECRET}
    stopped(examined(LibCloudStorage(provider=provider)), "user and key")


def test_a_container_that_is_not_there(swift):
    step = examined(LibCloudStorage(provider=swift.provider("no-such-container")), swift.key)
    stopped(step, "container")


# -- a disk


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    steps = examined(FileSystemStorage(tmp_path / "file" / "media"))
    assert steps["write"].status == FAILED
    assert names(tmp_path) == ["file"]


def test_a_disk_of_another_time(tmp_path):
    class Late(FileSystemStorage):
        def _save(self, name, content):
            import os

            name = super()._save(name, content)
            os.utime(self.path(name), (0, 1_000_000))
            return name

    assert examined(Late(tmp_path))["clock"].status == WARNING
    assert names(tmp_path) == []


# -- what any error tells


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (socket.gaierror(-2, "Name or service not known"), "resolves names"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "authority"),
        (ConnectionRefusedError(111, "Connection refused"), "Nothing listens"),
        (TimeoutError("timed out"), "firewall"),
        (ConnectionResetError(104, "reset"), "The connection broke"),
        (ImproperlyConfigured("no bucket"), "options or settings"),
        (PermissionError(13, "Permission denied"), "chown"),
        (OSError(28, "No space left on device"), "make room"),
        (OSError(30, "Read-only file system"), "remount"),
        (ModuleNotFoundError("No module named 'x'"), "Install"),
        (LinkError("403", status=403, signed=True), "signature"),
        (LinkError("403", status=403), "not signed"),
        (LinkError("404", status=404), "does not have the file"),
    ],
)
def test_what_any_error_tells(error, cure):
    assert cure in cure_of(error).text
    outer = OSError("something else")
    outer.__cause__ = error
    if isinstance(error, socket.gaierror | ssl.SSLError | ConnectionRefusedError):
        assert cure_of(outer) == cure_of(error)
    else:
        assert cure_of(outer) is None


def test_a_link_stops_nothing():
    error = LinkError("unreached")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert cure_of(error) == cure_of(error.__cause__)._replace(stops=False)
    assert cure_of(LinkError("500", status=500)) is None
