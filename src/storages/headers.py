"""What is served beside the content of an object, on its way from one service to another."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from email.errors import MessageError
from email.header import decode_header
from typing import Any
from urllib.parse import quote

from storages.entry import Entry

FIELDS = ("content_type", "encoding", "cache_control", "disposition", "language", "metadata")
"""What an `Entry` tells of it."""

COMPRESSED = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}
"""The types of files whose names tell a compression, if that is no encoding of another type."""

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)

FILENAME = re.compile(r'\bfilename=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')

ENCODED_WORD = re.compile(r"=\?[\w.-]+\?(?:[bB]\?[A-Za-z0-9+/]+=*|[qQ]\?[^?\s]*)\?=")


def serve_like(
    entry: Entry, key: str, params: MutableMapping[str, Any], names: Mapping[str, str]
) -> None:
    """Let what is stored as `key` with `params` be served as `entry` is.

    `names` are the service's for the fields of `Entry`. What `entry` has wins; its encoding in any
    case, for what is going to be stored are its bytes as they are.
    """
    guessed, compression = mimetypes.guess_type(key)
    for field, name in names.items():
        if value := getattr(entry, field):
            params[name] = value
    if not entry.encoding:
        params.pop(names["encoding"], None)
        kind = names["content_type"]
        if compression and not entry.content_type and params.get(kind) == guessed:
            params[kind] = COMPRESSED.get(compression, "application/octet-stream")


def by_headers(entry: Entry, key: str) -> Entry:
    """The same, served with values that headers can have; ValueError if there are none.

    A file name that is not ASCII is written as RFC 6266 has it, which browsers read alike.
    """
    if entry.disposition:
        entry = replace(entry, disposition=FILENAME.sub(_extended, entry.disposition))
    for field in FIELDS:
        value = getattr(entry, field)
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            name = field.replace("_", " ")
            raise ValueError(f"{key!r} cannot have the {name} {value!r}, which no header can have.")
    return entry


def _extended(found: re.Match[str]) -> str:
    """https://www.rfc-editor.org/rfc/rfc8187#section-3.2"""
    name = re.sub(r"\\(.)", r"\1", found[1] or found[2])
    return found[0] if name.isascii() else f"filename*=UTF-8''{quote(name, safe='')}"


def metadata_by_headers(
    key: str, metadata: Mapping[str, str], service: str, names: re.Pattern[str] = TOKEN
) -> dict[str, str]:
    """User metadata as headers hold it: names in lower case, and texts by RFC 2047.

    ValueError for what `service` has no such name for, or only one for two.
    """
    found: dict[str, str] = {}
    for name, text in metadata.items():
        if not names.fullmatch(name):
            raise ValueError(
                f"{key!r} cannot have the metadata {name!r} on {service}, which takes no such name."
            )
        if found.setdefault(name.lower(), encoded_text(text)) != encoded_text(text):
            raise ValueError(
                f"{key!r} cannot have the metadata {name!r} on {service}: another one has the same "
                "name in lower case."
            )
    return found


def encoded_text(text: str) -> str:
    """A text as the value of an HTTP header; by RFC 2047 what is more than plain ASCII."""
    plain = text.isascii() and text.isprintable() and text == text.strip() and "=?" not in text
    return text if plain else f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def told_text(value: str) -> str:
    """The value of a header, of which HTTP clients take the bytes for Latin-1."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        return value


def decoded_text(value: str) -> str:
    """The text that the value of a header stands for; itself if it is not by RFC 2047."""
    value = told_text(value)
    if not ENCODED_WORD.search(value):
        return value
    try:
        parts = decode_header(value)
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii")
            for part, charset in parts
        )
    except (LookupError, MessageError, ValueError):  # what only looks like it
        return value
