#!/bin/sh
# Prints the newest Python that the project supports and that can make virtual environments.
# `--newest` also looks among pyenv's versions.
pyenv=""
if [ "${1:-}" = "--newest" ]; then
    pyenv=$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python 2>/dev/null)
    set -- python3.14 python3.13 python3.12 python3.11 python3
else
    set -- python3 python3.11 python3.12 python3.13 python3.14
fi
best="" best_version=0
for python in "$@" $pyenv; do
    version=$("$python" -c 'import venv, ensurepip, sys; print(sys.version_info[0] * 1000 + sys.version_info[1])' 2>/dev/null) || continue
    [ "$version" -ge 3011 ] || continue
    if [ -z "$pyenv" ] && [ "$1" = python3 ]; then
        echo "$python"
        exit 0
    fi
    if [ "$version" -gt "$best_version" ]; then
        best=$python best_version=$version
    fi
done
if [ -z "$best" ]; then
    echo "No Python 3.11 or newer with the venv module was found." >&2
    exit 1
fi
echo "$best"
