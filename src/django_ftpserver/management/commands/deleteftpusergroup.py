"""Deletes a group of FTP users that has none."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_ftpserver.models import FTPUserAccount, FTPUserGroup


class Command(BaseCommand):
    help = "Deletes a group of FTP users that has none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            group = FTPUserGroup.objects.get(name=options["name"])
        except FTPUserGroup.DoesNotExist:
            raise CommandError(f"There is no FTP user group {options['name']!r}.") from None
        if count := FTPUserAccount.objects.filter(group=group).count():
            raise CommandError(
                f"The FTP user group {group.name!r} has accounts ({count}): delete them first."
            )
        pk = group.pk
        group.delete()
        if options["verbosity"]:
            self.stdout.write(f"FTP user group pk={pk}, {group.name} was deleted.")
