"""Bodies as they are compared."""

import gzip
import json

from wire import show_bytes


def plain(body, encoding):
    """The body as a browser would see it; a manifest as its entries, since their order is free."""
    if "gzip" in (encoding or "") and body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    try:
        manifest = json.loads(body)
    except ValueError:
        return show_bytes(body)
    if isinstance(manifest, dict) and "paths" in manifest:
        return {**manifest, "paths": dict(sorted(manifest["paths"].items()))}
    return show_bytes(body)
