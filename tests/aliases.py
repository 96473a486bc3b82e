"""Storages of every kind by their aliases, and `manage.py storages` on them.

aliases(live="s3", copy="files")   makes storages in STORAGES, all empty, and returns them
storages_command("sync", "live:", "copy:") -> Ran(status, out, err)
"""

import io
import itertools
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from storages import bulk

CLASSES = {
    "files": "django.core.files.storage.FileSystemStorage",
    "django": "django.core.files.storage.InMemoryStorage",
    "memory": "storages.testing.MemoryStorage",
    "s3": "storages.backends.s3.S3Storage",
    "sftp": "storages.backends.sftpstorage.SFTPStorage",
    "ftp": "storages.backends.ftp.FTPStorage",
    "vsftpd": "storages.backends.ftp.FTPStorage",
    "azure": "storages.backends.azure_storage.AzureStorage",
    "gcs": "storages.backends.gcloud.GoogleCloudStorage",
    "dropbox": "storages.backends.dropbox.DropboxStorage",
}
LOCAL = ("files", "memory", "django", "s3")
"""Kinds that are quick."""

OLD = datetime(2020, 5, 17, 12, 30, 15, tzinfo=UTC)


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def storages_command(*arguments: Any, **options: Any) -> Ran:
    """What `manage.py storages` with these arguments prints, and its exit status."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("storages", *map(str, arguments), stdout=out, stderr=err, **options)
    except CommandError as error:
        err.write(str(error))
        status = error.returncode
    return Ran(status, out.getvalue(), err.getvalue())


def fill(storage: Any, *names: str, age: timedelta | None = None) -> None:
    """Store files with their names as contents, as old as given where somebody can say that."""
    time = datetime.now(UTC) - age if age is not None and bulk.sets_times(storage) else None
    for name in names:
        put(storage, name, name.encode(), time)


def put(storage: Any, name: str, content: bytes, time: datetime | None = None) -> None:
    """Store a content under just this name, as if at that time."""
    file = bulk.create(storage, name, overwrite=True)
    file.write(content)
    file.close()
    if time is not None:
        bulk.set_modified_time(storage, name, time)


def tree(storage: Any, path: str = "") -> dict[str, bytes]:
    """The contents of all files by their names."""
    found = {}
    for name in sorted(entry.name for entry in bulk.scan(storage, path)):
        with storage.open(name) as file:
            found[name] = file.read()
    return found


def local_tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)).replace(os.sep, "/"): path.read_bytes() for path in files}


@pytest.fixture
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Makes the entry in STORAGES of a new storage of a kind."""
    numbers = itertools.count()

    def options(kind: str, place: str) -> dict[str, Any]:
        get = request.getfixturevalue
        if kind == "files":
            return {"location": str(tmp_path / place)}
        if kind in ("django", "memory"):
            return {}
        if kind == "s3":
            found = get("moto").options(get("moto_bucket"), location=place)
        elif kind == "azure":
            found = get("azurite").options(get("azure_container"), location=place)
        elif kind == "gcs":
            found = get("gcs").options(get("gcs_bucket"), location=place)
        elif kind == "sftp":
            found = get("sshd").options(f"{get('sftp_directory')}/{place}")
        elif kind == "ftp":
            found = get("ftpd").options(f"{get('ftp_directory')}/{place}")
        elif kind == "vsftpd":
            found = get("vsftpd").options(f"{get('vsftpd_directory')}/{place}")
        else:
            found = get("dropbox_server").options(f"{get('dropbox_root')}/{place}")
        return dict(found)

    def make(kind: str, **more: Any) -> dict[str, Any]:
        found = options(kind, f"{kind}-{next(numbers)}")
        return {"BACKEND": CLASSES[kind], "OPTIONS": found | more}

    return make


@pytest.fixture
def aliases(settings: Any, config: Callable[..., dict[str, Any]]) -> Callable[..., list[Any]]:
    """Sets STORAGES: a kind makes a new storage, a mapping is an entry as it is."""

    def make(**kinds: str | Mapping[str, Any]) -> list[Any]:
        settings.STORAGES = {
            alias: config(kind) if isinstance(kind, str) else kind for alias, kind in kinds.items()
        }
        return [storages[alias] for alias in kinds]

    return make
