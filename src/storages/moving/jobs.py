"""What is to be done with one file, and what has come of it; both travel as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import SuspiciousOperation

from storages.crew import Stopped
from storages.entry import Entry


@dataclass(frozen=True, slots=True)
class Job:
    """One file to copy, as the source's listing tells of it."""

    name: str
    """Relative to the source, and to the target."""
    new: str = ""
    """Relative to the target, if it is called otherwise there."""
    size: int | None = None
    """Bytes as stored."""
    modified: float | None = None
    """Seconds since 1970."""
    etag: str | None = None
    """The version that was listed."""
    digest: str | None = None
    replaces: bool = False
    """Whether the target has a file of this name."""
    doubtful: bool = False
    """Whether it is copied only if the contents are not the same."""
    against: str | None = None
    """The digest of the target's file, where its listing tells it."""
    as_stored: bool = True
    """Whether stored bytes are compared, and not what reading them gives."""
    twin: str = ""
    """Another file of the source that has the same name to the target."""
    is_broken: bool = False
    """Whether it is a link to nothing, as the source's listing tells."""
    asks: bool = False
    """Whether it is skipped if the target has such a file, which nobody has looked for yet."""
    owner: str = ""
    """What refers to the file, as `app.Model(pk).field`."""
    again: bool = False
    """Whether somebody may have done it before, and was never heard of again."""

    @classmethod
    def of(cls, entry: Entry, **more: Any) -> Job:
        """To copy a listed file."""
        return cls(
            entry.name,
            size=entry.size,
            modified=entry.modified.timestamp() if entry.modified else None,
            etag=entry.etag,
            digest=entry.digest,
            is_broken=entry.is_broken,
            **more,
        )

    def as_json(self) -> dict[str, Any]:
        """Without what is as it mostly is."""
        told = ((each, getattr(self, each.name)) for each in fields(self))
        return {each.name: value for each, value in told if value != each.default}

    def entry(self, key: str) -> Entry | None:
        """What the listing said, with another key; None if nobody has listed it."""
        if self.size is None:
            return None
        modified = None if self.modified is None else datetime.fromtimestamp(self.modified, UTC)
        return Entry(key, self.size, modified=modified, etag=self.etag, digest=self.digest)


@contextmanager
def one_files() -> Iterator[None]:
    """Makes OSErrors of whatever storages of others raise: it ends one file, and not a run."""
    try:
        yield
    except (OSError, Stopped):
        raise
    except SuspiciousOperation as error:  # a name that leads elsewhere
        raise PermissionError(str(error)) from error
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


ACTIONS = ("copied", "equal", "skipped", "deleted", "failed", "orphan", "missing")
"""What can come of a job, and what can be found."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has come of one file."""

    name: str
    action: str
    size: int = 0
    """Bytes that were copied or deleted."""
    on_server: bool = False
    """Whether the service has copied it, without its bytes passing this machine."""
    error: str = ""
    owner: str = ""
    kind: str = ""
    """The name of the error's class."""

    @classmethod
    def failed(cls, job: Job, error: BaseException) -> Outcome:
        text = str(error) or type(error).__name__  # TimeoutError() says nothing
        return cls(job.name, "failed", error=text, owner=job.owner, kind=type(error).__name__)

    def as_json(self) -> dict[str, Any]:
        """Without what says nothing."""
        return {name: value for name, value in asdict(self).items() if value or name == "size"}
