"""Listings of S3: parsed quickly, and into just what botocore's own parser gives."""

import tracemalloc
from xml.sax.saxutils import escape

import pytest
from botocore.handlers import decode_list_object_v2
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from storages.backends.s3 import S3Storage
from storages.backends.s3_listing import read_objects
from tests.s3.answers import Answer, answering

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
    "<Prefix>a%2B</Prefix><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys>"
    "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
)
PREFIXES = "<CommonPrefixes><Prefix>a%2B/%C3%BC/</Prefix></CommonPrefixes>"
TAIL = "</ListBucketResult>"
MD5 = "<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag>"
TIME = "<LastModified>2026-01-02T03:04:05.678Z</LastModified>"
REST = f"{TIME}{MD5}<Size>7</Size><StorageClass>STANDARD</StorageClass>"


def contents(key="a", rest=REST):
    return f"<Contents><Key>{key}</Key>{rest}</Contents>"


QUICK = {
    "url-encoded": contents("%C3%BC+b%2Bc%25%0A%01%0D/"),
    "entities": contents("a&amp;&lt;b&gt;&apos;&#10;&#x20ac;"),
    "unicode": contents("ü/日本/🙂"),
    "not quoted": contents(rest=REST.replace("&quot;", "")),
    "multipart": contents(rest=REST.replace("f&quot;", "f-12&quot;")),
    "no ETag": contents(rest=f"{TIME}<Size>7</Size>"),
    "empty ETag": contents(rest=f"{TIME}<ETag></ETag><Size>7</Size>"),
    "closed at once": contents(rest=f"{TIME}<ETag/><Size>7</Size><StorageClass/>"),
    "nothing but a key": contents(rest=""),
    "no fraction": contents(rest=REST.replace(".678Z", "Z")),
    "microseconds": contents(rest=REST.replace("678Z", "678901Z")),
    "nanoseconds": contents(rest=REST.replace("678Z", "678901234Z")),
    "an offset": contents(rest=REST.replace(".678Z", "+02:00")),
    "a time of HTTP": contents(
        rest=REST.replace("2026-01-02T03:04:05.678Z", "Fri, 02 Jan 2026 03:04:05 GMT")
    ),
    "seconds": contents(rest=REST.replace("2026-01-02T03:04:05.678Z", "1767323045")),
    "a checksum": contents(
        rest=f"{REST}<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        "<ChecksumType>FULL_OBJECT</ChecksumType>"
    ),
    "checksums": contents(
        rest="<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>" + REST + "<ChecksumAlgorithm>SHA256"
        "</ChecksumAlgorithm><ChecksumAlgorithm></ChecksumAlgorithm>"
    ),
    "an element of a service": contents(rest=f"{REST}<Type>Normal</Type>"),
    "indented": f"\n  {contents()}\n  ".replace("><", ">\n    <") + "\n",
    "attributes": contents().replace("<Key>", '<Key lang="&gt;">'),
    "large": contents(rest=REST.replace("7", "99999999999999")),
    "prefixes": contents() + contents("b") + PREFIXES,
    "many": "".join(contents(f"{number:04}") for number in range(1000)) + PREFIXES,
}
SLOW = {
    "none": "",
    "prefixes only": PREFIXES,
    "prefixes between": contents() + PREFIXES + contents("b"),
    "owner": contents(rest=f"{REST}<Owner><ID>1</ID><DisplayName>me</DisplayName></Owner>"),
    "owner of nothing": contents(rest=f"{REST}<Owner/>"),
    "restored": contents(
        rest=f"{REST}<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
    ),
    "a comment": f"<!-- {contents('no')} -->{contents()}",
    "a comment within": contents().replace("<Size>", "<!-- <Contents> --><Size>"),
    "CDATA": contents("<![CDATA[</Contents>&amp;]]>"),
    "an instruction": f"<?x {contents('no')} ?>{contents()}",
    "a namespace": contents()
    .replace("Contents>", "s:Contents>")
    .replace("<s:Contents>", '<s:Contents xmlns:s="urn:s">'),
}


@pytest.fixture(scope="module")
def model():
    storage = S3Storage(bucket_name="bucket", access_key="AK", secret_key="SK")
    return storage._client.meta.service_model.operation_model("ListObjectsV2")


def parsed(model, body, *, quickly):
    """What botocore makes of an answer, and whether its objects were parsed by ourselves."""
    response = {"body": body, "headers": {}, "status_code": 200}
    quick = {}
    if quickly:
        read_objects(operation_model=model, response_dict=response, customized_response_dict=quick)
    found = create_parser("rest-xml").parse(response, model.output_shape) | quick
    decode_list_object_v2(found, {"encoding_type_auto_set": True})
    return found, bool(quick)


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_the_same_as_botocore(model, name):
    body = (HEAD + (QUICK | SLOW)[name] + TAIL).encode()
    found, was_quick = parsed(model, body, quickly=True)
    assert found == parsed(model, body, quickly=False)[0]
    assert was_quick == (name in QUICK)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), min_size=1)),
    st.sampled_from(["Key", "ETag", "StorageClass", "Other"]),
)
def test_the_same_for_any_text(model, texts, tag):
    texts = [escape(text) for text in texts]
    if tag == "Key":
        objects = [contents(text) for text in texts]
    else:
        objects = [contents(rest=f"<{tag}>{text}</{tag}>") for text in texts]
    body = (HEAD + "".join(objects) + TAIL).encode()
    found, was_quick = parsed(model, body, quickly=True)
    assert found == parsed(model, body, quickly=False)[0]
    assert was_quick == bool(objects)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("<Size>7</Size>", "<Size>7</size>"),
        ("<Size>7</Size>", "<Size></Size>"),
        ("<Size>7</Size>", "<Size>much</Size>"),
        ("<Size>7</Size>", "<Size>7</Size><Size>8</Size>"),
        ("T03:04", " soon "),
        ("STANDARD", "\x01"),
        ("STANDARD", "&nothing;"),
        ("STANDARD", "&#1;"),
        ("STANDARD", "s:x</StorageClass><s:Y/><StorageClass>"),
        ("</Contents>", ""),
        (TAIL, ""),
        (TAIL, "</ListBucketResult><more/>"),
    ],
)
def test_what_is_malformed_stays_with_botocore(model, wrong, right):
    body = (HEAD + contents() + TAIL).replace(wrong, right, 1).encode()
    response = {"body": body, "headers": {}, "status_code": 200}
    quick = {}
    read_objects(operation_model=model, response_dict=response, customized_response_dict=quick)
    assert (response["body"], quick) == (body, {})


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_stays_with_botocore(model, encoding):
    response = {"body": (HEAD + contents("ü") + TAIL).encode(encoding), "status_code": 200}
    quick = {}
    read_objects(operation_model=model, response_dict=response, customized_response_dict=quick)
    assert quick == {}


def test_botocore_sees_none_of_the_objects():
    seen = []
    body = (HEAD + QUICK["many"] + TAIL).encode()
    with answering(Answer(body)) as server:
        storage = server.storage()
        # Where botocore looks for an error in the answer, by parsing it once more.
        storage._client.meta.events.register_first(
            "before-parse.s3.*", lambda response_dict, **_: seen.append(response_dict["body"])
        )
        assert [entry.key for entry in storage.scan()] == [f"{n:04}" for n in range(1000)]
    assert [len(each) < 1000 for each in seen] == [True]


def test_entries():
    with answering(Answer((HEAD + QUICK["multipart"] + contents("b/c") + TAIL).encode())) as server:
        first, second = server.storage().scan()
    assert (first.key, first.size, first.digest) == ("a", 7, None)
    assert first.etag == '"0123456789abcdef0123456789abcdef-12"'
    assert (second.key, second.digest) == ("b/c", "md5:0123456789abcdef0123456789abcdef")
    assert second.modified.isoformat() == "2026-01-02T03:04:05.678000+00:00"


@pytest.mark.parametrize(
    "broken",
    [
        Answer(b"<Error><Code>InternalError</Code><Message>why</Message></Error>"),
        Answer((HEAD + contents() * 2)[:-30].encode()),
        Answer((HEAD + contents()).encode(), lost=99),
        Answer(b"<Error><Code>SlowDown</Code><Message>why</Message></Error>", status=503),
    ],
    ids=["error with status 200", "cut", "lost", "busy"],
)
def test_a_broken_answer_is_asked_for_again(broken):
    with answering(broken, Answer((HEAD + contents("whole") + TAIL).encode())) as server:
        assert [entry.key for entry in server.storage().scan()] == ["whole"]
    assert len(server.asked) == 2


def test_errors_are_botocores():
    refused = Answer(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403)
    with (
        answering(refused) as server,
        pytest.raises(PermissionError, match="s3:ListBucket"),
    ):
        list(server.storage().scan())


def test_memory_is_that_of_the_entries():
    page = (HEAD + "".join(contents(f"media/{n:04}.txt") for n in range(1000)) + TAIL).encode()
    more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    pages = [page.replace(b"<IsTruncated>false</IsTruncated>", more)] * 9 + [page]
    with answering(*map(Answer, pages)) as server:
        storage = server.storage(location="media")
        first = next(iter(storage.scan()))  # what is imported at first is not counted
        server.answers = list(map(Answer, pages))
        tracemalloc.start()
        entries = list(storage.scan())
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(entries) == 10_000
    assert entries[0] == first
    assert kept < 700 * len(entries)
    assert peak - kept < 3_000_000
