"""Groups and accounts in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from django_ftpserver.models import FTPUserAccount, FTPUserGroup


@admin.register(FTPUserGroup)
class FTPUserGroupAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ("name", "permission", "home_dir")
    search_fields = ("name", "permission")


@admin.register(FTPUserAccount)
class FTPUserAccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ("user", "group", "last_login")
    list_filter = ("group",)
    list_select_related = ("user", "group")
    raw_id_fields = ("user",)

    def get_search_fields(self, request: HttpRequest) -> tuple[Any, ...]:
        return (f"user__{get_user_model().USERNAME_FIELD}", "group__name")
