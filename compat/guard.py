"""Runs a module as ``python -m`` would, but never outlives its parent.

The parent holds the other end of stdin; however the parent ends, even by SIGKILL, that pipe
closes, and then this process ends too.
"""

import os
import runpy
import sys
import threading


def _end_with_parent() -> None:
    # Unbuffered on purpose: a lock on sys.stdin must not be held while the interpreter exits.
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    # The script's own directory must not shadow modules of the program that is run.
    del sys.path[0]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
