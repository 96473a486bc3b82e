"""The recipe of the docs for several environments and protected files, on a running server."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import override_settings
from django.test.utils import isolate_apps

from tests.test_docs import example, run

PAGE = "docs/s3.md"


@pytest.fixture
def project(moto: Any, moto_bucket: str, monkeypatch: Any) -> Iterator[Any]:
    """The project of the docs; a function starts it in an environment."""
    for name in ("myproject", "myproject.storages"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    code = example(PAGE, "myproject/storages.py")
    vars(sys.modules["myproject.storages"]).update(run(code, "myproject.storages"))
    server = moto.options(moto_bucket)
    started: list[override_settings] = []

    def start(environment: str, **more: Any) -> None:
        monkeypatch.setenv("ENVIRONMENT", environment)
        found = run(example(PAGE, "settings.py"), "settings")
        names = {name: value for name, value in found.items() if name.isupper()}
        assert names["AWS_STORAGE_BUCKET_NAME"] == "my-bucket"
        names |= {
            "AWS_STORAGE_BUCKET_NAME": moto_bucket,
            "AWS_S3_ENDPOINT_URL": server["endpoint_url"],
            "AWS_S3_REGION_NAME": server["region_name"],
            "AWS_S3_ACCESS_KEY_ID": server["access_key"],
            "AWS_S3_SECRET_ACCESS_KEY": server["secret_key"],
        }
        started.append(override_settings(**names | more))
        started[-1].enable()

    yield start
    for each in reversed(started):
        each.disable()


@pytest.fixture
def keys(moto: Any, moto_bucket: str) -> Any:
    """A function: the keys of all objects in the bucket."""
    client = moto.client()

    def listed() -> list[str]:
        page = client.list_objects_v2(Bucket=moto_bucket)
        return [item["Key"] for item in page.get("Contents", ())]

    return listed


def test_each_environment_keeps_to_its_prefix(project: Any, keys: Any) -> None:
    project("production")
    default_storage.save("a.txt", ContentFile(b"live"))
    live = default_storage.deconstruct()
    project("staging")
    assert default_storage.listdir("") == ([], [])
    assert default_storage.save("a.txt", ContentFile(b"staged")) == "a.txt"
    assert default_storage.deconstruct() == live
    assert keys() == ["production/media/a.txt", "staging/media/a.txt"]
    with default_storage.open("a.txt") as file:
        assert file.read() == b"staged"


def test_static_files_have_a_prefix_too_and_public_links(project: Any, keys: Any) -> None:
    project("staging")
    storages["staticfiles"].save("site.css", ContentFile(b"body {}"))
    assert keys() == ["staging/static/site.css"]
    link = storages["staticfiles"].url("site.css")
    assert link.endswith("/staging/static/site.css")


WRITING = {
    "save": lambda live: live.save("new.txt", ContentFile(b"x")),
    "save in parts": lambda live: live.save("new.txt", ContentFile(b"x" * (9 << 20))),
    "write": lambda live: live.write("a.txt", ContentFile(b"x"), overwrite=True),
    "delete": lambda live: live.delete("a.txt"),
    "delete_many": lambda live: live.delete_many(["a.txt"]),
    "delete_tree": lambda live: live.delete_tree("", everything=True),
    "copy": lambda live: live.copy("a.txt", "b.txt"),
    "move": lambda live: live.move("a.txt", "b.txt"),
    "wb": lambda live: live.open("a.txt", "wb").close(),
    "xb": lambda live: live.open("new.txt", "xb").close(),
    "ab": lambda live: live.open("a.txt", "ab").close(),
    "opened again": lambda live: live.open("a.txt").open("wb").close(),
}


@pytest.mark.parametrize("write", WRITING.values(), ids=WRITING)
def test_staging_shows_the_live_files_and_cannot_change_them(
    project: Any, keys: Any, write: Any
) -> None:
    project("production")
    default_storage.save("a.txt", ContentFile(b"live"))
    project("staging")
    live = storages["live"]
    with pytest.raises(PermissionError, match="read-only"):
        write(live)
    assert keys() == ["production/media/a.txt"]
    assert live.stat("a.txt").size == 4
    assert [entry.name for entry in live.scan()] == ["a.txt"]
    with live.open("a.txt") as file:
        assert file.read() == b"live"
    assert "/production/media/a.txt?" in live.url("a.txt")


@isolate_apps("tests")
def test_a_field_with_links_of_its_own(project: Any, keys: Any) -> None:
    project("staging", AWS_S3_CUSTOM_DOMAIN="cdn.example.org")
    code = example(PAGE, "myproject/models.py")
    invoice = run(code, "tests.invoices")["Invoice"]()
    invoice.pdf.save("march.pdf", ContentFile(b"%PDF"), save=False)
    assert keys() == ["staging/media/invoices/march.pdf"]
    link = urlsplit(invoice.pdf.url)
    assert link.path.endswith("/staging/media/invoices/march.pdf")
    assert parse_qs(link.query)["X-Amz-Expires"] == ["600"]
    assert "X-Amz-Signature" in parse_qs(link.query)
    others = default_storage.url("photo.jpg")
    assert others == "https://cdn.example.org/staging/media/photo.jpg"


def test_the_field_is_migrated_without_a_secret(project: Any) -> None:
    project("staging")
    code = example(PAGE, "myproject/models.py").partition("\n\n\nclass")[0]
    protected = run(code)["protected"]
    path, args, options = protected.deconstruct()
    assert path == "myproject.storages.PrefixedStorage"
    assert (args, options) == ((), {"querystring_expire": 600, "custom_domain": None})
