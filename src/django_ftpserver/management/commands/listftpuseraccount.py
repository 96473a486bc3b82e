"""Lists the users of Django who may use FTP."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_ftpserver.models import FTPUserAccount


class Command(BaseCommand):
    help = "Lists the users of Django who may use FTP."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{'ID':6} {'Username':30} {'Group':30} Home directory")
        for account in FTPUserAccount.objects.select_related("user", "group").order_by("pk"):
            name, group = account.get_username(), account.group.name
            row = f"{account.pk:<6} {name:30} {group:30} {account.home_dir or ''}"
            self.stdout.write(row.rstrip())
