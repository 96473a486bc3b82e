"""Answers by which clients decide what they do next."""

from __future__ import annotations

import ftplib
import io
from typing import Any

import pytest


def answer(client: ftplib.FTP, command: str) -> str:
    """The reply to a command, of whatever kind."""
    client.putcmd(command)
    return client.getmultiline()


@pytest.mark.parametrize(
    ("kind", "permission", "is_told"),
    [("memory", "elradfwT", True), ("memory", "elradfmw", False), ("s3", "elradfwT", False)],
)
def test_who_cannot_set_times_is_not_told_of_it(
    serve: Any, account: Any, make_storage: Any, kind: str, permission: str, is_told: bool
) -> None:
    account(permission=permission)
    client = serve(make_storage(kind)).client()
    assert ("\n MFMT" in answer(client, "FEAT")) is is_told
    client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    assert answer(client, "MFMT 20200101000000 a.txt").startswith("213") is is_told


def test_mlsd_tells_what_is_missing_from_what_is_no_directory(serve: Any, storage: Any) -> None:
    client = serve(storage).client()
    client.storbinary("STOR a.txt", io.BytesIO(b"a"))
    client.makepasv()
    assert answer(client, "MLSD missing") == "550 No such directory."
    assert answer(client, "MLSD a.txt") == "501 It is not a directory."
    assert list(client.mlsd("/", facts=["type"])) == [("a.txt", {"type": "file"})]


def test_facts_begin_with_the_type(serve: Any, storage: Any) -> None:
    client = serve(storage).client()
    client.storbinary("STOR d/a.txt", io.BytesIO(b"a"))
    for path in ("/", "d"):
        lines: list[str] = []
        client.retrlines(f"MLSD {path}", lines.append)
        assert [line.startswith("type=") for line in lines] == [True]


def test_modes_are_octal_digits(serve: Any, storage: Any) -> None:
    client = serve(storage).client()
    client.storbinary("STOR d/a.txt", io.BytesIO(b"a"))
    assert dict(client.mlsd("", facts=["unix.mode"])) == {"d": {"unix.mode": "0755"}}
    assert dict(client.mlsd("d", facts=["unix.mode"])) == {"a.txt": {"unix.mode": "0644"}}


@pytest.mark.parametrize("before", [b"", b"\xff\xf4\xff\xf2", b"\xff\xf4\xf2", b"\xf2"])
def test_abor_is_understood_with_what_telnet_puts_before_it(serve: Any, before: bytes) -> None:
    client = serve().client()
    client.sock.sendall(before + b"ABOR\r\n")
    assert client.getmultiline() == "225 No transfer to abort."
