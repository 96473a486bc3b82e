"""One page of a listing, whatever the service calls its parameters."""

import bisect
from dataclasses import dataclass, field

from fake.store import Bucket


@dataclass
class Page:
    keys: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""  # the key or prefix that ends it
    truncated: bool = False


def page(bucket: Bucket, prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """Up to `limit` keys and common prefixes behind `after`, in the order of the keys."""
    keys, found = bucket.keys(), Page()
    at = _start(keys, prefix, delimiter, after)
    while at < len(keys) and keys[at].startswith(prefix):
        if len(found.keys) + len(found.prefixes) >= limit:
            found.truncated = True
            break
        key = keys[at]
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            found.keys.append(key)
            found.last = key
            at += 1
        else:
            found.last = key[: cut + len(delimiter)]
            found.prefixes.append(found.last)
            at = bisect.bisect_left(keys, _beyond(found.last), at)
    return found


def _start(keys: list[str], prefix: str, delimiter: str, after: str) -> int:
    if not after or after < prefix:
        return bisect.bisect_left(keys, prefix)
    if delimiter and after.endswith(delimiter):  # it names a common prefix
        return bisect.bisect_left(keys, _beyond(after))
    return bisect.bisect_right(keys, after)


def _beyond(prefix: str) -> str:
    """The smallest string behind every key that starts with this prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
