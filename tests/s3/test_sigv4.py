"""The presigners give the bytes that botocore gives, for every address, key and parameter."""

from __future__ import annotations

import calendar
import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from unittest import mock

import boto3
import botocore.auth
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from storages import signers
from storages.signers import (
    PARAMETERS,
    Credentials,
    CurrentCredentials,
    SigV2Presigner,
    SigV4Presigner,
    credentials_of,
    encode_query,
    probe,
    query_for,
    quote_key,
    sigv4,
    unsigned_prefix,
)

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PLAIN = Credentials("AKIAIOSFODNN7EXAMPLE", SECRET)
TEMPORARY = Credentials("ASIA/EX+AMPLE", SECRET[::-1], "FwoGZXIvYXdzE/+==token")

LOCAL = {"endpoint_url": "http://127.0.0.1:9000"}
EU = {"region_name": "eu-west-1"}
US = {"region_name": "us-east-1"}
HTTPS = {"endpoint_url": "https://S3.Example.com:443/"}
VIRTUAL = {"addressing_style": "virtual"}
# bucket, arguments of the client, the s3 part of its Config
FORMS: dict[str, tuple[str, dict, dict]] = {
    "no region": ("bucket", {}, {}),
    "us-east-1": ("bucket", US, {}),
    "us-east-1, regional": ("bucket", US, {"us_east_1_regional_endpoint": "regional"}),
    "auto": ("bucket", EU, {"addressing_style": "auto"}),
    "virtual": ("bucket", EU, VIRTUAL),
    "path": ("bucket", EU, {"addressing_style": "path"}),
    "eu-central-1": ("bucket", {"region_name": "eu-central-1"}, {}),
    "China": ("bucket", {"region_name": "cn-north-1"}, {}),
    "GovCloud": ("bucket", {"region_name": "us-gov-west-1"}, {}),
    "plain HTTP": ("bucket", {**EU, "use_ssl": False}, {}),
    "dots": ("media.example.com", EU, {}),
    "no host name": ("My_Bucket", US, {}),
    "accelerate": ("bucket", EU, {"use_accelerate_endpoint": True}),
    "dualstack": ("bucket", EU, {"use_dualstack_endpoint": True}),
    "endpoint": ("bucket", LOCAL, {}),
    "endpoint, region": ("bucket", {**LOCAL, "region_name": "auto"}, {}),
    "endpoint, dots": ("media.example.com", LOCAL, VIRTUAL),
    "endpoint, name": ("bucket", HTTPS, VIRTUAL),
    "endpoint, path": ("bucket", {"endpoint_url": "https://s3.example.com:8443/a/b%20c/"}, {}),
    "endpoint, IPv6": ("bucket", {"endpoint_url": "http://[::1]:9000"}, {}),
}
VERSIONS = [None, "s3v4", "s3"]
v4_and_v2 = pytest.mark.parametrize("version", ["s3v4", "s3"])

nasty = st.sampled_from([*" %+~!'()*/.?&=#;:@,\\\"<>[]{}|^`$_-\t\n\0é😀", "//", "..", "%20", "́"])
text = st.lists(nasty | st.characters(codec="utf-8"), max_size=12).map("".join)
keys = text.filter(bool)
parameters = st.lists(st.sampled_from(sorted(PARAMETERS)), unique=True).flatmap(
    lambda names: st.fixed_dictionaries(dict.fromkeys(names, text))
)


@pytest.fixture(scope="module", autouse=True)
def _no_configuration():
    """Nothing of the user's own AWS settings takes part."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        yield


@cache
def session():
    return boto3.Session()


def new_client(form="auto", version="s3v4", credentials=PLAIN, **config):
    _, arguments, s3 = FORMS[form]
    access_key, secret_key, token = credentials or (None, None, None)
    return session().client(
        "s3",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        config=Config(signature_version=version, s3=s3, **config),
        **arguments,
    )


client_for = cache(new_client)


@cache
def presigner_for(form="auto", version="s3v4"):
    return probe(client_for(form, version), FORMS[form][0])


def link(client, bucket, key, expires=3600, method="GET", parameters=None, operation="get_object"):
    return client.generate_presigned_url(
        operation,
        Params={**(parameters or {}), "Bucket": bucket, "Key": key},
        ExpiresIn=expires,
        HttpMethod=method,
    )


def second_of(url, expires):
    """When botocore signed `url`."""
    values = dict(pair.split("=") for pair in url.partition("?")[2].split("&"))
    if "Expires" in values:
        return int(values["Expires"]) - expires
    return calendar.timegm(datetime.strptime(values["X-Amz-Date"], "%Y%m%dT%H%M%SZ").timetuple())


def assert_equal(form, version, key, expires=3600, method="GET", parameters=None, token=False):
    credentials = TEMPORARY if token else PLAIN
    expected = link(
        client_for(form, version, credentials), FORMS[form][0], key, expires, method, parameters
    )
    assert expected == presigner_for(form, version).sign(
        key,
        credentials,
        expires,
        method=method,
        query=query_for(parameters or {}),
        now=second_of(expected, expires),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", FORMS)
def test_every_address_form_is_probed(form, version):
    presigner = presigner_for(form, version)
    if version:
        assert isinstance(presigner, {"s3v4": SigV4Presigner, "s3": SigV2Presigner}[version])
    assert_equal(form, version, "photos/2026/one.jpg")


@settings(max_examples=200, deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    form=st.sampled_from(sorted(FORMS)),
    key=keys,
    expires=st.integers(0, 10**7),
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    parameters=parameters,
    token=st.booleans(),
)
def test_links_equal_botocores(version, form, key, expires, method, parameters, token):
    assert_equal(form, version, key, expires, method, parameters, token)


@pytest.mark.parametrize("version", [*VERSIONS, "v4"])
@pytest.mark.parametrize("key", ["a", "/", "//", "/a", ".", "..", "a/../b", "a//b", "~", "a+b"])
def test_keys_are_never_normalized(version, key):
    for form in ("auto", "path", "endpoint, path"):
        assert_equal(form, version, key)


@pytest.mark.parametrize(
    ("operation", "method"),
    [("head_object", "HEAD"), ("put_object", "PUT"), ("delete_object", "DELETE")],
)
@v4_and_v2
def test_other_operations_sign_like_get_object_with_their_method(version, operation, method):
    url = link(client_for("auto", version), "bucket", "a b", 60, method, operation=operation)
    ours = presigner_for("auto", version).sign(
        "a b", PLAIN, 60, method=method.lower(), now=second_of(url, 60)
    )
    assert ours == url


def test_without_a_version_old_regions_sign_v2_and_new_ones_v4():
    for form in ("no region", "us-east-1", "virtual", "GovCloud", "endpoint", "endpoint, path"):
        assert isinstance(presigner_for(form, None), SigV2Presigner), form
    for form in ("eu-central-1", "China", "endpoint, region"):
        assert isinstance(presigner_for(form, None), SigV4Presigner), form


def test_the_example_of_the_aws_documentation():
    presigner = SigV4Presigner("https://examplebucket.s3.amazonaws.com", region="us-east-1")
    example = Credentials(PLAIN.access_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    now = calendar.timegm((2013, 5, 24, 0, 0, 0))
    assert presigner.sign("test.txt", example, 86400, now=now) == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@v4_and_v2
def test_a_key_that_botocore_refuses_is_refused(version):
    for key, error in (("", ValueError), ("a\ud800", UnicodeEncodeError)):
        with pytest.raises(error):
            presigner_for(version=version).sign(key, PLAIN, 60)


def test_the_clock_is_read_for_each_link():
    for _ in range(20):  # the second may end between the two
        url = link(client_for(), "bucket", "a")
        if presigner_for().sign("a", PLAIN, 3600) == url:
            return
    pytest.fail("no link of the same second in 20")


def test_the_signing_key_changes_at_midnight():
    late, early = datetime(2026, 12, 31, 23, 59, 59), datetime(2027, 1, 1)
    for time in (late, early, late):
        with mock.patch.object(botocore.auth, "get_current_datetime", return_value=time):
            url = link(client_for(), "bucket", "a")
        assert presigner_for().sign("a", PLAIN, 3600, now=calendar.timegm(time.timetuple())) == url


@v4_and_v2
def test_rotated_credentials_take_effect_within_the_second(version):
    presigner, other = presigner_for(version=version), PLAIN._replace(secret_key="other")
    empty, new = PLAIN._replace(token=""), TEMPORARY._replace(token="new")
    for credentials in (PLAIN, TEMPORARY, other, empty, PLAIN, new):
        url = link(new_client(version=version, credentials=credentials), "bucket", "a")
        assert presigner.sign("a", credentials, 3600, now=second_of(url, 3600)) == url


@v4_and_v2
def test_threads_share_a_presigner(version):
    def sign(number):
        pair, now = (PLAIN, TEMPORARY)[number % 2], 1.7e9 + number * 997 % 500
        return presigner_for(version=version).sign(f"key {number}", pair, 60, now=now)

    expected = [sign(number) for number in range(1000)]
    sigv4._moment.cache_clear()
    sigv4._day.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(sign, range(1000))) == expected


def test_caches_are_bounded():
    for number in range(300):
        credentials = PLAIN._replace(secret_key=str(number))
        presigner_for().sign("a", credentials, 60, now=number * 86400)
        presigner_for(version="s3").sign("a", credentials, 60)
    for cached in (sigv4._moment, sigv4._day, signers.sigv2._keyed, signers.sigv2._quoted):
        assert cached.cache_info().currsize <= 64


@v4_and_v2
def test_no_secret_is_shown(version):
    presigner = presigner_for(version=version)
    presigner.sign("a", TEMPORARY, 60)
    with pytest.raises(UnicodeEncodeError) as caught:
        presigner.sign("a\ud800", TEMPORARY, 60)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for seen in (repr(presigner), repr(TEMPORARY), str(TEMPORARY), *shown.format()):
        assert TEMPORARY.secret_key not in seen
        assert TEMPORARY.token not in seen


def test_parameters_of_other_kinds_are_left_to_botocore():
    assert query_for({}) == []
    for other in ("ResponseExpires", "Range", "PartNumber", "SSECustomerKey", "RequestPayer"):
        assert query_for({"VersionId": "1", other: "x"}) is None
    assert query_for({"ResponseContentType": None}) is None
    assert query_for({"VersionId": 7}) is None


def test_unusual_clients_are_left_to_botocore():
    assert probe(client_for(version=UNSIGNED, credentials=None), "bucket") is None
    without_credentials = new_client()
    without_credentials._request_signer._credentials = None
    assert probe(without_credentials, "bucket") is None
    assert probe(mock.MagicMock(), "bucket") is None
    patched = new_client()
    patched.generate_presigned_url = lambda *args, **kwargs: "https://cdn.example.com/"
    assert probe(patched, "bucket") is None
    arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/one"
    for bucket in (arn, "bucket--euw1-az1--x-s3", None):
        assert probe(client_for(), bucket) is None


@pytest.mark.parametrize(
    "event",
    [
        "provide-client-params",
        "before-parameter-build.s3",
        "before-endpoint-resolution.s3",
        "choose-signer.s3.*",
        "before-sign.s3.GetObject",
    ],
)
def test_a_client_with_a_handler_of_the_users_is_left_to_botocore(event):
    client, handler = new_client(), lambda **kwargs: None
    client.meta.events.register("before-send.s3", handler)
    client.meta.events.register("before-sign.s3.DeleteObject", handler)
    assert probe(client, "bucket") is not None
    client.meta.events.register(event, handler)
    assert probe(client, "bucket") is None


def test_credentials_renewed_during_the_probe():
    client = new_client()
    source = client._request_signer._credentials
    given = [PLAIN, TEMPORARY, TEMPORARY, TEMPORARY, PLAIN]
    with mock.patch.object(source, "get_frozen_credentials", side_effect=given):
        assert probe(client, "bucket") is not None
        assert credentials_of(client) == PLAIN


def test_current_credentials_are_asked_for_once_a_second():
    client = new_client()
    current, source = CurrentCredentials(client), client._request_signer._credentials
    given = mock.patch.object(source, "get_frozen_credentials", side_effect=[PLAIN, TEMPORARY])
    with mock.patch.object(signers.time, "time", side_effect=[7.0, 7.9, 8.0]), given:
        assert [current.get() for _ in range(3)] == [PLAIN, PLAIN, TEMPORARY]
    assert SECRET not in repr(current)


@settings(max_examples=70, deadline=None)
@given(form=st.sampled_from(sorted(FORMS)), key=keys, parameters=parameters)
def test_unsigned_links_equal_botocores(form, key, parameters):
    client, bucket = client_for(form, UNSIGNED, None), FORMS[form][0]
    url = f"{unsigned_prefix(client, bucket)}{quote_key(key)}"
    if parameters:
        url += "?" + encode_query(query_for(parameters))
    assert url == link(client, bucket, key, parameters=parameters)


@v4_and_v2
def test_a_signing_client_has_no_unsigned_prefix(version):
    assert unsigned_prefix(client_for(version=version), "bucket") is None
