"""The docs: their tables and numbers equal the code, and their links lead somewhere."""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from storages import bulk, checks, primitives, reading, transfer, writing
from storages.backends.apache_libcloud import LibCloudStorage
from storages.backends.azure_storage import AzureStorage
from storages.backends.dropbox import DropboxStorage
from storages.backends.ftp import FTPStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import MIN_PART, S3Storage
from storages.backends.sftpstorage import SFTPStorage
from storages.base import RemoteStorage
from storages.directories import Directories
from storages.options import declared
from storages.testing import MemoryStorage
from storages.transfer import KiB, MiB

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- example: (\S+) -->\n\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
PAGE_OF: dict[type[RemoteStorage], str] = {
    S3Storage: "docs/s3.md",
    GoogleCloudStorage: "docs/gcs.md",
    AzureStorage: "docs/azure.md",
    SFTPStorage: "docs/sftp.md",
    FTPStorage: "docs/ftp.md",
    DropboxStorage: "docs/dropbox.md",
    LibCloudStorage: "docs/libcloud.md",
    MemoryStorage: "docs/testing.md",
}
SETTING = re.compile(r"\b(?:AWS|GS|AZURE|SFTP|FTP|DROPBOX|LIBCLOUD)_[A-Z0-9_]+\b")
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.M)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return [code for _, name, code in BLOCK.findall(path.read_text("utf-8")) if name == language]


def example(page: str, name: str) -> str:
    """The code of the block that the page calls by this name."""
    found = [code for label, _, code in BLOCK.findall(text_of(page)) if label == name]
    assert len(found) == 1, f"{page} has {len(found)} examples called {name!r}"
    return found[0]


def each_block(language: str) -> list[Any]:
    return [
        pytest.param(code, id=f"{path.name}-{number}")
        for path in PAGES
        for number, code in enumerate(blocks(path, language), 1)
    ]


def run(code: str, name: str = "example", **given: Any) -> dict[str, Any]:
    """What the code defines."""
    namespace = {"__name__": name, **given}
    exec(compile(code, name, "exec", dont_inherit=True), namespace)
    return namespace


# -- tables


@pytest.fixture
def docs_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_tables", ROOT / "scripts/docs_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


def test_tables_are_up_to_date(docs_tables: Any, capsys: Any) -> None:
    status = docs_tables.main(["--check"])
    assert status == 0, capsys.readouterr().out


def test_an_old_table_is_found_and_replaced(
    docs_tables: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    old = "before\n<!-- settings: storages.testing.MemoryStorage -->\nold\n<!-- end -->\nafter\n"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(old)
    (tmp_path / "README.md").write_text("no table")
    monkeypatch.setattr(docs_tables, "ROOT", tmp_path)
    assert docs_tables.main(["--check"]) == 1
    assert "\n-old\n" in capsys.readouterr().out
    assert (tmp_path / "docs" / "a.md").read_text() == old
    assert docs_tables.main([]) == 0
    new = (tmp_path / "docs" / "a.md").read_text()
    assert "| `file_overwrite` |" in new
    assert "old" not in new
    assert new.startswith("before\n")
    assert new.endswith("\nafter\n")
    assert docs_tables.main(["--check"]) == 0


def test_every_option_has_a_meaning_and_a_row() -> None:
    for cls, page in PAGE_OF.items():
        for name, option in declared(cls).items():
            assert option.help, f"{cls.__name__}.{name} has no help"
            assert f"| `{name}` |" in text_of(page)


def test_every_check_has_a_row() -> None:
    rooms = [Path(checks.__file__), *(Path(checks.__file__).parent / "backends").glob("*.py")]
    code = "".join(path.read_text("utf-8") for path in rooms)
    ids = set(re.findall(r'"storages\.([EW]\d{3})"', code))
    ids |= set(re.findall(r'"([EW]\d{3})"', code))
    rows = re.findall(r"^\| storages\.([EW]\d{3}) \|", text_of("docs/checks.md"), re.M)
    assert sorted(rows) == sorted(ids)


def test_every_function_of_bulk_has_a_row() -> None:
    page = text_of("docs/api.md")
    for name, it in vars(bulk).items():
        if inspect.isfunction(it) and it.__module__ == bulk.__name__ and name[0] != "_":
            assert f"| `{name}({', '.join(arguments_of(it))})` |" in page, name


def arguments_of(function: Any) -> list[str]:
    """As the docs write them, without types."""
    found = []
    keyword_only = False
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not keyword_only:
            found.append("*")
            keyword_only = True
        if each.kind is each.VAR_KEYWORD:
            found.append(f"**{each.name}")
            continue
        default = each.default is not each.empty
        shown = f'"{each.default}"' if isinstance(each.default, str) else repr(each.default)
        found.append(f"{each.name}={shown}" if default else each.name)
    return found


def test_every_retired_setting_has_its_successor() -> None:
    page = text_of("docs/migration.md")
    for name in checks.RETIRED:
        assert re.search(rf"^\|.*`{name}`.*\| .+ \|$", page, re.M), name


def test_settings_that_the_pages_name_exist() -> None:
    options = [each for cls in PAGE_OF for each in declared(cls).values()]
    known = {name for each in options for name in each.settings + each.env}
    known.add("LIBCLOUD_PROVIDERS")  # of which an option names an entry
    for page in {"README.md", "docs/index.md", "docs/api.md", *PAGE_OF.values()}:
        named = set(re.findall(SETTING, text_of(page)))
        assert named <= known, page


def test_every_primitive_is_described() -> None:
    own = {"_in_flight", "_memory"}  # not about a service
    named = set(re.findall(r"`(_\w+)\(", text_of("docs/backend.md")))
    methods = {name for name, it in vars(primitives.Primitives).items() if inspect.isfunction(it)}
    assert methods - own <= named
    assert Directories._move_dir.__name__ in named


# -- numbers


def mib(size: int) -> str:
    return f"{size // MiB} MiB"


def test_numbers_are_those_of_the_code() -> None:
    s3, api = text_of("docs/s3.md"), text_of("docs/api.md")
    buffer = declared(S3Storage)["file_buffer_size"].default
    for claim in (
        f"the parts of `save()` | {mib(RemoteStorage.part_size)} |",
        f'The parts of `open(name, "wb")` | {mib(max(buffer, MIN_PART))} |',
        f"on their way | {RemoteStorage.most_in_flight} |",
        f"of one open file | {mib(primitives.IN_FLIGHT)} |",
        f"its first {reading.FIRST // KiB} KiB",
        f"doubles the window up to {mib(reading.WINDOW)}",
        f"anew with {reading.SEEK // KiB} KiB",
    ):
        assert claim in s3, claim
    assert f"read, up to {reading.FIRST // KiB} KiB" in api
    gcs, azure = text_of("docs/gcs.md"), text_of("docs/azure.md")
    assert f"in parts of {mib(GoogleCloudStorage.part_size)}," in gcs
    assert f"Content up to one part, {mib(AzureStorage.part_size)}," in azure
    for page in (gcs, azure):
        assert mib(primitives.IN_FLIGHT) in page
        assert re.search(rf"a file of\s+up to\s+{reading.FIRST // KiB} KiB", page)
    growth = writing.STEADY, writing.GROWTH, writing.LARGEST
    assert growth == (4000, 1000, 512 * KiB * KiB)
    assert "4,000 parts, they grow fourfold with each further thousand, up to 512 MiB" in s3
    assert sum(transfer.ABORT_PAUSES) == pytest.approx(30 * 60, rel=0.05)
    assert "for half an hour" in s3
    assert len(transfer.PAUSES) + 1 == 5
    assert "up to five times" in text_of("docs/backend.md")


# -- links


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        page = path.parent / name if name else path
        assert page.exists(), target
        if anchor:
            assert anchor in anchors(page), target


def anchors(page: Path) -> set[str]:
    """The anchors of headings, as both GitHub and MkDocs make them."""
    prose = BLOCK.sub("", page.read_text("utf-8"))
    titles = HEADING.findall(prose)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
