"""What `storages.doctor` tells of S3 when something is wrong: its real answers, and the cures."""

import pytest
from botocore.config import Config

from storages.backends.s3 import S3Storage
from storages.doctor import FAILED, OK, SKIPPED, WARNING
from tests.doctor.examining import SECRET, examined, statuses, stopped
from tests.servers.front import Front

DENIED = (
    "User: arn:aws:iam::111122223333:user/site is not authorized to perform: {} on resource: "
    '"arn:aws:s3:::bucket/key" because no identity-based policy allows the {} action'
)


@pytest.fixture
def front(moto):
    with Front(moto) as front:
        yield front


@pytest.fixture
def make(moto, moto_bucket, front):
    def make(**options):
        given = moto.options(moto_bucket, via=front, secret_key=SECRET, location="media")
        return S3Storage(**(given | options))

    return make


@pytest.fixture
def left(moto, moto_bucket):
    """What is stored, and what was begun."""

    def left():
        client = moto.client()
        found = client.list_objects_v2(Bucket=moto_bucket).get("Contents", ())
        client.close()
        return [each["Key"] for each in found] + moto.unfinished(moto_bucket)

    return left


# -- permissions


def test_reading_what_is_not_there_needs_listing(front, make, moto_bucket, left):
    front.refuse(r"GET .*/media/\.storehouse", 403, "AccessDenied", "Access Denied")
    steps = examined(make())
    assert statuses(steps, "connect", "read", "fetch") == [FAILED] * 3
    assert f"s3:ListBucket on arn:aws:s3:::{moto_bucket} " in steps["connect"].cure
    assert f"s3:GetObject on arn:aws:s3:::{moto_bucket}/media/*" in steps["read"].cure
    assert f"s3:GetObject on arn:aws:s3:::{moto_bucket}/media/*" in steps["fetch"].cure
    assert statuses(steps, "write", "list", "copy", "delete") == [OK] * 4
    assert left() == []


@pytest.mark.parametrize(
    ("pattern", "step", "action"),
    [
        (r"PUT .*[a-f0-9]\.txt", "write", "s3:PutObject"),
        (r"HEAD .*[a-f0-9]\.txt", "stat", "s3:GetObject"),
        (r"PUT .*-copy\.txt", "copy", "s3:PutObject"),
        (r"POST .*\?uploads", "parts", "s3:PutObject"),
        (r"DELETE .*uploadId", "abort", "s3:AbortMultipartUpload"),
    ],
)
def test_a_permission_on_objects(front, make, moto_bucket, left, pattern, step, action):
    front.refuse(pattern, 403, "AccessDenied", "Access Denied")
    steps = examined(make(), large=step in ("parts", "abort"))
    assert steps[step].status == FAILED
    assert action in steps[step].cure
    assert f"arn:aws:s3:::{moto_bucket}/media/*" in steps[step].cure
    assert steps["connect"].status == steps["list"].status == OK
    assert not [key for key in left() if not key.endswith("large.bin")]


def test_an_upload_that_cannot_be_given_up(front, make, left):
    front.refuse(r"DELETE .*uploadId", 403, "AccessDenied", "Access Denied")
    steps = examined(make(), large=True)
    assert "AbortIncompleteMultipartUpload" in steps["abort"].cure
    (key,) = left()
    assert key.endswith("-large.bin")


def test_listing_is_a_permission_on_the_bucket(front, make, moto_bucket, left):
    front.refuse(r"GET /[^/]*\?list-type", 403, "AccessDenied", "Access Denied")
    step = examined(make())["list"]
    assert step.status == FAILED
    assert f"s3:ListBucket on arn:aws:s3:::{moto_bucket} (the bucket itself" in step.cure
    assert left() == []


def test_what_cannot_be_deleted_is_left_and_told(front, make, moto_bucket, left):
    front.refuse("DELETE ", 403, "AccessDenied", "Access Denied")
    step = examined(make())["delete"]
    assert step.status == FAILED
    assert f"s3:DeleteObject on arn:aws:s3:::{moto_bucket}/media/*" in step.cure
    found = left()
    assert len(found) == 2
    for key in found:
        assert repr(key.removeprefix("media/")) in step.detail


@pytest.mark.parametrize("action", ["s3:PutObjectTagging", "kms:GenerateDataKey"])
def test_the_action_that_amazon_names(front, make, left, action):
    front.refuse(r"PUT ", 403, "AccessDenied", DENIED.format(action, action))
    step = examined(make())["write"]
    assert step.status == FAILED
    assert f"Allow {action} on" in step.cure
    assert ("KMS key" in step.cure) == action.startswith("kms:")
    assert left() == []


def test_a_disabled_key(front, make):
    front.refuse("PUT ", 400, "KMS.DisabledException", "arn:aws:kms:… is disabled.")
    step = examined(make())["write"]
    assert "KMS.DisabledException" in step.cure
    assert "kms:GenerateDataKey" in step.cure


def test_a_public_acl_that_is_refused(front, make):
    front.refuse("PUT ", 403, "AccessDenied", "Access Denied")
    cure = examined(make(default_acl="public-read"))["write"].cure
    assert "s3:PutObjectAcl" in cure
    assert "Block Public Access" in cure


def test_a_bucket_without_acls(front, make, left):
    front.refuse(
        "PUT ",
        400,
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs",
        having="x-amz-acl",
    )
    steps = examined(make(default_acl="public-read"))
    assert steps["write"].status == FAILED
    assert "default_acl=None" in steps["write"].cure
    assert statuses(steps, "connect", "list", "read") == [OK, OK, SKIPPED]
    assert left() == []
    assert examined(make())["write"].status == OK


# -- what stops everything


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (403, "InvalidAccessKeyId", "access_key and secret_key"),
        (403, "SignatureDoesNotMatch", "access_key and secret_key"),
        (400, "ExpiredToken", "security_token"),
        (403, "RequestTimeTooSkewed", "clock"),
        (404, "NoSuchBucket", "bucket_name"),
    ],
)
def test_nothing_works_before(front, make, left, status, code, cure):
    front.refuse(".", status, code, "It is as the code says.")
    stopped(examined(make()), cure)
    assert len(front.calls) == 1  # nobody is locked out by many attempts
    assert left() == []


def test_a_bucket_that_is_not_there(moto, front):
    storage = S3Storage(**moto.options("no-such-bucket", via=front))
    step = examined(storage)["connect"]
    assert "'no-such-bucket' does not exist" in step.detail
    assert "Create the bucket" in step.cure


@pytest.mark.parametrize("code", ["AuthorizationHeaderMalformed", "PermanentRedirect"])
def test_another_region(front, make, left, code):
    headers, fields = {}, {"Region": "eu-central-1"}
    if code == "PermanentRedirect":
        headers, fields = {"x-amz-bucket-region": "eu-central-1"}, {"Endpoint": "b.example.com"}
    status = 301 if code == "PermanentRedirect" else 400
    front.refuse(".", status, code, "The region is wrong.", headers=headers, **fields)
    step = examined(make())["connect"]
    assert step.status == FAILED
    assert "region_name='eu-central-1', which is 'us-east-1' now" in step.cure
    assert left() == []


def test_another_region_of_links(front, make, left):
    front.refuse(
        "X-Amz-Signature",
        400,
        "AuthorizationQueryParametersError",
        "the region 'us-east-1' is wrong; expecting 'eu-central-1'",
        Region="eu-central-1",
    )
    steps = examined(make())
    assert steps["fetch"].status == FAILED
    assert "region_name='eu-central-1'" in steps["fetch"].cure
    assert statuses(steps, "copy", "delete") == [OK, OK]
    assert left() == []


def test_an_unreachable_port(make, fault_proxy, moto):
    proxy = fault_proxy(moto)
    proxy.refuse()
    storage = make(endpoint_url=proxy.url, client_config=Config(retries={"max_attempts": 0}))
    step = examined(storage)["connect"]
    assert step.status == FAILED
    assert "Nothing listens there" in step.cure


# -- what compatible services do not know


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (501, "NotImplemented", "A header you provided implies functionality that is not here"),
        (400, "InvalidArgument", "Unsupported header 'x-amz-sdk-checksum-algorithm' received"),
        (411, "MissingContentLength", "You must provide the Content-Length HTTP header."),
        (400, "XAmzContentSHA256Mismatch", "The provided header does not match the content"),
    ],
)
def test_checksums(front, make, left, status, code, message):
    front.refuse("PUT ", status, code, message, having="x-amz-checksum-crc32")
    eager = Config(request_checksum_calculation="when_supported", retries={"max_attempts": 0})
    step = examined(make(client_config=eager))["write"]
    assert step.status == FAILED
    assert 'request_checksum_calculation="when_required"' in step.cure
    assert examined(make())["write"].status == OK  # as it is by default with an endpoint_url
    assert left() == []


def test_conditions_that_are_ignored(front, make, left):
    front.without = ("if-none-match",)
    step = examined(make(file_overwrite=False))["condition"]
    assert step.status == WARNING
    assert "file_overwrite=False" in step.cure
    assert left() == []


def test_conditions_that_are_not_implemented(front, make, left):
    front.refuse("PUT ", 501, "NotImplemented", "Conditions are not.", having="if-none-match")
    steps = examined(make(client_config=Config(retries={"max_attempts": 0})))
    assert steps["condition"].status == WARNING
    assert left() == []


# -- clocks


@pytest.mark.parametrize(("skew", "told"), [(3600, "3600 s ahead"), (-7200, "7200 s behind")])
def test_another_time(front, make, left, skew, told):
    front.skew = skew
    step = examined(make())["clock"]
    assert step.status == WARNING
    seconds, side = told.split(" s ")
    assert abs(int(step.detail.split()[-3]) - int(seconds)) < 60
    assert step.detail.endswith(side)
    assert "NTP" in step.cure
    assert left() == []


# -- links


def test_a_private_link_that_is_not_signed(front, make, left):
    front.refuse("GET ", 403, "AccessDenied", "Access Denied", lacking="authorization")
    steps = examined(make(querystring_auth=False))
    assert steps["sign"].detail.endswith("not signed")
    assert steps["fetch"].status == FAILED
    assert "querystring_auth=True" in steps["fetch"].cure
    assert left() == []


def test_a_domain_that_is_not_there(make, fault_proxy, moto, left):
    proxy = fault_proxy(moto)
    proxy.refuse()
    host = f"127.0.0.1:{proxy.port}"
    steps = examined(make(custom_domain=host, url_protocol="http:", querystring_auth=False))
    assert steps["fetch"].status == FAILED
    assert steps["fetch"].detail.startswith(f"{host} was not reached")
    assert statuses(steps, "copy", "delete") == [OK, OK]
    assert left() == []


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (404, "bucket, directory and location"),
        (403, "cloudfront_key_id"),
        (200, "Somebody else answers"),
    ],
)
def test_a_domain_of_somebody_else(moto, make, left, status, cure):
    with Front(moto) as other:
        other.answer(".", status, b"<html>Welcome</html>")
        host = f"127.0.0.1:{other.port}"
        step = examined(make(custom_domain=host, url_protocol="http:", querystring_auth=False))[
            "fetch"
        ]
    assert step.status == FAILED
    assert cure in step.cure
    assert left() == []
