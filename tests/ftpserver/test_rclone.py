"""rclone as the client, on each kind of storage."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storages import bulk

from .conftest import PASSWORD
from .programs import KINDS, Program, contents, files_in, fill

TREE = {
    "a.txt": b"a",
    "empty.bin": b"",
    "d/b c.txt": b"bc",
    "d/ü/%41 #'\"{}.txt": b"odd",
    "d/ü/deep/er/big.bin": os.urandom(300_000),
}
LONG_AGO = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


class Rclone(Program):
    """rclone; its remote "it:" is ann's home."""

    def __init__(self, home: Path, serving: Any) -> None:
        super().__init__("rclone", home)
        self.serving = serving
        self.options: list[str] = []
        remote = {"type": "ftp", "host": serving.host, "port": serving.port, "user": "ann"}
        remote["pass"] = self("obscure", PASSWORD).strip()
        self.options = ["--config", str(home / "rclone.conf"), "--retries", "1"]
        if serving.ca_cert:
            remote |= {"explicit_tls": "true", "no_check_certificate": "false"}
            self.options += ["--ca-cert", str(serving.ca_cert)]
        lines = [f"{name} = {value}\n" for name, value in remote.items()]
        (home / "rclone.conf").write_text("".join(["[it]\n", *lines]))

    def tried(self, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
        return super().tried(*self.options, *args)

    def listed(self, path: str = "it:") -> dict[str, Any]:
        return {each["Path"]: each for each in json.loads(self("lsjson", "--recursive", path))}


@pytest.fixture(params=KINDS)
def rclone(
    request: pytest.FixtureRequest, serve: Any, account: Any, make_storage: Any, tmp_path: Path
) -> Rclone:
    account(permission="elrdfmwT")
    kind, tls = request.param.split()[0], "TLS" in request.param
    return Rclone(tmp_path / "home of rclone", serve(make_storage(kind), tls=tls))


@pytest.fixture
def storage(rclone: Rclone) -> Any:
    return rclone.serving.storage


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = fill(tmp_path / "tree", TREE)
    os.utime(tree / "a.txt", (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    return tree


def received(sent: list[tuple[str, Any]]) -> list[str]:
    """What was uploaded since this was asked last, by the names that rclone gives in the end."""
    found = [about["path"] for signal, about in sent if signal == "ftp_file_received"]
    sent.clear()
    return sorted(re.sub(r"\.[0-9a-f]{8}\.partial$", "", path) for path in found)


def test_copies_a_tree_up_and_down(
    rclone: Rclone, storage: Any, tree: Path, tmp_path: Path
) -> None:
    rclone("copy", tree, "it:up/here")
    assert contents(storage, "home/ann/up/here") == TREE
    listed = rclone.listed("it:up/here")
    folders = {"d", "d/ü", "d/ü/deep", "d/ü/deep/er"}
    assert {path for path, about in listed.items() if about["IsDir"]} == folders
    assert {path: listed[path]["Size"] for path in TREE} == {
        path: len(content) for path, content in TREE.items()
    }
    for path in TREE:
        time = bulk.stat(storage, f"home/ann/up/here/{path}").modified
        assert time is not None
        assert datetime.fromisoformat(listed[path]["ModTime"]) == time.replace(microsecond=0)
    is_old = listed["a.txt"]["ModTime"] == "2001-09-09T01:46:40Z"
    assert is_old == bulk.sets_times(storage)
    rclone("check", "--download", tree, "it:up/here")
    rclone("copy", "it:up/here", tmp_path / "down")
    assert files_in(tmp_path / "down") == TREE


def test_check_finds_what_differs(rclone: Rclone, storage: Any, tree: Path) -> None:
    rclone("copy", tree, "it:")
    bulk.move(storage, "home/ann/a.txt", "home/ann/empty.bin", overwrite=True)
    done = rclone.tried("check", "--combined", "-", tree, "it:")
    assert done.returncode == 1
    assert sorted(done.stdout.decode().splitlines()) == [
        "* empty.bin",
        "+ a.txt",
        *sorted(f"= {name}" for name in TREE.keys() - {"a.txt", "empty.bin"}),
    ]


def test_sync_transfers_what_differs(
    rclone: Rclone, storage: Any, tree: Path, sent: list[tuple[str, Any]]
) -> None:
    rclone("sync", tree, "it:")
    assert received(sent) == sorted(f"/home/ann/{name}" for name in TREE)
    (tree / "empty.bin").write_bytes(b"no more")
    (tree / "d/b c.txt").unlink()
    fill(tree, {"new/n.txt": b"new"})
    rclone("sync", tree, "it:")
    assert received(sent) == ["/home/ann/empty.bin", "/home/ann/new/n.txt"]
    expected = {name: TREE[name] for name in TREE if name != "d/b c.txt"}
    assert contents(storage) == expected | {"empty.bin": b"no more", "new/n.txt": b"new"}
    rclone("sync", tree, "it:")
    assert received(sent) == []


def test_moves_reads_parts_and_removes(rclone: Rclone, storage: Any, tree: Path) -> None:
    big = TREE["d/ü/deep/er/big.bin"]
    rclone("copy", tree, "it:")
    rclone("moveto", "it:a.txt", "it:moved/b.txt")
    rclone("moveto", "it:d/ü", "it:ü")  # a directory, by one rename
    names = ("empty.bin", "d/b c.txt", "moved/b.txt", "ü/%41 #'\"{}.txt", "ü/deep/er/big.bin")
    assert sorted(contents(storage)) == sorted(names)
    part = rclone.output("cat", "--offset", "100000", "--count", "10", "it:ü/deep/er/big.bin")
    assert part == big[100_000:100_010]
    assert rclone.output("cat", "--tail", "5", "it:ü/deep/er/big.bin") == big[-5:]
    rclone("deletefile", "it:empty.bin")
    rclone("delete", "it:d")
    assert set(rclone.listed("it:d")) == set()
    rclone("purge", "it:ü")
    assert contents(storage) == {"moved/b.txt": b"a"}
    assert set(rclone.listed()) == {"d", "moved", "moved/b.txt"}
    rclone("rmdir", "it:d")
    assert set(rclone.listed()) == {"moved", "moved/b.txt"}


@pytest.mark.parametrize("kind", ["memory", pytest.param("s3", marks=pytest.mark.variant)])
def test_uploads_where_nobody_may_set_times(
    serve: Any, make_storage: Any, tree: Path, tmp_path: Path, kind: str
) -> None:
    """As the permissions are by default; a client that was told of MFMT would give up."""
    rclone = Rclone(tmp_path / "home of rclone", serve(make_storage(kind)))
    rclone("copy", tree, "it:")
    assert contents(rclone.serving.storage) == TREE


@pytest.mark.parametrize("rclone", ["memory over TLS"], indirect=True)
def test_trusts_nobody_else(rclone: Rclone, storage: Any, tree: Path) -> None:
    del rclone.options[-2:]
    unknown = rclone.tried("copy", tree, "it:")
    assert unknown.returncode == 1
    assert b"failed to verify certificate" in unknown.stderr
    assert contents(storage) == {}
