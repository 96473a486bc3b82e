"""Starts the FTP server."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

try:
    import pyftpdlib  # noqa: F401 - whether it is there
except ImportError as error:
    raise CommandError(
        "pyftpdlib is missing: pip install 'django-storehouse[ftpserver]'"
    ) from error

from django_ftpserver.conf import get_ftp_setting
from django_ftpserver.daemonizer import become_daemon
from django_ftpserver.server import FTPServerConfig, FTPServerRunner
from django_ftpserver.utils import address_problem, parse_ports

DESCRIPTORS = 8
"""Open files that a client may need: its connections, the storage's, the database."""


class Command(BaseCommand):
    help = "Starts the FTP server. What is not given here comes from the settings FTPSERVER_…"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("host_port", nargs="?", help="such as 0.0.0.0:21, or [::]:21")
        parser.add_argument("--daemonize", action="store_true", help="go to the background")
        parser.add_argument("--pidfile", help="file that gets the number of the process")
        parser.add_argument("--timeout", type=int, help="seconds that a client may be silent")
        parser.add_argument("--passive-ports", help="such as 2000,30000-30100")
        parser.add_argument("--masquerade-address", help="public address, behind NAT")
        parser.add_argument("--file-access-user", help="user who reads and writes local files")
        parser.add_argument("--certfile", help="TLS certificate; TLS is required then")
        parser.add_argument("--keyfile", help="its key, unless the certificate's file has it")
        parser.add_argument(
            "--sendfile", action="store_true", default=None, help="let the kernel send files"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        runner = FTPServerRunner(self._config(options))
        pidfile = options["pidfile"] or get_ftp_setting("FTPSERVER_PIDFILE")
        if pidfile:
            self._check_writable(pidfile)
        self._listen(runner)
        _raise_limit(runner.config.max_connections or 0)
        host, port = runner.server.address
        if options["verbosity"]:
            shown = f"[{host}]" if ":" in host else host
            self.stdout.write(f"FTP server on {shown}:{port}; stop it with Ctrl-C.")
            self.stdout.flush()
        if options["daemonize"] or get_ftp_setting("FTPSERVER_DAEMONIZE"):
            become_daemon(**get_ftp_setting("FTPSERVER_DAEMONIZE_OPTIONS"))
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
        try:
            if pidfile:
                with open(pidfile, "w") as file:
                    file.write(f"{os.getpid()}\n")
            runner.run(sender=type(self))
        finally:
            if pidfile and os.path.exists(pidfile):
                os.remove(pidfile)

    def _check_writable(self, path: str) -> None:
        """Before the server goes to the background, where nobody would be told."""
        try:
            with open(path, "a"):
                pass
        except OSError as error:
            raise CommandError(
                f"--pidfile {path!r} cannot be written: {error.strerror}."
            ) from error

    def _config(self, options: dict[str, Any]) -> FTPServerConfig:
        host, port = self._address(options["host_port"])
        names = ("timeout", "masquerade_address", "file_access_user", "certfile", "keyfile")
        given = {name: options[name] for name in names}
        for name in ("certfile", "keyfile"):
            path = given[name] or get_ftp_setting(f"FTPSERVER_{name.upper()}")
            if path and not os.access(path, os.R_OK):
                raise CommandError(f"--{name} {path!r} is not there, or cannot be read.")
        if problem := address_problem(given["masquerade_address"] or "0.0.0.0"):  # noqa: S104 - any
            raise CommandError(f"--masquerade-address: {problem}")
        if given["timeout"] is not None and given["timeout"] < 1:
            raise CommandError(f"--timeout {given['timeout']} must be a second or more.")
        try:
            ports = options["passive_ports"]
            given["passive_ports"] = ports if ports is None else parse_ports(ports)
            return FTPServerConfig(host, port, sendfile=options["sendfile"], **given)
        except ValueError as error:
            raise CommandError(f"--passive-ports: {error}") from error

    def _address(self, text: str | None) -> tuple[str, int]:
        host, port = get_ftp_setting("FTPSERVER_HOST"), get_ftp_setting("FTPSERVER_PORT")
        if text:
            before, colon, after = text.rpartition(":")
            if text.isdigit():
                port = text
            elif not colon or text.endswith("]"):
                host = text
            else:
                host, port = before or host, after
        try:
            number = int(port)
            if not 0 <= number <= 65535:
                raise ValueError
        except ValueError:
            raise CommandError(f"{port!r} is no port: they go from 0 to 65535.") from None
        return host.strip("[]"), number

    def _listen(self, runner: FTPServerRunner) -> None:
        config = runner.config
        try:
            runner.create_server()
        except PermissionError as error:
            raise CommandError(
                f"The server may not listen on {config.host}:{config.port}: {error.strerror}. "
                "Ports below 1024 are root's; take another one, such as 2121."
            ) from error
        except OSError as error:
            raise CommandError(
                f"The server cannot listen on {config.host}:{config.port}: {error}."
            ) from error
        except (ImproperlyConfigured, ImportError) as error:
            raise CommandError(str(error)) from error
        except Exception as error:
            if type(error).__module__.startswith("OpenSSL"):
                raise CommandError(
                    f"{config.certfile!r} and {config.keyfile or config.certfile!r} are no "
                    f"certificate with its key: {error}"
                ) from error
            raise


def _raise_limit(clients: int) -> None:
    """Let the process have as many open files as its clients may need, if the system does."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(clients, 512) * DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
