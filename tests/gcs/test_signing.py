"""Our signatures of links to Google Cloud Storage are those of Google's SDK, byte for byte."""

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials, Signing
from google.cloud.storage._signing import generate_signed_url_v4
from hypothesis import given
from hypothesis import strategies as st

from storages.signers.gcs import (
    LONGEST,
    Bearer,
    IamSigner,
    KeySigner,
    Target,
    Tokens,
    encode_query,
    quote_key,
    seconds_left,
    sign_url,
)
from tests.servers import Gcs

NOW = 1_772_323_200.75  # 2026-03-01T00:00:00Z, and a little
DATE = "20260301T000000Z"

KEYS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)
NAMES = st.text("abcXYZ-_ ", min_size=1, max_size=8).filter(lambda name: name.strip())
VALUES = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=20)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=3)
QUERIES = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable()),
    st.one_of(st.none(), st.integers(), st.text(max_size=8).filter(str.isprintable)),
    max_size=3,
)
METHODS = st.sampled_from(["GET", "PUT", "delete", "HEAD", "RESUMABLE", "resumable"])
ENDPOINTS = st.sampled_from(
    ["https://storage.googleapis.com", "http://127.0.0.1:8080", "https://bücket.example.com"]
)


class Told(AnonymousCredentials, Signing):
    """Signs by telling what it was to sign."""

    signer_email = "a+b@c.test"
    signer = None

    def sign_bytes(self, message: bytes) -> bytes:
        return message


@given(
    key=KEYS,
    method=METHODS,
    headers=HEADERS,
    query=QUERIES,
    endpoint=ENDPOINTS.filter(str.isascii),
    prefix=st.sampled_from(["/", "/bucket/"]),
    seconds=st.integers(1, LONGEST),
    host=st.booleans(),
    payload=st.booleans(),
)
def test_equal_to_the_sdk(
    key: str,
    method: str,
    headers: dict[str, str],
    query: dict[str, Any],
    endpoint: str,
    prefix: str,
    seconds: int,
    host: bool,
    payload: bool,
) -> None:
    headers |= {"HOST": "other.example.com"} if host else {}
    headers |= {"X-Goog-Content-SHA256": "00"} if payload else {}
    target = Target(endpoint, prefix)
    ours = sign_url(
        KeySigner(Told()),
        target,
        key,
        seconds,
        method=method,
        headers=headers,
        query=query,
        now=NOW,
    )
    theirs = generate_signed_url_v4(
        Told(),
        resource=f"{prefix}{quote_key(key)}",
        expiration=seconds,
        api_access_endpoint=endpoint,
        method=method.upper(),
        headers=dict(headers),
        query_parameters=dict(query),
        _request_timestamp=DATE,
    )
    assert ours == theirs


@given(KEYS)
def test_keys_are_quoted_as_the_sdk_does(key: str) -> None:
    from google.cloud.storage.blob import _quote

    assert quote_key(key) == _quote(key, safe=b"/~")
    assert Target("https://h", "/b/").url(key) == f"https://h/b/{quote_key(key)}"


def test_with_a_real_key(gcs: Gcs) -> None:
    signer = KeySigner(gcs.credentials)
    ours = sign_url(signer, Target("https://h.test"), "a b.txt", 60, now=NOW)
    theirs = generate_signed_url_v4(
        gcs.credentials, "/a%20b.txt", 60, "https://h.test", _request_timestamp=DATE
    )
    assert ours == theirs
    assert repr(signer) == f"<KeySigner {signer.email}>"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (60, 60),
        (-5, -5),
        (timedelta(days=7), LONGEST),
        (timedelta(seconds=1.9), 1),
        (datetime(2026, 3, 1, 0, 1, tzinfo=UTC), 59),
        (datetime(2026, 3, 1, 0, 1), 59),  # naive: UTC, as the SDK has it
    ],
)
def test_seconds_left(given: Any, seconds: int) -> None:
    assert seconds_left(given, NOW) == seconds


@pytest.mark.parametrize("given", ["60", 1.5, True, None])
def test_no_expiration(given: Any) -> None:
    with pytest.raises(TypeError, match="timedelta, a datetime or whole seconds"):
        seconds_left(given)


@pytest.mark.parametrize(
    "given", [LONGEST + 1, timedelta(days=8), datetime(2026, 3, 9, tzinfo=UTC)]
)
def test_too_long(given: Any) -> None:
    with pytest.raises(ValueError, match="more than 7 days"):
        seconds_left(given, NOW)


def test_queries_are_sorted_as_they_are_written() -> None:
    assert encode_query({"b": " ", "a~": b"\xff", "a": 1}) == "a=1&a~=%FF&b=%20"


# -- tokens


class Renewed:
    """Credentials that count how often they are renewed."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.valid = False
        self.count = 0
        self.slow = threading.Event()

    def refresh(self) -> None:
        self.slow.wait(0.05)
        self.count += 1
        self.token, self.valid = f"token-{self.count}", True


def test_one_thread_renews_for_all() -> None:
    credentials = Renewed()
    tokens = Tokens(credentials, lambda each: each.refresh())
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(tokens.current())) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == ["token-1"] * 16
    tokens.renew("token-0")  # which another thread has renewed already
    assert tokens.current() == "token-1"
    tokens.renew("token-1")
    assert tokens.current() == "token-2"
    credentials.valid = False
    assert tokens.current() == "token-3"


class Asked:
    def __init__(self) -> None:
        self.headers: dict[str, str] = {}


def test_a_token_that_was_taken_back_is_renewed_once() -> None:
    tokens = Tokens(Renewed(), lambda each: each.refresh())
    asked = []

    def ask(url: str, email: str, body: str, bearer: Bearer, *, last: bool) -> Any:
        token = bearer(Asked()).headers["Authorization"]
        asked.append((url, json.loads(body), token, last))
        return {"signedBlob": base64.b64encode(b"signature").decode()} if last else None

    signer = IamSigner(tokens, "a+b@c.test", "https://iam.test/", ask)
    assert signer.sign(b"message") == b"signature"
    url = "https://iam.test/v1/projects/-/serviceAccounts/a%2Bb@c.test:signBlob"
    body = {"payload": base64.b64encode(b"message").decode()}
    assert asked == [(url, body, "Bearer token-1", False), (url, body, "Bearer token-2", True)]
    assert repr(signer) == "<IamSigner a+b@c.test>"
