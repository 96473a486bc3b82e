"""Where what a run replaces or deletes is kept."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.files.storage import FileSystemStorage

from storages.moving.places import Place, cleaned, is_local
from storages.moving.refusing import Refused


def of_this_run(backup_dir: str) -> str:
    """A directory in it, named by the time: no run replaces what another one has kept."""
    if not backup_dir:
        return ""
    return posixpath.join(backup_dir, datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ"))


def with_backups(source: Place | None, target: Place, given: str) -> tuple[Place, str]:
    """The target, and the directory for backups as a path in its storage; Refused.

    For a target on this machine it is any directory here; elsewhere it is one of the same storage,
    with or without its alias.
    """
    target, backups = (_here if target.is_local else _there)(target, given)
    if source is not None and backups.overlaps(source):
        raise Refused(f"{backups} is in {source}: the backups need a directory of their own.")
    if target.is_in(backups):
        raise Refused(f"{target} is in {backups}: the backups need a directory of their own.")
    return target, backups.path


def _there(target: Place, given: str) -> tuple[Place, Place]:
    alias, colon, path = given.partition(":")
    if colon and alias != target.spec.partition(":")[0]:
        raise Refused(f"{given} is not in the storage of {target}, where the backups must be.")
    return target, replace(target, path=cleaned(path if colon else given), spec=given)


def _here(target: Place, given: str) -> tuple[Place, Place]:
    if not is_local(given):
        raise Refused(f"The backups of {target} stay on this machine: write ./{given}.")
    storage: Any = target.storage
    paths = storage.path(target.path), os.path.abspath(os.path.expanduser(given))
    root = os.path.commonpath(paths)
    common = FileSystemStorage(location=root)
    inside = [posixpath.join("", *os.path.relpath(each, root).split(os.sep)) for each in paths]
    there, kept = ("" if each == "." else each for each in inside)
    return (
        replace(target, storage=common, path=there),
        replace(target, storage=common, path=kept, spec=given),
    )
