"""Links to objects on S3: who makes them, what is in them, and that servers take them."""

import base64
import json
import re
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends.s3 import S3StaticStorage, S3Storage
from storages.testing.conformance.threads import _in_child

ODD = [
    "a b.txt",
    "ü+%25#?&=.txt",
    "d/100%/a%20b.txt",
    "it's (1)!~*.txt",
    "日本/😀.txt",
    "a;b@c$,:.txt",
]
KEYS = {"access_key": "AK", "secret_key": "SK"}
INLINE = {
    "ResponseContentDisposition": 'inline; filename="ü b.pdf"',
    "ResponseContentType": "text/plain; charset=utf-8",
}


@pytest.fixture(scope="module")
def bucket(rclone):
    with rclone.bucket() as name:
        yield name


@pytest.fixture(scope="module")
def signed(rclone, bucket):
    """A storage whose server checks signatures and expiry, with some files."""
    storage = S3Storage(**rclone.options(bucket))
    for name in ("a.txt", *ODD):
        storage.save(name, ContentFile(name.encode()))
    return storage


def make(cls=S3Storage, **options):
    return cls(**({"bucket_name": "bucket", "region_name": "eu-west-1"} | KEYS | options))


def fetch(url, method="GET", body=None):
    """Status, content and headers of an answer; an error is one too."""
    kind = {"Content-Type": "application/octet-stream"} if body else {}
    request = urllib.request.Request(url, body, kind, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


# -- links that a server checks


@pytest.mark.parametrize("name", ["a.txt", *ODD])
def test_a_signed_link_is_served(signed, name):
    assert fetch(signed.url(name))[:2] == (200, name.encode())


def test_a_link_of_version_2_is_served(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket, signature_version="s3"))
    for name in ODD:
        storage.save(name, ContentFile(name.encode()))
        url = storage.url(name)
        assert re.search(r"\?AWSAccessKeyId=.*&Signature=.*&Expires=\d+$", url)
        assert fetch(url)[:2] == (200, name.encode())


def test_a_wrong_signature_is_refused(rclone, bucket, signed):
    url = signed.url("a.txt")
    last = "0" if url[-1] != "0" else "1"
    assert fetch(url[:-1] + last)[0] == 403
    assert fetch(url.replace("/a.txt", "/a%20b.txt"))[0] == 403
    assert fetch(url.replace("Expires=3600", "Expires=36000"))[0] == 403
    stranger = S3Storage(**rclone.options(bucket, secret_key="not-that-one"))
    assert fetch(stranger.url("a.txt"))[0] == 403


def test_a_link_expires(signed):
    short, long = signed.url("a.txt", expire=1), signed.url("a.txt", expire=60)
    assert fetch(short)[0] == 200
    deadline = time.monotonic() + 10
    while fetch(short)[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert fetch(short)[0] in (400, 403)
    assert fetch(long)[0] == 200


def test_parameters_are_signed_and_obeyed(signed):
    url = signed.url("a.txt", parameters=INLINE)
    status, _, headers = fetch(url)
    assert status == 200
    assert headers["Content-Type"] == INLINE["ResponseContentType"]
    assert headers["Content-Disposition"].startswith("inline")
    assert fetch(url.replace("inline", "attachment"))[0] == 403


def test_a_link_for_another_method(signed):
    put = signed.url("put.txt", http_method="PUT")
    assert fetch(put)[0] == 403
    assert fetch(put, "PUT", b"by link")[0] == 200
    assert signed.open("put.txt").read() == b"by link"
    assert fetch(signed.url("put.txt", http_method="HEAD"), "HEAD")[0] == 200
    assert fetch(signed.url("put.txt", http_method="DELETE"), "DELETE")[0] == 204
    assert not signed.exists("put.txt")


def test_links_of_threads(signed):
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda number: signed.url(ODD[number % len(ODD)]), range(24)))
    assert {fetch(url)[0] for url in urls} == {200}


def test_links_after_a_fork(signed):
    def work():
        assert fetch(signed.url("a.txt"))[:2] == (200, b"a.txt")

    work()
    _in_child(work)
    work()


def test_a_public_host_serves_signed_links(rclone, bucket, signed, fault_proxy):
    """Browsers reach the service by another host than the storage does."""
    inside = fault_proxy(rclone)
    options = rclone.options(bucket, via=inside)
    public = {"public_domain": f"127.0.0.1:{rclone.port}", "url_protocol": "http:"}
    for style in (None, "virtual", "path"):
        storage = S3Storage(**options, **public, addressing_style=style)
        url = storage.url(ODD[0])
        assert url.startswith(f"{rclone.url}/{bucket}/a%20b.txt?X-Amz-")
        assert fetch(url)[:2] == (200, ODD[0].encode())
    assert inside.requests == []
    S3Storage(**options, **public).exists("a.txt")
    assert inside.requests


def test_an_unsigned_link_is_served(moto, moto_bucket):
    storage = S3StaticStorage(**moto.options(moto_bucket, default_acl="public-read"))
    for name in ODD:
        storage.save(name, ContentFile(name.encode()))
        url = storage.url(name)
        assert url == f"{moto.url}/{moto_bucket}/{quote(name, safe='/~')}"
        assert fetch(url)[:2] == (200, name.encode())


# -- equal to boto3's own


def _own(storage, name, params=None, expire=3600, method=None):
    """boto3's link, made in the same second as the storage's."""
    target = {"Bucket": storage.bucket_name, "Key": name, **(params or {})}
    for _ in range(5):
        before = int(time.time())
        ours = storage.url(name, parameters=params, expire=expire, http_method=method)
        theirs = storage.client.generate_presigned_url("get_object", target, expire, method)
        if int(time.time()) == before:
            return ours, theirs
    raise AssertionError("no two calls came in one second")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"signature_version": "s3v4"},
        {"signature_version": "s3"},
        {"signature_version": "s3v4", "security_token": "t/+="},
        {"signature_version": "s3", "security_token": "t/+="},
        {"signature_version": "s3v4", "addressing_style": "virtual"},
        {"signature_version": "s3v4", "endpoint_url": "https://s3.test:8443/base"},
        {"region_name": "cn-north-1"},
        {"client_config": Config(s3={"use_accelerate_endpoint": True})},
        {"client_config": Config(s3={"use_dualstack_endpoint": True}, signature_version="s3v4")},
    ],
)
def test_links_equal_botocores(options):
    storage = make(**options)
    for name in ("a.txt", *ODD):
        ours, theirs = _own(storage, name)
        assert ours == theirs
    for extra in (
        {"params": INLINE},
        {"expire": 5},
        {"method": "PUT"},
        {"params": {"PartNumber": 3}},
    ):
        ours, theirs = _own(storage, "d/a.txt", **extra)
        assert ours == theirs


@pytest.mark.parametrize("name", ["arn:aws:s3:eu-west-1:123456789012:accesspoint/own", "with.dots"])
def test_unusual_buckets_are_left_to_botocore(name):
    ours, theirs = _own(make(bucket_name=name, signature_version="s3v4"), "a b.txt")
    assert ours == theirs


def test_an_unknown_parameter_is_named():
    with pytest.raises(ParamValidationError, match="ResponseContentDispositon"):
        make().url("a.txt", parameters={"ResponseContentDispositon": "inline"})


def test_without_keys_a_signed_link_is_an_error():
    with pytest.raises(ImproperlyConfigured, match="access_key and secret_key"):
        S3Storage(bucket_name="bucket").url("a.txt")
    assert S3StaticStorage(bucket_name="bucket").url("a.txt").endswith("amazonaws.com/a.txt")


def test_querystring_expire():
    storage = make(querystring_expire=77, signature_version="s3v4")
    assert "X-Amz-Expires=77&" in storage.url("a")
    assert "X-Amz-Expires=5&" in storage.url("a", expire=5)


# -- domains of the project's own


@cache
def private_key():
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem():
    return private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


CDN = {"custom_domain": "cdn.example.com", "cloudfront_key_id": "K1"}


def verified(url):
    """The plain link and the seconds until which it is valid, if CloudFront would take it."""
    plain, _, query = url.partition("?")
    values = parse_qs(query)
    extra = [part for part in query.split("&") if not part.startswith(("Exp", "Sig", "Key-"))]
    resource = plain + ("?" + "&".join(extra) if extra else "")
    (until,), (key_id,) = values["Expires"], values["Key-Pair-Id"]
    condition = {"DateLessThan": {"AWS:EpochTime": int(until)}}
    policy = {"Statement": [{"Resource": resource, "Condition": condition}]}
    message = json.dumps(policy, separators=(",", ":")).encode()
    signature = base64.b64decode(values["Signature"][0].translate(str.maketrans("-_~", "+=/")))
    private_key().public_key().verify(signature, message, PKCS1v15(), SHA1())
    assert key_id == "K1"
    return resource, int(until) - time.time()


@pytest.mark.parametrize("key", [pem(), pem().decode()], ids=["bytes", "str"])
def test_cloudfront_signs(key):
    storage = make(cloudfront_key=key, location="in", querystring_expire=600, **CDN)
    for name in ODD:
        resource, left = verified(storage.url(name))
        assert unquote(urlsplit(resource).path) == f"/in/{name}"
        assert 595 <= left <= 601
    assert 25 <= verified(storage.url("a.txt", expire=30))[1] <= 31
    resource, _ = verified(storage.url("a.txt", parameters={"v": "1 2"}))
    assert resource == "https://cdn.example.com/in/a.txt?v=1+2"


def test_a_custom_domain_without_a_signer():
    plain = "https://cdn.example.com/in/a%20b.txt"
    for options in (
        {"custom_domain": "cdn.example.com"},
        {**CDN, "cloudfront_key": pem(), "querystring_auth": False},
        {**CDN, "cloudfront_key": pem(), "cloudfront_signer": None},
    ):
        assert make(**options, location="in").url("a b.txt") == plain
    other = make(custom_domain="cdn.example.com:8080/media", url_protocol="http:")
    assert other.url("a.txt", parameters={"v": 1}) == "http://cdn.example.com:8080/media/a.txt?v=1"


def test_a_signer_of_ones_own():
    padding, digest = PKCS1v15(), SHA1()
    signer = CloudFrontSigner("K1", lambda data: private_key().sign(data, padding, digest))
    given = make(custom_domain="cdn.example.com", cloudfront_signer=signer)
    assert verified(given.url("a.txt"))[0] == "https://cdn.example.com/a.txt"

    class Loaded(S3Storage):
        def get_cloudfront_signer(self, key_id, key):
            assert (key_id, key) == ("K1", "in the vault")
            return signer

    storage = make(Loaded, cloudfront_key="in the vault", **CDN)
    assert verified(storage.url("a.txt"))[0] == "https://cdn.example.com/a.txt"


def test_the_signer_speaks_of_utc(monkeypatch):
    class Signer:
        def generate_presigned_url(self, url, date_less_than):
            assert isinstance(date_less_than, datetime)
            return f"{date_less_than.timestamp() - time.time():.0f}"

    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        storage = make(custom_domain="cdn.example.com", cloudfront_signer=Signer())
        assert storage.url("a.txt", expire=100) == "100"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"url_protocol": "http:"}, "http://files.example.com/bucket/in/a%20b.txt"),
        ({"endpoint_url": "http://10.0.0.1:9000"}, "https://files.example.com/bucket/in/a%20b.txt"),
        ({"addressing_style": "virtual"}, "https://files.example.com/bucket/in/a%20b.txt"),
    ],
)
def test_public_domain(options, start):
    options = options | {"public_domain": "files.example.com", "location": "in"}
    assert make(**options).url("a b.txt").startswith(start + "?")
    assert make(**options, querystring_auth=False).url("a b.txt") == start
    custom = make(**options, custom_domain="cdn.example.com").url("a b.txt")
    assert urlsplit(custom).netloc == "cdn.example.com"


# -- names


@pytest.mark.parametrize("options", [{}, {"querystring_auth": False}, {"custom_domain": "c.test"}])
def test_no_link_leaves_the_location(options):
    storage = make(location="in", **options)
    for name in ("../a.txt", "d/../../a.txt", "..", "..\\a.txt", "a\0.txt"):
        with pytest.raises(SuspiciousFileOperation):
            storage.url(name)
    for name in ("a.txt", "./a.txt", "d//../a.txt", "d\\..\\a.txt"):
        assert urlsplit(storage.url(name)).path.endswith("/in/a.txt")
