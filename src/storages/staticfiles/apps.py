"""The app: its `collectstatic` replaces Django's for remote storages."""

from django.apps import AppConfig


class StaticFilesConfig(AppConfig):
    name = "storages.staticfiles"
    label = "storages_staticfiles"
    verbose_name = "Static files on remote storages"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from storages.staticfiles import checks

        register(checks.check_order, Tags.staticfiles)
