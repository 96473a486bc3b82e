"""What lies in a directory of a server, seen through the file system here."""

import datetime
import os
import shutil

from services.bodies import plain

TEMPORARY = ".storehouse-"  # what an upload of ours is called until it is whole
ACCESSED, MODIFIED = 1_000_000_000, 1_100_000_000  # of files that are put there


class Folder:
    """The directory ``root`` here, in which the server writes.

    A key that ends with a slash is a directory.
    """

    errors = (OSError,)

    def __init__(self, places, root, *, shows_modes):
        self.places = places
        self._root = root
        self._shows_modes = shows_modes

    def reset(self):
        """An empty directory, whatever was in it."""
        self._root.mkdir(exist_ok=True)
        for path in self._root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def put(self, key, body, mode=None):
        """A file; with a slash at its end a directory; with a str as its body a link to there."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(body, str):
            path.symlink_to(body)
            return
        if key.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(body)
            os.utime(path, (ACCESSED, MODIFIED))
        if mode is not None:
            path.chmod(mode)

    def keys(self):
        return [key for key in self._all() if TEMPORARY not in key]

    def unfinished(self):
        """Names of uploads that were neither completed nor given up."""
        return [key for key in self._all() if TEMPORARY in key]

    def modified(self, key):
        changed = (self._root / key).stat().st_mtime
        return datetime.datetime.fromtimestamp(changed, datetime.UTC)

    def look(self, key):
        """What can be compared of a file, directory or link: mode, owner and content, as JSON."""
        path = self._root / key
        seen = {}
        if path.is_symlink():
            return {"link": os.readlink(path)}
        if self._shows_modes:
            found = path.stat()
            seen = {"mode": f"{found.st_mode & 0o7777:o}", "owner": [found.st_uid, found.st_gid]}
        if path.is_dir():
            return seen
        times = path.stat()
        body = path.read_bytes()
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if nobody had looked
        return {**seen, "body": plain(body, None)}

    def _all(self):
        found = []
        for folder, folders, files in os.walk(self._root):
            below = os.path.relpath(folder, self._root)
            inner = "" if below == "." else f"{below}/"
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            found += [f"{inner}{name}" for name in (*files, *links)]
            found += [f"{inner}{name}/" for name in folders if name not in links]
        return sorted(found)
