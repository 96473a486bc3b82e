"""What Azurite can do, bare and behind TLS: a declared lack must be a real one."""

import datetime
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobSasPermissions, ContentSettings, generate_blob_sas

from . import SERVERS
from .azurite import Azurite

MIB = 1 << 20
HOUR = datetime.timedelta(hours=1)
ODD = "a b/ü+%20#?.txt"


@pytest.fixture(params=["azurite", "azure_tls"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def container(server):
    settings = {"retry_total": 0, "max_single_put_size": MIB}
    with server.container() as name, server.service(**settings) as service:
        yield service.get_container_client(name)


def now():
    return datetime.datetime.now(datetime.UTC)


def sas_url(server, container, name=ODD, *, after=HOUR, key=None, permission="r", **more):
    sas = generate_blob_sas(
        server.account_name,
        container.container_name,
        name,
        account_key=None if key else server.account_key,
        user_delegation_key=key,
        permission=BlobSasPermissions.from_string(permission),
        expiry=now() + after,
        **more,
    )
    return f"{container.get_blob_client(name).url}?{sas}"


@pytest.fixture
def get(server):
    """Fetches a URL of the server: status, body and headers."""

    def fetch(url, **headers):
        if server.name == "azure_tls":
            answer = server.get(url, **headers)
            return answer.status_code, answer.content, answer.headers
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    return fetch


def tampered(url):
    head, mark, signature = url.partition("sig=")
    return head + mark + ("A" if signature[0] != "A" else "B") + signature[1:]


def test_blobs_come_back(container):
    for name, body in {ODD: b"odd", "empty": b"", "large": os.urandom(9 * MIB)}.items():
        settings = ContentSettings(content_type="text/x-odd")
        blob = container.upload_blob(
            name, body, metadata={"owner": "me"}, content_settings=settings
        )
        found = blob.get_blob_properties()
        assert (found.size, found.metadata) == (len(body), {"owner": "me"})
        assert found.content_settings.content_type == "text/x-odd"
        assert container.download_blob(name).readall() == body
    assert list(container.list_blob_names()) == [ODD, "empty", "large"]
    assert container.download_blob(ODD, offset=1, length=1).readall() == b"d"


def test_a_container_is_new_and_gone_afterwards(server):
    with server.service() as service:
        with server.container() as name:
            service.get_container_client(name).upload_blob("left/behind", b"x")
        assert not service.get_container_client(name).exists()


def test_blocks_that_were_never_committed(server, container):
    assert server.uncommitted(container.container_name) == []
    container.upload_blob("replaced", b"old")
    for name in ("new", "replaced"):
        container.get_blob_client(name).stage_block("MDAx", b"x")
    assert server.uncommitted(container.container_name) == ["new", "replaced"]
    container.get_blob_client("new").commit_block_list([])
    assert server.uncommitted(container.container_name) == ["replaced"]
    assert container.download_blob("replaced").readall() == b"old"


def test_listings_have_pages_and_folders(container):
    for name in ("folder/0", "folder/1", "folder/2", "folder/sub/x", "other"):
        container.upload_blob(name, b"")
    found = container.walk_blobs("folder/", results_per_page=2)
    pages = [{each.name for each in page} for page in found.by_page()]
    assert pages == [{"folder/0", "folder/1"}, {"folder/2", "folder/sub/"}]


def test_a_blob_that_must_be_the_first(container):
    container.upload_blob("key", b"first")
    for size in (1, 3 * MIB):
        with pytest.raises(ResourceExistsError):
            container.upload_blob("key", b"x" * size)
    assert container.download_blob("key").readall() == b"first"


def test_one_of_many_exclusive_uploads_wins(container):
    def upload(number):
        name = f"race-{number // 4}"
        try:
            container.upload_blob(name, str(number))
        except ResourceExistsError:
            return None
        return name

    with ThreadPoolExecutor(4) as pool:
        winners = [winner for winner in pool.map(upload, range(20)) if winner]
    assert winners == [f"race-{number}" for number in range(5)]


def test_a_version_that_was_replaced_is_not_read(container):
    old = container.upload_blob("key", b"old").get_blob_properties().etag
    container.upload_blob("key", b"new", overwrite=True)
    condition = {"etag": old, "match_condition": MatchConditions.IfNotModified}
    with pytest.raises(ResourceModifiedError):
        container.download_blob("key", **condition)
    with pytest.raises(ResourceModifiedError):
        container.delete_blob("key", **condition)


def test_what_is_missing_is_not_found(container):
    for action in (container.download_blob, container.delete_blob):
        with pytest.raises(ResourceNotFoundError):
            action("no")


def test_ranges(server, container, get):
    container.upload_blob(ODD, b"0123456789")
    url = sas_url(server, container)
    assert get(url, Range="bytes=2-4")[:2] == (206, b"234")
    assert get(url, Range="bytes=8-99")[:2] == (206, b"89")
    assert get(url, Range="bytes=11-")[0] == 416


@pytest.mark.needs("range-at-the-end")
def test_a_range_that_begins_at_the_end_is_refused(server, container, get):
    container.upload_blob(ODD, b"0123456789")
    assert get(sas_url(server, container), Range="bytes=10-")[0] == 416


def test_a_batch_says_what_became_of_each_call(container):
    for name in (ODD, "b", "c"):
        container.upload_blob(name, b"x")
    answers = container.delete_blobs(ODD, "missing", "b", raise_on_any_failure=False)
    assert [answer.status_code for answer in answers] == [202, 404, 202]
    assert list(container.list_blob_names()) == ["c"]


def test_a_copy_by_the_server(container):
    settings = ContentSettings(content_type="text/x-odd")
    source = container.upload_blob(ODD, b"x", metadata={"a": "b"}, content_settings=settings)
    copy = container.get_blob_client("copy")
    assert copy.start_copy_from_url(source.url)["copy_status"] == "success"
    found = copy.get_blob_properties()
    assert (found.content_settings.content_type, found.metadata) == ("text/x-odd", {"a": "b"})


def test_a_signed_url_is_served(server, container, get):
    container.upload_blob(ODD, b"signed")
    url = sas_url(server, container, content_disposition="attachment")
    status, body, headers = get(url)
    assert (status, body, headers["Content-Disposition"]) == (200, b"signed", "attachment")
    assert get(tampered(url))[0] == 403
    assert get(sas_url(server, container, after=-HOUR))[0] == 403
    assert get(sas_url(server, container, permission="w"))[0] == 403
    assert get(container.get_blob_client(ODD).url)[0] in (401, 403, 404, 409)


@pytest.mark.needs("tokens")
def test_a_token_is_checked(server, container):
    for wrong in ({"stale": True}, {"forged": True}):
        credential = server.credential(**wrong)
        with server.service(credential=credential, retry_total=0) as service:
            client = service.get_container_client(container.container_name)
            with pytest.raises(HttpResponseError) as error:
                client.get_container_properties()
        assert (error.value.status_code, error.value.error_code) == (
            401,
            "InvalidAuthenticationInfo",
        )


@pytest.mark.needs("tokens")
def test_a_credential_is_asked_again_when_its_token_ends(server, container):
    credential = server.credential(lifetime=60)  # less than the SDK wants to be left
    with server.service(credential=credential) as service:
        for _ in range(3):
            service.get_container_client(container.container_name).get_container_properties()
    assert credential.scopes == [("https://storage.azure.com/.default",)] * 3


@pytest.mark.needs("tokens")
def test_a_user_delegation_key_signs(server, container, get):
    container.upload_blob(ODD, b"signed")
    with server.service() as service:
        key, other = (service.get_user_delegation_key(now(), now() + HOUR * n) for n in (1, 2))
        with pytest.raises(HttpResponseError) as error:
            service.get_user_delegation_key(now(), now() + 8 * 24 * HOUR)
        assert error.value.status_code == 400
    url = sas_url(server, container, key=key, content_type="a/b", cache_control="no-store")
    status, body, headers = get(url)
    assert (status, body) == (200, b"signed")
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("a/b", "no-store")
    assert get(tampered(url))[0] == 403
    assert get(sas_url(server, container, key=key, after=-HOUR))[0] == 403
    assert get(sas_url(server, container, key=key, permission="w"))[0] == 403
    other.value = key.value
    assert get(sas_url(server, container, key=other))[0] == 403


@pytest.mark.needs("tokens")
def test_a_user_delegation_key_ends(server, container, get):
    container.upload_blob(ODD, b"signed")
    with server.service() as service:
        ended = service.get_user_delegation_key(now() - HOUR, now() + HOUR)
    stamp = (now() - HOUR / 2).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended.signed_expiry = stamp
    names = {"skoid": "signed_oid", "sktid": "signed_tid", "skt": "signed_start"}
    names |= {"ske": "signed_expiry", "sks": "signed_service", "skv": "signed_version"}
    values = {short: getattr(ended, name) for short, name in names.items()}
    ended.value = server.front.directory.key(values)  # as it was given out then
    assert get(sas_url(server, container, key=ended))[0] == 403


@pytest.mark.needs("tokens")
def test_requests_are_listed(server, container):
    del server.calls[:]
    container.upload_blob("key", b"x")
    assert server.calls == [f"PUT /{container.container_name}/key"]


@pytest.mark.needs("copy-source-sas")
def test_a_copy_from_a_signed_url(server, container):
    container.upload_blob(ODD, b"x")
    copy = container.get_blob_client("copy")
    copy.start_copy_from_url(sas_url(server, container))
    assert copy.download_blob().readall() == b"x"


@pytest.mark.needs("put-from-url")
def test_an_upload_from_a_url(server, container):
    container.upload_blob(ODD, b"x")
    copy = container.get_blob_client("copy")
    copy.upload_blob_from_url(sas_url(server, container))
    assert copy.download_blob().readall() == b"x"


@pytest.mark.needs("name-limits")
def test_a_name_has_at_most_1024_characters(container):
    container.upload_blob("x" * 1024, b"")
    with pytest.raises(HttpResponseError):
        container.upload_blob("x" * 1025, b"")


def test_connections_are_reused(server, container, fault_proxy):
    proxy = fault_proxy(server, http=False)
    with server.service(proxy) as service:
        client = service.get_container_client(container.container_name)
        for number in range(5):
            client.upload_blob(str(number), b"x" * 10_000)
            client.download_blob(str(number)).readall()
    assert proxy.connections == 1


def test_the_lacks_are_known_features():
    known = {
        mark.args[0]
        for test in globals().values()
        for mark in getattr(test, "pytestmark", ())
        if mark.name == "needs"
    }
    servers = [server for server in SERVERS.values() if issubclass(server, Azurite)]
    assert len(servers) == 2
    assert all(server.lacks <= known for server in servers)
