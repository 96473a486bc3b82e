"""What objects are stored with on S3: their parameters, and compressed or not."""

import base64
import contextlib
import gzip
import hashlib
import random

import pytest
from boto3.s3.transfer import TransferConfig
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from storages.backends.s3 import S3Storage

MiB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=5 * MiB, multipart_chunksize=5 * MiB)
SIZES = {"put": 10, "parts": 6 * MiB}
KEY = b"0123456789abcdef-customer-secret"
SSE_C = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}


@pytest.fixture(scope="module")
def client(moto):
    with contextlib.closing(moto.client()) as client:
        yield client


@pytest.fixture
def make(moto, bucket):
    def make(cls=S3Storage, **options):
        return cls(**moto.options(bucket, **({"transfer_config": PARTS} | options)))

    return make


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def content(request):
    """What one PUT stores, and what takes a multipart upload."""
    return b"x" * request.param


@pytest.fixture(params=["save", "open"])
def store(request):
    """Stores a file by either way that there is."""

    def store(storage, name, content):
        if request.param == "save":
            assert storage.save(name, ContentFile(content)) == name
        else:
            with storage.open(name, "wb") as file:
                file.write(content)

    return store


# -- object parameters

ALL = {
    "CacheControl": "max-age=86400, public",
    "ContentDisposition": 'attachment; filename="a b.bin"',
    "ContentLanguage": "de",
    "ContentType": "application/x-own",
    "Metadata": {"owner": "me", "purpose": "test"},
    "StorageClass": "STANDARD_IA",
    "ServerSideEncryption": "aws:kms",
    "SSEKMSKeyId": "arn:aws:kms:us-east-1:123456789012:key/own",
}


def test_object_parameters(make, store, content, client, bucket):
    tags = {"Tagging": "project=alpha&stage=live", "ACL": "public-read"}
    store(make(object_parameters=ALL | tags), "all.bin", content)
    found = client.head_object(Bucket=bucket, Key="all.bin")
    assert {name: found.get(name) for name in ALL} == ALL
    assert found["ContentLength"] == len(content)
    tagging = client.get_object_tagging(Bucket=bucket, Key="all.bin")["TagSet"]
    pairs = {each["Key"]: each["Value"] for each in tagging}
    assert pairs == {"project": "alpha", "stage": "live"}
    assert is_public(client, bucket, "all.bin")


def is_public(client, bucket, key):
    grants = client.get_object_acl(Bucket=bucket, Key=key)["Grants"]
    return "READ" in [each["Permission"] for each in grants if "URI" in each["Grantee"]]


def test_an_object_encrypted_by_kms_has_no_digest(make):
    storage = make(object_parameters={"ServerSideEncryption": "aws:kms"})
    storage.save("kms.txt", ContentFile(b"x"))
    make().save("plain.txt", ContentFile(b"x"))
    assert storage.stat("kms.txt").digest is None
    assert storage.stat("plain.txt").digest == f"md5:{hashlib.md5(b'x').hexdigest()}"


def test_checksum_algorithm(make, store, content, moto, fault_proxy):
    proxy = fault_proxy(moto)
    storage = make(endpoint_url=proxy.url, object_parameters={"ChecksumAlgorithm": "SHA256"})
    store(storage, "sum.bin", content)
    puts = [each for each in proxy.requests if each.startswith("PUT")]
    parts = [content[start : start + 5 * MiB] for start in range(0, len(content), 5 * MiB)]
    wanted = {base64.b64encode(hashlib.sha256(part).digest()).decode() for part in parts}
    assert {each.headers.get("x-amz-checksum-sha256") for each in puts} == wanted
    assert not any("x-amz-checksum-crc32" in each.headers for each in puts)
    if len(parts) > 1:
        (begin,) = [each for each in proxy.requests if each.endswith("?uploads")]
        assert begin.headers["x-amz-checksum-algorithm"] == "SHA256"
    with storage.open("sum.bin") as file:
        assert file.read() == content


def test_customer_keys_go_with_every_request(make, store, content, moto, fault_proxy):
    proxy = fault_proxy(moto)
    given = {"object_parameters": SSE_C, "file_overwrite": False}
    storage = make(endpoint_url=proxy.url, **given, location="sse")
    storage.delete("c.bin")
    proxy.requests.clear()
    store(storage, "c.bin", content)
    with storage.open("c.bin") as file:
        assert file.read() == content
    assert storage.exists("c.bin")
    assert storage.size("c.bin") == len(content)
    assert storage.stat("c.bin").key == "c.bin"
    storage.copy("c.bin", "d.bin", overwrite=True)
    encoded = base64.b64encode(KEY).decode()
    wanted = ("AES256", encoded, base64.b64encode(hashlib.md5(KEY).digest()).decode())
    names = ("algorithm", "key", "key-md5")
    prefix = "server-side-encryption-customer"
    for each in proxy.requests:
        assert tuple(each.headers.get(f"x-amz-{prefix}-{n}") for n in names) == wanted, each
    (copied,) = [each for each in proxy.requests if "x-amz-copy-source" in each.headers]
    of_source = [copied.headers.get(f"x-amz-copy-source-{prefix}-{n}") for n in names]
    assert tuple(of_source) == wanted
    assert encoded not in f"{storage!r} {storage.deconstruct()}"


def test_an_unknown_parameter_is_an_error(make, store, content, client, bucket):
    storage = make(object_parameters={"CacheContrl": "no-store", **SSE_C})
    with pytest.raises(ImproperlyConfigured, match="CacheContrl") as caught:
        store(storage, "unknown.bin", content)
    assert "AWS_S3_OBJECT_PARAMETERS" in str(caught.value)
    assert KEY.decode() not in str(caught.value)
    assert not make().exists("unknown.bin")
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


def test_a_wrong_value_is_an_error(make):
    with pytest.raises(ImproperlyConfigured, match="Metadata"):
        make(object_parameters={"Metadata": "me"}).save("wrong.txt", ContentFile(b""))
    assert not make().exists("wrong.txt")


class ByName(S3Storage):
    """Other parameters for some names, which include the location, as with django-storages."""

    def get_object_parameters(self, name):
        params = super().get_object_parameters(name)
        return params | {"CacheControl": "immutable"} if name.startswith("in/hashed/") else params


class ByContent(S3Storage):
    def _get_write_parameters(self, name, content=None):
        params = super()._get_write_parameters(name, content)
        return params | {"Metadata": {"name": name, "size": str(getattr(content, "size", None))}}


def test_parameters_by_name(make, client, bucket):
    storage = make(ByName, location="in", object_parameters={"CacheControl": "no-store"})
    for name in ("hashed/a.js", "a.js"):
        storage.save(name, ContentFile(b"x"))
    found = [
        client.head_object(Bucket=bucket, Key=f"in/{name}")["CacheControl"]
        for name in ("hashed/a.js", "a.js")
    ]
    assert found == ["immutable", "no-store"]
    assert storage.object_parameters == {"CacheControl": "no-store"}


def test_reading_asks_for_parameters_by_name(make, moto, fault_proxy):
    asked = []

    class Keyed(S3Storage):
        def get_object_parameters(self, name):
            asked.append(name)
            return {**SSE_C}

    proxy = fault_proxy(moto)
    storage = make(Keyed, endpoint_url=proxy.url, location="in")
    storage.save("d/keyed.txt", ContentFile(b"x"))
    storage.open("d/keyed.txt").close()
    storage.size("d/keyed.txt")
    assert set(asked) == {"in/d/keyed.txt"}
    names = [
        each.headers.get("x-amz-server-side-encryption-customer-key") for each in proxy.requests
    ]
    assert len(names) == 3
    assert None not in names


def test_parameters_by_content(make, client, bucket):
    make(ByContent, location="in").save("by/content.txt", ContentFile(b"1234"))
    found = client.head_object(Bucket=bucket, Key="in/by/content.txt")["Metadata"]
    assert found == {"name": "in/by/content.txt", "size": "4"}


OVERRULED = {"default_acl": "public-read", "object_parameters": {"ACL": "private"}}


@pytest.mark.parametrize(
    ("options", "size", "public"),
    [
        ({}, "put", False),
        ({"default_acl": "public-read"}, "put", True),
        ({"default_acl": "public-read"}, "parts", True),
        (OVERRULED, "put", False),
        (OVERRULED, "parts", False),
    ],
)
def test_default_acl(make, client, bucket, options, size, public):
    storage = make(**options)
    storage.save("acl.bin", ContentFile(b"x" * SIZES[size]))
    assert is_public(client, bucket, "acl.bin") is public
    storage.copy("acl.bin", "acl-copy.bin", overwrite=True)
    assert is_public(client, bucket, "acl-copy.bin") is public


@pytest.mark.parametrize(
    ("name", "given", "options", "expected"),
    [
        ("t/a.html", None, {}, "text/html"),
        ("t/a", None, {}, "application/octet-stream"),
        ("t/a.html", "text/x-given", {}, "text/x-given"),
        ("t/a.html", "text/x-given", {"object_parameters": {"ContentType": "x/y"}}, "x/y"),
        ("t/a.tar.gz", None, {}, "application/x-tar"),
    ],
)
def test_content_type(make, name, given, options, expected):
    storage = make(**options)
    content = SimpleUploadedFile("a", b"x", given) if given else ContentFile(b"x")
    storage.save(name, content)
    assert storage.stat(name).content_type == expected


def test_default_content_type(make):
    class Own(S3Storage):
        default_content_type = "application/x-unknown"

    storage = make(Own)
    storage.save("t/unknown", ContentFile(b"x"))
    assert storage.stat("t/unknown").content_type == "application/x-unknown"


# -- gzip


@pytest.mark.parametrize(
    ("name", "given", "options", "compressed"),
    [
        ("z/a.css", None, {}, True),
        ("z/a.js", None, {}, True),
        ("z/a.svg", None, {}, True),
        ("z/a.txt", None, {}, False),
        ("z/a.png", None, {}, False),
        ("z/a", "text/css; charset=utf-8", {}, True),
        ("z/a", "Text/CSS;charset=utf-8", {}, True),
        ("z/a.css", "text/plain", {}, False),
        ("z/a.txt", None, {"gzip_content_types": ("text/plain",)}, True),
        ("z/a.css", None, {"gzip_content_types": ("text/plain",)}, False),
        ("z/a.css", None, {"object_parameters": {"ContentEncoding": "br"}}, False),
        ("z/a.css", None, {"gzip": False}, False),
    ],
)
def test_gzip(make, client, bucket, name, given, options, compressed):
    storage = make(**({"gzip": True} | options))
    text = b"body { color: red } " * 100
    content = SimpleUploadedFile("a", text, given) if given else ContentFile(text)
    storage.save(name, content)
    found = client.get_object(Bucket=bucket, Key=name)
    stored = found["Body"].read()
    assert (found.get("ContentEncoding") == "gzip") is compressed
    assert (gzip.decompress(stored) if compressed else stored) == text
    assert len(stored) < len(text) or not compressed
    with storage.open(name) as file:
        file.seek(25)
        assert file.read(5) == text[25:30]
        file.seek(0)
        assert file.read() == text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("z/b.css.gz", "text/css"),
        ("z/b.svgz", "image/svg+xml"),
        ("z/b.tar.gz", "application/x-tar"),
    ],
)
def test_what_is_compressed_stays_as_it_is(make, client, bucket, store, name, kind):
    packed = gzip.compress(b"content " * 50)
    storage = make(gzip=True)
    store(storage, name, packed)
    found = client.get_object(Bucket=bucket, Key=name)
    assert (found["ContentType"], found["ContentEncoding"]) == (kind, "gzip")
    assert found["Body"].read() == packed
    with storage.open(name) as file:
        assert file.read() == packed


def test_compressed_bytes_are_the_same_every_time(make, client, bucket):
    found = set()
    for number in range(2):
        storage = make(gzip=True)
        storage.save(f"z/{number}.css", ContentFile(b"same " * 1000, name=f"{number}.css"))
        with storage.open(f"z/open-{number}.css", "wb") as file:
            file.write(b"same " * 1000)
        for name in (f"z/{number}.css", f"z/open-{number}.css"):
            found.add(client.get_object(Bucket=bucket, Key=name)["Body"].read())
    (stored,) = found
    assert stored[3] == 0  # no name in the header
    assert stored[4:8] == bytes(4)  # and no time


def test_compressed_in_parts(make, store, client, bucket):
    content = random.Random(1).randbytes(6 * MiB)
    storage = make(gzip=True)
    store(storage, "z/large.css", content)
    found = client.head_object(Bucket=bucket, Key="z/large.css")
    assert found["ContentEncoding"] == "gzip"
    assert found["ETag"].endswith('-2"')
    with storage.open("z/large.css") as file:
        assert file.read() == content
