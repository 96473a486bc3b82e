"""Keeps secrets out of what is told of a storage: in its options, and in texts of any origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.views.debug import SafeExceptionReporterFilter

from storages.configured import BaseStorage
from storages.options import HIDDEN, OPTIONS, declared, redact, without_password

from .report import Setting

SHORTEST = 4
"""Characters of a secret that is looked for in texts: shorter ones are in every word."""

_query = re.compile(r"\?[\w.~%+-]+=[^\s'\"<>)]*")
_part = re.compile(r"(?:key|sig\w*|secret|token|pass\w*)=([^;&]+)", re.I)
_hidden = SafeExceptionReporterFilter.hidden_settings
"""Names of what Django's own debug page does not show."""


def settings_of(storage: Any, given: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The options of a storage; `given` are its OPTIONS, all that is known of a stranger's."""
    if not isinstance(storage, BaseStorage):
        shows = storage.__class__.__module__.startswith("django.")
        return tuple(
            Setting(name, value if shows or _is_plain(value) else HIDDEN, OPTIONS)
            for name, value in given.items()
        )
    origins = storage._origins()
    values = {name: getattr(storage, name, None) for name in origins}
    shown = redact(storage.__class__, values)
    return tuple(Setting(name, shown[name], origin) for name, origin in origins.items())


def _is_plain(value: Any) -> bool:
    """Whether a value of which nobody declared whether it is secret cannot be."""
    return value is None or isinstance(value, bool)


class Mask:
    """Texts without the secrets of a storage, and without the queries of addresses.

    A class stands for a storage that cannot be made.
    """

    def __init__(self, storage: Any, given: Mapping[str, Any]) -> None:
        found = set(_secrets_of(storage, given))
        self._secrets = sorted({form for each in found for form in _forms(each)}, key=len)[::-1]

    def __call__(self, text: str) -> str:
        text = _query.sub("?…", str(without_password(text)))
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _secrets_of(storage: Any, given: Mapping[str, Any]) -> Iterator[str]:
    made = not isinstance(storage, type | None)
    options = declared(storage.__class__ if made else storage or object)
    for name, each in options.items():
        if each.secret:
            yield from _texts(getattr(storage, name, None) if made else each.resolve())
    for name, value in given.items():
        if options[name].secret if name in options else _hidden.search(name):
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    """The texts that are secret in the value of a secret option: of a dictionary not all are."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        yield value
        yield from _inside(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            secret = not isinstance(each, str) or _hidden.search(str(name))
            yield from _texts(each) if secret else _inside(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each)


def _inside(text: str) -> Iterator[str]:
    """The secret parts of an address, a query or a connection string."""
    yield from _part.findall(text)
    if "//" in text and (password := _password(text)):
        yield unquote(password)


def _password(address: str) -> str | None:
    try:
        return urlsplit(address).password
    except ValueError:
        return None


def _forms(secret: str) -> set[str]:
    """A secret as it may stand in a text; none of one that is too short."""
    forms = {secret, quote(secret), quote(secret, safe=""), repr(secret)[1:-1]}
    return forms if len(secret) >= SHORTEST else set()
