"""Objects of Google Cloud Storage as JSON."""

import base64
import json
import re
import time
from typing import Any
from urllib.parse import quote

from fake.store import Stored

LISTED = re.compile(r"items\(([^)]*)\)")  # in "fields", what is wanted of each item


def checksum(stored: Stored) -> str:
    return base64.b64encode(stored.crc32c.to_bytes(4, "big")).decode()


def resource(base: str, bucket: str, key: str, stored: Stored) -> dict[str, Any]:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stored.mtime))
    path = f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}"
    found: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{bucket}/{key}/{stored.serial}",
        "selfLink": f"{base}{path}",
        "mediaLink": f"{base}/download{path}?generation={stored.serial}&alt=media",
        "name": key,
        "bucket": bucket,
        "generation": str(stored.serial),
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "size": str(stored.size),
        "crc32c": checksum(stored),
        "etag": str(stored.serial),
        "timeCreated": stamp,
        "updated": stamp,
        "timeStorageClassUpdated": stamp,
        "timeFinalized": stamp,
    }
    if stored.md5:
        found["md5Hash"] = base64.b64encode(stored.md5).decode()
    sent = {name: value for name, value in stored.headers.items() if name not in found}
    return {**found, **sent, "contentType": stored.headers.get("contentType", found["contentType"])}


def listed(base: str, bucket: str, key: str, stored: Stored, only: str) -> str:
    """An item of a listing, kept for the next; `only` are the field's names, with commas."""
    if stored.listing is None or stored.listing[0] != only:
        found = resource(base, bucket, key, stored)
        if only:
            wanted = {name.strip() for name in only.split(",")}
            found = {name: value for name, value in found.items() if name in wanted}
        stored.listing = (only, json.dumps(found))
    return stored.listing[1]
