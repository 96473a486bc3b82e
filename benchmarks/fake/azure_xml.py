"""The XML answers of Azure Blob Storage, listings among them."""

import base64
from collections.abc import Mapping
from xml.sax.saxutils import escape

from fake.listing import page
from fake.messages import date
from fake.store import Bucket, Stored

PAGE = 5000  # blobs and prefixes in one page of a listing, at most


def tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def document(root: str, *inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><{root}>{"".join(inner)}</{root}>'.encode()


def error(code: str) -> bytes:
    return document("Error", tag("Code", code), tag("Message", code))


def block_list(blocks: Mapping[str, Stored]) -> bytes:
    each = (f"<Block>{tag('Name', k)}{tag('Size', v.size)}</Block>" for k, v in blocks.items())
    return document("BlockList", f"<UncommittedBlocks>{''.join(each)}</UncommittedBlocks>")


def listing(bucket: Bucket, query: Mapping[str, str]) -> bytes:
    """One page of List Blobs.

    https://learn.microsoft.com/rest/api/storageservices/list-blobs
    """
    marker = base64.urlsafe_b64decode(query.get("marker", "")).decode()
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = min(int(query.get("maxresults", PAGE)), PAGE)
    found = page(bucket, prefix, delimiter, marker, limit)
    following = base64.urlsafe_b64encode(found.last.encode()).decode() if found.truncated else ""
    blobs = [*(item(key, bucket.objects[key]) for key in found.keys)]
    blobs += [f"<BlobPrefix>{tag('Name', each)}</BlobPrefix>" for each in found.prefixes]
    return document(
        "EnumerationResults",
        tag("Prefix", prefix),
        tag("Delimiter", delimiter) if delimiter else "",
        tag("MaxResults", limit),
        f"<Blobs>{''.join(blobs)}</Blobs>",
        tag("NextMarker", following),
    )


def item(key: str, stored: Stored) -> str:
    if stored.listing is None:
        md5 = base64.b64encode(stored.md5).decode() if stored.md5 else ""
        properties = {
            "Creation-Time": date(stored.mtime),
            "Last-Modified": date(stored.mtime),
            "Etag": stored.etag.strip('"'),
            "Content-Length": stored.size,
            "Content-Type": stored.headers.get("content-type", "application/octet-stream"),
            "Content-Encoding": stored.headers.get("content-encoding", ""),
            "Content-Language": "",
            "Content-CRC64": "",
            "Content-MD5": md5,
            "Cache-Control": stored.headers.get("cache-control", ""),
            "Content-Disposition": "",
            "BlobType": "BlockBlob",
            "AccessTier": "Hot",
            "AccessTierInferred": "true",
            "LeaseStatus": "unlocked",
            "LeaseState": "available",
            "ServerEncrypted": "true",
        }
        text = "".join(tag(name, value) for name, value in properties.items())
        stored.listing = ("", f"<Properties>{text}</Properties><OrMetadata />")
    return f"<Blob>{tag('Name', key)}{stored.listing[1]}</Blob>"
