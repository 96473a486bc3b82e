"""The steps of an examination: each does one thing with the probe, and says what it saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from storages import bulk
from storages.base import BaseStorage, RemoteStorage
from storages.cures import CLOCK, LinkError
from storages.primitives import Primitives
from storages.transfer import MiB, fetch_range

from .links import Link, fetch
from .probe import CONTENT, Probe
from .report import Doubtful, Skipped

LISTED = 1000
"""Entries of the listing that are looked at."""

SKEW = 60
"""Seconds that two clocks may differ."""

START, STOP = 11, 36
"""The range that is read."""


class Check(NamedTuple):
    """A step by its name, and the steps without which it makes no sense."""

    name: str
    run: Callable[[Probe], str]
    needs: tuple[str, ...] = ()


def connect(probe: Probe) -> str:
    """Ask for a file that is not there, in the way that tells most if it is refused."""
    storage = probe.storage
    if isinstance(storage, RemoteStorage):
        try:
            # Reading, since an answer to HEAD has no body that could say what is wrong.
            storage._fetch_first(storage._file_key(probe.name), 1)
        except FileNotFoundError:
            return "answers that there is no such file yet"
    elif not storage.exists(probe.name):
        return "answers that there is no such file yet"
    raise FileExistsError(f"It has a file {probe.name!r}, which nobody has written.")


def write(probe: Probe) -> str:
    """Write as `save()` does, with the parameters of the project's own files."""
    storage, content, wanted = probe.storage, ContentFile(CONTENT), probe.name
    probe.writing(wanted)
    start = time.time()
    try:
        if isinstance(storage, RemoteStorage):
            storage.write(wanted, content, overwrite=storage._overwrites())
        else:
            probe.name = storage.save(wanted, content)
    except FileExistsError:
        probe.is_not_ours(wanted)
        raise
    probe.written_at = (start, time.time())
    probe.wrote(probe.name)
    if probe.name != wanted:
        probe.is_not_ours(wanted)
    return probe.name


def read(probe: Probe) -> str:
    with probe.storage.open(probe.name) as file:
        content = file.read()
        probe.entry = getattr(file, "entry", None)
    if content != CONTENT:
        raise OSError(f"{probe.name!r} was read as {len(content)} bytes, other than written.")
    return f"{len(content)} bytes"


def read_range(probe: Probe) -> str:
    """Read from the middle, by a request of its own."""
    storage, entry = probe.storage, probe.entry
    if isinstance(storage, RemoteStorage) and entry is not None:
        part = fetch_range(storage, entry, START, STOP)
        wanted = b"" if entry.encoding else CONTENT[START:STOP]
    else:
        with storage.open(probe.name) as file:
            file.seek(START)
            part, wanted = file.read(STOP - START), CONTENT[START:STOP]
    if len(part) != STOP - START or (wanted and part != wanted):
        raise OSError(f"Another range came than the bytes {START} to {STOP} of {probe.name!r}.")
    return f"bytes {START} to {STOP}"


def stat(probe: Probe) -> str:
    entry = probe.entry = bulk.stat(probe.storage, probe.name)
    if not entry.encoding and entry.size != len(CONTENT):
        raise OSError(f"{probe.name!r} has {entry.size} bytes, but {len(CONTENT)} were written.")
    return f"{entry.size} bytes" + (f", {entry.content_type}" if entry.content_type else "")


def clock(probe: Probe) -> str:
    """Compare the time that the service gave the probe with ours."""
    modified = probe.entry.modified if probe.entry else None
    if modified is None:
        raise Skipped("it does not tell when files were written")
    seconds = _beyond(modified, *probe.written_at)
    told = f"{abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
    if abs(seconds) > SKEW:
        raise Doubtful(f"the clock of the service is {told}", CLOCK.text)
    return f"the clock of the service is {told}" if abs(seconds) >= 1 else "the same time"


def _beyond(modified: datetime, start: float, stop: float) -> float:
    """By how many seconds a time is outside of others; services tell whole seconds."""
    found = modified.timestamp()
    return min(found + 1 - start, 0) if found < start else max(found - stop, 0)


def listing(probe: Probe) -> str:
    storage = probe.storage
    if isinstance(storage, RemoteStorage | FileSystemStorage):
        names = [each.name for each in islice(bulk.scandir(storage), LISTED)]
    else:  # all that Django's API offers
        names = storage.listdir("")[1]
    told = f"{len(names)}{' or more' if len(names) >= LISTED else ''} listed"
    if probe.name in names or not probe.anything:
        return told
    if len(names) >= LISTED or bulk.has_directories(storage):
        return f"{told}; the probe is not among them, as some servers hide names with a dot"
    raise Doubtful(
        f"{told}, but not the file that was just written",
        "Listings lag behind: do not rely on one right after writing.",
    )


def sign(probe: Probe) -> str:
    try:
        link = _maker_of_links(probe.storage).url(probe.name)
    except (NotImplementedError, ValueError) as error:
        raise Skipped(f"it makes no links: {error}") from error
    if not link:
        raise Skipped("it gives no link")
    probe.link = Link(str(link), probe.name)
    return f"{probe.link}, {'signed' if probe.link.signed else 'not signed'}"


def _maker_of_links(storage: Any) -> Any:
    """The storage; or it without hashed names, which the probe has none of."""
    if isinstance(storage, HashedFilesMixin):
        return super(HashedFilesMixin, storage)
    return storage


def fetch_link(probe: Probe) -> str:
    link = probe.link
    if link is None or not link.is_absolute:
        raise Skipped("a link within this site: whatever serves the project has to serve it")
    trust = probe.storage._link_trust() if isinstance(probe.storage, BaseStorage) else None
    content = fetch(link, trust)
    if content != CONTENT:
        told = f"{link} gives something else than was written"
        raise LinkError(told, status=200, signed=link.signed, host=link.host)
    return f"{len(content)} bytes"


def copy(probe: Probe) -> str:
    storage = probe.storage
    probe.writing(probe.copy)
    storage.copy(probe.name, probe.copy)
    probe.wrote(probe.copy)
    size = storage.stat(probe.copy).size
    if size != bulk.stat(storage, probe.name).size:
        raise OSError(f"The copy {probe.copy!r} has {size} bytes, other than its source.")
    is_own = storage.__class__._copy is not Primitives._copy
    return "on the server" if is_own else "through this machine"


def condition(probe: Probe) -> str:
    """Try to create the probe a second time."""
    storage = probe.storage
    if storage._honours_exclusive(storage._file_key(probe.name)):
        return "a file that exists is not created again"
    raise Doubtful(
        "creating a file that exists is not refused: it is only looked for before",
        f"With {storage.overwrite_option}=False, of two uploads of one name at the same moment one "
        "may be lost. Give uploads random names (upload_to), or use a service with conditional "
        "writes.",
    )


def parts(probe: Probe) -> str:
    """Write an object in two parts."""
    storage = probe.storage
    if storage.__class__._start_upload is Primitives._start_upload:
        raise Skipped("large files are sent in one piece")
    key, count = storage._new_key(probe.large), 0
    probe.writing(probe.large)
    exclusive = not storage._overwrites()
    writer = storage._writer(key, storage._prepare(key)[0], exclusive=exclusive)
    try:
        while not writer.in_parts:
            count += writer.write(bytes(MiB))
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    probe.wrote(probe.large)
    return f"{count // MiB} MiB in parts of {writer.part_size / MiB:.3g} MiB"


def abort(probe: Probe) -> str:
    """Begin an upload in parts, and give it up."""
    storage = probe.storage
    key = storage._new_key(probe.large)
    storage._start_upload(key, storage._prepare(key)[0]).abort()
    return "an upload that was begun is given up"


BASIC = (
    Check("connect", connect),
    Check("write", write),
    Check("read", read, ("write",)),
    Check("range", read_range, ("read",)),
    Check("stat", stat, ("write",)),
    Check("clock", clock, ("stat",)),
    Check("list", listing),
    Check("sign", sign),
    Check("fetch", fetch_link, ("write", "sign")),
)
"""What any storage of Django may be asked for."""

FURTHER = (Check("copy", copy, ("write",)), Check("condition", condition, ("write",)))
"""What storages of ours are asked for, too."""

LARGE = (Check("parts", parts, ("write",)), Check("abort", abort, ("parts",)))
"""What costs an upload of some MiB."""


def checks_of(storage: Storage, *, large: bool) -> Iterator[Check]:
    yield from BASIC
    if isinstance(storage, RemoteStorage):
        yield from FURTHER
        if large:
            yield from LARGE
