"""The optional app: it brings the system checks."""

from django.apps import AppConfig
from django.core.checks import register


class StoragesConfig(AppConfig):
    name = "storages"
    verbose_name = "Storages"

    def ready(self) -> None:
        from storages import checks

        register(checks.check_storages)
        register(checks.check_retired_settings)
        register(checks.check_urls)
        register(checks.check_deployment, deploy=True)
