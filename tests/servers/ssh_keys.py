"""Keys of SSH servers and their users, by OpenSSH's ssh-keygen, and files that know them."""

import subprocess
from pathlib import Path

from .base import HOST, ServerError, find_program

KINDS = {"ed25519": (), "rsa": ("-b", "2048")}


def missing() -> str | None:
    if find_program("ssh-keygen"):
        return None
    return "ssh-keygen is not installed: apt-get install openssh-client"


def make(file: Path, kind: str) -> None:
    """A key without a passphrase, and its public half beside it."""
    _keygen("-q", "-t", kind, *KINDS[kind], "-N", "", "-C", "storehouse tests", "-f", file)


def make_set(folder: Path) -> None:
    """One key of each kind, in a folder of their own."""
    folder.mkdir()
    for kind in KINDS:
        make(folder / kind, kind)


def public(file: Path) -> str:
    """Type and base64."""
    return " ".join(file.with_suffix(".pub").read_text().split()[:2])


def fingerprint(file: Path) -> str:
    """`SHA256:...`, as ssh-keygen and ssh show it."""
    return _keygen("-l", "-E", "sha256", "-f", file.with_suffix(".pub")).split()[1]


def know(folder: Path, port: int, into: Path) -> str:
    """Write a known_hosts file of a server with these keys at this port."""
    lines = (f"[{HOST}]:{port} {public(folder / kind)}" for kind in KINDS)
    into.write_text("\n".join([*lines, ""]))
    return str(into)


def _keygen(*arguments: str | Path) -> str:
    command = [str(find_program("ssh-keygen") or "ssh-keygen"), *map(str, arguments)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout
