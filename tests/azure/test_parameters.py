"""What is stored beside the content: types, headers, metadata, tags, tiers."""

import gzip
import random
from collections.abc import Callable
from typing import Any

import pytest
from azure.storage.blob import StandardBlobTier
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from storages.backends.azure_storage import AzureStorage
from tests.servers import Azurite

Make = Callable[..., AzureStorage]


class Parted(AzureStorage):
    part_size = 64 * 1024


LARGE = random.Random(0).randbytes(700 * 1024)


@pytest.fixture
def make(azurite: Azurite, azure_container: str) -> Make:
    def make(cls: type[AzureStorage] = Parted, **options: Any) -> AzureStorage:
        return cls(**azurite.options(azure_container, **options))

    return make


PARAMETERS = {
    "content_type": "text/x-own",
    "content_language": "de",
    "content_disposition": "inline",
    "content_encoding": "identity",
    "cache_control": "no-cache",
    "metadata": {"owner": "me"},
    "tags": {"kind": "test"},
}


@pytest.mark.parametrize("content", [b"small", LARGE], ids=len)
@pytest.mark.parametrize("tier", [StandardBlobTier.COOL, "Cool"])
def test_object_parameters(make: Make, content: bytes, tier: Any) -> None:
    storage = make(object_parameters={**PARAMETERS, "standard_blob_tier": tier})
    storage.save("a.bin", ContentFile(content))
    found = make().client.get_blob_client("a.bin").get_blob_properties()
    assert found.metadata == PARAMETERS["metadata"]
    assert found.blob_tier == "Cool"
    assert make().client.get_blob_client("a.bin").get_blob_tags() == PARAMETERS["tags"]
    for name in list(PARAMETERS)[:5]:
        assert found.content_settings[name] == PARAMETERS[name]


def test_the_parameters_of_some_files(make: Make) -> None:
    class Own(Parted):
        def get_object_parameters(self, name: str) -> dict[str, Any]:
            return {"content_disposition": f"attachment; filename={name}"}

    storage = make(Own, location="inside")
    storage.save("d/a.txt", ContentFile(b"x"))
    found = make().client.get_blob_client("inside/d/a.txt").get_blob_properties()
    assert found.content_settings.content_disposition == "attachment; filename=inside/d/a.txt"


def test_an_unknown_parameter(make: Make) -> None:
    storage = make(object_parameters={"ContentType": "text/plain"})
    with pytest.raises(ImproperlyConfigured, match=r"'ContentType' .*AZURE_OBJECT_PARAMETERS"):
        storage.save("a.txt", ContentFile(b"x"))


def test_an_unknown_tier(make: Make) -> None:
    storage = make(object_parameters={"standard_blob_tier": "Cheap"})
    with pytest.raises(ImproperlyConfigured, match=r"standard_blob_tier 'Cheap'; it has: .*Cool"):
        storage.save("a.txt", ContentFile(b"x"))


@pytest.mark.parametrize(
    ("name", "content", "options", "expected"),
    [
        ("a.css", ContentFile(b"x"), {}, ("text/css", None, None)),
        ("a", ContentFile(b"x"), {}, ("application/octet-stream", None, None)),
        ("a", ContentFile(b"x"), {"default_content_type": "x/y"}, ("x/y", None, None)),
        ("a.css.gz", ContentFile(b"x"), {}, ("text/css", "gzip", None)),
        (
            "a.gz",
            SimpleUploadedFile("a.gz", b"x", "application/gzip"),
            {},
            ("application/gzip", "gzip", None),
        ),
        ("a.txt", SimpleUploadedFile("a", b"x", "image/png"), {}, ("image/png", None, None)),
        ("a.css", ContentFile(b"x"), {"cache_control": "no-store"}, ("text/css", None, "no-store")),
        (
            "a.css",
            ContentFile(b"x"),
            {"cache_control": "no-store", "object_parameters": {"cache_control": "private"}},
            ("text/css", None, "private"),
        ),
    ],
)
def test_headers(make: Make, name: str, content: Any, options: Any, expected: Any) -> None:
    make(**options).save(name, content)
    found = make().client.get_blob_client(name).get_blob_properties().content_settings
    assert (found.content_type, found.content_encoding, found.cache_control) == expected


def test_what_is_labelled_gzip_is_unpacked_but_gz_files_are_not(make: Make) -> None:
    packed = gzip.compress(LARGE)
    make().save("a.css.gz", ContentFile(packed))
    assert make().open("a.css.gz").read() == packed
    make(object_parameters={"content_encoding": "gzip"}).save("a.css", ContentFile(packed))
    with make().open("a.css") as file:
        assert file.entry is not None
        assert file.entry.encoding == "gzip"
        file.seek(1000)
        assert file.read() == LARGE[1000:]
