"""Links of CloudFront: canned policies, with either RSA library, and keys that do not work."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
import rsa
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st

from storages.signers import cloudfront
from storages.signers.cloudfront import cloudfront_signer

UNTIL = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://d111111abcdef8.cloudfront.net/media/a%20b.jpg"


@cache
def private_key():
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem(form=PrivateFormat.TraditionalOpenSSL, encryption=None, key=None):
    key = key or private_key()
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def expected(url, until, key_id="K2JCJMDEHXQW5F"):
    """What botocore makes of `url` with a signer as its documentation has it."""
    key = rsa.PrivateKey.load_pkcs1(pem())
    signer = CloudFrontSigner(key_id, lambda message: rsa.sign(message, key, "SHA-1"))
    return signer.generate_presigned_url(url, date_less_than=until)


@pytest.fixture(params=["cryptography", "rsa"])
def library(request, monkeypatch):
    """The one RSA library that is installed."""
    hide(monkeypatch, {"cryptography": "rsa", "rsa": "cryptography"}[request.param])
    yield request.param
    cloudfront._rsa_signer.cache_clear()


def hide(monkeypatch, *packages):
    cloudfront._rsa_signer.cache_clear()
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            monkeypatch.setitem(sys.modules, name, None)
    for name in packages:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("key_type", [bytes, str])
def test_links_equal_botocores(library, key_type):
    key = pem() if key_type is bytes else pem().decode()
    signer = cloudfront_signer("K2JCJMDEHXQW5F", key)
    for url in (URL, URL + "?response-content-type=text%2Fplain"):
        assert signer.generate_presigned_url(url, date_less_than=UNTIL) == expected(url, UNTIL)


@settings(max_examples=15, deadline=None)
@given(
    path=st.text(st.characters(codec="utf-8"), max_size=20),
    after=st.timedeltas(timedelta(0), timedelta(days=3650)),
)
def test_any_url_and_date(path, after):
    url, until = f"https://cdn.example.com/{path}", UNTIL + after
    signer = cloudfront_signer("K2JCJMDEHXQW5F", pem())
    assert signer.generate_presigned_url(url, date_less_than=until) == expected(url, until)


def test_the_signature_is_of_the_canned_policy():
    url = cloudfront_signer("KEYID", pem()).generate_presigned_url(URL, date_less_than=UNTIL)
    base, _, query = url.partition("?")
    values = dict(pair.split("=", 1) for pair in query.split("&"))
    moment = int(UNTIL.timestamp())
    condition = {"DateLessThan": {"AWS:EpochTime": moment}}
    policy = json.dumps(
        {"Statement": [{"Resource": URL, "Condition": condition}]}, separators=(",", ":")
    )
    signature = base64.b64decode(values.pop("Signature").translate(str.maketrans("-_~", "+=/")))
    private_key().public_key().verify(signature, policy.encode(), PKCS1v15(), SHA1())
    assert base == URL
    assert values == {"Expires": str(moment), "Key-Pair-Id": "KEYID"}


def test_a_pkcs8_key_signs_alike():
    signer = cloudfront_signer("K2JCJMDEHXQW5F", pem(PrivateFormat.PKCS8))
    assert signer.generate_presigned_url(URL, date_less_than=UNTIL) == expected(URL, UNTIL)


def test_a_pkcs8_key_without_cryptography_names_it(monkeypatch):
    hide(monkeypatch, "cryptography")
    with pytest.raises(ImproperlyConfigured, match="pip install cryptography"):
        cloudfront_signer("KEYID", pem(PrivateFormat.PKCS8))


def test_without_a_library_the_error_names_one(monkeypatch):
    hide(monkeypatch, "cryptography", "rsa")
    with pytest.raises(ImproperlyConfigured, match="pip install cryptography"):
        cloudfront_signer("KEYID", pem())


def test_a_key_is_loaded_once():
    cloudfront._rsa_signer.cache_clear()
    signers = [cloudfront_signer(key_id, pem()) for key_id in ("ONE", "TWO", "ONE")]
    assert [signer.key_id for signer in signers] == ["ONE", "TWO", "ONE"]
    assert len({id(signer.rsa_signer) for signer in signers}) == 1
    assert cloudfront._rsa_signer.cache_info().misses == 1


def test_importing_it_loads_no_sdk():
    code = "import sys, storages.signers.cloudfront; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"boto3", "botocore", "cryptography", "rsa"} & set(done.stdout.split())


BROKEN = {
    "empty": lambda: "",
    "no PEM": lambda: "c2VjcmV0LWtleS1tYXRlcmlhbA==",
    "cut": lambda: pem()[:900],
    "escaped": lambda: pem().decode().replace("\n", "\\n"),
    "damaged": lambda: pem().replace(b"\nM", b"\nX", 1),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_key_is_named_and_not_shown(library, broken):
    key = BROKEN[broken]()
    check_error(key, r"two characters \\n" if broken == "escaped" else "should begin with")


def test_an_encrypted_key_is_named_and_not_shown():
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        check_error(pem(form, BestAvailableEncryption(b"passphrase")), "encrypted")


def test_a_key_that_is_no_rsa_key_is_named_and_not_shown():
    check_error(pem(PrivateFormat.PKCS8, key=generate_ec(SECP256R1())), "another kind than RSA")


def check_error(key, hint):
    with pytest.raises(ImproperlyConfigured, match=f"AWS_CLOUDFRONT_KEY.*{hint}") as caught:
        cloudfront_signer("KEYID", key)
    text = key.decode() if isinstance(key, bytes) else key
    assert not leaked(caught.value, text)


def leaked(error, key):
    """The lines of a traceback with local variables, inside our module, that hold key material."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert shown.__suppress_context__ or shown.__context__ is None
    values = [str(error)]
    for frame in shown.stack:
        if frame.filename == cloudfront.__file__:
            values += (frame.locals or {}).values()
    lines = [line for line in key.replace("\\n", "\n").split("\n") if "-----" not in line]
    return [line for line in lines if len(line) > 20 and any(line in value for value in values)]
