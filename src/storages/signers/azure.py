"""Shared access signatures for blobs, many times as fast as the SDK's and equal in every byte.

Which protocol version the installed SDK signs for, and how, is found once, by a probe; where its
signatures cannot be equalled, `probe` says so, and the SDK is to be used.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

PARAMETERS = {
    "cache_control": "rscc",
    "content_disposition": "rscd",
    "content_encoding": "rsce",
    "content_language": "rscl",
    "content_type": "rsct",
}
"""The headers of the answer that a link can set, in the order in which they are signed."""

PERMISSIONS = "racwdxyltmei"
"""The letters of permissions; an older SDK does not know all."""

KEY_PARTS = {
    "skoid": "signed_oid",
    "sktid": "signed_tid",
    "skt": "signed_start",
    "ske": "signed_expiry",
    "sks": "signed_service",
    "skv": "signed_version",
}
"""What of a user delegation key is in a link, and its attribute in the SDK."""

# https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#specify-the-signature
LAYOUTS = ((2, 2), (2, 0), (0, 0))
"""Empty lines that versions of the protocol sign beside a delegation key, and before headers."""


class Layout(NamedTuple):
    """How the installed SDK signs."""

    version: str
    """The version of the protocol."""
    permissions: str
    """The letters of permissions that it knows, in the order that the service wants."""
    delegated: tuple[int, int] | None
    """Of `LAYOUTS`; None where links under a delegation key are the SDK's to sign."""

    def permission_of(self, mode: str) -> str:
        """The permissions among the letters of `mode`."""
        if mode == "r":
            return mode
        return "".join([letter for letter in self.permissions if letter in mode])


class BlobSigner:
    """Signs links to the blobs of one container, by the account's key or by a delegation key."""

    __slots__ = ("_after", "_before", "_key", "_key_query", "layout")

    def __init__(
        self, account: str, container: str, key: bytes, layout: Layout, delegation: Any = None
    ) -> None:
        self._key = key
        self._before = f"/blob/{account}/{container}/"
        self.layout = layout
        self._key_query = ""
        beside, below = "", ""
        if delegation is not None and layout.delegated is not None:
            parts = {name: str(getattr(delegation, at)) for name, at in KEY_PARTS.items()}
            self._key_query = "".join(f"&{name}={quote(v)}" for name, v in parts.items())
            beside = "\n".join(parts.values()) + "\n" * (3 + layout.delegated[0])
            below = "\n" * layout.delegated[1]
        # After the name: policy or key, addresses, protocol, version, kind, snapshot, scope.
        self._after = f"\n{beside}\n\n\n{layout.version}\nb\n\n\n{below}"

    def sign(
        self, name: str, expires: int, permission: str, headers: Mapping[str, str] | None = None
    ) -> str:
        """The query of a link to the blob `name` that is valid until `expires` (epoch seconds).

        `headers` are of `PARAMETERS`, texts that are not empty.
        """
        until, quoted = _time(expires)
        query = f"se={quoted}&sp={permission}&sv={self.layout.version}&sr=b"
        values = "\n\n\n\n"
        if headers:
            found = [(at, headers.get(header, "")) for header, at in PARAMETERS.items()]
            values = "\n".join([value for _, value in found])
            query += "".join([f"&{at}={quote(value)}" for at, value in found if value])
        text = f"{permission}\n\n{until}\n{self._before}{name}{self._after}{values}"
        digest = hmac.digest(self._key, text.encode(), "sha256")
        return f"{query}{self._key_query}&sig={quote(base64.b64encode(digest))}"


@lru_cache(maxsize=64)
def _time(seconds: int) -> tuple[str, str]:
    """A time as it is signed, and as it stands in a query."""
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return text, text.replace(":", "%3A")


PROBE_KEY = base64.b64encode(b"of the probe").decode()
PROBE_NAME = "a b/..//ü+%25~.txt"  # a signer that cleans or quotes otherwise gives itself away
PROBE_TIME = 1_900_000_000
PROBE_HEADERS = dict.fromkeys(PARAMETERS, 'attachment; filename="ä b.txt"')


def probe(
    generate: Callable[..., str], permissions: Callable[[str], Any], new_key: Callable[[], Any]
) -> Layout | None:
    """How the SDK signs, or None if it cannot be equalled.

    The arguments are the SDK's: generate_blob_sas, BlobSasPermissions.from_string and
    UserDelegationKey.
    """
    permission, until = permissions(PERMISSIONS), _time(PROBE_TIME)[0]
    shared = {"permission": permission, "expiry": until, **PROBE_HEADERS}
    made = generate("a", "c", PROBE_NAME, account_key=PROBE_KEY, **shared)
    version = made.partition("&sv=")[2].partition("&")[0]
    layout = Layout(version, str(permission), None)
    if made != _probe_sign(layout, None):
        return None
    key = new_key()
    for at in KEY_PARTS.values():
        setattr(key, at, until if at in ("signed_start", "signed_expiry") else at)
    key.value = PROBE_KEY
    made = generate("a", "c", PROBE_NAME, user_delegation_key=key, **shared)
    for lines in LAYOUTS:
        if made == _probe_sign(layout._replace(delegated=lines), key):
            return layout._replace(delegated=lines)
    return layout


def _probe_sign(layout: Layout, delegation: Any) -> str:
    signer = BlobSigner("a", "c", base64.b64decode(PROBE_KEY), layout, delegation)
    return signer.sign(PROBE_NAME, PROBE_TIME, layout.permissions, PROBE_HEADERS)
