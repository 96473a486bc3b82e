"""The docs: their tables equal the code, their links lead somewhere, their code runs."""

import base64
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string

from storages import checks, primitives, reading, transfer, writing
from storages.backends.s3 import MIN_PART, S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.base import BaseStorage, RemoteStorage
from storages.options import declared
from storages.testing import MemoryStorage
from storages.testing.conformance.atomic import Atomic
from storages.testing.conformance.bulk import Bulk
from storages.testing.conformance.listing import Listing
from storages.testing.conformance.saving import Saving
from storages.transfer import KiB, MiB

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- example: (\S+) -->\n\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
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
    for cls, page in ((S3Storage, "docs/s3.md"), (MemoryStorage, "docs/testing.md")):
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


def test_every_retired_setting_has_its_successor() -> None:
    page = text_of("docs/migration.md")
    for name in checks.RETIRED:
        assert re.search(rf"^\|.*`{name}`.*\| .+ \|$", page, re.M), name


def test_settings_that_the_pages_name_exist() -> None:
    known = {name for each in declared(S3Storage).values() for name in each.settings + each.env}
    for page in ("README.md", "docs/index.md", "docs/s3.md", "docs/api.md", "docs/testing.md"):
        named = set(re.findall(r"\bAWS_[A-Z0-9_]+\b", text_of(page)))
        assert named <= known, page


def test_every_primitive_is_described() -> None:
    own = {"_in_flight", "_memory"}  # not about a service
    named = set(re.findall(r"`(_\w+)\(", text_of("docs/backend.md")))
    methods = {name for name, it in vars(primitives.Primitives).items() if inspect.isfunction(it)}
    assert methods - own <= named


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
    assert writing.GROWTH == 1000
    assert "double after each thousand" in s3
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


# -- code


@pytest.mark.parametrize("code", each_block("python"))
def test_python_compiles(code: str) -> None:
    compile(code, "docs", "exec", dont_inherit=True)


@pytest.mark.parametrize("code", each_block("json"))
def test_json_is_json(code: str) -> None:
    json.loads(code)


@pytest.fixture
def environment(monkeypatch: Any) -> Callable[[str], None]:
    """Gives a value to each environment variable that code insists on."""

    def give(code: str) -> None:
        for name in re.findall(r"os\.environ\[['\"](\w+)['\"]\]", code):
            monkeypatch.setenv(name, "example")

    return give


def with_settings() -> list[Any]:
    found = [each for each in each_block("python") if "\nSTORAGES = " in f"\n{each.values[0]}"]
    return [each for each in found if "myproject" not in each.values[0]]


@pytest.mark.parametrize("code", with_settings())
def test_settings_make_storages(code: str, environment: Any) -> None:
    environment(code)
    names = {name: value for name, value in run(code).items() if name.isupper()}
    names.pop("INSTALLED_APPS", None)
    with override_settings(**names):
        for config in names["STORAGES"].values():
            cls = import_string(config["BACKEND"])
            if issubclass(cls, S3ManifestStaticStorage):
                cls = S3StaticStorage  # the other one reads its manifest when it is made
            storage = cls(**config.get("OPTIONS", {}))
            if isinstance(storage, S3Storage):
                assert storage._require("bucket_name")


def with_options() -> list[Any]:
    return [each for each in each_block("python") if "\nOPTIONS = " in each.values[0]]


@pytest.mark.parametrize("code", with_options())
def test_settings_for_compatible_services(code: str, environment: Any) -> None:
    environment(code)
    found = run(code)
    plain = S3Storage(**found["OPTIONS"])
    assert plain.url("a.txt").partition("?")[0].endswith("/a.txt")
    assert "X-Amz-Signature=" in plain.url("a.txt")
    public: dict[str, Any] = {}
    for name in {"PUBLIC", "CDN"} & found.keys():
        public |= found[name]
    if public:
        link = S3Storage(**found["OPTIONS"] | public).url("a.txt")
        assert link == f"https://{public['custom_domain']}/a.txt"


def test_there_is_a_block_for_each_service() -> None:
    assert len(with_options()) == 6  # and MinIO has whole settings
    assert len(with_settings()) >= 6


def test_links_of_the_s3_page() -> None:
    code = next(c for c in blocks(ROOT / "docs/s3.md", "python") if "storage.url(" in c)
    keys = {"access_key": "a", "secret_key": "b", "signature_version": "s3v4"}
    storage = S3Storage(bucket_name="my-bucket", region_name="eu-central-1", **keys)
    for line in code.splitlines():
        assert eval(line, {"storage": storage}).startswith("https://my-bucket.s3.amazonaws.com/")


def test_object_parameters_of_the_s3_page(moto: Any, moto_bucket: str, monkeypatch: Any) -> None:
    code = next(c for c in blocks(ROOT / "docs/s3.md", "python") if "SSECustomerKey" in c)
    monkeypatch.setenv("MEDIA_KEY", base64.b64encode(b"k" * 32).decode())
    for name, parameters in run(code).items():
        if name.isupper():
            storage = S3Storage(**moto.options(moto_bucket, object_parameters=parameters))
            storage.write(name, ContentFile(name.encode()))
            with storage.open(name) as file:
                assert file.read() == name.encode()
    plain = S3Storage(**moto.options(moto_bucket))
    head = plain.client.head_object(Bucket=moto_bucket, Key="CACHED")
    assert (head["CacheControl"], head["ContentDisposition"]) == ("max-age=86400", "inline")
    head = plain.client.head_object(Bucket=moto_bucket, Key="LABELLED")
    assert head["Metadata"] == {"uploaded-by": "website"}


def test_a_transfer_config_of_the_s3_page() -> None:
    code = next(c for c in blocks(ROOT / "docs/s3.md", "python") if "TransferConfig(" in c)
    with override_settings(**{k: v for k, v in run(code).items() if k.isupper()}):
        storage = S3Storage(bucket_name="my-bucket", access_key="a", secret_key="b")
        assert storage._writer("a", {}, exclusive=False, size=None).part_size == 32 * MiB
        assert storage._in_flight(32 * MiB) == 4


def test_parameters_by_name_of_the_s3_page() -> None:
    code = next(c for c in blocks(ROOT / "docs/s3.md", "python") if "avatars/" in c)
    storage = run(code)["MediaStorage"](bucket_name="my-bucket")
    assert storage.get_object_parameters("avatars/a.png") == {"CacheControl": "max-age=604800"}
    assert storage.get_object_parameters("a.png") == {}


def test_the_code_of_the_api_page_runs() -> None:
    code = "\n".join(blocks(ROOT / "docs/api.md", "python"))
    assert isinstance(run(code)["storage"], BaseStorage)


def test_the_code_of_the_testing_page_runs(settings: Any) -> None:
    _, fixture, test, case, server = blocks(ROOT / "docs/testing.md", "python")
    media = run(fixture)["media"]
    run(test)["test_an_upload_is_stored"](media.__wrapped__(settings))
    result = run(case)["UploadTest"]("test_an_upload_is_stored").run()
    assert result is not None
    assert result.wasSuccessful(), result.errors + result.failures
    pytest.importorskip("moto")
    storages: Iterator[Any] = run(server)["s3_storage"].__wrapped__()
    storage = next(storages)
    storage.write("a.txt", ContentFile(b"content"))
    assert storage.open("a.txt").read() == b"content"
    with pytest.raises(StopIteration):
        next(storages)


# -- the backend that the docs write


class TestDocumentedBackend(Saving, Atomic, Listing, Bulk):
    """Some topics of the suite, with a few files: a commit of SQLite waits for the disk."""

    lacks = frozenset({"content-type"})
    many = 12

    @pytest.fixture
    def make_storage(self, tmp_path: Path, monkeypatch: Any) -> Callable[..., Any]:
        module = ModuleType("myproject.sqlitestorage")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        name = "myproject/sqlitestorage.py"
        vars(module).update(run(example("docs/backend.md", name), module.__name__))
        database = str(tmp_path / "files.db")
        return lambda **options: module.SqliteStorage(database=database, **options)
