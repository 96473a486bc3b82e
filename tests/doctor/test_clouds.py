"""What `storages.doctor` tells of Google, Azure, Dropbox and Libcloud when something is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import generate_container_sas
from google.auth.credentials import AnonymousCredentials

from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.doctor import FAILED, OK, SKIPPED
from tests.doctor.examining import SECRET, examined, stopped
from tests.servers.front import Front

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
    steps = examined(azure(letters))
    assert steps[step].status == FAILED
    assert wanted in steps[step].cure
    assert steps["delete"].status in (OK, SKIPPED)


def test_a_signature_of_azure_that_has_ended(azure):
    steps = examined(azure("rwdlc", minutes=-5))
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


class Nobody:
    """A credential that gets no token."""

    def get_token(self, *scopes, **more):
        raise ClientAuthenticationError("DefaultAzureCredential failed to retrieve a token.")


def test_a_credential_of_azure_without_a_token():
    storage = AzureStorage(account_name="a", azure_container="c", token_credential=Nobody())
    stopped(examined(storage), "az login")


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


# -- Libcloud


def test_a_key_that_swift_refuses(swift, swift_container):
    provider = swift.provider(swift_container) | {"key": SECRET}
    stopped(examined(LibCloudStorage(provider=provider)), "user and key")


def test_a_container_that_is_not_there(swift):
    step = examined(LibCloudStorage(provider=swift.provider("no-such-container")), swift.key)
    stopped(step, "container")
