"""Reading and writing files of this machine as another user, in one thread."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured


class Impersonation:
    """Changes whose files a thread reads and writes; can be nested.

    Linux keeps a user and a group for files in each thread (setfsuid(2)). Elsewhere the whole
    process changes, so that the server has to do one thing at a time.
    """

    is_per_thread = sys.platform == "linux"

    def __init__(self, username: str) -> None:
        try:
            import pwd

            entry = pwd.getpwnam(username)
        except (ImportError, KeyError):
            raise ImproperlyConfigured(
                f"FTPSERVER_FILE_ACCESS_USER is {username!r}, whom this system does not know."
            ) from None
        self._ids = entry.pw_uid, entry.pw_gid
        if os.geteuid() not in (0, entry.pw_uid):
            raise ImproperlyConfigured(
                f"FTPSERVER_FILE_ACCESS_USER is {username!r}: only root can work as another user."
            )
        if os.geteuid() == 0:  # root's own groups would open more than the user's
            os.setgroups(os.getgrouplist(username, entry.pw_gid))
        self._own = os.geteuid(), os.getegid()
        self._depth = threading.local()

    def begin(self) -> None:
        self._depth.count = getattr(self._depth, "count", 0) + 1
        if self._depth.count == 1:
            _become(*self._ids)

    def end(self) -> None:
        self._depth.count -= 1
        if not self._depth.count:
            _become(*self._own)


def _become(uid: int, gid: int) -> None:
    """The group first, but last on the way back: only root may change it."""
    changes = [(_set_gid, gid), (_set_uid, uid)]
    for change, wanted in changes if uid else reversed(changes):
        change(wanted)


if Impersonation.is_per_thread:
    _libc = ctypes.CDLL(None)

    def _set_uid(uid: int) -> None:
        _check(_libc.setfsuid, uid)

    def _set_gid(gid: int) -> None:
        _check(_libc.setfsgid, gid)

    def _check(call: Any, wanted: int) -> None:
        """The calls return what was set before, and never an error."""
        call(wanted)
        if call(-1) != wanted:
            raise PermissionError(f"{call.__name__}({wanted}) was refused.")

else:

    def _set_uid(uid: int) -> None:
        os.seteuid(uid)

    def _set_gid(gid: int) -> None:
        os.setegid(gid)
