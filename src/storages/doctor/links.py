"""Fetches a link as a browser would, by the standard library."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import ssl
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import HTTPSHandler, Request, build_opener

from storages.cures import LinkError

TIMEOUT = 10
"""Seconds to wait for a connection, and for each answer."""

MOST = 1 << 16
"""Bytes of an answer that are looked at."""

HEADERS = {"User-Agent": "django-storehouse", "Accept-Encoding": "identity"}


def shown(link: str) -> str:
    """A link without its query, which may be a signature, and without a password."""
    parts = urlsplit(link)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_absolute(link: str) -> bool:
    return urlsplit(link).scheme in ("http", "https")


def fetch(link: str, trust: bool | str | None) -> bytes:
    """The content that a link leads to; LinkError, which tells no query.

    `trust` is a file of certificate authorities beside the usual ones, or False for no check.
    """
    opener = build_opener(HTTPSHandler(context=_context(trust)))
    try:
        with opener.open(Request(link, headers=HEADERS), timeout=TIMEOUT) as answer:
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


def _refusal(link: str, status: int, body: bytes) -> LinkError:
    """The error of an answer; S3, Google and Azure say their codes in XML."""
    said = body.decode("utf-8", "replace")
    code = re.search(r"<Code>(\w+)</Code>", said)
    return LinkError(
        f"{status} {code[1] if code else ''}".rstrip() + f" from {shown(link)}",
        status=status,
        code=code[1] if code else "",
        said=said,
        signed="?" in link,
        host=urlsplit(link).netloc,
    )


def _unreached(link: str, cause: Exception) -> LinkError:
    why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    host = urlsplit(link).netloc.rpartition("@")[2]
    return LinkError(f"{host} was not reached: {why}", host=host, signed="?" in link)
