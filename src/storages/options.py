"""Options of a storage: declared once, resolved in one order, redacted when they are secret.

A storage class declares an option as an annotated class attribute::

    class ShelfStorage(RemoteStorage):
        shelf: str = option(None, "SHELF_NAME", required=True, help="Where the files stand.")

The value of an instance comes from the first of: its OPTIONS (keyword arguments), a plain
attribute of a subclass, the Django settings, the environment, the default.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HIDDEN = "********"

OPTIONS, DEFAULT = "OPTIONS", "default"
"""Two of the places that a value can come from, as people read them."""


class Found(NamedTuple):
    """A value, and the place it came from: `setting NAME`, `environment NAME` or `DEFAULT`."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Option:
    """One declared option; `settings` and `env` are looked up from left to right."""

    default: Any
    settings: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    required: bool = False
    secret: bool = False
    help: str = ""
    mutable: bool = field(default=False, repr=False)

    def resolve(self) -> Any:
        """The value from the Django settings, the environment or the default."""
        return self.find().value

    def find(self) -> Found:
        """The same, and where it came from."""
        found = [
            Found(getattr(settings, name), f"setting {name}")
            for name in self.settings
            if hasattr(settings, name)
        ]
        found += [
            Found(os.environ[name], f"environment {name}")
            for name in self.env
            if os.environ.get(name)
        ]
        for each in found:
            if each.value is not None:
                return each
        if found:
            return found[0]
        default = type(self.default)(self.default) if self.mutable else self.default
        return Found(default, DEFAULT)


def option(
    default: Any,
    settings: str | Iterable[str] = (),
    *,
    env: str | Iterable[str] = (),
    required: bool = False,
    secret: bool = False,
    help: str = "",
) -> Any:
    """Declare an option of a storage class; `Any`, so that the annotation gives its type."""
    return Option(
        default,
        (settings,) if isinstance(settings, str) else tuple(settings),
        (env,) if isinstance(env, str) else tuple(env),
        required,
        secret,
        help,
        mutable=isinstance(default, dict | list),
    )


def declared(cls: type) -> dict[str, Option]:
    """Every option that `cls` and its bases declare, in the order of declaration."""
    found: dict[str, Option] = {}
    for base in reversed(cls.__mro__):
        found.update((name, v) for name, v in vars(base).items() if isinstance(v, Option))
    return found


def overridden(cls: type, name: str) -> type | None:
    """The class that gives `name` as a plain attribute or property, instead of declaring it."""
    for base in cls.__mro__:
        if name in vars(base):
            return None if isinstance(vars(base)[name], Option) else base
    return None


def check_known(cls: type, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise ImproperlyConfigured for the first of `given` that is not `known`."""
    known = list(known)
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" It knows: {', '.join(known)}."
            raise ImproperlyConfigured(f"{cls.__name__} has no option {name!r}.{hint}")


def redact(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `values` that is fit to be printed."""
    secrets = {name for name, each in declared(cls).items() if each.secret}
    return {
        name: HIDDEN if name in secrets and value is not None else without_password(value)
        for name, value in values.items()
    }


def without_password(value: Any) -> Any:
    """`value` itself, or an address without the user and password in it."""
    return re.sub(r"//[^/\s]*@", f"//{HIDDEN}@", value) if isinstance(value, str) else value


class GivenOptions(dict[str, Any]):
    """The keyword arguments of a storage; a debug page or traceback shows their names only."""

    def __repr__(self) -> str:
        return f"<options: {', '.join(self)}>"
