"""Installs the programs that the tests use and pip does not bring, as far as this machine allows.

Names each one that is missing, and why. With the environment variable CI set a missing one fails.
"""

import os
import shutil
import subprocess
import sys

APT = {"chromium": ["chromium"], "chromedriver": ["chromium-driver"]}
"""The Debian packages of each program."""


def find(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def obstacle() -> str:
    """Why nothing can be installed by apt; empty if it can."""
    if not find("apt-get"):
        return "there is no apt-get"
    if os.geteuid() != 0:
        return "only root may install packages"
    return ""


def install(packages: list[str]) -> str:
    """Why the packages could not be installed; empty if they were."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=environment, check=False, **quiet)
    return done.stderr.strip() if done.returncode else ""


def main() -> None:
    missing = [program for program in APT if not find(program)]
    reason = obstacle()
    if missing and not reason:
        print(f"Installing {', '.join(missing)} ...", flush=True)
        reason = install(sorted({name for program in missing for name in APT[program]}))
    left = [program for program in APT if not find(program)]
    for program in left:
        packages = " ".join(APT[program])
        print(f"Skipped: tests that need {program} (apt-get install {packages}): {reason}")
    if left and os.environ.get("CI"):
        sys.exit("With CI set, nothing may be missing.")


if __name__ == "__main__":
    main()
