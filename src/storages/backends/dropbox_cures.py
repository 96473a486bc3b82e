"""What cures the errors of Dropbox: the scopes of the app, and its tokens.

https://developers.dropbox.com/oauth-guide
https://www.dropbox.com/developers/documentation/http/documentation
"""

from __future__ import annotations

import re
from typing import Any

from storages.cures import Cure

SCOPES = {
    "connect": "files.content.read",
    "read": "files.content.read",
    "range": "files.content.read",
    "stat": "files.metadata.read",
    "list": "files.metadata.read",
    "sign": "files.content.read",
}
"""The scope that a step needs; else files.content.write."""

WRITE = "files.content.write"
TOKEN = Cure(
    "Give a refresh token, which does not end: oauth2_refresh_token, app_key and app_secret of the "
    "app in the App Console; the user has to allow the app once.",
    stops=True,
)
SPACE = Cure("The account is full: make room, or get more.")
BUSY = Cure("Another one writes in the same folder, or too much is asked for: try again later.")

_scope = re.compile(r"permission ((?:files|sharing|account_info)\.[\w.]+)")


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of the service; None if it is not its."""
    tags = getattr(error, "tags", ())
    if {"insufficient_space", "insufficient_quota"}.intersection(tags):
        return SPACE
    if "too_many_write_operations" in tags or "backoff" in vars(error):
        return BUSY
    status = getattr(error, "status_code", None)
    if not isinstance(error, PermissionError) or status is None:
        return None
    scope = _scope.search(str(error))
    if scope:
        needed = scope[1] or SCOPES.get(step, WRITE)
        return Cure(
            f"Allow {needed} under Permissions of the app in the App Console (all that is used: "
            f"files.metadata.read, files.content.read, {WRITE}), submit, and make new tokens: "
            "those there are keep their old scopes."
        )
    return Cure(str(error), stops=True) if status == 422 else TOKEN
