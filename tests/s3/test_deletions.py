"""Deleting many objects of S3: what is sent, what goes, and what is said of what stays."""

from xml.etree import ElementTree

import boto3
import pytest
from django.core.files.base import ContentFile

from storages.backends.s3 import S3Storage
from tests.looking import files
from tests.s3.answers import Answer, answering

ODD = ["a&b<c>d\"e'f.txt", "line\nend\r.txt", "tab\t.txt", "ü/日本/🙂", "a+b%20c", " ", "]]>"]
CONTROLS = ["bell\x07.txt", "\x01", "e\x1b/\x1f", "no\uffffcharacter"]
DONE = Answer(b"<DeleteResult></DeleteResult>")


def refused(*keys):
    errors = [
        f"<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
        for key in keys
    ]
    return Answer(f"<DeleteResult>{''.join(errors)}</DeleteResult>".encode())


def delete_by_boto3(server, wanted):
    keys = {"aws_access_key_id": "AK", "aws_secret_access_key": "SK"}
    client = boto3.client("s3", endpoint_url=server.url, region_name="us-east-1", **keys)
    client.delete_objects(Bucket="bucket", Delete=wanted)
    client.close()


@pytest.mark.parametrize("keys", [ODD, ["a"], [f"{number}/ü&" for number in range(1000)]])
def test_the_body_is_that_of_botocore(keys):
    with answering(DONE) as server:
        server.storage()._delete_many(keys)
        delete_by_boto3(server, {"Objects": [{"Key": key} for key in keys], "Quiet": True})
    ours, theirs = server.asked
    assert ours.body == theirs.body
    found = ElementTree.fromstring(ours.body).iter("{http://s3.amazonaws.com/doc/2006-03-01/}Key")
    assert [each.text for each in found] == keys


@pytest.mark.parametrize(
    "wanted",
    [
        {"Objects": [{"Key": "a", "VersionId": "1"}, {"Key": "b"}], "Quiet": True},
        {"Objects": [{"Key": "a"}, {"Key": "b"}]},
        {"Objects": [{"Key": "a"}], "Quiet": False},
        {"Objects": [{"Key": "no xml: \x01\0\ud800"}], "Quiet": True},
        {"Objects": ({"Key": "a"}, {"Key": "b"}), "Quiet": True},
    ],
)
def test_deletions_by_the_project_itself(wanted):
    with answering(DONE) as server:
        given = repr(wanted)
        server.storage().client.delete_objects(Bucket="bucket", Delete=wanted)
        assert repr(wanted) == given
        delete_by_boto3(server, wanted)
    assert server.asked[0].body == server.asked[1].body


@pytest.mark.parametrize("wanted", [None, {}, {"Quiet": True}, {"Objects": [{}], "Quiet": True}])
def test_mistakes_of_the_project_are_told_by_botocore(wanted):
    client = S3Storage(bucket_name="bucket", access_key="AK", secret_key="SK").client
    with pytest.raises(Exception, match="Parameter validation failed"):
        client.delete_objects(Bucket="bucket", Delete=wanted)


def test_handlers_of_the_project_see_the_keys():
    seen = []
    with answering(DONE) as server:
        storage = server.storage()
        for event in ("provide-client-params", "before-parameter-build"):
            storage.client.meta.events.register(
                f"{event}.s3.DeleteObjects",
                lambda params, **_: seen.append(params["Delete"]["Objects"][:]),
            )
        storage.delete_many(["a", "b"])
    assert seen == [[{"Key": "a"}, {"Key": "b"}]] * 2


@pytest.fixture
def storage(s3_server, s3_bucket):
    return S3Storage(**s3_server.options(s3_bucket))


def test_odd_names(moto, moto_bucket):
    storage = S3Storage(**moto.options(moto_bucket))
    odd = [key for key in ODD if "\n" not in key]  # which moto takes for another address
    for key in [*odd, *CONTROLS, "keep"]:
        moto._own_client.put_object(Bucket=moto_bucket, Key=key, Body=b"")
    storage._delete_many([*odd, *CONTROLS, "never there", "never\x01there"])
    assert files(storage) == ["keep"]


def test_all_servers(storage):
    names = [f"{number}.txt" for number in range(5)]
    for name in [*names, "keep"]:
        storage.save(name, ContentFile(b""))
    storage.delete_many([*names, *names, "none.txt"])
    assert files(storage) == ["keep"]
    storage.delete_many([])


def test_every_refusal_counts():
    batch = [f"{number}" for number in range(1000)]
    with answering(refused("1", "2"), DONE, refused("3")) as server:
        storage = server.storage()
        with pytest.raises(PermissionError, match=r"3 objects could not be deleted.* no$"):
            storage.delete_many(batch * 3)
    assert len(server.asked) == 3


def test_a_batch_that_fails_does_not_stop_the_others():
    broken = Answer(b"<Error><Code>AccessDenied</Code></Error>", status=403)
    with answering(broken, DONE) as server:
        storage = server.storage()
        with pytest.raises(PermissionError, match="s3:DeleteObject"):
            storage.delete_many([f"{number}" for number in range(3000)])
    assert len(server.asked) == 3
