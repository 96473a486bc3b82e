"""The XML answers of S3, listings among them."""

import time
from collections.abc import Iterable, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from fake.listing import page
from fake.store import Bucket, Stored

PAGE = 1000  # objects and prefixes in one page of a listing, at most

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def document(root: str, *inner: str) -> bytes:
    text = "".join(inner)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<{root} xmlns="{_XMLNS}">{text}</{root}>'.encode()


def error(code: str) -> bytes:
    return document("Error", tag("Code", code), tag("Message", code))


def iso(stamp: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stamp))


def buckets(names: Iterable[str]) -> bytes:
    each = (f"<Bucket>{tag('Name', n)}{tag('CreationDate', iso(0))}</Bucket>" for n in names)
    owner = "<Owner><ID>owner</ID></Owner>"
    return document("ListAllMyBucketsResult", owner, f"<Buckets>{''.join(each)}</Buckets>")


def copied(root: str, stored: Stored) -> bytes:
    return document(root, tag("LastModified", iso(stored.mtime)), tag("ETag", stored.etag))


class Listing:
    """One page of ListObjects (version 1 or 2): `answer()` is its XML.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """

    def __init__(self, name: str, bucket: Bucket, query: Mapping[str, str]) -> None:
        self.name, self.bucket = name, bucket
        self.second = query.get("list-type") == "2"
        self.prefix = query.get("prefix", "")
        self.delimiter = query.get("delimiter", "")
        self.limit = min(int(query.get("max-keys", PAGE)), PAGE)
        after = ("continuation-token", "start-after") if self.second else ("marker",)
        self.after = next((query[key] for key in after if query.get(key)), "")
        self.encode = quote if query.get("encoding-type") == "url" else escape
        self.page = page(bucket, self.prefix, self.delimiter, self.after, self.limit)

    def answer(self) -> bytes:
        found = self.page
        return document(
            "ListBucketResult",
            tag("Name", self.name),
            f"<Prefix>{self.encode(self.prefix)}</Prefix>",
            tag("MaxKeys", self.limit),
            tag("KeyCount", len(found.keys) + len(found.prefixes)) if self.second else "",
            tag("EncodingType", "url") if self.encode is quote else "",
            tag("Delimiter", self.delimiter) if self.delimiter else "",
            tag("IsTruncated", str(found.truncated).lower()),
            self._next() if found.truncated else "",
            *map(self._item, found.keys),
            *map(self._prefix, found.prefixes),
        )

    def _next(self) -> str:
        if self.second:
            return tag("NextContinuationToken", self.page.last)
        return f"<NextMarker>{self.encode(self.page.last)}</NextMarker>"

    def _prefix(self, prefix: str) -> str:
        return f"<CommonPrefixes><Prefix>{self.encode(prefix)}</Prefix></CommonPrefixes>"

    def _item(self, key: str) -> str:
        stored = self.bucket.objects[key]
        if stored.listing is None:
            etag = stored.etag.replace('"', "&quot;")
            text = (
                f"{tag('LastModified', iso(stored.mtime))}<ETag>{etag}</ETag>"
                f"{tag('Size', stored.size)}<StorageClass>STANDARD</StorageClass>"
            )
            stored.listing = ("", text)
        return f"<Contents><Key>{self.encode(key)}</Key>{stored.listing[1]}</Contents>"
