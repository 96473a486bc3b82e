"""The storage as configured: its options, how it prints, how it travels."""

from __future__ import annotations

from typing import Any, Self

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage

from storages.cures import Cure, cure_of
from storages.names import check_location
from storages.options import (
    OPTIONS,
    GivenOptions,
    Option,
    check_known,
    declared,
    overridden,
    redact,
)


class BaseStorage(Storage):
    """A Django storage whose options are declared with `storages.options.option`."""

    sdk: tuple[str, ...] = ()
    """The modules that it needs and that an extra of the distribution brings."""

    _made_with: tuple[tuple[Any, ...], GivenOptions]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Remembers what the project wrote, before a subclass's `__init__` adds to it."""
        storage = super().__new__(cls)
        storage._made_with = (args, GivenOptions(options))
        return storage

    def __init__(self, **options: Any) -> None:
        options = self._given = GivenOptions(options)
        defaults = GivenOptions(self.get_default_settings())
        check_known(type(self), options, {**defaults, **declared(type(self))})
        for name, value in (defaults | options).items():
            if self._decided(name) in (None, OPTIONS):
                self._set_option(name, value)
        if isinstance(getattr(self, "location", None), str):
            check_location(self)
        self._configured()

    def _configured(self) -> None:
        """Called when all options are set; a subclass checks them here, and begins its state.

        Better than `__init__`, whose arguments a debug page shows, secrets among them.
        """

    def _decided(self, name: str) -> str | None:
        """What decides an option before settings are looked at: OPTIONS, else a subclass."""
        if name in self._given:
            return OPTIONS
        owner = overridden(type(self), name)
        return f"attribute of {owner.__name__}" if owner else None

    def _origins(self) -> dict[str, str]:
        """Where the value of each option came from, in words."""
        cls = type(self)
        given = self.get_default_settings() | self._given
        origins = {}
        for name, each in declared(cls).items():
            found, value = each.find(), getattr(self, name, None)
            origin = self._decided(name) or found.origin
            if origin == OPTIONS and name not in self._made_with[1]:
                origin = f"{cls.__name__}.__init__()"
            elif origin == found.origin and given.get(name) != found.value:
                origin = f"{cls.__name__}.get_default_settings()"
            elif origin == found.origin and value != found.value:
                origin = "computed"
            origins[name] = origin
        return origins

    def _set_option(self, name: str, value: Any) -> None:
        try:
            setattr(self, name, value)
        except AttributeError as error:
            raise ImproperlyConfigured(
                f"{type(self).__name__} defines {name!r} itself: it cannot be given in OPTIONS."
            ) from error

    def get_default_settings(self) -> dict[str, Any]:
        """The values of all options without OPTIONS: Django settings, environment, defaults."""
        return {name: each.resolve() for name, each in declared(type(self)).items()}

    def _require(self, name: str) -> Any:
        """The value of a required option; ImproperlyConfigured, at first use, if it is not set."""
        value = getattr(self, name)
        if value in (None, ""):
            settings = " or ".join(declared(type(self))[name].settings)
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs {name!r}: give it in OPTIONS"
                + (f", or set {settings}." if settings else ".")
            )
        return value

    def _check(self, alias: str) -> list[CheckMessage]:
        """What `manage.py check` has to say of the storage configured as `alias`."""
        return []

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        """What `manage.py check --deploy` adds."""
        return []

    def _place(self) -> tuple[Any, ...] | None:
        """The bucket or the like that its `location` is in, where the options tell."""
        return None

    def _hosts(self) -> list[str | None]:
        """Hosts or addresses that its links may go to, as far as the options tell."""
        return []

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        """What cures an error of a step of `storages.doctor`, where it can be told."""
        return cure_of(error)

    def _link_trust(self) -> bool | str | None:
        """What verifies the server of its links: a file of authorities, or False for nothing."""
        return None

    def __repr__(self) -> str:
        found = declared(type(self))
        shown = {
            name: value
            for name in found
            if (value := getattr(self, name, None)) not in (found[name].default, None)
            and not isinstance(value, Option)
        }
        inside = ", ".join(f"{k}={v!r}" for k, v in redact(type(self), shown).items())
        return f"<{type(self).__name__}{': ' if inside else ''}{inside}>"

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For migrations: the OPTIONS without secrets and without what no migration can hold."""
        cls = type(self)
        args, options = self._made_with
        public = {
            name: value
            for name, value in options.items()
            if not getattr(declared(cls).get(name), "secret", False) and _can_migrate(value)
        }
        return f"{cls.__module__}.{cls.__qualname__}", args, public

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_cached")}


def make(cls: type[Any], options: dict[str, Any]) -> Any:
    """A storage as configured; one with a manifest does not read it, so that no server is asked."""
    if hasattr(cls, "read_manifest"):
        cls = type(cls.__name__, (cls,), {"read_manifest": lambda self: None})
    return cls(**options)


def _can_migrate(value: Any) -> bool:
    from django.db.migrations.writer import MigrationWriter  # costly, and for makemigrations only

    try:
        MigrationWriter.serialize(value)
    except ValueError:
        return False
    return True
