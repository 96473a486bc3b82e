"""Going to the background."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured


def become_daemon(
    our_home_dir: str = ".",
    out_log: str | None = None,
    err_log: str | None = None,
    umask: int = 0o022,
) -> None:
    """Leave the terminal: a process of its own session, which prints into files.

    Open sockets stay open, so that what a server cannot listen on was told on the terminal.
    """
    if not hasattr(os, "fork"):
        raise ImproperlyConfigured("This system has no background: run the server as a service.")
    sys.stdout.flush()
    sys.stderr.flush()
    _fork()
    os.setsid()
    _fork()  # who leads no session never gets a terminal again
    os.chdir(our_home_dir)
    os.umask(umask)
    _redirect(0, os.devnull, os.O_RDONLY)
    _redirect(1, out_log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _redirect(2, err_log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _fork() -> None:
    """Go on in a child only."""
    if os.fork():
        os._exit(0)


def _redirect(number: int, path: str, flags: int) -> None:
    opened = os.open(path, flags, 0o644)
    os.dup2(opened, number)
    os.close(opened)
