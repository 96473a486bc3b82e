"""Where an FTP storage is: the address in its option `location`."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from storages.names import safe_join

SCHEMES = ("ftp", "aftp", "ftps", "ftpes")
PORT = 21
IMPLICIT_PORT = 990
LOOPBACK = ("localhost", "127.0.0.1", "::1")

WHERE = "location (FTP_STORAGE_LOCATION)"
FORM = (
    "write ftp://user:password@host:port/path, and any of / ? # @ : % in the user or the password "
    "as %2F %3F %23 %40 %3A %25"
)


@dataclass(frozen=True, slots=True)
class Location:
    """The parts of an address, decoded; `path` is relative to where the server begins."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    path: str

    @property
    def uses_tls(self) -> bool:
        return self.scheme in ("ftps", "ftpes")

    @property
    def is_active(self) -> bool:
        """Whether the server connects to us for data, instead of we to it."""
        return self.scheme == "aftp"

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def server(self) -> str:
        """Host and port, as messages name them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(address: object, *, implicit: bool) -> Location:
    """The location that an address names; ValueError, whose text does not show it.

    Its traceback does, in local variables: whoever catches it raises another error.
    """
    if not isinstance(address, str):
        raise ValueError(f"{WHERE} is a {type(address).__name__}: {FORM}.")
    scheme = address.partition(":")[0].lower()
    if "://" not in address or scheme not in SCHEMES:
        raise ValueError(f"{WHERE} begins with none of {_schemes()}: {FORM}.")
    parts, port = _split(address)
    if parts.query or parts.fragment:
        raise ValueError(f"{WHERE} has a bare ? or # in it: {FORM}.")
    if not parts.hostname:
        raise ValueError(f"{WHERE} names no host: {FORM}.")
    user, password, path = (_decoded(p or "") for p in (parts.username, parts.password, parts.path))
    found = Location(
        scheme,
        parts.hostname,
        port or (IMPLICIT_PORT if implicit else PORT),
        user or "anonymous",
        password if user else password or "anonymous@",
        _path(path),
    )
    if implicit and not found.uses_tls:
        raise ValueError(
            f"implicit_tls (FTP_IMPLICIT_TLS) is set, but {WHERE} begins with {scheme}://, which "
            "is FTP without TLS: write ftps://, or remove implicit_tls."
        )
    return found


def _schemes() -> str:
    return ", ".join(f"{scheme}://" for scheme in SCHEMES)


def _split(address: str) -> tuple[SplitResult, int | None]:
    """The parts and the port; what the standard library says of bad ones may show a password."""
    try:
        parts = urlsplit(address)
        port = parts.port
        if port != 0:
            return parts, port
    except ValueError:
        pass  # raised below, where this error is not its context
    raise ValueError(f"{WHERE} has no proper host and port: {FORM}.")


def _decoded(text: str) -> str:
    """Percent-decoded; bytes that are not UTF-8 reach the server as they are."""
    found = unquote(text, errors="surrogateescape")
    if any(each in found for each in "\r\n\0"):
        raise ValueError(f"{WHERE} has a line break or a NUL character in it.")
    return found


def _path(path: str) -> str:
    """A path without leading slash, `.` and `..`, none of which may climb above its start."""
    try:
        return safe_join("", path.lstrip("/")).rstrip("/")
    except ValueError:
        message = f"The path of {WHERE} leaves the directory that the server begins with."
    raise ValueError(message)
