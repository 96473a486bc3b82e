"""Host keys: what is known is trusted, what is new is refused or recorded, what changed refused."""

import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from storages.backends.sftpstorage import HostKeyError, SFTPStorage
from tests.servers import RcloneSftp, Sshd


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


@pytest.fixture
def use(sshd: Sshd, sftp_directory: str, known_hosts: Path) -> Callable[..., None]:
    """Connects, with a known_hosts file of the test's own."""

    def connect(**options: Any) -> None:
        options = {"known_host_file": str(known_hosts), **options}
        with SFTPStorage(**sshd.options(sftp_directory, **options)) as storage:
            assert storage.listdir("") == ([], [])
            assert storage.sftp.listdir(sftp_directory) == []

    return connect


def line(sshd: Sshd, kind: str = "ed25519", host: str = "") -> str:
    return f"{host or f'[127.0.0.1]:{sshd.port}'} {sshd.host_key(kind)}\n"


def refusal(use: Callable[..., None], **options: Any) -> str:
    """What is said of the key; it is no error that anything would try again."""
    with pytest.raises(HostKeyError) as caught:
        use(**options)
    assert isinstance(caught.value, PermissionError)
    assert isinstance(caught.value, paramiko.BadHostKeyException)
    assert caught.value.hostname == "127.0.0.1"
    return str(caught.value)


@pytest.mark.parametrize("there", [True, False])
def test_an_unknown_key_is_refused_until_it_is_accepted(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path, there: bool
) -> None:
    if there:
        known_hosts.write_text(f"# nobody\nother.example.com {sshd.host_key()}\n")
    said = refusal(use)
    assert f"[127.0.0.1]:{sshd.port} (ssh-ed25519, {sshd.fingerprint()}) is not known" in said
    assert "Compare the fingerprint" in said
    command = said[said.index("ssh-keyscan ") :]
    assert str(known_hosts) in command
    subprocess.run(command, shell=True, check=True, stderr=subprocess.DEVNULL)
    use()


def test_no_login_is_tried_before_the_key_is_trusted(sshd: Sshd, use: Callable[..., None]) -> None:
    before = sshd.log
    refusal(use)
    assert "Accepted publickey" not in sshd.log[len(before) :]


def test_the_file_of_the_home_directory_is_the_default(
    sshd: Sshd, use: Callable[..., None], home: Path
) -> None:
    assert str(home / ".ssh" / "known_hosts") in refusal(use, known_host_file=None)
    (home / ".ssh").mkdir()
    (home / ".ssh" / "known_hosts").write_text(line(sshd))
    use(known_host_file=None)


def test_a_new_key_is_recorded_where_that_is_wished(
    sshd: Sshd, use: Callable[..., None], home: Path
) -> None:
    file = home / ".ssh" / "known_hosts"
    use(known_host_file=None, host_key_policy="accept-new")
    assert file.read_text() == line(sshd)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    use(known_host_file=None, host_key_policy="accept-new")
    use(known_host_file=None)
    assert file.read_text() == line(sshd)


def test_a_file_without_a_last_newline_is_gone_on_with(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path
) -> None:
    known_hosts.write_text(f"other.example.com {sshd.host_key('rsa')}")
    use(host_key_policy="accept-new")
    assert known_hosts.read_text() == f"other.example.com {sshd.host_key('rsa')}\n{line(sshd)}"


def test_what_cannot_be_recorded_is_refused(
    use: Callable[..., None], tmp_path: Path, known_hosts: Path
) -> None:
    known_hosts.mkdir()
    assert "cannot be" in refusal(use, host_key_policy="accept-new")
    (tmp_path / "file").touch()
    wrong = str(tmp_path / "file" / "known_hosts")
    assert "cannot be" in refusal(use, known_host_file=wrong, host_key_policy="accept-new")


def test_many_record_at_once(
    sshd: Sshd, sftp_directory: str, known_hosts: Path, fault_proxy: Callable[..., Any]
) -> None:
    """Each at another port: each line stays, and each only once."""
    proxies = [fault_proxy(sshd, http=False) for _ in range(6)]

    def connect(proxy: Any) -> None:
        own = {"known_host_file": known_hosts, "host_key_policy": "accept-new"}
        with SFTPStorage(**sshd.options(sftp_directory, via=proxy, **own)) as storage:
            storage.listdir("")

    threads = [threading.Thread(target=connect, args=(each,)) for each in proxies * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [line(sshd, host=f"[127.0.0.1]:{each.port}") for each in proxies]
    assert sorted(known_hosts.read_text().splitlines(keepends=True)) == sorted(expected)


@pytest.mark.parametrize("policy", ["reject", "accept-new"])
def test_a_changed_key_is_always_refused(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path, policy: str
) -> None:
    known_hosts.write_text(before := f"# comment\n{line(sshd)}")
    use(host_key_policy=policy)
    with sshd.other_host_keys():
        said = refusal(use, host_key_policy=policy)
        assert f"{known_hosts} knows (line 2: ssh-ed25519)" in said
        assert sshd.fingerprint() in said
        assert known_hosts.read_text() == before
        command = said[said.index("ssh-keygen -f") :]
        subprocess.run(command, shell=True, check=True, capture_output=True)
        assert "is not known" in refusal(use)


@pytest.mark.parametrize("policy", ["reject", "accept-new"])
def test_a_key_of_another_type_counts_as_changed(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path, policy: str
) -> None:
    known = line(sshd, "rsa")
    with sshd.other_host_keys():
        known_hosts.write_text(known)
        assert "(line 1: ssh-rsa)" in refusal(use, host_key_policy=policy)
        assert known_hosts.read_text() == known


def test_the_server_is_asked_for_the_type_that_is_known(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path
) -> None:
    known_hosts.write_text(line(sshd, "rsa"))
    use()


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_pinned_key_is_the_only_one(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path, kind: str
) -> None:
    pin = sshd.fingerprint(kind)
    use(host_key_policy=pin)
    assert not known_hosts.exists()
    with sshd.other_host_keys():
        known_hosts.write_text(line(sshd, "rsa") + line(sshd))
        said = refusal(use, host_key_policy=pin)
        assert pin in said
        assert sshd.fingerprint() in said


def test_a_hashed_file(sshd: Sshd, use: Callable[..., None], known_hosts: Path) -> None:
    known_hosts.write_text(f"other.example.com {sshd.host_key('rsa')}\n{line(sshd)}")
    subprocess.run(["ssh-keygen", "-H", "-f", known_hosts], check=True, capture_output=True)
    assert "127.0.0.1" not in known_hosts.read_text()
    use()
    with sshd.other_host_keys():
        assert "(line 2: ssh-ed25519)" in refusal(use)


@pytest.mark.parametrize(
    ("names", "known"),
    [
        ("*", True),
        ("[127.0.0.?]:*", True),
        ("other,[127.0.0.1]:{port}", True),
        ("[127.0.0.1]:{port},*", True),
        ("127.0.0.1", False),
        ("*,![127.0.0.1]:{port}", False),
        ("![127.0.0.1]:{port},*", False),
        ("#[127.0.0.1]:{port}", False),
        ("|1|broken", False),
    ],
)
def test_patterns(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path, names: str, known: bool
) -> None:
    known_hosts.write_text(line(sshd, host=names.format(port=sshd.port)))
    if known:
        use()
    else:
        assert "is not known" in refusal(use)


def test_lines_that_make_no_sense_are_passed_over(
    sshd: Sshd, use: Callable[..., None], known_hosts: Path
) -> None:
    name = f"[127.0.0.1]:{sshd.port}"
    bad = f"\n{name}\n{name} ssh-rsa\n{name} ssh-rsa ***\n@cert-authority * {sshd.host_key()}\n"
    known_hosts.write_bytes(bad.encode() + b"\xff\xfe binary\n")
    assert "is not known" in refusal(use)
    with known_hosts.open("a") as file:
        file.write(line(sshd))
    use()


def test_a_revoked_key_is_refused(sshd: Sshd, use: Callable[..., None], known_hosts: Path) -> None:
    known_hosts.write_text(f"{line(sshd)}@revoked * {sshd.host_key()}\n")
    for policy in ("reject", "accept-new"):
        assert re.search("is revoked by .*, line 2", refusal(use, host_key_policy=policy))


def test_another_server_than_openssh(rclone_sftp: RcloneSftp, rclone_sftp_directory: str) -> None:
    options = rclone_sftp.options(rclone_sftp_directory)
    stranger = SFTPStorage(**{**options, "known_host_file": "/nonexistent"})
    with pytest.raises(HostKeyError, match="is not known"):
        stranger.exists("a.txt")
    with SFTPStorage(**options) as storage:
        assert not storage.exists("a.txt")
