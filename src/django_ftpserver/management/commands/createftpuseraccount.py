"""Lets a user of Django use FTP."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import BaseCommand, CommandError

from django_ftpserver.models import FTPUserAccount, FTPUserGroup


class Command(BaseCommand):
    help = "Lets a user of Django use FTP."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("group")
        parser.add_argument("home_dir", nargs="?", help="may hold {username}")

    def handle(self, *args: Any, **options: Any) -> None:
        username, name = options["username"], options["group"]
        try:
            user = get_user_model()._default_manager.get_by_natural_key(username)
        except ObjectDoesNotExist:
            raise CommandError(f"There is no user {username!r}.") from None
        try:
            group = FTPUserGroup.objects.get(name=name)
        except FTPUserGroup.DoesNotExist:
            raise CommandError(
                f"There is no FTP user group {name!r}: createftpusergroup makes one."
            ) from None
        if FTPUserAccount.objects.filter(user=user).exists():
            raise CommandError(f"{username!r} has an FTP account already.")
        account = FTPUserAccount(user=user, group=group, home_dir=options["home_dir"])
        try:
            account.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        account.save()
        if options["verbosity"]:
            self.stdout.write(f'FTP user account pk={account.pk}, "{account}" was created.')
