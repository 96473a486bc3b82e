"""The system check: the app comes before Django's, or its command is not the one that runs."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning

DJANGO = "django.contrib.staticfiles"


def check_order(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The first app that has a command wins."""
    names = [each.name for each in apps.get_app_configs()]
    if DJANGO not in names:
        return [
            Error(
                f"storages.staticfiles needs {DJANGO}, which is not installed.",
                hint=f"Add {DJANGO!r} to INSTALLED_APPS, after 'storages.staticfiles'.",
                id="storages_staticfiles.E001",
            )
        ]
    if names.index(DJANGO) < names.index("storages.staticfiles"):
        return [
            Warning(
                f"storages.staticfiles comes after {DJANGO}: the slow collectstatic runs.",
                hint=f"In INSTALLED_APPS, put 'storages.staticfiles' before {DJANGO!r}.",
                id="storages_staticfiles.W001",
            )
        ]
    return []
