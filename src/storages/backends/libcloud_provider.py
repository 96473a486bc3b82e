"""From a provider's entry to Libcloud's driver: its type, its arguments, and what is wrong."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from libcloud.common.types import InvalidCredsError
from libcloud.storage.providers import DRIVERS, get_driver
from libcloud.storage.types import Provider

from storages.backends.libcloud_errors import builtin, first_line
from storages.options import GivenOptions

OLD: dict[str, tuple[str, str | None]] = {
    "S3_US_STANDARD_HOST": ("S3", "us-east-1"),
    "S3_US_WEST_HOST": ("S3", "us-west-1"),
    "S3_US_WEST_OREGON_HOST": ("S3", "us-west-2"),
    "S3_EU_WEST_HOST": ("S3", "eu-west-1"),
    "S3_AP_SOUTHEAST_HOST": ("S3", "ap-southeast-1"),
    "S3_AP_NORTHEAST_HOST": ("S3", "ap-northeast-1"),
    "CLOUDFILES_US": ("CLOUDFILES", "ord"),
    "CLOUDFILES_UK": ("CLOUDFILES", "lon"),
    "CLOUDFILES_SWIFT": ("OPENSTACK_SWIFT", None),
}
"""Constants that Libcloud no longer has, with today's and the region that they stood for."""

OURS = ("type", "user", "key", "bucket")
"""Keys of a provider that are no further arguments of its driver."""

POSITIONAL = {"self", "key", "secret", "user_id", "args", "kwargs", "url"}
"""Parameters in signatures of drivers and connections that an entry cannot give by that name."""

COMMON = ("timeout", "retry_delay", "backoff", "proxy_url")
"""What every connection knows, although some drivers forget to hand it on."""


UNDECLARED = {
    "S3RGWStorageDriver": {"signature_version", "name"},
    "DigitalOceanSpacesStorageDriver": {"signature_version"},
}
"""Arguments that a driver's constructor takes without naming them."""


def driver_name(kind: Any) -> Any:
    """What Libcloud calls the driver of a `type`, or the class itself; ImproperlyConfigured."""
    if isinstance(kind, type):
        return kind
    text = str(kind)
    constant = text.rpartition(".")[2]
    if constant in OLD:
        return getattr(Provider, OLD[constant][0])
    found = _imported(text) if "." in text else getattr(Provider, text.upper(), text)
    if isinstance(found, type):
        return found
    if found is None or str(found) not in DRIVERS:
        names = sorted(name for name in vars(Provider) if name.isupper())
        close = difflib.get_close_matches(constant.upper(), names, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(names)}."
        raise ImproperlyConfigured(
            f"Libcloud has no storage provider {text!r}. {hint} A 'type' is written as "
            "'libcloud.storage.types.Provider.S3'."
        )
    return found


def _imported(path: str) -> Any:
    """What a dotted path leads to, which may be an attribute of a class; None if nowhere."""
    try:
        return import_string(path)
    except ImportError:
        outer, _, name = path.rpartition(".")
    try:
        return getattr(import_string(outer), name, None)
    except ImportError:
        return None


def service(provider: Mapping[str, Any]) -> Any:
    """What carries out the primitives for a provider."""
    from storages.backends.libcloud_local import LocalService
    from storages.backends.libcloud_service import Service

    cls = driver_class(provider["type"])
    arguments = driver_arguments(cls, provider)

    def make() -> Any:
        return _make(cls, provider, arguments)

    if cls.__name__ == "LocalStorageDriver":
        return LocalService(make, str(provider["bucket"]))
    own_host = bool(arguments.get("host"))
    return Service(make, str(provider["bucket"]), cls, own_host=own_host)


def driver_class(kind: Any) -> Any:
    """Libcloud's class for a `type`; ImproperlyConfigured if a package is missing for it."""
    found = driver_name(kind)
    if isinstance(found, type):
        return found
    try:
        return get_driver(found)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"Libcloud's driver for {str(kind)!r} needs one more package: {error}"
        ) from error


def driver_arguments(cls: Any, provider: Mapping[str, Any]) -> dict[str, Any]:
    """Further arguments of the driver; what Libcloud's own do not know is left out."""
    known = known_arguments(cls)
    region = OLD.get(str(provider["type"]).rpartition(".")[2], ("", None))[1]
    # Variables show in error reports: only names, and what hides its values.
    found = GivenOptions(region=region) if region else GivenOptions()
    for name in provider:
        if name in OURS or provider[name] is None:
            continue
        right = _spelt(str(name), known)
        if right is None and cls.__module__.startswith("libcloud."):
            continue  # as ever; `unknown_arguments` is for the check that tells of it
        # OpenStack's versions are text, even where they look like numbers.
        text = right == "ex_force_auth_version"
        found[right or str(name)] = str(provider[name]) if text else provider[name]
    return found


def unknown_arguments(provider: Mapping[str, Any]) -> dict[str, str]:
    """The keys of an entry that have no effect, each with what was probably meant."""
    cls = driver_class(provider["type"])
    if not cls.__module__.startswith("libcloud."):
        return {}
    known = known_arguments(cls)
    found = {}
    for name in map(str, provider):
        if name not in OURS and provider.get(name) is not None and not _spelt(name, known):
            close = difflib.get_close_matches(name, known, n=1)
            found[name] = (
                f"Did you mean {close[0]!r}?" if close else f"It knows: {', '.join(known)}."
            )
    return found


def known_arguments(cls: Any) -> list[str]:
    """The names of a driver's arguments, those included that it hands on to its connection."""
    names, open_ended = _parameters(cls)
    if open_ended:
        names |= _parameters(getattr(cls, "connectionCls", object))[0]
    return sorted((names | set(COMMON)) - POSITIONAL)


def _parameters(cls: Any) -> tuple[set[str], bool]:
    """The parameters of a class's constructor, and whether it takes others for its bases."""
    names: set[str] = set()
    for each in cls.__mro__[:-1]:
        if "__init__" not in vars(each):
            continue
        found = inspect.signature(each.__init__).parameters
        names |= set(found)
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in found.values()):
            return names, False
        names |= UNDECLARED.get(each.__name__, set())
    return names, True


def _spelt(name: str, known: list[str]) -> str | None:
    """How the driver spells an argument: `auth_version` is its `ex_force_auth_version`."""
    found = (each for each in (name, f"ex_force_{name}", f"ex_{name}") if each in known)
    return next(found, None)


def _positional(provider: Mapping[str, Any]) -> list[Any]:
    """User and key, as far as they are said."""
    given = [provider.get("user"), provider.get("key")]
    return given[: given.index(None)] if None in given else given


def _make(cls: Any, provider: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """A new driver; its own complaints without the arguments, among which the secret is."""
    taken, more = _parameters(cls)
    later = set() if more else arguments.keys() - taken
    found: Exception | None = None
    try:
        driver = cls(
            *_positional(provider), **{n: v for n, v in arguments.items() if n not in later}
        )
        for name in later:
            setattr(driver.connection, name, arguments[name])
        if later:
            driver.connection.connect()
        return driver
    except (OSError, InvalidCredsError) as error:  # some log in at once
        found, complaint = builtin(error, "", "log in", None), first_line(error)
    except Exception as error:  # noqa: BLE001 - drivers raise whatever comes to their mind
        complaint = first_line(error)
    # Raised here, where the driver's variables are not seen any more.
    if found is None:
        kind = str(provider["type"])
        found = ImproperlyConfigured(f"Libcloud's driver for {kind!r} cannot be made: {complaint}.")
    raise found
