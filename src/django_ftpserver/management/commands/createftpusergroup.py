"""Creates a group of FTP users."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from django_ftpserver.models import PERMISSIONS, FTPUserGroup


class Command(BaseCommand):
    help = "Creates a group of FTP users."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("home_dir", nargs="?", help="may hold {username}")
        letters = ", ".join(f"{letter} {what}" for letter, what in PERMISSIONS.items())
        parser.add_argument(
            "--permission",
            help=f"up to eight of: {letters.replace('%', '%%')}; by default elradfmw",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        group = FTPUserGroup(name=options["name"], home_dir=options["home_dir"])
        if options["permission"] is not None:
            group.permission = options["permission"]
        try:
            group.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        group.save()
        if options["verbosity"]:
            self.stdout.write(f"FTP user group pk={group.pk}, {group} was created.")
