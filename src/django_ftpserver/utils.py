"""Settings, ports, and a server made of its classes."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from django_ftpserver.conf import DEFAULTS, get_ftp_setting

if TYPE_CHECKING:
    from pyftpdlib.servers import FTPServer

__all__ = ["FTPSERVER_DEFAULTS", "get_ftp_setting", "import_class", "make_server", "parse_ports"]

FTPSERVER_DEFAULTS = DEFAULTS


def import_class(found: str | type) -> type:
    """The class of a dotted path; a class is itself."""
    if isinstance(found, str):
        cls: type = import_string(found)
        return cls
    return found


def parse_ports(ports_text: str) -> list[int]:
    """The ports in a text such as `"2000,30000-30010"`; ValueError names what is wrong."""
    ports: list[int] = []
    for part in ports_text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            span = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise ValueError(
                f"{part.strip()!r} is no port; ports look like 2000 or 30000-30100."
            ) from None
        if not span or span[0] < 1 or span[-1] > 65535:
            raise ValueError(f"{part.strip()!r} are no ports: they go from 1 to 65535, upwards.")
        ports += span
    return ports


def address_problem(address: str) -> str | None:
    """What is wrong with an address that clients are told: FTP has no names there."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return f"{address!r} is no IP address."
    return None


def make_server(
    server_class: str | type,
    handler_class: str | type,
    authorizer_class: str | type,
    filesystem_class: str | type | None,
    host_port: tuple[str, int],
    file_access_user: str | None = None,
    **handler_options: Any,
) -> FTPServer:
    """A server that listens; what `handler_options` has beside None becomes the handler's.

    With a `certfile` clients must use TLS, unless the options say that it is not required.
    Handlers are of a class of their own, so that servers of one process differ.
    """
    handler = import_class(handler_class)
    attributes = {name: value for name, value in handler_options.items() if value is not None}
    attributes |= {"authorizer": import_class(authorizer_class)(file_access_user)}
    attributes |= {"signal_sender": handler, "__module__": handler.__module__}
    if filesystem_class is not None:
        attributes["abstracted_fs"] = import_class(filesystem_class)
    if "certfile" in attributes:
        required = {"tls_control_required": True, "tls_data_required": True}
        attributes = {"ssl_context": None, **required, **attributes}
    made = type(handler.__name__, (handler,), attributes)
    server: FTPServer = import_class(server_class)(host_port, made)
    return server
