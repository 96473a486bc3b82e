"""Own presigners, several tens of times as fast as the SDK's and equal to them in every byte.

botocore names the endpoint of a bucket once, by a probe; a client that is unusual in any way
stays with botocore.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from .sigv2 import SigV2Presigner
from .sigv4 import (
    PARAMETERS,
    Credentials,
    SigV4Presigner,
    encode_query,
    query_for,
    quote_key,
)
from .sigv4_headers import SigV4Signer

__all__ = [
    "PARAMETERS",
    "Credentials",
    "CurrentCredentials",
    "Presigner",
    "SigV2Presigner",
    "SigV4Presigner",
    "SigV4Signer",
    "credentials_of",
    "encode_query",
    "has_usual_events",
    "is_usual_bucket",
    "probe",
    "query_for",
    "quote_key",
    "unsigned_prefix",
]

Presigner = SigV4Presigner | SigV2Presigner

PROBE_KEY = "a b/..//ü+%25~.txt"  # a signer that normalizes or quotes otherwise gives itself away
PROBE_PARAMETERS = {"ResponseContentType": "text/plain; charset=utf-8"}
PROBE_EXPIRES = 60  # seconds

# All that botocore emits while it presigns: a handler of the user's may change anything there.
_EVENTS = (
    "provide-client-params.s3.GetObject",
    "before-parameter-build.s3.GetObject",
    "before-endpoint-resolution.s3",
    "choose-signer.s3.GetObject",
    "before-sign.s3.GetObject",
)


def credentials_of(client: Any) -> Credentials | None:
    """What a botocore client signs with now; None if it has no credentials.

    Asking renews temporary credentials that are due.
    """
    source = getattr(getattr(client, "_request_signer", None), "_credentials", None)
    if source is None:
        return None
    frozen = source.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


class CurrentCredentials:
    """What a client signs with, asked for once a second: botocore takes long to say it."""

    __slots__ = ("_client", "_known")

    def __init__(self, client: Any) -> None:
        self._client = client
        self._known: tuple[int, Credentials | None] = (-1, None)

    def get(self) -> Credentials | None:
        """The credentials, at most a second old; None if the client has none."""
        second = int(time.time())
        known = self._known
        if known[0] != second:
            self._known = known = (second, credentials_of(self._client))
        return known[1]


def probe(client: Any, bucket: str) -> Presigner | None:
    """A presigner whose links equal `client`'s; None if that cannot be shown.

    Asks the client for one link and signs the same one at the same second. None is the answer to
    an ARN, an S3 Express bucket, a client without credentials, a signature version of another
    kind, and to an event handler or a method that is not botocore's own: use the client then.
    """
    if not _is_usual(client, bucket):
        return None
    for _ in range(2):  # temporary credentials may be renewed just here
        credentials = credentials_of(client)
        if credentials is None:
            return None
        url = client.generate_presigned_url(
            "get_object",
            Params={**PROBE_PARAMETERS, "Bucket": bucket, "Key": PROBE_KEY},
            ExpiresIn=PROBE_EXPIRES,
        )
        presigner, now = _read(url, bucket)
        query = query_for(PROBE_PARAMETERS) or ()
        if presigner and url == presigner.sign(
            PROBE_KEY, credentials, PROBE_EXPIRES, query=query, now=now
        ):
            return presigner
    return None


def unsigned_prefix(client: Any, bucket: str) -> str | None:
    """What to put before `quote_key(key)` for an unsigned `client`'s link; None if it signs.

    Parameters follow as `"?" + encode_query(query_for(parameters))`.
    """
    if not _is_usual(client, bucket):
        return None
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": PROBE_KEY})
    prefix = str(url).removesuffix(quote_key(PROBE_KEY))
    return prefix if prefix != url and "?" not in prefix else None


def _is_usual(client: Any, bucket: str) -> bool:
    """Whether a probe of this client and bucket can tell how it signs every key."""
    if getattr(client.generate_presigned_url, "__module__", None) != "botocore.signers":
        return False
    return is_usual_bucket(bucket) and has_usual_events(client, _EVENTS)


def is_usual_bucket(bucket: object) -> bool:
    """Whether it is no ARN, and no S3 Express bucket, which takes a session from the network."""
    return (
        isinstance(bucket, str) and ":" not in bucket and not bucket.endswith(("--x-s3", "--xa-s3"))
    )


def has_usual_events(client: Any, events: Iterable[str]) -> bool:
    """Whether nobody but the SDK and this package handles these events."""
    try:
        find = client.meta.events._emitter._handlers.prefix_search
    except AttributeError:
        return False
    modules = [str(getattr(h, "__module__", "")) for event in events for h in find(event)]
    return all(module.startswith(("botocore.", "boto3.", "storages.")) for module in modules)


def _read(url: str, bucket: str) -> tuple[Presigner | None, float]:
    """The presigner that could have made the probe's link, and when (seconds since the epoch)."""
    base, _, query = url.partition("?")
    endpoint = base.removesuffix("/" + quote_key(PROBE_KEY))
    values = dict(parse_qsl(query))
    scope = values.get("X-Amz-Credential", "").rsplit("/", 4)
    if endpoint == base:
        return None, 0
    if len(scope) == 5 and "X-Amz-Date" in values:
        date = datetime.strptime(values["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return SigV4Presigner(endpoint, region=scope[2], service=scope[3]), date.timestamp()
    if "AWSAccessKeyId" in values and "Expires" in values:
        return SigV2Presigner(endpoint, bucket=bucket), int(values["Expires"]) - PROBE_EXPIRES
    return None, 0
