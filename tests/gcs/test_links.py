"""Links to objects on Google Cloud Storage: a server that checks them serves every signed one."""

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from google.auth.credentials import AnonymousCredentials

from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.gcloud_links import OWN
from storages.signers.gcs import Target, sign_url
from storages.testing.conformance.threads import _in_child
from tests.servers import Gcs

ODD = [
    "a b.txt",
    "ü+%25#?&=.txt",
    "d/100%/a%20b.txt",
    "it's (1)!~*.txt",
    "日本/😀.txt",
    "a;b@c$,:.txt",
]


@pytest.fixture(scope="module")
def make(gcs: Gcs, bucket: str) -> Callable[..., GoogleCloudStorage]:
    return lambda **more: GoogleCloudStorage(**gcs.options(bucket, **more))


@pytest.fixture(scope="module")
def signed(make: Any) -> GoogleCloudStorage:
    """A storage whose server checks signatures and expiry, with some files."""
    storage: GoogleCloudStorage = make()
    for name in ("a.txt", *ODD):
        storage.save(name, ContentFile(name.encode()))
    return storage


def offline(**options: Any) -> GoogleCloudStorage:
    return GoogleCloudStorage(bucket_name="bucket", querystring_auth=False, **options)


def fetch(
    url: str,
    method: str = "GET",
    body: bytes | None = None,
    *,
    gcs: Gcs | None = None,
    **headers: str,
) -> tuple[int, bytes, Any]:
    """Status, content and headers of an answer; of `gcs`, whatever the host of the link is."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(*(gcs.address if gcs else parts.netloc.split(":")))
    sent = {"Host": parts.netloc} | {name.replace("_", "-"): v for name, v in headers.items()}
    connection.request(method, url[url.index(parts.netloc) + len(parts.netloc) :], body, sent)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers
    connection.close()
    return found


# -- links that a server checks


@pytest.mark.parametrize("name", ["a.txt", *ODD])
def test_a_signed_link_is_served(signed: GoogleCloudStorage, name: str) -> None:
    assert fetch(signed.url(name))[:2] == (200, name.encode())


def test_a_wrong_signature_is_refused(signed: GoogleCloudStorage) -> None:
    url = signed.url("a.txt")
    last = "0" if url[-1] != "0" else "1"
    assert fetch(url[:-1] + last)[0] == 403
    assert fetch(url.replace("/a.txt", "/a%20b.txt"))[0] == 403
    assert fetch(url.replace("Expires=86400", "Expires=86401"))[0] == 403
    assert fetch(url.partition("?")[0])[0] == 403


def test_a_link_expires(signed: GoogleCloudStorage) -> None:
    short = signed.url("a.txt", parameters={"expiration": 1})
    long = signed.url("a.txt", parameters={"expiration": 60})
    assert fetch(short)[0] == 200
    deadline = time.monotonic() + 10
    while fetch(short)[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert fetch(short)[0] == 400
    assert fetch(long)[0] == 200


def test_responses_can_be_changed(signed: GoogleCloudStorage) -> None:
    inline = {
        "response_disposition": 'inline; filename="ü b.pdf"'.encode().decode("latin-1"),
        "response_type": "text/plain; charset=utf-8",
    }
    url = signed.url("a.txt", parameters=inline)
    status, _, headers = fetch(url)
    assert status == 200
    assert headers["Content-Type"] == inline["response_type"]
    assert headers["Content-Disposition"].startswith("inline")
    assert fetch(url.replace("inline", "attachment"))[0] == 403


def test_a_link_of_one_version(signed: GoogleCloudStorage) -> None:
    signed.save("version.txt", ContentFile(b"1"))
    generation = signed.stat("version.txt").etag
    url = signed.url("version.txt", parameters={"generation": generation})
    assert fetch(url)[:2] == (200, b"1")
    signed.save("version.txt", ContentFile(b"2"))
    assert fetch(url)[0] == 404


def test_a_link_for_another_method(signed: GoogleCloudStorage) -> None:
    put = signed.url("put.txt", parameters={"method": "put", "content_type": "text/x-own"})
    assert fetch(put)[0] == 403
    assert fetch(put, "PUT", b"by link", content_type="text/plain")[0] == 403
    assert not signed.exists("put.txt")
    assert fetch(put, "PUT", b"by link", content_type="text/x-own")[0] == 200
    assert signed.open("put.txt").read() == b"by link"
    assert signed.stat("put.txt").content_type == "text/x-own"
    head = signed.url("put.txt", parameters={"method": "HEAD"})
    assert fetch(head, "HEAD")[0] == 200
    delete = signed.url("put.txt", parameters={"method": "DELETE"})
    assert fetch(delete, "DELETE")[0] == 204
    assert not signed.exists("put.txt")


def test_headers_and_queries_are_signed(signed: GoogleCloudStorage) -> None:
    given = {
        "method": "PUT",
        "headers": {"x-goog-meta-colour": "red", "X-Goog-If-Generation-Match": "0"},
        "query_parameters": {"own": "1 2", "bare": None},
        "content_md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
    }
    url = signed.url("headers.txt", parameters=given)
    assert "bare=&own=1%202&" in url
    sent = {"x-goog-if-generation-match": "0", "content-md5": given["content_md5"]}
    assert fetch(url, "PUT", b"", **sent)[0] == 403
    assert fetch(url, "PUT", b"", **{"x-goog-meta-colour": "red"}, **sent)[0] == 200
    assert signed.bucket.get_blob("headers.txt").metadata == {"colour": "red"}


def test_a_resumable_upload_by_link(signed: GoogleCloudStorage) -> None:
    """That it begins a POST with this header is all that the signature is about."""
    url = signed.url("a.txt", parameters={"method": "RESUMABLE"})
    assert "X-Goog-SignedHeaders=host%3Bx-goog-resumable&" in url
    assert fetch(url, "POST", x_goog_resumable="start")[0] == 405
    assert fetch(url, "POST")[0] == 403


def test_another_host(gcs: Gcs, signed: GoogleCloudStorage, bucket: str) -> None:
    url = signed.url("a b.txt", parameters={"api_access_endpoint": "http://elsewhere.test"})
    assert url.startswith(f"http://elsewhere.test/{bucket}/a%20b.txt?")
    assert fetch(url, gcs=gcs)[:2] == (200, b"a b.txt")
    url = signed.url("a b.txt", parameters={"virtual_hosted_style": True})
    assert url.startswith(f"http://{bucket}.127.0.0.1:{gcs.port}/a%20b.txt?")
    assert fetch(url, gcs=gcs)[:2] == (200, b"a b.txt")


@pytest.mark.parametrize("host", ["http://files.test", "http://files.test/", "files.test"])
def test_a_host_of_the_bucket(gcs: Gcs, host: str) -> None:
    with gcs.bucket(name="files.test") as name:
        storage = GoogleCloudStorage(**gcs.options(name, custom_endpoint=host, location="in"))
        storage.save("a b.txt", ContentFile(b"custom"))
        url = storage.url("a b.txt")
        assert url.startswith("http://files.test/in/a%20b.txt?X-Goog-Algorithm=")
        assert fetch(url, gcs=gcs)[:2] == (200, b"custom")
        plain = GoogleCloudStorage(**gcs.options(name))
        bound = {"bucket_bound_hostname": host.rstrip("/")}
        url = plain.url("in/a b.txt", parameters=bound)
        assert fetch(url, gcs=gcs)[:2] == (200, b"custom")
        # What a link asks for goes before the option.
        url = storage.url("a b.txt", parameters={"api_access_endpoint": gcs.url})
        assert url.startswith(f"{gcs.url}/files.test/in/a%20b.txt?")
        assert fetch(url)[:2] == (200, b"custom")


def test_a_custom_endpoint_with_a_path(make: Any) -> None:
    """The path is not signed: who routes by it takes it away."""
    storage = make(custom_endpoint="https://cdn.test/base/")
    url = storage.url("a b.txt")
    date = parse_qs(urlsplit(url).query)["X-Goog-Date"][0]
    now = datetime.strptime(date, "%Y%m%dT%H%M%S%z").timestamp()
    bare = sign_url(storage._signer(), Target("https://cdn.test"), "a b.txt", 86400, now=now)
    assert url == bare.replace("https://cdn.test/", "https://cdn.test/base/")


def test_the_scheme_of_a_bare_host(signed: GoogleCloudStorage) -> None:
    url = signed.url("a", parameters={"bucket_bound_hostname": "h.test", "scheme": "https"})
    assert url.startswith("https://h.test/a?")
    with pytest.raises(ValueError, match="bucket_bound_hostname"):
        signed.url("a", parameters={"bucket_bound_hostname": "h", "virtual_hosted_style": True})


def test_links_of_threads(signed: GoogleCloudStorage) -> None:
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda number: signed.url(ODD[number % len(ODD)]), range(24)))
    assert {fetch(url)[0] for url in urls} == {200}


def test_links_after_a_fork(signed: GoogleCloudStorage) -> None:
    def work() -> None:
        assert fetch(signed.url("a.txt"))[:2] == (200, b"a.txt")

    work()
    _in_child(work)
    work()


# -- expiration


@pytest.mark.parametrize(
    ("expiration", "seconds"),
    [
        (100, 100),
        (timedelta(minutes=2), 120),
        (timedelta(days=7), 604800),
        (lambda: datetime.now(UTC) + timedelta(hours=1), 3600),
        (lambda: (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None), 3600),
    ],
)
def test_expiration(make: Any, expiration: Any, seconds: int) -> None:
    storage = make(expiration=expiration() if callable(expiration) else expiration)
    found = parse_qs(urlsplit(storage.url("a.txt")).query)["X-Goog-Expires"]
    assert seconds - 300 <= int(found[0]) <= seconds
    other = storage.url("a.txt", parameters={"expiration": timedelta(seconds=5)})
    assert "X-Goog-Expires=5&" in other


def test_too_long_a_time(make: Any) -> None:
    for given in (timedelta(days=8), 8 * 86400, datetime.now(UTC) + timedelta(days=8)):
        with pytest.raises(ValueError, match="more than 7 days"):
            make().url("a.txt", parameters={"expiration": given})
    late = make(expiration=datetime.now(UTC) + timedelta(days=8))
    with pytest.raises(ImproperlyConfigured, match=r"\(GS_EXPIRATION\).* 7 days"):
        late.url("a.txt")


# -- what only the SDK knows


def test_version_2_is_left_to_the_sdk(make: Any) -> None:
    for storage in (make(), make(expiration=60)):
        url = storage.url("a b.txt", parameters={"version": "v2"})
        query = parse_qs(urlsplit(url).query)
        assert set(query) == {"Expires", "GoogleAccessId", "Signature"}
        assert 0 < int(query["Expires"][0]) - time.time() <= 86400


def test_credentials_of_the_link(gcs: Gcs, bucket: str, signed: GoogleCloudStorage) -> None:
    options = gcs.options(bucket, credentials=AnonymousCredentials())
    url = GoogleCloudStorage(**options).url("a b.txt", parameters={"credentials": gcs.credentials})
    assert fetch(url)[:2] == (200, b"a b.txt")


def test_a_client_of_the_link(gcs: Gcs, signed: GoogleCloudStorage) -> None:
    client = gcs.client()
    assert fetch(signed.url("a b.txt", parameters={"client": client}))[:2] == (200, b"a b.txt")
    client.close()


def test_the_sdk_signs_for_the_custom_endpoint_too(gcs: Gcs) -> None:
    client = gcs.client()
    with gcs.bucket(name="own.test") as name:
        storage = GoogleCloudStorage(**gcs.options(name, custom_endpoint="http://own.test"))
        storage.save("a.txt", ContentFile(b"custom"))
        url = storage.url("a.txt", parameters={"client": client})
        assert url.startswith("http://own.test/a.txt?")
        assert fetch(url, gcs=gcs)[:2] == (200, b"custom")
    client.close()


def test_an_unknown_parameter_is_named(signed: GoogleCloudStorage) -> None:
    with pytest.raises(TypeError, match="respons_type"):
        signed.url("a.txt", parameters={"respons_type": "text/plain"})


def test_the_sdk_knows_every_parameter() -> None:
    import inspect

    from google.cloud.storage import Blob

    known = inspect.signature(Blob.generate_signed_url).parameters.keys() - {"self"}
    assert known >= OWN
    rest = {"client", "credentials", "service_account_email", "access_token"}
    assert known - OWN == rest


# -- plain links


def test_plain_links_are_served(gcs: Gcs, bucket: str) -> None:
    public = GoogleCloudStorage(**gcs.options(bucket, default_acl="publicRead"))
    plain = GoogleCloudStorage(**gcs.options(bucket, querystring_auth=False))
    for name in ODD:
        public.save(f"public/{name}", ContentFile(name.encode()))
        url = public.url(f"public/{name}")
        assert url == f"{gcs.url}/{bucket}/public/{quote(name, safe='/~')}"
        assert plain.url(f"public/{name}") == url
        assert fetch(url)[:2] == (200, name.encode())


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://storage.googleapis.com/bucket/in/a%20b.txt"),
        ({"api_endpoint": "https://own.test/"}, "https://own.test/bucket/in/a%20b.txt"),
        ({"custom_endpoint": "https://cdn.test"}, "https://cdn.test/in/a%20b.txt"),
        ({"custom_endpoint": "https://cdn.test/d/"}, "https://cdn.test/d/in/a%20b.txt"),
        ({"custom_endpoint": "//cdn.test"}, "//cdn.test/in/a%20b.txt"),
        ({"custom_endpoint": "cdn.test"}, "http://cdn.test/in/a%20b.txt"),
    ],
)
def test_plain_links_need_neither_credentials_nor_a_client(
    options: dict[str, Any], url: str
) -> None:
    storage = offline(location="in", **options)
    assert storage.url("a b.txt") == url
    assert storage.url("a b.txt", parameters={"response_type": "text/plain"}) == url
    public = GoogleCloudStorage(
        bucket_name="bucket", default_acl="public-read", location="in", **options
    )
    assert public.url("a b.txt") == url


def test_plain_links_to_an_emulator_of_the_environment(monkeypatch: Any) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    assert offline().url("a.txt") == "http://127.0.0.1:9/bucket/a.txt"


@pytest.mark.parametrize("options", [{}, {"querystring_auth": False}])
def test_no_link_leaves_the_location(make: Any, options: dict[str, Any]) -> None:
    storage = make(location="in", **options)
    for name in ("../a.txt", "d/../../a.txt", "..", "..\\a.txt", "a\0.txt"):
        with pytest.raises(SuspiciousFileOperation):
            storage.url(name)
    for name in ("a.txt", "./a.txt", "d//../a.txt", "d\\..\\a.txt"):
        assert urlsplit(storage.url(name)).path.endswith("/in/a.txt")
