#!/bin/sh
# Prints a Python that the project supports and that can make virtual environments: `python3` if it
# is one, else the oldest; with --newest the newest of all, pyenv's versions included.

minor() {
    "$1" -c 'import ensurepip, sys, venv; print(sys.version_info[1] if sys.version_info >= (3, 11) else "")' 2>/dev/null
}

found=$(
    for python in python3 python3.11 python3.12 python3.13 python3.14 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python; do
        version=$(minor "$python") && [ -n "$version" ] && echo "$version $python"
    done
)
if [ -z "$found" ]; then
    echo "No Python 3.11 or newer with the modules venv and ensurepip was found." >&2
    exit 1
fi
if [ "${1:-}" = "--newest" ]; then
    found=$(echo "$found" | sort -n -s -k 1,1 | tail -n 1)
fi
echo "$found" | head -n 1 | cut -d ' ' -f 2-
