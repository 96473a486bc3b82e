"""Signed links of Amazon CloudFront: botocore's own signer, with a key that is loaded once.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from botocore.signers import CloudFrontSigner

RsaSigner = Callable[[bytes], bytes]


class _Pem(bytes):
    """A private key that a traceback with local variables does not show."""

    def __repr__(self) -> str:
        return "<private key>"


def cloudfront_signer(key_id: str, key: str | bytes) -> CloudFrontSigner:
    """A signer with `generate_presigned_url(url, date_less_than=…)`; naive dates are local time.

    `key` is an RSA private key as PEM. Raises ImproperlyConfigured if it isn't, and if neither
    `cryptography` nor `rsa` is installed.
    """
    key = _Pem(key.encode() if isinstance(key, str) else key)
    sign = _rsa_signer(key)
    from botocore.signers import CloudFrontSigner

    return CloudFrontSigner(key_id, sign)


@lru_cache(maxsize=16)
def _rsa_signer(pem: _Pem) -> RsaSigner:
    try:
        return _with_cryptography(pem)
    except ModuleNotFoundError:
        pass
    try:
        return _with_rsa(pem)
    except ModuleNotFoundError:
        raise ImproperlyConfigured(
            "Signed CloudFront links need RSA: run `pip install cryptography`."
        ) from None


def _with_cryptography(pem: bytes) -> RsaSigner:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise _unusable(pem) from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable(pem, "it is of another kind than RSA")
    padding, digest = PKCS1v15(), SHA1()  # the only digest that CloudFront takes
    return lambda message: key.sign(message, padding, digest)


def _with_rsa(pem: bytes) -> RsaSigner:
    import rsa

    if b"-----BEGIN PRIVATE KEY-----" in pem:
        raise _unusable(pem, "`pip install cryptography`, for rsa cannot read PKCS #8")
    try:
        key = rsa.PrivateKey.load_pkcs1(pem)
    except Exception:  # noqa: BLE001 - its ASN.1 parser raises anything, with the key's bytes in it
        raise _unusable(pem) from None
    return lambda message: rsa.sign(message, key, "SHA-1")


def _unusable(pem: bytes, hint: str = "") -> ImproperlyConfigured:
    """The error for a key that cannot be loaded; it says what is seen of its form, no more."""
    if b"\\n" in pem:
        hint = r"it has the two characters \n where line breaks belong"
    elif b"ENCRYPTED" in pem:
        hint = "it is encrypted, and there is no option for its passphrase"
    elif not hint:
        hint = "it should begin with -----BEGIN RSA PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----"
    return ImproperlyConfigured(f"AWS_CLOUDFRONT_KEY is not usable as an RSA key in PEM: {hint}.")
