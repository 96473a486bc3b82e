"""The code of the docs runs: settings make storages, examples do what they say."""

import base64
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore import handlers
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string

from storages.backends.azure_storage import AzureStorage
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.base import BaseStorage
from storages.management.commands.storages import Command
from storages.moving.checking import Check
from storages.moving.copies import Copies
from storages.moving.syncing import Sync
from storages.options import declared
from storages.testing.conformance.atomic import Atomic
from storages.testing.conformance.bulk import Bulk
from storages.testing.conformance.listing import Listing
from storages.testing.conformance.saving import Saving
from storages.transfer import MiB
from tests.test_docs import ROOT, blocks, each_block, example, run


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
            monkeypatch.setenv(name, "examples")  # which is base64 as well

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
            for name, option in declared(cls).items():
                assert not option.required or storage._require(name)


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


def links(page: str, storage: Any) -> list[str]:
    """What the calls of `url()` on a page give."""
    code = next(each for each in blocks(ROOT / page, "python") if "storage.url(" in each)
    head, found, lines = code.partition("storage.url(")
    return [eval(line, {"storage": storage, **run(head)}) for line in (found + lines).splitlines()]


def test_links_of_the_s3_page() -> None:
    keys = {"access_key": "a", "secret_key": "b", "signature_version": "s3v4"}
    storage = S3Storage(bucket_name="my-bucket", region_name="eu-central-1", **keys)
    for link in links("docs/s3.md", storage):
        assert link.startswith("https://my-bucket.s3.amazonaws.com/report.pdf?")


def test_links_of_the_page_on_google_cloud(gcs: Any, gcs_bucket: str) -> None:
    storage = GoogleCloudStorage(**gcs.options(gcs_bucket))
    storage.write("report.pdf", ContentFile(b"content"))
    reading = [link for link in links("docs/gcs.md", storage) if "content-type" not in link]
    assert len(reading) == 3
    for link in reading:
        with urlopen(link) as answer:
            assert answer.read() == b"content"


def test_links_of_the_page_on_azure(azurite: Any, azure_container: str) -> None:
    storage = AzureStorage(**azurite.options(azure_container, expiration_secs=3600))
    storage.write("report.pdf", ContentFile(b"content"))
    *reading, writing = links("docs/azure.md", storage)
    for link in reading:
        with urlopen(link) as answer:
            assert answer.read() == b"content"
    headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "text/plain"}
    with urlopen(Request(writing, b"new", headers, method="PUT")):
        assert storage.open("report.pdf").read() == b"new"


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


def parameters(page: str) -> dict[str, dict[str, Any]]:
    code = next(each for each in blocks(ROOT / page, "python") if "CHEAPER = " in each)
    return {name: value for name, value in run(code).items() if name.isupper()}


def test_object_parameters_of_the_page_on_google_cloud(gcs: Any, gcs_bucket: str) -> None:
    for name, given in parameters("docs/gcs.md").items():
        storage = GoogleCloudStorage(**gcs.options(gcs_bucket, object_parameters=given))
        storage.write(name, ContentFile(b"content"))
        blob = gcs.client().bucket(gcs_bucket).get_blob(name)
        assert {each: getattr(blob, each) for each in given} == given


def test_object_parameters_of_the_page_on_azure(azurite: Any, azure_container: str) -> None:
    found = {}
    for name, given in parameters("docs/azure.md").items():
        storage = AzureStorage(**azurite.options(azure_container, object_parameters=given))
        storage.write(name, ContentFile(b"content"))
        found[name] = storage.client.get_blob_client(name).get_blob_properties()
    assert found["CACHED"].content_settings.cache_control == "public, max-age=86400"
    assert found["CHEAPER"].blob_tier == "Cool"
    assert found["LABELLED"].metadata == {"uploaded_by": "website"}


def test_a_transfer_config_of_the_s3_page() -> None:
    code = next(c for c in blocks(ROOT / "docs/s3.md", "python") if "TransferConfig(" in c)
    with override_settings(**{k: v for k, v in run(code).items() if k.isupper()}):
        storage = S3Storage(bucket_name="my-bucket", access_key="a", secret_key="b")
        assert storage._writer("a", {}, exclusive=False, size=None).part_size == 32 * MiB
        assert storage._in_flight(32 * MiB) == 4


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("docs/s3.md", {"CacheControl": "max-age=604800"}),
        ("docs/gcs.md", {"cache_control": "public, max-age=604800"}),
        ("docs/azure.md", {"cache_control": "max-age=604800"}),
    ],
)
def test_parameters_by_name(page: str, expected: dict[str, str]) -> None:
    code = next(each for each in blocks(ROOT / page, "python") if "media/avatars/" in each)
    storage = run(code)["MediaStorage"]()
    assert storage.get_object_parameters("media/avatars/a.png") == expected
    assert storage.get_object_parameters("media/a.png") == {}


def test_a_public_storage_of_the_page_on_azure() -> None:
    code = next(c for c in blocks(ROOT / "docs/azure.md", "python") if "PublicAzureStorage" in c)
    with override_settings(AZURE_ACCOUNT_NAME="myaccount", AZURE_URL_EXPIRATION_SECS=60):
        storage = run(code)["PublicAzureStorage"]()
        assert storage.url("a b.txt") == "https://myaccount.blob.core.windows.net/public/a%20b.txt"


def test_the_code_of_the_api_page_runs() -> None:
    code = "\n".join(blocks(ROOT / "docs/api.md", "python"))
    assert isinstance(run(code)["storage"], BaseStorage)


def test_the_code_of_the_page_on_moving_runs(capsys: Any) -> None:
    found = run("\n".join(blocks(ROOT / "docs/moving.md", "python")))
    assert found["run"].summary.ok
    assert capsys.readouterr().out == ""


def test_commands_of_the_page_on_moving() -> None:
    pages = ("docs/moving.md", "README.md")
    lines = [
        line for page in pages for code in blocks(ROOT / page, "") for line in code.splitlines()
    ]
    commands = [line.partition("storages ")[2] for line in lines if "storages " in line]
    assert len(commands) > 10
    for command in commands:
        parser = Command().create_parser("manage.py", "storages")
        assert parser.parse_args(shlex.split(command)).subcommand in command


def test_options_of_the_page_on_moving() -> None:
    text = (ROOT / "docs/moving.md").read_text("utf-8").partition("## The Python API")[2]
    for cls in (Sync, Check, Copies):
        for option in fields(cls):
            if option.name not in ("source", "sources", "target"):
                assert f"`{option.name}" in text, f"{cls.__name__}.{option.name}"


def test_the_code_of_the_testing_page_runs(settings: Any, monkeypatch: Any) -> None:
    _, fixture, test, case, counting, server = blocks(ROOT / "docs/testing.md", "python")
    media = run(fixture)["media"]
    run(test)["test_an_upload_is_stored"](media.__wrapped__(settings))
    result = run(case)["UploadTest"]("test_an_upload_is_stored").run()
    assert result is not None
    assert result.wasSuccessful(), result.errors + result.failures
    run(counting)["test_a_page_asks_for_no_sizes"](SimpleNamespace(get=print))
    # In this process, moto would look at the requests of all later tests as well.
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", list(handlers.BUILTIN_HANDLERS))
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
