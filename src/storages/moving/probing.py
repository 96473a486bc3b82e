"""Whether two places are one, where options do not tell it: by a file that is put there."""

from __future__ import annotations

import secrets

from django.core.files.base import ContentFile

from storages.moving.addressing import Addresses
from storages.moving.jobs import one_files
from storages.moving.places import Place
from storages.names import OURS


def is_one(source: Place, target: Place) -> bool:
    """Whether what is stored in one directory is in the other one, too; OSError.

    A bucket may be reached by several addresses, and a directory by SFTP, by FTP and on disk. Then
    a file that is moved from one to the other would be copied onto itself, and deleted.
    """
    if not Addresses(source.storage).may_be_same(Addresses(target.storage)):
        return False
    return _is_seen(source, target)


def is_nested(source: Place, target: Place) -> bool:
    """Whether one directory of a bucket is in the other one, by another address; OSError.

    Then what is deleted in one of them would be missing in the other.
    """
    here, there = Addresses(source.storage), Addresses(target.storage)
    if here.bucket is None or not here.may_be_same(there):
        return False
    above, below = here.root(source.path), there.root(target.path)
    if above != below and below.startswith(above):
        return _is_seen(source.below(below.removeprefix(above).rstrip("/")), target)
    if above != below and above.startswith(below):
        return _is_seen(source, target.below(above.removeprefix(below).rstrip("/")))
    return False


def _is_seen(source: Place, target: Place) -> bool:
    """Whether a file that is put into one directory is in the other one."""
    name = f"{OURS}{secrets.token_hex(12)}"
    probe = target.name(name)
    with one_files():
        target.side.write(probe, ContentFile(b""), overwrite=False)
        try:
            return source.below(name).is_file()
        except PermissionError:  # who may not list is not told that there is none
            return False
        finally:
            target.storage.delete(probe)
