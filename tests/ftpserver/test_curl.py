"""curl as the client, on each kind of storage."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import PASSWORD
from .programs import KINDS, Program, contents, fill

ODD = (
    "a b.txt",
    "ü €.txt",
    "u\u0308.txt",
    "100%.txt",
    "%41.txt",
    "a#b?c.txt",
    """it's "so".txt""",
    "-rf.txt",
    " first.txt",
    "*.txt",
    "[1]{2}.txt",
    ".hidden",
    "a;type=i.bin",
)
"""Names that a client, a server or a storage may take for something else."""


class Curl(Program):
    """curl, as ann; it takes paths in place of URLs, by what begins with a slash."""

    def __init__(self, home: Path, serving: Any) -> None:
        super().__init__("curl", home)
        self.serving = serving
        self.login = ["--disable", "--silent", "--show-error", "--globoff"]
        self.login += ["--user", f"ann:{PASSWORD}"]
        if serving.ca_cert:
            self.login += ["--ssl-reqd", "--cacert", str(serving.ca_cert)]

    def url(self, path: str) -> str:
        """The URL of an absolute path in ann's home."""
        return f"ftp://{self.serving.host}:{self.serving.port}{quote(path)}"

    def tried(self, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
        return super().tried(*self.login, *args)


@pytest.fixture(params=KINDS)
def curl(request: pytest.FixtureRequest, serve: Any, make_storage: Any, tmp_path: Path) -> Curl:
    kind, tls = request.param.split()[0], "TLS" in request.param
    return Curl(tmp_path / "home of curl", serve(make_storage(kind), tls=tls))


@pytest.fixture
def storage(curl: Curl) -> Any:
    return curl.serving.storage


def test_uploads_lists_and_downloads(curl: Curl, storage: Any, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    fill(tmp_path, {"a.bin": content})
    curl("--upload-file", tmp_path / "a.bin", curl.url("/"))
    curl("--upload-file", tmp_path / "a.bin", "--ftp-create-dirs", curl.url("/d/e/b.bin"))
    assert contents(storage) == {"a.bin": content, "d/e/b.bin": content}
    assert curl("--list-only", curl.url("/")).splitlines() == ["a.bin", "d"]
    listed = [line.split(maxsplit=8) for line in curl(curl.url("/")).splitlines()]
    assert [(mode[0], size, name) for mode, _, _, _, size, _, _, _, name in listed] == [
        ("-", "300000", "a.bin"),
        ("d", "0", "d"),
    ]
    facts = curl("--request", "MLSD", curl.url("/d/e/"))
    assert "type=file;" in facts
    assert facts.endswith(" b.bin\n")
    curl("--remote-time", "--output", tmp_path / "back", curl.url("/d/e/b.bin"))
    assert (tmp_path / "back").read_bytes() == content
    modified = storage.get_modified_time("home/ann/d/e/b.bin").timestamp()
    assert (tmp_path / "back").stat().st_mtime == int(modified)


@pytest.mark.parametrize("method", ["multicwd", "nocwd"])
def test_odd_names(curl: Curl, storage: Any, tmp_path: Path, method: str) -> None:
    files = {name: name.encode() for name in ODD}
    fill(tmp_path, files)
    how = ["--ftp-method", method, "--parallel"]  # sessions side by side: curl waits a lot
    if method != "nocwd":  # with which curl makes no directories
        how += ["--ftp-create-dirs"]
        files = {f"d ü%/{name}": content for name, content in files.items()}
    up: list[str | Path] = []
    for name in files:
        up += ["--upload-file", tmp_path / Path(name).name, curl.url(f"/{name}")]
    curl(*how, *up)
    assert contents(storage) == files
    folder = next(iter(files)).rpartition("/")[0]
    listed = curl(*how, "--list-only", curl.url(f"/{folder}/" if folder else "/")).splitlines()
    assert sorted(listed) == sorted(ODD)
    down: list[str | Path] = []
    for number, name in enumerate(files):
        down += ["--output", tmp_path / f"back {number}", curl.url(f"/{name}")]
    curl(*how, *down)
    back = [(tmp_path / f"back {number}").read_bytes() for number in range(len(files))]
    assert back == list(files.values())


def test_goes_on_with_a_download(curl: Curl, storage: Any, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    fill(tmp_path, {"a.bin": content, "back": content[:150_000]})
    curl("--upload-file", tmp_path / "a.bin", curl.url("/"))
    go_on = ("--continue-at", "-", "--write-out", "%{size_download}")
    for left in ("50000", "0"):
        assert curl(*go_on, "--output", tmp_path / "back", curl.url("/a.bin")) == left
        assert (tmp_path / "back").read_bytes() == content
    assert curl("--range", "5-9", "--output", tmp_path / "r", curl.url("/a.bin")) == ""
    assert (tmp_path / "r").read_bytes() == content[5:10]
    curl("--range", "-7", "--output", tmp_path / "r", curl.url("/a.bin"))
    assert (tmp_path / "r").read_bytes() == content[-7:]


def test_goes_on_with_an_upload(curl: Curl, storage: Any, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    fill(tmp_path, {"a.bin": content, "begin": content[:150_000], "end": b"the end"})
    curl("--upload-file", tmp_path / "begin", curl.url("/a.bin"))
    go_on = ("--continue-at", "-", "--write-out", "%{size_upload}")
    for left in ("50000", "0"):
        assert curl(*go_on, "--upload-file", tmp_path / "a.bin", curl.url("/")) == left
        assert contents(storage) == {"a.bin": content}
    curl("--append", "--upload-file", tmp_path / "end", curl.url("/a.bin"))
    assert contents(storage) == {"a.bin": content + b"the end"}


def test_renames_and_deletes(curl: Curl, storage: Any, tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": b"a", "b.txt": b"b"})
    for name in ("a.txt", "b.txt"):
        curl("--upload-file", tmp_path / name, "--ftp-create-dirs", curl.url(f"/d/{name}"))
    rename = ("-Q", "RNFR d/a.txt", "-Q", "RNTO d/ü 'c'.txt")
    assert curl(*rename, "--list-only", curl.url("/d/")).splitlines() == ["b.txt", "ü 'c'.txt"]
    assert contents(storage) == {"d/b.txt": b"b", "d/ü 'c'.txt": b"a"}
    curl("-Q", "-RNFR /d", "-Q", "-RNTO /moved", curl.url("/"))  # after the listing
    assert contents(storage) == {"moved/b.txt": b"b", "moved/ü 'c'.txt": b"a"}
    commands = ("-Q", "DELE moved/b.txt", "-Q", "MKD new", "-Q", "RMD new")
    assert curl(*commands, "--list-only", curl.url("/")).splitlines() == ["moved"]
    assert contents(storage) == {"moved/ü 'c'.txt": b"a"}
    refused = curl.tried("-Q", "DELE none.txt", curl.url("/"))
    assert refused.returncode == 21
    assert curl.tried(curl.url("/none.txt")).returncode == 78


def test_tells_sizes_and_times(curl: Curl, storage: Any, tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": b"12345"})
    curl("--upload-file", tmp_path / "a.txt", curl.url("/"))
    modified = storage.get_modified_time("home/ann/a.txt")
    assert curl("--head", curl.url("/a.txt")).splitlines() == [
        f"Last-Modified: {modified:%a, %d %b %Y %H:%M:%S} GMT",
        "Content-Length: 5",
        "Accept-ranges: bytes",
    ]


@pytest.mark.parametrize("curl", ["memory over TLS"], indirect=True)
def test_nothing_goes_without_tls(curl: Curl, storage: Any, tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": b"secret"})
    upload = ("--upload-file", tmp_path / "a.txt", curl.url("/"))
    complete = curl.login
    without = complete[:-3]
    for curl.login, status in (
        (without, 67),  # the login is refused
        ([*without, "--ssl-reqd"], 60),  # nobody vouches for the server
        ([*complete, "--tls-max", "1.1"], 35),
        ([*without, *complete[-2:], "--ftp-ssl-control"], 13),  # no way for clear files
    ):
        assert curl.tried(*upload).returncode == status, curl.login
    curl.login = complete
    assert contents(storage) == {}
    curl(*upload)
    assert contents(storage) == {"a.txt": b"secret"}
