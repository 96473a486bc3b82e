"""A site's static files on disk, and collectstatic over them, ours and Django's."""

from __future__ import annotations

import io
import os
import shutil
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.management.commands.collectstatic import Command as Django
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.management import call_command

from storages.staticfiles.management.commands.collectstatic import Command
from storages.testing import MemoryStorage

FILES = {
    "css/site.css": '@import "base/reset.css";\n.a { background: url("../img/logo.png?#iefix") }\n'
    ".b { background: url(../img/dot.svg#part) }\n/*# sourceMappingURL=site.css.map */\n",
    "css/base/reset.css": '@import url("deep.css");\nbody { margin: 0 }\n',
    "css/base/deep.css": "b { src: url('data:image/png;base64,AA') }\n",
    "css/site.css.map": '{"version": 3}',
    "js/app.js": 'import { a } from "./lib/a.js";\nexport * from "./lib/a.js";\n'
    'import("./lib/b.js");\n//# sourceMappingURL=app.js.map\n',
    "js/app.js.map": "{}",
    "js/lib/a.js": 'import "./b.js";\nexport const a = 1;\n',
    "js/lib/b.js": "export const b = 2;\n",
    "img/logo.png": b"\x89PNG" + bytes(range(256)),
    "img/dot.svg": "<svg/>",
    "empty.txt": "",
}


class Manifest(ManifestFilesMixin, MemoryStorage):
    support_js_module_import_aggregation = True


class Keeping(Manifest):
    keep_intermediate_files = True


class Lenient(Manifest):
    manifest_strict = False
    max_post_process_passes = 3


class Site:
    """A folder of static files that collectstatic collects."""

    def __init__(self, folder: Path, settings: Any) -> None:
        self.folder, self._settings = folder, settings
        self._id = uuid.uuid4().hex
        settings.STATICFILES_DIRS = [str(folder)]
        settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
        for name, content in FILES.items():
            self.write(name, content)

    def bucket(self, name: str) -> str:
        """The name of a bucket in memory that no other test has."""
        return f"{name}-{self._id}"

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def check_out(self) -> None:
        """The same bytes, modified in the future."""
        for path in self.folder.rglob("*"):
            os.utime(path, (2**32, 2**32))

    def age(self) -> None:
        """As if nothing had been written in the last minute."""
        for path in self.folder.rglob("*"):
            time = path.stat().st_mtime - 60
            os.utime(path, (time, time))

    def use(self, backend: str, **options: Any) -> Any:
        """Take that storage for static files, as a new process would."""
        self._settings.STORAGES = {
            "default": {"BACKEND": "storages.testing.MemoryStorage"},
            "staticfiles": {"BACKEND": backend, "OPTIONS": options},
        }
        str(staticfiles_storage)
        return staticfiles_storage._wrapped

    def collect(self, *args: str, command: Any = None, **options: Any) -> str:
        """Run collectstatic, and return what it prints."""
        out = io.StringIO()
        ran = (command or Command)(stdout=out, stderr=out, no_color=True)
        call_command(ran, *args, interactive=False, **options)
        return out.getvalue()

    def collect_as_django(self, *args: str, **options: Any) -> str:
        return self.collect(*args, command=Django, **options)

    def clear(self) -> None:
        shutil.rmtree(self.folder)


def age(storage: MemoryStorage) -> None:
    """As if all had been stored a minute ago: Django compares whole seconds."""
    for key, stored in storage._bucket.objects.items():
        assert stored.entry.modified is not None
        older = replace(stored.entry, modified=stored.entry.modified - timedelta(minutes=1))
        storage._bucket.objects[key] = replace(stored, entry=older)


def contents(storage: Any) -> dict[str, bytes]:
    """All that is stored, but for what only we remember."""
    found = {}
    for entry in storage.scan():
        if entry.name != ".storehouse-static.json":
            with storage.open(entry.name) as file:
                found[entry.name] = file.read()
    return found
