"""Azure's blocks by names of our own: Libcloud's are the same for every writer."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MARK = 6
"""Random bytes of a block's id; with the number it is as long as Libcloud's own.

All blocks of a blob must have ids of one length, those included that others have left.
https://learn.microsoft.com/en-us/rest/api/storageservices/put-block
"""


@contextmanager
def own_blocks(connection: Any) -> Iterator[None]:
    """While a blob is uploaded: no other writer's blocks can come to be in it."""
    inner = connection.request
    mark, ours = os.urandom(MARK), dict[str, str]()

    def request(action: str, **given: Any) -> Any:
        params = given.get("params") or {}
        if params.get("comp") == "block":
            number = len(ours).to_bytes(4)
            own = ours.setdefault(params["blockid"], base64.b64encode(mark + number).decode())
            given["params"] = {**params, "blockid": own}
        elif params.get("comp") == "blocklist":
            _rename(given, ours)
        return inner(action, **given)

    connection.request = request
    try:
        yield
    finally:
        del connection.request


def _rename(given: dict[str, Any], ours: dict[str, str]) -> None:
    """The list of blocks with our ids, and its MD5."""
    text = re.sub("(?<=<Uncommitted>)[^<]+", lambda found: ours[found[0]], _text(given["data"]))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    given["data"] = text
    given["headers"] = {
        **given["headers"],
        "Content-MD5": base64.b64encode(digest).decode(),
        "Content-Length": str(len(text)),
    }


def _text(data: Any) -> str:
    return data.decode() if isinstance(data, bytes) else str(data)
