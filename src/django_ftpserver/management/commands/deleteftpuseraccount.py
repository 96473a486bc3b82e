"""Takes FTP from a user of Django, who stays."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from django_ftpserver.models import FTPUserAccount


class Command(BaseCommand):
    help = "Takes FTP from a user of Django, who stays; so do the files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        by_name = {f"user__{get_user_model().USERNAME_FIELD}": username}
        try:
            account = FTPUserAccount.objects.get(**by_name)
        except FTPUserAccount.DoesNotExist:
            raise CommandError(f"{username!r} has no FTP account.") from None
        pk = account.pk
        account.delete()
        if options["verbosity"]:
            self.stdout.write(f'FTP user account pk={pk}, "{username}" was deleted.')
