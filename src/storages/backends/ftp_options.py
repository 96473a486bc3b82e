"""The options of the storage on FTP, and the connections that they make."""

from __future__ import annotations

import codecs
import os
import ssl
from dataclasses import replace
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured

from storages import clients
from storages.backends import ftp_cures
from storages.backends.ftp_client import Access
from storages.backends.ftp_location import Location, parse
from storages.backends.ftp_tree import Claims, FTPTree
from storages.backends.ftp_wire import strict
from storages.cures import Cure
from storages.options import option
from storages.pool import Pool
from storages.tree import TreeStorage

TIMEOUT = 60
"""Seconds to wait for a connection, and for each answer."""

CONNECTIONS = 8
"""Connections to one server, below what servers commonly allow a client."""


class FTPOptions(TreeStorage):
    """What can be set, what cannot be set together, and the connections that follow from it."""

    location: str | None = option(
        None,
        "FTP_STORAGE_LOCATION",
        required=True,
        secret=True,
        help="`ftp://user:password@host:port/path`. `aftp` has the server connect back for data; "
        "`ftps` and `ftpes` are explicit TLS. The path begins where the login does. Special "
        "characters are percent-encoded.",
    )
    allow_overwrite: bool = option(
        False,
        "FTP_ALLOW_OVERWRITE",
        help="Replace a file of the same name. With `False`, `save()` takes another name where "
        "there is one already.",
    )
    encoding: str | None = option(
        None,
        ("FTP_STORAGE_ENCODING", "ENCODING"),
        help="How names are encoded. Default: UTF-8 where the server offers it, else latin-1.",
    )
    base_url: str | None = option(
        None, "BASE_URL", help="What links begin with. Default: `MEDIA_URL`."
    )
    timeout: float = option(
        TIMEOUT, "FTP_TIMEOUT", help="Seconds to wait for a connection, and for each answer."
    )
    max_connections: int = option(
        CONNECTIONS,
        "FTP_MAX_CONNECTIONS",
        help="Connections to the server at most, for each process. Many servers allow few.",
    )
    verify: bool = option(
        True,
        "FTP_VERIFY",
        help="With TLS, verify the server's certificate and its name. `False` trusts anybody.",
    )
    ca_file: str | None = option(
        None,
        "FTP_CA_FILE",
        help="The certificates of the authorities to trust, as a PEM file. Default: the system's.",
    )
    ssl_context: ssl.SSLContext | None = option(
        None,
        "FTP_SSL_CONTEXT",
        help="An `ssl.SSLContext` instead of `verify` and `ca_file`, for client certificates, say.",
    )
    implicit_tls: bool = option(
        False,
        "FTP_IMPLICIT_TLS",
        help="With `ftps`, speak TLS from the first byte on, at port 990 by default.",
    )

    def _configured(self) -> None:
        super()._configured()
        if self.location:
            self._where()
        self._check_encoding()
        self._check_numbers()
        self._check_tls()

    def _check_encoding(self) -> None:
        if self.encoding is None:
            return
        try:
            fits = "a/".encode(codecs.lookup(self.encoding).name) == b"a/"
        except (LookupError, TypeError, UnicodeError):
            fits = False
        if not fits:
            raise ImproperlyConfigured(
                f"encoding (FTP_STORAGE_ENCODING) is {self.encoding!r}: give an encoding of names "
                "that Python knows and that extends ASCII, such as 'utf-8' or 'latin-1'."
            )

    def _check_numbers(self) -> None:
        for name, least, kinds in (("timeout", "0", (int, float)), ("max_connections", "1", int)):
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool) or value <= 0:
                kind = "a whole number from" if least == "1" else "seconds, more than"
                raise ImproperlyConfigured(
                    f"{name} (FTP_{name.upper()}) is {value!r}: give {kind} {least}."
                )

    def _check_tls(self) -> None:
        file, context = self.ca_file, self.ssl_context
        if context is not None and not isinstance(context, ssl.SSLContext):
            raise ImproperlyConfigured(
                f"ssl_context (FTP_SSL_CONTEXT) is a {type(context).__name__}: give an "
                "ssl.SSLContext."
            )
        if context is not None and (file or not self.verify):
            other = "ca_file (FTP_CA_FILE)" if file else "verify (FTP_VERIFY)"
            raise ImproperlyConfigured(
                f"{other} and ssl_context (FTP_SSL_CONTEXT) are both set: the context decides "
                "alone what is trusted, remove one of them."
            )
        if file and not self.verify:
            raise ImproperlyConfigured(
                "ca_file (FTP_CA_FILE) is set, but verify (FTP_VERIFY) is False: nothing would be "
                "verified. Remove verify, or ca_file."
            )
        if file and not os.path.isfile(file):
            raise ImproperlyConfigured(f"ca_file (FTP_CA_FILE) is {file!r}: there is no such file.")

    def _check_deploy(self, alias: str) -> list[CheckMessage]:
        if not self.location or self._where().is_local:
            return []
        found = []
        if not self._where().uses_tls:
            found.append(("files and the password travel without encryption", "location", "W007"))
        elif not self.verify:
            found.append(("the certificate of the service is not verified", "verify", "W006"))
        return [
            Warning(
                f"STORAGES[{alias!r}]: {what}.",
                hint=f"See the option {where}.",
                id=f"storages.{number}",
            )
            for what, where, number in found
        ]

    def _cure(self, step: str, error: BaseException) -> Cure | None:
        return ftp_cures.cure(self, step, error) or super()._cure(step, error)

    def _honours_exclusive(self, key: str) -> bool:
        return False  # FTP has no command for it

    def _place(self) -> tuple[Any, ...] | None:
        return ("ftp", self._where().server) if self.location else None

    def _hosts(self) -> list[str | None]:
        return [self.base_url]

    # -- connections

    def _where(self) -> Location:
        """The parts of `location`; no error and no frame of one shows the password."""
        self._require("location")
        if self.__dict__.get("_cached_address") is self.location:
            found: Location = self.__dict__["_cached_where"]
            return found
        try:
            found = parse(self.location, implicit=bool(self.implicit_tls))
        except ValueError as error:
            problem = str(error)
        else:
            self._cached_address, self._cached_where = self.location, found
            return found
        raise ImproperlyConfigured(problem)

    def _pool(self) -> Pool[FTPTree]:
        return clients.of(self, self._pool_key, self._make_pool)

    def _pool_key(self) -> clients.ClientKey:
        """What makes two storages' connections different; a context counts by identity."""
        given = (self.encoding, self.timeout, self.max_connections, self.implicit_tls)
        tls = (self.verify, self.ca_file, self.ssl_context)
        return clients.ClientKey(("ftp", replace(self._where(), path=""), *given, *tls))

    def _make_pool(self) -> Pool[FTPTree]:
        where, claims = replace(self._where(), path=""), Claims()
        tls = self._tls() if where.uses_tls else None
        access = Access(where, self.timeout, bool(self.implicit_tls), self.encoding, tls)
        return Pool(
            lambda: FTPTree(access, claims), most=self.max_connections, timeout=self.timeout
        )

    def _tls(self) -> ssl.SSLContext:
        if self.ssl_context is not None:
            return self.ssl_context
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except ssl.SSLError as error:
            raise ImproperlyConfigured(
                f"ca_file (FTP_CA_FILE) is {self.ca_file!r}: no certificates in PEM are in it."
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return strict(context)
