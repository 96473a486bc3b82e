"""The application: models, checks, commands."""

from django.apps import AppConfig


class FTPServerConfig(AppConfig):
    name = "django_ftpserver"
    verbose_name = "FTP server"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from django_ftpserver import checks

        register(checks.check_settings)
        register(checks.check_exposure, Tags.security, deploy=True)
