"""Fetches a link as a browser would, by the standard library."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPSHandler, Request, build_opener

from storages.cures import LinkError

TIMEOUT = 10
"""Seconds to wait for a connection, and for each answer."""

MOST = 1 << 16
"""Bytes of an answer that are looked at."""

HEADERS = {"User-Agent": "django-storehouse", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the file of a name; printing it tells no signature."""

    url: str = field(repr=False)
    name: str

    @property
    def is_absolute(self) -> bool:
        return urlsplit(self.url).scheme in ("http", "https")

    @property
    def host(self) -> str:
        """With the port, and without a password."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def signed(self) -> bool:
        """Whether it holds more than the name: a signature, in the query or in the path."""
        parts = urlsplit(self.url)
        return bool(parts.query) or not unquote(parts.path).endswith(self.name)

    def __str__(self) -> str:
        scheme, _, path, _, _ = urlsplit(self.url)
        shown = path if unquote(path).endswith(self.name) else "/…"
        return urlunsplit((scheme, self.host, shown, "", ""))


def fetch(link: Link, trust: bool | str | None) -> bytes:
    """The content that a link leads to; LinkError, which tells no query.

    `trust` is a file of certificate authorities beside the usual ones, or False for no check.
    """
    opener = build_opener(HTTPSHandler(context=_context(trust)))
    try:
        with opener.open(Request(link.url, headers=HEADERS), timeout=TIMEOUT) as answer:
            return _content(answer.read(MOST), answer.headers)
    except HTTPError as error:
        with error:
            raise _refusal(link, error.code, error.read(MOST)) from None
    except URLError as error:
        cause = error.reason if isinstance(error.reason, Exception) else error
        raise _unreached(link, cause) from cause
    except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
        raise _unreached(link, error) from error


def _context(trust: bool | str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    file = trust if isinstance(trust, str) else os.environ.get("REQUESTS_CA_BUNDLE")
    if trust is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif file:
        context.load_verify_locations(*((None, file) if os.path.isdir(file) else (file,)))
    return context


def _content(body: bytes, headers: Mapping[str, Any]) -> bytes:
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


def _refusal(link: Link, status: int, body: bytes) -> LinkError:
    """The error of an answer; S3, Google and Azure say their codes in XML."""
    said = body.decode("utf-8", "replace")
    found = re.search(r"<Code>(\w+)</Code>", said)
    code = found[1] if found else ""
    return LinkError(
        f"{status} {code}".rstrip() + f" from {link}",
        status=status,
        code=code,
        said=said,
        signed=link.signed,
        host=link.host,
    )


def _unreached(link: Link, cause: Exception) -> LinkError:
    why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return LinkError(f"{link.host} was not reached: {why}", host=link.host, signed=link.signed)
