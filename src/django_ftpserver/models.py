"""Groups of FTP users with their permissions, and the accounts of Django's users."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PERMISSIONS = {
    "e": "change directory",
    "l": "list files",
    "r": "download",
    "a": "append to a file",
    "d": "delete files and directories",
    "f": "rename files and directories",
    "m": "make a directory",
    "w": "upload",
    "M": "change a file's mode (no storage can)",
    "T": "set a file's time of modification",
}
"""The letters of a permission, as pyftpdlib has them."""


def check_permission(permission: str) -> None:
    """Raise ValidationError that names the letters which mean nothing."""
    if unknown := sorted(set(permission) - PERMISSIONS.keys()):
        raise ValidationError(
            f"{''.join(unknown)!r} is no permission: the letters are {''.join(PERMISSIONS)!r}."
        )


def check_home_dir(home_dir: str) -> None:
    """Raise ValidationError if the name of a user cannot be put into it."""
    try:
        home_dir.format(username="username")
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        raise ValidationError(
            f"The home directory {home_dir!r} has braces; only '{{username}}' is replaced."
        ) from error


class FTPUserGroup(models.Model):
    """Users who may do the same, with a home directory of theirs if they have none."""

    name = models.CharField(_("Group name"), max_length=30, unique=True)
    permission = models.CharField(_("Permission"), max_length=8, default="elradfmw")
    home_dir = models.CharField(_("Home directory"), max_length=1024, null=True, blank=True)

    class Meta:
        verbose_name = _("FTP user group")
        verbose_name_plural = _("FTP user groups")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_permission(self.permission)
        check_home_dir(self.home_dir or "")


class FTPUserAccount(models.Model):
    """A user of Django who may use FTP."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("User")
    )
    group = models.ForeignKey(
        FTPUserGroup, on_delete=models.CASCADE, verbose_name=_("FTP user group")
    )
    last_login = models.DateTimeField(_("Last login"), editable=False, null=True)
    home_dir = models.CharField(_("Home directory"), max_length=1024, null=True, blank=True)

    class Meta:
        verbose_name = _("FTP user account")
        verbose_name_plural = _("FTP user accounts")

    def __str__(self) -> str:
        return self.get_username()

    def clean(self) -> None:
        check_home_dir(self.home_dir or "")

    def get_username(self) -> str:
        return str(self.user.get_username())

    def update_last_login(self, value: datetime | None = None) -> None:
        self.last_login = value or timezone.now()
        self.save(update_fields=["last_login"])

    def get_home_dir(self) -> str:
        """The account's, else the group's, else one beside the home of the server's own user."""
        home_dir = self.home_dir or self.group.home_dir
        if home_dir:
            return str(home_dir.format(username=self.get_username()))
        homes = os.path.dirname(os.path.expanduser("~"))
        return os.path.join(homes, self.get_username())

    def has_perm(self, perm: str, path: Any) -> bool:
        """Whether the user may do `perm`; `path` is for subclasses."""
        return perm in self.get_perms()

    def get_perms(self) -> str:
        return str(self.group.permission)
