"""Lists the groups of FTP users."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_ftpserver.models import FTPUserGroup


class Command(BaseCommand):
    help = "Lists the groups of FTP users."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{'ID':6} {'Name':30} {'Permission':10} Home directory")
        for group in FTPUserGroup.objects.order_by("pk"):
            row = f"{group.pk:<6} {group.name:30} {group.permission:10} {group.home_dir or ''}"
            self.stdout.write(row.rstrip())
