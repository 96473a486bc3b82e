"""What the S3 servers can do, feature by feature: a declared lack must be a real one."""

import io
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from . import Rclone, S3Server

MIB = 1 << 20


@pytest.fixture
def client(s3_server):
    client = s3_server.client()
    yield client
    client.close()


def error_code(action, *args, **parameters):
    with pytest.raises(ClientError) as error:
        action(*args, **parameters)
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def fetch(url, method="GET", data=None, **headers):
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def keys_of(client, bucket, **parameters):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, **parameters)
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


def test_objects_come_back(client, s3_bucket):
    for key, body in {"a b/ü+%20#?.txt": b"odd", "empty": b"", "large": os.urandom(MIB)}.items():
        client.put_object(Bucket=s3_bucket, Key=key, Body=body, ContentType="text/x-odd")
        answer = client.get_object(Bucket=s3_bucket, Key=key)
        assert (answer["Body"].read(), answer["ContentType"]) == (body, "text/x-odd")
    assert keys_of(client, s3_bucket) == ["a b/ü+%20#?.txt", "empty", "large"]
    assert client.get_object(Bucket=s3_bucket, Key="a b/ü+%20#?.txt", Range="bytes=1-1")[
        "Body"
    ].read() == (b"d")


def test_a_bucket_is_new_and_gone_afterwards(s3_server, client):
    with s3_server.bucket() as name:
        client.put_object(Bucket=name, Key="left/behind", Body=b"x")
        client.create_multipart_upload(Bucket=name, Key="unfinished")
    assert error_code(client.head_bucket, Bucket=name) == 404


def test_a_new_bucket_has_no_unfinished_upload(s3_server, s3_bucket):
    assert s3_server.unfinished(s3_bucket) == []


def test_listings_have_pages(client, s3_bucket):
    names = [f"folder/{number:02}" for number in range(25)]
    for key in names:
        client.put_object(Bucket=s3_bucket, Key=key, Body=b"")
    first = client.list_objects_v2(Bucket=s3_bucket, MaxKeys=10)
    assert (first["KeyCount"], first["IsTruncated"]) == (10, True)
    assert keys_of(client, s3_bucket, PaginationConfig={"PageSize": 10}) == names


def test_multipart_upload(s3_server, client, s3_bucket):
    body = os.urandom(11 * MIB)
    client.upload_fileobj(io.BytesIO(body), s3_bucket, "large")
    assert client.get_object(Bucket=s3_bucket, Key="large")["Body"].read() == body
    upload = client.create_multipart_upload(Bucket=s3_bucket, Key="aborted")["UploadId"]
    assert s3_server.unfinished(s3_bucket) == ["aborted"]
    client.abort_multipart_upload(Bucket=s3_bucket, Key="aborted", UploadId=upload)
    assert s3_server.unfinished(s3_bucket) == []


@pytest.mark.needs("part-size-minimum")
def test_a_small_part_is_refused(client, s3_bucket):
    target = {"Bucket": s3_bucket, "Key": "small-parts"}
    target["UploadId"] = client.create_multipart_upload(**target)["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": client.upload_part(**target, PartNumber=n, Body=b"x")["ETag"]}
        for n in (1, 2)
    ]
    status = error_code(
        client.complete_multipart_upload, **target, MultipartUpload={"Parts": parts}
    )
    assert status == 400


@pytest.mark.needs("preconditions")
def test_put_if_none_match(client, s3_bucket):
    target = {"Bucket": s3_bucket, "Key": "once", "IfNoneMatch": "*"}
    client.put_object(**target, Body=b"first")
    assert error_code(client.put_object, **target, Body=b"second") == 412
    assert client.get_object(Bucket=s3_bucket, Key="once")["Body"].read() == b"first"


@pytest.mark.needs("preconditions")
def test_one_of_many_exclusive_puts_wins(client, s3_bucket):
    def put(number):
        key, body = f"race-{number // 8}", str(number).encode()
        try:
            client.put_object(Bucket=s3_bucket, Key=key, Body=body, IfNoneMatch="*")
        except client.exceptions.ClientError:
            return None
        return key, body

    with ThreadPoolExecutor(8) as pool:
        winners = [winner for winner in pool.map(put, range(40)) if winner]
    assert [key for key, _ in winners] == [f"race-{number}" for number in range(5)]
    for key, body in winners:
        assert client.get_object(Bucket=s3_bucket, Key=key)["Body"].read() == body


@pytest.mark.needs("preconditions")
def test_get_if_match(client, s3_bucket):
    old = client.put_object(Bucket=s3_bucket, Key="key", Body=b"old")["ETag"]
    client.put_object(Bucket=s3_bucket, Key="key", Body=b"new")
    assert error_code(client.get_object, Bucket=s3_bucket, Key="key", IfMatch=old) == 412


@pytest.mark.needs("metadata")
def test_metadata_is_kept(client, s3_bucket):
    client.put_object(Bucket=s3_bucket, Key="key", Body=b"", Metadata={"owner": "me"})
    assert client.head_object(Bucket=s3_bucket, Key="key")["Metadata"]["owner"] == "me"


@pytest.mark.needs("acl")
def test_acls_are_kept(client, s3_bucket):
    client.put_object(Bucket=s3_bucket, Key="key", Body=b"", ACL="public-read")
    grants = client.get_object_acl(Bucket=s3_bucket, Key="key")["Grants"]
    assert "READ" in [each["Permission"] for each in grants if "URI" in each["Grantee"]]


@pytest.mark.needs("key-and-prefix")
def test_a_key_may_be_the_prefix_of_others(client, s3_bucket):
    for key in ("a", "a/b"):
        client.put_object(Bucket=s3_bucket, Key=key, Body=key.encode())
    assert keys_of(client, s3_bucket) == ["a", "a/b"]
    assert client.get_object(Bucket=s3_bucket, Key="a")["Body"].read() == b"a"


@pytest.mark.needs("range-checksums")
def test_a_range_has_no_checksum_of_the_whole(s3_server, s3_bucket):
    client = s3_server.client(response_checksum_validation="when_supported")
    client.put_object(Bucket=s3_bucket, Key="key", Body=b"0123456789")
    answer = client.get_object(Bucket=s3_bucket, Key="key", Range="bytes=2-5")
    assert answer["Body"].read() == b"2345"
    client.close()


@pytest.mark.needs("upload-checksums")
def test_a_wrong_checksum_is_refused(client, s3_bucket):
    wrong = {"ChecksumCRC32": "AAAAAA=="}
    assert error_code(client.put_object, Bucket=s3_bucket, Key="key", Body=b"x", **wrong) == 400


def presigned(client, bucket, **parameters):
    target = {"Bucket": bucket, "Key": "a b.txt"}
    client.put_object(**target, Body=b"signed")
    return client.generate_presigned_url("get_object", target, **parameters)


def test_a_presigned_url_is_served(client, s3_bucket):
    assert fetch(presigned(client, s3_bucket)) == (200, b"signed")


@pytest.mark.needs("signatures")
def test_a_wrong_signature_is_refused(client, s3_bucket):
    url = presigned(client, s3_bucket)
    assert fetch(url[:-4] + ("0000" if url[-4:] != "0000" else "1111"))[0] == 403


@pytest.mark.needs("expiry")
def test_an_expired_url_is_refused(client, s3_bucket):
    url = presigned(client, s3_bucket, ExpiresIn=1)
    time.sleep(2.1)
    assert fetch(url)[0] in (400, 403)


@pytest.mark.needs("presigned-post")
def test_a_presigned_post_is_taken(client, s3_bucket):
    form = client.generate_presigned_post(s3_bucket, "posted")
    boundary = "frontier"
    fields = [*form["fields"].items(), ("file", "posted body")]
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert fetch(form["url"], "POST", body, **kind)[0] in (200, 201, 204)
    assert client.get_object(Bucket=s3_bucket, Key="posted")["Body"].read() == b"posted body"


@pytest.mark.needs("keep-alive")
def test_connections_are_reused(s3_server, s3_bucket, fault_proxy):
    proxy = fault_proxy(s3_server)
    client = s3_server.client(via=proxy)
    for number in range(5):
        client.put_object(Bucket=s3_bucket, Key=str(number), Body=b"x" * 10_000)
        client.get_object(Bucket=s3_bucket, Key=str(number))["Body"].read()
    assert error_code(client.head_object, Bucket=s3_bucket, Key="missing") == 404
    client.close()
    assert (proxy.connections, len(proxy.requests)) == (1, 11)


def test_the_lacks_are_known_features():
    from . import SERVERS

    known = {
        mark.args[0]
        for test in globals().values()
        for mark in getattr(test, "pytestmark", ())
        if mark.name == "needs"
    }
    servers = [server for server in SERVERS.values() if issubclass(server, S3Server)]
    assert all(server.lacks <= known for server in servers)
    assert Rclone.lacks >= {"preconditions", "metadata", "acl", "key-and-prefix"}
