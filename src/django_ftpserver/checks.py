"""System checks: settings that cannot work, and, with --deploy, what is open to everybody."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_ftpserver.conf import SETTINGS, get_ftp_setting
from django_ftpserver.utils import address_problem, parse_ports


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Types, ports, classes, and the storage's alias."""
    messages: list[CheckMessage] = []
    known = [each.name for each in SETTINGS]
    for name in dir(settings):
        is_unknown = name.startswith("FTPSERVER_") and name not in known
        if is_unknown and (near := get_close_matches(name, known, 1, cutoff=0.9)):
            text, hint = f"There is no setting {name}.", f"Did you mean {near[0]}?"
            messages.append(Warning(text, hint=hint, id="django_ftpserver.W003"))
    for each in SETTINGS:
        value = get_ftp_setting(each.name)
        if value is not None and not isinstance(value, each.kinds):
            kinds = " or ".join(kind.__name__ for kind in each.kinds)
            messages.append(
                Error(f"{each.name} is {value!r}, not {kinds}.", id="django_ftpserver.E001")
            )
        elif isinstance(value, str) and (problem := _problem(each.name, value)):
            messages.append(Error(f"{each.name}: {problem}", id="django_ftpserver.E002"))
    return messages


def _problem(name: str, value: str) -> str | None:
    """What is wrong with a setting that is a text."""
    if name == "FTPSERVER_PASSIVE_PORTS":
        try:
            parse_ports(value)
        except ValueError as error:
            return str(error)
    if name == "FTPSERVER_MASQUERADE_ADDRESS":
        return address_problem(value)
    if name == "FTPSERVER_STORAGE" and value not in settings.STORAGES:
        return f"there is no {value!r} in STORAGES."
    if name.rpartition("_")[2] in ("HANDLER", "AUTHORIZER", "FILESYSTEM", "TLSHANDLER"):
        if name == "FTPSERVER_TLSHANDLER" and not get_ftp_setting("FTPSERVER_CERTFILE"):
            return None  # it needs pyOpenSSL, which a project without a certificate may lack
        try:
            import_string(value)
        except ImportError as error:
            return f"{error}"
    return None


def check_exposure(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """With --deploy: passwords that everybody can read on the way, and the disk that is served."""
    messages: list[CheckMessage] = []
    if get_ftp_setting("FTPSERVER_FILESYSTEM") is None:
        messages.append(
            Warning(
                "FTP clients read and write the disk of this machine.",
                hint="Set FTPSERVER_FILESYSTEM to 'django_ftpserver.filesystems.StorageFS', which "
                "serves the storage FTPSERVER_STORAGE instead.",
                id="django_ftpserver.W001",
            )
        )
    if not get_ftp_setting("FTPSERVER_CERTFILE"):
        messages.append(
            Warning(
                "FTP clients send their passwords and files unencrypted.",
                hint="Set FTPSERVER_CERTFILE (and FTPSERVER_KEYFILE): then TLS is required.",
                id="django_ftpserver.W002",
            )
        )
    return messages
