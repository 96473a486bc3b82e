"""The settings, each declared once: `get_ftp_setting`, the checks and the docs read them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with its default; `kinds` are the types that its value may have."""

    name: str
    default: Any
    kinds: tuple[type, ...]
    help: str


SETTINGS = (
    Setting("FTPSERVER_HOST", "127.0.0.1", (str,), "Address that the server listens on."),
    Setting("FTPSERVER_PORT", 21, (int,), "Port that it listens on; 0 takes a free one."),
    Setting(
        "FTPSERVER_TIMEOUT",
        None,
        (int, float),
        "Seconds without a command after which a client is disconnected; None is 300.",
    ),
    Setting(
        "FTPSERVER_PASSIVE_PORTS",
        None,
        (str, list, tuple, range),
        'Ports for data connections, such as `"30000-30100"`; None takes any free ones.',
    ),
    Setting(
        "FTPSERVER_MASQUERADE_ADDRESS",
        None,
        (str,),
        "The public address that clients are told, where the server is behind NAT.",
    ),
    Setting(
        "FTPSERVER_FILE_ACCESS_USER",
        None,
        (str,),
        "The user of the system who reads and writes files on this machine; needs root.",
    ),
    Setting(
        "FTPSERVER_CERTFILE",
        None,
        (str,),
        "The certificate, with its chain; once it is set, clients must use TLS.",
    ),
    Setting("FTPSERVER_KEYFILE", None, (str,), "Its key; None if `FTPSERVER_CERTFILE` has it."),
    Setting(
        "FTPSERVER_SENDFILE",
        None,
        (bool,),
        "Whether files on this machine are sent by the kernel; None where it can.",
    ),
    Setting("FTPSERVER_DAEMONIZE", False, (bool,), "Whether the server goes to the background."),
    Setting(
        "FTPSERVER_DAEMONIZE_OPTIONS",
        {},
        (dict,),
        "How: `our_home_dir`, `out_log`, `err_log` and `umask`.",
    ),
    Setting("FTPSERVER_PIDFILE", None, (str,), "File that gets the number of the process."),
    Setting(
        "FTPSERVER_HANDLER",
        "django_ftpserver.handlers.DjangoFTPHandler",
        (str, type),
        "The class that serves a client.",
    ),
    Setting(
        "FTPSERVER_TLSHANDLER",
        "django_ftpserver.handlers.DjangoTLS_FTPHandler",
        (str, type),
        "The same once there is a certificate.",
    ),
    Setting(
        "FTPSERVER_AUTHORIZER",
        "django_ftpserver.authorizers.FTPAccountAuthorizer",
        (str, type),
        "The class that knows users, homes and permissions.",
    ),
    Setting(
        "FTPSERVER_FILESYSTEM",
        None,
        (str, type),
        "The class that has the files: `django_ftpserver.filesystems.StorageFS` for a storage; "
        "None is the disk of this machine.",
    ),
    Setting(
        "FTPSERVER_STORAGE",
        "default",
        (str,),
        "The storage that `StorageFS` serves, by its alias in `STORAGES`.",
    ),
    Setting(
        "FTPSERVER_MAX_CONNECTIONS",
        512,
        (int,),
        "Clients at once; each has a thread. 0 is no limit.",
    ),
    Setting(
        "FTPSERVER_MAX_CONNECTIONS_PER_IP",
        0,
        (int,),
        "Clients at once from one address. 0 is no limit.",
    ),
    Setting(
        "FTPSERVER_MAX_LOGIN_FAILURES",
        20,
        (int,),
        "Failed logins from one address after which it is not let in any more. 0 is no limit.",
    ),
    Setting(
        "FTPSERVER_LOGIN_FAILURE_PERIOD",
        300,
        (int, float),
        "Seconds after which a failed login is forgotten.",
    ),
)

DEFAULTS = {each.name: each.default for each in SETTINGS}


def get_ftp_setting(name: str) -> Any:
    """The value of a setting, such as `FTPSERVER_PORT`; its default if it is missing or None."""
    value = getattr(settings, name, None)
    return DEFAULTS.get(name) if value is None else value
