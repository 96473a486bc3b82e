"""System checks: each says what is wrong and how to cure it, and only then."""

import io
import sys

import pytest
from botocore.config import Config
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from storages.backends.s3 import S3Storage

S3 = "storages.backends.s3.S3Storage"
STATIC = "storages.backends.s3.S3StaticStorage"
MANIFEST = "storages.backends.s3.S3ManifestStaticStorage"
MEMORY = "storages.testing.MemoryStorage"
FILES = "django.core.files.storage.FileSystemStorage"
FINE = {"bucket_name": "bucket", "file_overwrite": False}


class OldConfig(S3Storage):
    config = Config()


class Deciding(S3Storage):
    file_overwrite = True


@pytest.fixture
def found(settings):
    """Runs the checks over a default storage, and a static one; the messages that are ours."""

    def found(path=S3, options=None, *, static=None, deploy=False, **changes):
        for name, value in changes.items():
            setattr(settings, name, value)
        given = FINE if options is None else options
        settings.STORAGES = {"default": {"BACKEND": path, "OPTIONS": given}}
        if static is not None:
            path, options = static
            settings.STORAGES["staticfiles"] = {"BACKEND": path, "OPTIONS": options}
        messages = run_checks(include_deployment_checks=deploy)
        return [each for each in messages if each.id.startswith("storages.")]

    return found


def the(messages, number):
    """The only message, which has this number."""
    assert [each.id for each in messages] == [f"storages.{number}"]
    return messages[0]


@pytest.mark.parametrize("path", [S3, STATIC, MANIFEST, MEMORY, FILES])
@pytest.mark.parametrize("deploy", [True, False])
def test_nothing_is_wrong(found, path, deploy):
    options = {} if path == FILES else FINE
    assert found(path, options, static=(path, options | {"location": "s"}), deploy=deploy) == []


# -- E001: cannot be imported


def test_a_missing_sdk_names_the_extra(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    message = the(found(), "E001")
    assert "'default'" in message.msg
    assert "boto3" in message.msg
    assert message.hint == "pip install 'django-storehouse[s3]'"


@pytest.mark.parametrize("path", ["storages.backends.s3.S3Strage", "storages.backends.nos.Storage"])
def test_a_wrong_path(found, path):
    message = the(found(path), "E001")
    assert path in message.msg
    assert path in message.hint


def test_wrong_paths_of_others_are_djangos(found):
    assert found("nobody.storages.Storage") == []


# -- E002: refused options


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"bucketname": "b"}, "Did you mean 'bucket_name'?"),
        ({"location": "/media"}, "write 'media'"),
        ({"access_key": "a", "session_profile": "p"}, "session_profile"),
        ({"cloudfront_key": "k"}, "belong together"),
    ],
)
@pytest.mark.parametrize("path", [S3, MANIFEST])
def test_refused_options(found, path, options, cure):
    message = the(found(path, FINE | options), "E002")
    assert cure in message.msg
    assert "'default'" in message.msg


def test_a_refused_setting(found):
    assert "write 'media'" in the(found(AWS_LOCATION="/media"), "E002").msg


def test_messages_tell_no_secret(found):
    secrets = {"secret_key": "hunter2-key", "cloudfront_key": "hunter2-pem"}
    messages = found(options=FINE | secrets) + found(options=FINE | secrets | {"unknown": 1})
    assert len(messages) == 2
    assert "hunter2" not in repr(messages)


# -- E003: a required option is missing


@pytest.mark.parametrize("path", [S3, STATIC, MANIFEST])
@pytest.mark.parametrize("given", [{}, {"bucket_name": None}, {"bucket_name": ""}])
def test_a_missing_bucket(found, path, given):
    message = the(found(path, {"file_overwrite": False} | given), "E003")
    assert "bucket_name" in message.msg
    assert "AWS_STORAGE_BUCKET_NAME" in message.hint
    assert found(path, {"file_overwrite": False}, AWS_STORAGE_BUCKET_NAME="bucket") == []


# -- E004, W002: names of old


@pytest.mark.parametrize("path", ["storages.backends.s3boto.S3BotoStorage", "s3boto.S3BotoStorage"])
def test_s3boto(found, path):
    message = the(found(path, {}), "E004")
    assert "storages.backends.s3.S3Storage" in message.hint


RETIRED = {
    "DEFAULT_FILE_STORAGE": 'STORAGES["default"]',
    "STATICFILES_STORAGE": 'STORAGES["staticfiles"]',
    "AWS_HEADERS": "AWS_S3_OBJECT_PARAMETERS",
    "AWS_ORIGIN": "AWS_S3_REGION_NAME",
    "AWS_S3_HOST": "AWS_S3_ENDPOINT_URL",
    "AWS_S3_PORT": "AWS_S3_ENDPOINT_URL",
    "AWS_S3_CALLING_FORMAT": "AWS_S3_ADDRESSING_STYLE",
    "AWS_S3_PROXY_HOST": "AWS_S3_PROXIES",
    "AWS_S3_PROXY_PORT": "AWS_S3_PROXIES",
    "S3_USE_SIGV4": "AWS_S3_SIGNATURE_VERSION",
}


@pytest.mark.parametrize("name", RETIRED)
def test_a_setting_of_old(found, name):
    message = the(found(**{name: "x"}), "W002")
    assert name in message.msg
    assert RETIRED[name] in message.hint


# -- E006: url_protocol


@pytest.mark.parametrize(
    ("given", "cure"), [("https", "'https:'"), ("http", "'http:'"), ("https://", "'https:'")]
)
def test_url_protocol_without_colon(found, given, cure):
    message = the(found(options=FINE | {"url_protocol": given}), "E006")
    assert message.hint == f"Write {cure}."


# -- W001: uploads that replace others


def test_overwriting_by_default(found):
    message = the(found(options={"bucket_name": "bucket"}), "W001")
    assert "file_overwrite" in message.hint
    assert "False" in message.hint


@pytest.mark.parametrize("value", [True, False])
def test_a_decision_is_respected(found, value):
    assert found(options={"bucket_name": "bucket", "file_overwrite": value}) == []
    assert found(options={"bucket_name": "bucket"}, AWS_S3_FILE_OVERWRITE=value) == []


def test_an_attribute_is_a_decision(found):
    assert found(f"{__name__}.Deciding", {"bucket_name": "bucket"}) == []


def test_static_files_may_be_overwritten(found):
    assert found(static=(STATIC, {"bucket_name": "other"})) == []


# -- W003: MEDIA_URL and STATIC_URL


@pytest.mark.parametrize("url", ["https://cdn.example.com/media/", "//cdn.example.com/"])
def test_a_url_of_another_host(found, url):
    message = the(found(MEDIA_URL=url), "W003")
    assert "MEDIA_URL" in message.msg
    assert "cdn.example.com" in message.msg
    assert "custom_domain" in message.hint
    message = the(found(FILES, {}, MEDIA_URL="/m/", STATIC_URL=url, static=(STATIC, FINE)), "W003")
    assert "STATIC_URL" in message.msg
    assert "'staticfiles'" in message.hint


@pytest.mark.parametrize(
    "options",
    [
        {"custom_domain": "cdn.example.com"},
        {"custom_domain": "cdn.example.com/media"},
        {"public_domain": "cdn.example.com"},
        {"endpoint_url": "https://cdn.example.com"},
    ],
)
def test_a_url_of_the_same_host(found, options):
    assert found(options=FINE | options, MEDIA_URL="https://cdn.example.com/media/") == []


@pytest.mark.parametrize("url", ["/media/", "media/", ""])
def test_a_url_without_host(found, url):
    assert found(MEDIA_URL=url) == []


def test_a_storage_that_uses_the_url(found):
    for path, options in ((MEMORY, {}), (FILES, {})):
        assert found(path, options, MEDIA_URL="https://cdn.example.com/media/") == []


# -- W004: uploads where collectstatic clears


@pytest.mark.parametrize(
    ("media", "static"), [("", ""), ("a", "a"), ("a/", "a"), ("media", ""), ("a/media", "a/")]
)
def test_uploads_among_static_files(found, media, static):
    message = the(
        found(options=FINE | {"location": media}, static=(STATIC, FINE | {"location": static})),
        "W004",
    )
    assert "collectstatic --clear" in message.msg
    assert "location" in message.hint


@pytest.mark.parametrize(
    ("media", "static"),
    [
        ({"location": ""}, {"location": "static"}),
        ({"location": "a"}, {"location": "b"}),
        ({"location": "static2"}, {"location": "static"}),
        ({}, {"bucket_name": "other"}),
        ({}, {"endpoint_url": "http://127.0.0.1:1"}),
    ],
)
def test_uploads_elsewhere(found, media, static):
    assert found(options=FINE | media, static=(STATIC, FINE | static)) == []


def test_memory_storages_without_a_name_are_apart(found):
    assert found(MEMORY, {}, static=(MEMORY, {})) == []
    shared = {"bucket_name": "shared"}
    the(found(MEMORY, shared, static=(MEMORY, shared)), "W004")


# -- W005: deprecated options


def test_deprecated_options(found):
    message = the(found(options=FINE | {"use_threads": False}), "W005")
    assert ("use_threads" in message.msg, "transfer_config" in message.hint) == (True, True)
    message = the(found(f"{__name__}.OldConfig"), "W005")
    assert ("config" in message.msg, "client_config" in message.hint) == (True, True)


# -- W006, W007: for deployment


@pytest.mark.parametrize(
    ("options", "number", "cure"),
    [
        ({"verify": False}, "W006", "verify"),
        ({"endpoint_url": "http://s3.example.com"}, "W007", "endpoint_url"),
        ({"use_ssl": False}, "W007", "use_ssl"),
    ],
)
def test_deployment(found, options, number, cure):
    message = the(found(options=FINE | options, deploy=True), number)
    assert "'default'" in message.msg
    assert cure in message.hint
    assert found(options=FINE | options) == []


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "http://127.0.0.1:9000"},
        {"endpoint_url": "http://localhost:9000"},
        {"endpoint_url": "http://[::1]:9000"},
        {"endpoint_url": "https://s3.example.com"},
        {"endpoint_url": "https://s3.example.com", "use_ssl": False},
        {"verify": "/etc/ssl/own.pem"},
    ],
)
def test_deployment_is_fine(found, options):
    assert found(options=FINE | options, deploy=True) == []


# -- the command


def test_no_check_asks_a_server(found, fault_proxy, moto):
    proxy = fault_proxy(moto)
    options = moto.options("bucket", via=proxy, file_overwrite=False)
    static = (MANIFEST, options | {"location": "static"})
    assert found(MANIFEST, options, static=static, deploy=True) == []
    assert proxy.connections == 0


def test_manage_py_check(settings):
    options = {"bucket_name": "bucket", "verify": False}
    settings.STORAGES = {
        "default": {"BACKEND": S3, "OPTIONS": options},
        "staticfiles": {"BACKEND": MEMORY},
    }
    plain, deploy = io.StringIO(), io.StringIO()
    call_command("check", stderr=plain)
    call_command("check", deploy=True, stderr=deploy)
    assert "(storages.W001) Uploads replace files" in plain.getvalue()
    assert "HINT: Set OPTIONS['file_overwrite'] to False" in plain.getvalue()
    assert "storages.W006" not in plain.getvalue()
    assert "storages.W006" in deploy.getvalue()
    settings.SILENCED_SYSTEM_CHECKS = ["storages.W001"]
    silent = io.StringIO()
    call_command("check", stderr=silent)
    assert silent.getvalue() == ""
    options["bucket"] = options.pop("bucket_name")
    with pytest.raises(SystemCheckError, match=r"storages\.E002.*Did you mean 'bucket_name'"):
        call_command("check", stderr=io.StringIO())
