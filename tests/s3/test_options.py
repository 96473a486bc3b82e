"""Options of the S3 storages: where each comes from, what it does, and what cannot be."""

import re

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.options import declared
from storages.testing import MemoryStorage

MiB = 1024 * 1024
CONFIG, TRANSFER = Config(read_timeout=7), TransferConfig(max_concurrency=3)

# option: its settings, its environment variables, its default, another value
OPTIONS = {
    "access_key": (*[["AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"]] * 2, None, "AK"),
    "secret_key": (*[["AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]] * 2, None, "SK"),
    "security_token": (*[["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]] * 2, None, "token"),
    "session_profile": (*[["AWS_S3_SESSION_PROFILE"]] * 2, None, "other"),
    "bucket_name": (["AWS_STORAGE_BUCKET_NAME"], [], None, "bucket"),
    "location": (["AWS_LOCATION"], [], "", "media"),
    "file_overwrite": (["AWS_S3_FILE_OVERWRITE"], [], True, False),
    "object_parameters": (["AWS_S3_OBJECT_PARAMETERS"], [], {}, {"CacheControl": "no-store"}),
    "default_acl": (["AWS_DEFAULT_ACL"], [], None, "public-read"),
    "querystring_auth": (["AWS_QUERYSTRING_AUTH"], [], True, False),
    "querystring_expire": (["AWS_QUERYSTRING_EXPIRE"], [], 3600, 60),
    "url_protocol": (["AWS_S3_URL_PROTOCOL"], [], "https:", "http:"),
    "custom_domain": (["AWS_S3_CUSTOM_DOMAIN"], [], None, "cdn.example.com"),
    "public_domain": (["AWS_S3_PUBLIC_DOMAIN"], [], None, "files.example.com:8443"),
    "cloudfront_key": (["AWS_CLOUDFRONT_KEY"], [], None, "pem"),
    "cloudfront_key_id": (["AWS_CLOUDFRONT_KEY_ID"], [], None, "K1"),
    "cloudfront_signer": ([], [], None, object()),
    "endpoint_url": (["AWS_S3_ENDPOINT_URL"], [], None, "http://s3.example.com:9000"),
    "region_name": (["AWS_S3_REGION_NAME"], [], None, "eu-west-1"),
    "use_ssl": (["AWS_S3_USE_SSL"], [], True, False),
    "verify": (["AWS_S3_VERIFY"], [], None, "/etc/ssl/own.pem"),
    "addressing_style": (["AWS_S3_ADDRESSING_STYLE"], [], None, "virtual"),
    "signature_version": (["AWS_S3_SIGNATURE_VERSION"], [], None, "s3v4"),
    "proxies": (["AWS_S3_PROXIES"], [], None, {"https": "http://proxy.example.com"}),
    "client_config": (["AWS_S3_CLIENT_CONFIG"], [], None, CONFIG),
    "transfer_config": (["AWS_S3_TRANSFER_CONFIG"], [], None, TRANSFER),
    "gzip": (["AWS_IS_GZIPPED"], [], False, True),
    "gzip_content_types": (
        ["GZIP_CONTENT_TYPES"],
        [],
        (
            "text/css",
            "text/javascript",
            "application/javascript",
            "application/x-javascript",
            "image/svg+xml",
        ),
        ("text/plain",),
    ),
    "max_memory_size": (["AWS_S3_MAX_MEMORY_SIZE"], [], 0, 64 * MiB),
    "file_name_charset": (["AWS_S3_FILE_NAME_CHARSET"], [], "utf-8", "latin-1"),
    "file_buffer_size": (["AWS_S3_FILE_BUFFER_SIZE"], [], 5242880, 6 * MiB),
    "use_threads": (["AWS_S3_USE_THREADS"], [], True, False),
}
PARTNER = {
    "cloudfront_key": {"cloudfront_key_id": "K1"},
    "cloudfront_key_id": {"cloudfront_key": "pem"},
}
BY_SETTING = [(name, each) for name, row in OPTIONS.items() for each in row[0]]
BY_ENVIRONMENT = [(name, each) for name, row in OPTIONS.items() for each in row[1]]


def link(**options):
    """A link to `a.txt` of a storage that needs no server."""
    storage = S3Storage(**({"bucket_name": "bucket"} | options))
    return storage.url("a.txt")


def signed(**options):
    return link(**({"access_key": "AK", "secret_key": "SK"} | options))


# -- where values come from


def test_the_table_is_complete():
    assert set(OPTIONS) == set(declared(S3Storage))


@pytest.mark.parametrize("name", OPTIONS)
def test_default(name):
    assert getattr(S3Storage(), name) == OPTIONS[name][2]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("cls", [S3Storage, S3StaticStorage, S3ManifestStaticStorage])
def test_by_option(cls, name):
    # The manifest is read at once, wherever it lies.
    where = {"manifest_storage": MemoryStorage()} if cls is S3ManifestStaticStorage else {}
    storage = cls(**{name: OPTIONS[name][3]}, **PARTNER.get(name, {}), **where)
    assert getattr(storage, name) == OPTIONS[name][3]


@pytest.mark.parametrize(("name", "setting"), BY_SETTING)
def test_by_setting(settings, name, setting):
    default, value = OPTIONS[name][2:]
    setattr(settings, setting, value)
    partner = PARTNER.get(name, {})
    assert getattr(S3Storage(**partner), name) == value
    if not partner:
        assert getattr(S3Storage(**{name: default}), name) == default


@pytest.mark.parametrize(("name", "variable"), BY_ENVIRONMENT)
def test_by_environment(settings, monkeypatch, name, variable):
    monkeypatch.setenv(variable, "from environment")
    assert getattr(S3Storage(), name) == "from environment"
    setattr(settings, OPTIONS[name][0][-1], "from settings")
    assert getattr(S3Storage(), name) == "from settings"
    assert getattr(S3Storage(**{name: "given"}), name) == "given"


def test_the_environment_gives_nothing_else(monkeypatch):
    for name, (names, variables, *_) in OPTIONS.items():
        for each in set(names) - set(variables):
            monkeypatch.setenv(each, f"environment of {name}")
    for name, (_, _, default, _) in OPTIONS.items():
        assert getattr(S3Storage(), name) == default


@pytest.mark.parametrize("name", ["access_key", "secret_key", "security_token"])
def test_the_special_name_wins(settings, monkeypatch, name):
    first, second = OPTIONS[name][0]
    monkeypatch.setenv(second, "second variable")
    monkeypatch.setenv(first, "first variable")
    assert getattr(S3Storage(), name) == "first variable"
    setattr(settings, second, "second setting")
    assert getattr(S3Storage(), name) == "second setting"
    setattr(settings, first, "first setting")
    assert getattr(S3Storage(), name) == "first setting"


def test_subclasses_give_values(settings):
    settings.AWS_STORAGE_BUCKET_NAME = "from-settings"

    class Media(S3Storage):
        bucket_name = "media-bucket"

        def get_default_settings(self):
            return super().get_default_settings() | {"location": "here", "querystring_expire": 5}

    storage = Media()
    found = storage.bucket_name, storage.location, storage.querystring_expire
    assert found == ("media-bucket", "here", 5)
    assert Media(bucket_name="other", location="").bucket_name == "other"


def test_static_storages_do_not_sign(settings):
    manifest = S3ManifestStaticStorage(manifest_storage=MemoryStorage())
    assert S3StaticStorage().querystring_auth is manifest.querystring_auth is False
    settings.AWS_QUERYSTRING_AUTH = True
    assert S3StaticStorage().querystring_auth is False
    assert S3StaticStorage(querystring_auth=True).querystring_auth is True


# -- what cannot be

CLASHES = [
    ({"session_profile": "p", "access_key": "a"}, "session_profile.*access_key"),
    ({"session_profile": "p", "secret_key": "s"}, "AWS_S3_SESSION_PROFILE.*AWS_SECRET_ACCESS_KEY"),
    ({"cloudfront_key": "pem"}, "cloudfront_key_id.*AWS_CLOUDFRONT_KEY"),
    ({"cloudfront_key_id": "K1"}, "cloudfront_key_id.*AWS_CLOUDFRONT_KEY"),
    ({"location": "/media"}, "'/media'.*'media'"),
    ({"public_domain": "files.example.com/"}, "AWS_S3_PUBLIC_DOMAIN.*files.example.com/"),
    ({"public_domain": "https://files.example.com"}, "public_domain.*scheme"),
    ({"endpoint_url": "s3.example.com"}, "AWS_S3_ENDPOINT_URL.*https://"),
    ({"endpoint_url": "//s3.example.com"}, "endpoint_url.*https://"),
    ({"bucket": "b"}, "Did you mean 'bucket_name'"),
]


@pytest.mark.parametrize(("options", "message"), CLASHES)
def test_clash(settings, options, message):
    with pytest.raises(ImproperlyConfigured, match=f"(?s){message}"):
        S3Storage(**options)
    for name, value in options.items():
        if names := OPTIONS.get(name, ((), ()))[0]:
            setattr(settings, names[0], value)
            with pytest.raises(ImproperlyConfigured, match=f"(?s){message}"):
                S3Storage(**{k: v for k, v in options.items() if k != name})


def test_without_a_bucket_only_use_is_an_error():
    storage = S3Storage(access_key="AK", secret_key="SK", region_name="eu-west-1")
    uses = [
        lambda: storage.url("a.txt"),
        lambda: storage.exists("a.txt"),
        lambda: storage.open("a.txt"),
        lambda: storage.save("a.txt", ContentFile(b"")),
        lambda: storage.listdir(""),
        lambda: list(storage.scan()),
        lambda: storage.delete("a.txt"),
        lambda: storage.delete_many(["a.txt"]),
        lambda: storage.bucket,
    ]
    for use in uses:
        with pytest.raises(ImproperlyConfigured, match=r"bucket_name.*AWS_STORAGE_BUCKET_NAME"):
            use()
    assert S3Storage(custom_domain="cdn.example.com").url("a.txt").endswith("example.com/a.txt")


# -- what the client does with them


def test_keys_and_token_sign(monkeypatch):
    assert "X-Amz-Credential=AK%2F" in signed(signature_version="s3v4")
    assert "AWSAccessKeyId=AK&" in signed(signature_version="s3")
    assert "X-Amz-Security-Token=t%2B1" in signed(signature_version="s3v4", security_token="t+1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SK")
    assert "X-Amz-Credential=FROMENV%2F" in link(signature_version="s3v4")


@pytest.mark.parametrize("origin", ["option", "environment"])
def test_a_profile_signs(tmp_path, monkeypatch, origin):
    file = tmp_path / "credentials"
    file.write_text("[photos]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    given = {"signature_version": "s3v4"}
    if origin == "option":
        given["session_profile"] = "photos"
    else:
        monkeypatch.setenv("AWS_S3_SESSION_PROFILE", "photos")
    assert "X-Amz-Credential=PROFILE%2F" in link(**given)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({}, "https://bucket.s3.amazonaws.com/a.txt?"),
        ({"use_ssl": False}, "http://bucket.s3.amazonaws.com/a.txt?"),
        (
            {"region_name": "eu-west-1", "addressing_style": "virtual"},
            "https://bucket.s3.eu-west-1.amazonaws.com/a.txt?",
        ),
        ({"addressing_style": "path"}, "https://s3.amazonaws.com/bucket/a.txt?"),
        ({"endpoint_url": "http://s3.test:9"}, "http://s3.test:9/bucket/a.txt?"),
        ({"endpoint_url": "http://s3.test:9", "use_ssl": True}, "http://s3.test:9/bucket/a.txt?"),
        (
            {"endpoint_url": "http://s3.test:9", "addressing_style": "virtual"},
            "http://bucket.s3.test:9/a.txt?",
        ),
    ],
)
def test_the_place(options, start):
    assert signed(**options).startswith(start)


def test_the_region_signs():
    assert "%2Fap-south-1%2Fs3%2F" in signed(region_name="ap-south-1", signature_version="s3v4")


def test_client_config_wins(fault_proxy, moto, moto_bucket):
    three = {"addressing_style": "path", "signature_version": "s3v4", "use_ssl": True}
    own = Config(s3={"addressing_style": "virtual"}, signature_version="s3")
    assert signed(**three).startswith("https://s3.amazonaws.com/bucket/a.txt?X-Amz-")
    url = signed(**three, client_config=own)
    assert re.match(r"https://bucket\.s3\.amazonaws\.com/a\.txt\?AWSAccessKeyId=", url)
    proxy = fault_proxy(moto)
    given = {"proxies": {"http": proxy.url}, "client_config": Config()}
    S3Storage(**moto.options(moto_bucket, **given)).exists("a.txt")
    assert proxy.requests == []


def test_client_config_keeps_what_it_does_not_say():
    """A Config for one thing must not undo the settings for services that know no checksums."""
    options = {"endpoint_url": "http://s3.test", "client_config": Config(connect_timeout=3)}
    found = S3Storage(**options).client.meta.config
    assert found.connect_timeout == 3
    assert found.request_checksum_calculation == "when_required"
    assert found.response_checksum_validation == "when_required"


def test_proxies(fault_proxy, moto, moto_bucket):
    proxy = fault_proxy(moto)
    storage = S3Storage(**moto.options(moto_bucket, proxies={"http": proxy.url}))
    assert not storage.exists("a.txt")
    assert proxy.requests[0] == f"HEAD {moto.url}/{moto_bucket}/a.txt"


def test_checksums_without_an_endpoint():
    found = S3Storage(region_name="eu-west-1").client.meta.config
    assert found.request_checksum_calculation == "when_supported"


def test_file_name_charset_is_accepted(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket, file_name_charset="latin-1"))
    storage.save("ü.txt", ContentFile(b"x"))
    found = moto.client().list_objects_v2(Bucket=moto_bucket)["Contents"]
    assert [each["Key"] for each in found] == ["ü.txt"]
