"""Write what the docs list from the code: options, capabilities, differences from the peer.

    python scripts/docs_tables.py            # bring the pages up to date
    python scripts/docs_tables.py --check    # exit 1 and show what is out of date

A page asks for one by `<!-- settings: dotted.path.of.a.Storage -->`, `<!-- command: sync -->`,
`<!-- ftpserver -->`, `<!-- capabilities -->` or `<!-- differences -->`; it stands between that line
and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from django.conf import settings  # noqa: E402 - the package may not be installed yet

if not settings.configured:
    settings.configure()

from django.core.management.base import CommandParser, OutputWrapper  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from django_ftpserver.conf import SETTINGS, Setting  # noqa: E402
from storages.base import RemoteStorage  # noqa: E402
from storages.directories import Directories  # noqa: E402
from storages.management.commands.storages import subcommands  # noqa: E402
from storages.options import Option, declared  # noqa: E402
from storages.primitives import Primitives  # noqa: E402

BACKENDS = (
    "storages.backends.s3.S3Storage",
    "storages.backends.gcloud.GoogleCloudStorage",
    "storages.backends.azure_storage.AzureStorage",
    "storages.backends.sftpstorage.SFTPStorage",
    "storages.backends.ftp.FTPStorage",
    "storages.backends.dropbox.DropboxStorage",
    "storages.backends.apache_libcloud.LibCloudStorage",
    "storages.testing.MemoryStorage",
)

MARKED = re.compile(
    r"(?P<begin><!-- (?P<kind>settings|command|ftpserver|capabilities|differences)"
    r"(?:: (?P<path>[\w.]+))? -->\n)"
    r"(?P<table>.*?)"
    r"(?P<end><!-- end -->)",
    re.DOTALL,
)


def takes_exclusive(cls: type[RemoteStorage]) -> bool:
    return "exclusive" in inspect.signature(cls._put).parameters


def overrides(name: str) -> Callable[[type[RemoteStorage]], bool]:
    """Whether a backend has its own `name` instead of the slow default."""
    return lambda cls: getattr(cls, name) is not getattr(Primitives, name)


CAPABILITIES: dict[str, Callable[[type[RemoteStorage]], bool]] = {
    "creates a file only if there is none": takes_exclusive,
    "opens and reads a small file by one request": overrides("_fetch_first"),
    "uploads large files in parts": overrides("_start_upload"),
    "lists a whole tree at once": overrides("_scan"),
    "deletes in batches": overrides("_delete_many"),
    "copies on the server": overrides("_copy"),
    "copies from another storage of the same account": overrides("_reaches"),
    "renames on the server": overrides("_move"),
    "is read by a long stream instead of ranges": overrides("_stream"),
    "has real directories": lambda cls: cls._has_directories(),
    "renames a directory by one request": lambda cls: cls._move_dir is not Directories._move_dir,
    "sets the time of a file": overrides("_set_modified_time"),
    "serves a copy of another storage's file like that one": overrides("_prepare_like"),
}


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table, with an empty line before and after it."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def settings_table(path: str) -> str:
    """The options of a storage class, in the order of their declaration."""
    cls = import_string(path)
    head = ("OPTIONS key", "Meaning", "Default", "Type", "Django setting", "Environment")
    return table(head, (option_row(cls, name, each) for name, each in declared(cls).items()))


def option_row(cls: type, name: str, option: Option) -> tuple[str, ...]:
    meaning = ("Required. " if option.required else "") + option.help.replace("|", "&#124;")
    same = option.env and option.env == option.settings
    return (
        code(name),
        meaning,
        default_of(cls, name, option),
        "<br>or ".join(code(kind.strip()) for kind in annotation(cls, name).split(" | ")),
        "<br>".join(map(code, option.settings)),
        "the same" if same else "<br>".join(map(code, option.env)),
    )


def default_of(cls: type, name: str, option: Option) -> str:
    """The default; of a class that gives the option as a plain attribute, that one."""
    value = inspect.getattr_static(cls, name)
    value = option.default if isinstance(value, Option) else value
    if isinstance(value, tuple):
        return "<br>".join(map(code, value))
    return code(repr(value) if not isinstance(value, str) or not value else f'"{value}"')


def annotation(cls: type, name: str) -> str:
    """The annotation of an option, as it is written in the class that declares it."""
    for base in cls.__mro__:
        if isinstance(vars(base).get(name), Option):
            return str(inspect.get_annotations(base)[name])
    raise LookupError(f"{cls.__name__}.{name} has no annotation.")


def command_table(name: str) -> str:
    """What a subcommand of `manage.py storages` takes."""
    parser = CommandParser(add_help=False)
    (cls,) = (each for each in subcommands() if each.name == name)
    out = OutputWrapper(sys.stdout)
    cls(out, out, no_style()).add_arguments(parser)
    return table(("Argument", ""), map(argument_row, parser._actions))


def argument_row(action: argparse.Action) -> tuple[str, ...]:
    value = action.metavar or ("/".join(action.choices) if action.choices else "N")
    names = ", ".join(code(each) for each in action.option_strings)
    shown = [names] if names else []
    if action.nargs != 0:
        shown.append(code(str(value)))
    meaning = (action.help or "") % vars(action)
    return " ".join(shown), meaning.replace("|", "&#124;")


def ftpserver_table() -> str:
    """The settings of the FTP server, in the order of their declaration."""
    return table(("Setting", "Meaning", "Default", "Type"), map(setting_row, SETTINGS))


def setting_row(setting: Setting) -> tuple[str, ...]:
    kinds = [kind.__name__ for kind in setting.kinds]
    if setting.default is None:
        kinds.append("None")
    value = setting.default
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    types = "<br>or ".join(map(code, kinds))
    return code(setting.name), setting.help.replace("|", "&#124;"), code(shown), types


def capability_table() -> str:
    classes = [import_string(path) for path in BACKENDS]
    head = ("", *(code(cls.__name__) for cls in classes))
    rows = (
        (name, *("yes" if able(cls) else "no" for cls in classes))
        for name, able in CAPABILITIES.items()
    )
    return table(head, rows)


def differences() -> str:
    """What the comparison with django-storages expects to differ, by service, a line for each."""
    compat = str(ROOT / "compat")  # scripts that import each other by their plain names
    before = set(sys.modules)
    sys.path.insert(0, compat)
    try:
        found = runpy.run_path(f"{compat}/expected.py")
    finally:
        sys.path.remove(compat)
        for name in set(sys.modules) - before:
            del sys.modules[name]
    parts = []
    for title, services in found["GROUPS"].items():
        reasons = [each.reason for each in found["EXPECTED"] if each.services == services]
        parts.append(f"### {title}\n\n" + "".join(f"- {reason}\n" for reason in reasons))
    return "\n" + "\n".join(parts) + "\n"


def code(text: str) -> str:
    return f"`{text}`"


def fill(match: re.Match[str]) -> str:
    makers = {
        "settings": lambda: settings_table(match["path"]),
        "command": lambda: command_table(match["path"]),
        "ftpserver": ftpserver_table,
        "capabilities": capability_table,
        "differences": differences,
    }
    return f"{match['begin']}{makers[match['kind']]()}{match['end']}"


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def outdated() -> Iterator[tuple[Path, str, str]]:
    """Each page whose tables differ from the code: its path, its text, and what it should be."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        wanted = MARKED.sub(fill, text)
        if wanted != text:
            yield path, text, wanted


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail on a difference")
    check = parser.parse_args(arguments).check
    status = 0
    for path, text, wanted in outdated():
        name = path.relative_to(ROOT).as_posix()
        if not check:
            path.write_text(wanted, encoding="utf-8")
            print(f"{name} is up to date now.")
            continue
        status = 1
        before, after = text.splitlines(keepends=True), wanted.splitlines(keepends=True)
        sys.stdout.writelines(difflib.unified_diff(before, after, name, f"{name}, from the code"))
    return status


if __name__ == "__main__":
    raise SystemExit(main())
