"""The XML answers of the fake S3, listings among them."""

import bisect
import time
from collections.abc import Iterable, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from fasts3_store import Bucket, Stored

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
        self.items: list[str] = []
        self.prefixes: list[str] = []
        self.last = ""
        self.truncated = False

    def answer(self) -> bytes:
        self._collect()
        return document(
            "ListBucketResult",
            tag("Name", self.name),
            f"<Prefix>{self.encode(self.prefix)}</Prefix>",
            tag("MaxKeys", self.limit),
            tag("KeyCount", len(self.items) + len(self.prefixes)) if self.second else "",
            tag("EncodingType", "url") if self.encode is quote else "",
            tag("Delimiter", self.delimiter) if self.delimiter else "",
            tag("IsTruncated", str(self.truncated).lower()),
            self._next() if self.truncated else "",
            *self.items,
            *self.prefixes,
        )

    def _next(self) -> str:
        if self.second:
            return tag("NextContinuationToken", self.last)
        return f"<NextMarker>{self.encode(self.last)}</NextMarker>"

    def _collect(self) -> None:
        keys = self.bucket.keys()
        at = self._start(keys)
        while at < len(keys) and keys[at].startswith(self.prefix):
            if len(self.items) + len(self.prefixes) >= self.limit:
                self.truncated = True
                return
            key = keys[at]
            cut = key.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
            if cut < 0:
                self.last = key
                self.items.append(self._item(key))
                at += 1
            else:
                self.last = key[: cut + len(self.delimiter)]
                shown = self.encode(self.last)
                self.prefixes.append(f"<CommonPrefixes><Prefix>{shown}</Prefix></CommonPrefixes>")
                at = bisect.bisect_left(keys, _beyond(self.last), at)

    def _start(self, keys: list[str]) -> int:
        if not self.after or self.after < self.prefix:
            return bisect.bisect_left(keys, self.prefix)
        if self.delimiter and self.after.endswith(self.delimiter):  # it names a common prefix
            return bisect.bisect_left(keys, _beyond(self.after))
        return bisect.bisect_right(keys, self.after)

    def _item(self, key: str) -> str:
        stored = self.bucket.objects[key]
        if stored.listing is None:
            etag = stored.etag.replace('"', "&quot;")
            stored.listing = (
                f"{tag('LastModified', iso(stored.mtime))}<ETag>{etag}</ETag>"
                f"{tag('Size', stored.size)}<StorageClass>STANDARD</StorageClass>"
            )
        return f"<Contents><Key>{self.encode(key)}</Key>{stored.listing}</Contents>"


def _beyond(prefix: str) -> str:
    """The smallest string behind every key that starts with this prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
