"""How `storages.doctor` fetches links: certificates, all kinds of answers, no signature told."""

import contextlib
import gzip
import threading

import pytest

from storages.backends.azure_storage import AzureStorage
from storages.backends.s3 import S3Storage
from storages.cures import CERTIFICATE, LinkError, cure_of
from storages.doctor.links import Link, fetch
from tests.servers.certificates import certify
from tests.servers.wire import HOST, Answer, WireServer

NAME = ".storehouse-doctor-ab.txt"


@contextlib.contextmanager
def serving(answer, tls=None):
    with WireServer(lambda call: answer, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Link(f"http{'s' if tls else ''}://{HOST}:{server.port}/a/{NAME}?sig=hush", NAME)
        finally:
            server.shutdown()
            thread.join()


def test_a_file():
    with serving(Answer(200, b"content")) as link:
        assert fetch(link, None) == b"content"


def test_a_compressed_file():
    answer = Answer(200, gzip.compress(b"content"), {"Content-Encoding": "gzip"})
    with serving(answer) as link:
        assert fetch(link, None) == b"content"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, b"<Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
        (404, b"Not found", ""),
        (500, b"", ""),
    ],
)
def test_a_refusal(status, body, code):
    with serving(Answer(status, body)) as link, pytest.raises(LinkError) as caught:
        fetch(link, None)
    error = caught.value
    assert (error.status, error.code, error.signed) == (status, code, True)
    assert error.host == link.host
    assert f"/a/{NAME}" in str(error)
    assert "hush" not in f"{error} {link} {link!r}"


def test_what_is_not_http():
    answer = Answer(200, b"not gzip", {"Content-Encoding": "gzip"})
    with serving(answer) as link, pytest.raises(LinkError, match="gzip"):
        fetch(link, None)


def test_certificates(tmp_path, monkeypatch):
    import ssl

    authority, certificate, key = certify(tmp_path, HOST)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with serving(Answer(200, b"content"), tls) as link:
        assert fetch(link, str(authority)) == b"content"
        assert fetch(link, False) == b"content"
        with pytest.raises(LinkError, match="was not reached") as caught:
            fetch(link, None)
        assert cure_of(caught.value) == CERTIFICATE
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        assert fetch(link, None) == b"content"


@pytest.mark.parametrize(
    ("url", "shown", "signed"),
    [
        (f"https://host/a/{NAME}", f"https://host/a/{NAME}", False),
        (f"https://host/a/{NAME}?X-Amz-Signature=1", f"https://host/a/{NAME}", True),
        ("https://host/cd/get/what-nobody-else-knows/file", "https://host/…", True),
        (f"https://user:hush@host/{NAME}", f"https://host/{NAME}", False),
        (f"/media/{NAME}", f"/media/{NAME}", False),
    ],
)
def test_how_links_are_told(url, shown, signed):
    link = Link(url, NAME)
    assert (str(link), link.signed) == (shown, signed)
    assert link.is_absolute == url.startswith("https")


def test_who_verifies_links():
    assert S3Storage(bucket_name="b", verify="ca.pem")._link_trust() == "ca.pem"
    assert S3Storage(bucket_name="b", verify=False)._link_trust() is False
    own = S3Storage(bucket_name="b", verify=False, custom_domain="cdn.example.com")
    assert own._link_trust() is None
    options = {"account_name": "a", "account_key": "a2V5", "azure_container": "c"}
    verified = {"client_options": {"connection_verify": "ca.pem"}}
    assert AzureStorage(**options, **verified)._link_trust() == "ca.pem"
    assert AzureStorage(**options)._link_trust() is None
