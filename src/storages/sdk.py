"""SDKs load slowly and are extras: the modules that need one are imported at first use."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def loader(service: str, distribution: str, extra: str) -> Callable[[str], Any]:
    """A function that imports a module of `storages.backends`, or says what to install."""

    def load(module: str) -> Any:
        try:
            return import_module(f"storages.backends.{module}")
        except ModuleNotFoundError as error:
            raise ImproperlyConfigured(
                f"Storages on {service} need {distribution}: "
                f"pip install 'django-storehouse[{extra}]'"
            ) from error

    return load
