"""lftp as the client, on each kind of storage."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from storages import bulk

from .conftest import PASSWORD
from .programs import KINDS, Program, contents, files_in, fill

ODD = (
    "a b.txt",
    "ü €.txt",
    "100% %41.txt",
    "a#b?c&d;e.txt",
    'it\'s "so".txt',
    "-rf.txt",
    " first.txt",
    "*.txt",
    "[1]{2}~$HOME`.txt",
    ".hidden",
)
TREE = {
    "a.txt": b"a",
    "empty.bin": b"",
    "d/b c.txt": b"bc",
    "d/ü/%41 #'\".txt": b"odd",
    "d/ü/deep/er/big.bin": b"big" * 50_000,
}


def quoted(text: str | Path) -> str:
    """One word of lftp's language, whatever is in it."""
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Lftp(Program):
    """lftp, as ann; it takes commands, one a line."""

    def __init__(self, home: Path, serving: Any) -> None:
        super().__init__("lftp", home)
        self.serving = serving
        self.settings = {
            "cmd:fail-exit": "true",
            "net:max-retries": "1",
            "net:reconnect-interval-base": "0",
            "pget:min-chunk-size": "1k",
        }
        if serving.ca_cert:
            self.settings |= {"ftp:ssl-force": "true", "ftp:ssl-protect-data": "true"}
            self.settings["ssl:ca-file"] = str(serving.ca_cert)

    def tried(self, *commands: str | Path) -> subprocess.CompletedProcess[bytes]:
        settings = [f"set {name} {quoted(value)}" for name, value in self.settings.items()]
        url = f"ftp://{self.serving.host}:{self.serving.port}"
        login = f"open --user ann --password {quoted(PASSWORD)} {url}"
        script = self.home / "script"
        script.write_text("\n".join([*settings, login, *map(str, commands), ""]))
        return super().tried("--norc", "-f", script)


@pytest.fixture(params=KINDS)
def lftp(
    request: pytest.FixtureRequest, serve: Any, account: Any, make_storage: Any, tmp_path: Path
) -> Lftp:
    account(permission="elrdfmwT")
    kind, tls = request.param.split()[0], "TLS" in request.param
    return Lftp(tmp_path / "home of lftp", serve(make_storage(kind), tls=tls))


@pytest.fixture
def storage(lftp: Lftp) -> Any:
    return lftp.serving.storage


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = fill(tmp_path / "tree", TREE)
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tree


def received(sent: list[tuple[str, Any]]) -> list[str]:
    """What was uploaded since this was asked last."""
    found = [about["path"] for signal, about in sent if signal == "ftp_file_received"]
    sent.clear()
    return sorted(found)


def test_puts_lists_and_gets(lftp: Lftp, storage: Any, tmp_path: Path) -> None:
    files = {name: name.encode() for name in ODD}
    fill(tmp_path, files)
    (tmp_path / "back").mkdir()
    printed = lftp(
        f"lcd {quoted(tmp_path)}",
        'mkdir -p "d ü/e"',
        'cd "d ü"',
        *[f"put {quoted(f'./{name}')} -o {quoted(f'./{name}')}" for name in ODD],
        "cls -1 -a",
        "lcd back",
        *[f"get {quoted(f'./{name}')}" for name in ODD],
    )
    listed = printed.splitlines()
    assert set(ODD) <= set(listed)
    assert contents(storage, "home/ann/d ü") == files
    assert files_in(tmp_path / "back") == files


def test_mirrors_what_differs(
    lftp: Lftp, storage: Any, tree: Path, tmp_path: Path, sent: list[tuple[str, Any]]
) -> None:
    up = f"mirror --reverse --delete {quoted(tree)} up/here"
    lftp(up)
    assert contents(storage, "home/ann/up/here") == TREE
    assert received(sent) == sorted(f"/home/ann/up/here/{name}" for name in TREE)
    if bulk.sets_times(storage):
        time = int((tree / "a.txt").stat().st_mtime)
        assert storage.get_modified_time("home/ann/up/here/a.txt").timestamp() == time
    (tree / "empty.bin").write_bytes(b"no more")
    (tree / "d/b c.txt").unlink()
    fill(tree, {"new/n.txt": b"new"})
    lftp(up)
    assert received(sent) == ["/home/ann/up/here/empty.bin", "/home/ann/up/here/new/n.txt"]
    assert contents(storage, "home/ann/up/here") == files_in(tree)
    lftp(up)
    assert received(sent) == []
    lftp(f"mirror up/here {quoted(tmp_path / 'down')}")
    assert files_in(tmp_path / "down") == files_in(tree)


def test_moves_and_removes(lftp: Lftp, storage: Any, tree: Path) -> None:
    printed = lftp(
        f"mirror -R {quoted(tree)} /",
        "mkdir moved",
        "mv a.txt \"moved/ü 'b'.txt\"",
        "mv d/ü moved/",
        "rm empty.bin",
        "find",
    )
    names = ["d/b c.txt", "moved/ü 'b'.txt", "moved/ü/%41 #'\".txt", "moved/ü/deep/er/big.bin"]
    assert sorted(contents(storage)) == sorted(names)
    folders = {"./", "./d/", "./moved/", "./moved/ü/", "./moved/ü/deep/", "./moved/ü/deep/er/"}
    assert set(printed.splitlines()) == folders | {f"./{name}" for name in names}
    assert lftp("rm -r d moved/ü", "rmdir d || echo gone", "cls -1").split() == ["gone", "moved/"]
    assert contents(storage) == {"moved/ü 'b'.txt": b"a"}


def test_goes_on_with_what_has_begun(lftp: Lftp, storage: Any, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    fill(tmp_path, {"a.bin": content, "back.bin": content[:200_000]})
    fill(tmp_path, {"begin": content[:100_000], "end": b"the end"})
    lftp(
        f"lcd {quoted(tmp_path)}",
        "put begin -o a.bin",
        "put -c a.bin",
        "get -c a.bin -o back.bin",
    )
    assert contents(storage) == {"a.bin": content}
    assert (tmp_path / "back.bin").read_bytes() == content
    storage_end = ("put end -o end", f"cat a.bin end > {quoted(tmp_path / 'both')}")
    lftp(f"lcd {quoted(tmp_path)}", *storage_end)
    assert (tmp_path / "both").read_bytes() == content + b"the end"


@pytest.mark.parametrize("lftp", ["memory", "s3", "files over TLS"], indirect=True)
def test_gets_parts_at_once(
    lftp: Lftp, storage: Any, tmp_path: Path, sent: list[tuple[str, Any]]
) -> None:
    content = os.urandom(600_000)
    fill(tmp_path, {"a.bin": content})
    lftp(f"put {quoted(tmp_path / 'a.bin')}")
    sent.clear()
    lftp.settings["net:limit-rate"] = "300k"  # so slow that one connection would not do
    lftp(f"pget -n 4 a.bin -o {quoted(tmp_path / 'back.bin')}")
    assert (tmp_path / "back.bin").read_bytes() == content
    assert [signal for signal, _ in sent].count("ftp_login") > 1


@pytest.mark.parametrize("lftp", ["memory over TLS"], indirect=True)
def test_trusts_nobody_else(lftp: Lftp, storage: Any, tree: Path) -> None:
    del lftp.settings["ssl:ca-file"]
    unknown = lftp.tried(f"mirror -R {quoted(tree)}")
    assert unknown.returncode == 1
    assert b"Certificate verification" in unknown.stderr
    assert contents(storage) == {}
