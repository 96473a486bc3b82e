"""The app's configuration."""

from django.apps import AppConfig


class ConformanceConfig(AppConfig):
    """An app that never meets a database."""

    name = "storages.testing.conformance.app"
    label = "storages_conformance"
    default_auto_field = "django.db.models.BigAutoField"
