"""With the rest of Django: file fields, responses and static files."""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import FileResponse
from django.test import modify_settings, override_settings

from storages import bulk
from storages.doctor import FAILED, examine
from storages.doctor.probe import CONTENT
from storages.testing.conformance.suite import KiB, Suite, get, needs, noise, put, rebuild, replace

APP = "storages.testing.conformance.app"


def given(storage: Any) -> Any:
    """For STORAGES: the storage of the test itself as a BACKEND."""
    return storage


def end(response: FileResponse) -> None:
    """Close a response as Django's test client does: the databases of other tests stay open."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def collect(storage: Any, source: Path, *, clear: bool = False) -> tuple[int, int]:
    """Run `collectstatic`, and return how many files it copied and how many it left."""
    found = "django.contrib.staticfiles.finders.FileSystemFinder"
    aliases = {"staticfiles": {"BACKEND": f"{__name__}.given", "OPTIONS": {"storage": storage}}}
    output = io.StringIO()
    with override_settings(
        DEBUG=False,
        STATIC_URL="/static/",
        STATIC_ROOT=None,
        STATICFILES_DIRS=[str(source)],
        STATICFILES_FINDERS=[found],
        STORAGES=aliases,
    ):
        call_command(Command(), interactive=False, clear=clear, stdout=output)
    copied = re.search(r"(\d+) static files? copied", output.getvalue())
    left = re.search(r"(\d+) unmodified", output.getvalue())
    assert copied is not None, output.getvalue()
    return int(copied[1]), int(left[1]) if left else 0


class Integration(Suite):
    """What Django and its users do with a storage works on this one."""

    # -- the doctor

    def test_the_doctor_finds_nothing_wrong(self, storage: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr("storages.doctor.steps.fetch", lambda link, trust: CONTENT)
        assert [step for step in examine(storage) if step.status == FAILED] == []
        assert list(bulk.scan(storage)) == []

    # -- file fields

    @pytest.fixture
    def document(self, storage: Any, monkeypatch: Any) -> Iterator[Any]:
        """An instance of a model whose FileField has the storage."""
        with modify_settings(INSTALLED_APPS={"append": APP}):
            from storages.testing.conformance.app.models import Document

            monkeypatch.setattr(Document._meta.get_field("file"), "storage", storage)
            yield Document(title="One")

    def test_a_file_field_saves_and_deletes(self, storage: Any, document: Any) -> None:
        upload = SimpleUploadedFile("my photo.png", noise(300 * KiB), content_type="image/png")
        document.file.save("my photo.png", upload, save=False)
        name = document.file.name
        assert re.fullmatch(r"documents/\d{4}/my_photo\.png", name)
        assert document.file.size == 300 * KiB
        assert get(storage, name) == noise(300 * KiB)
        document.file.delete(save=False)
        assert not storage.exists(name)
        assert not document.file

    def test_a_file_field_opens(self, storage: Any, document: Any) -> None:
        put(storage, "documents/a.txt", b"0123456789")
        document.file = "documents/a.txt"
        with document.file.open() as file:
            assert file.read(4) == b"0123"
        assert document.file.closed
        with document.file.open("rb") as file:
            assert file.read() == b"0123456789"
        with document.file.open("r") as file:
            assert file.read() == "0123456789"

    def test_a_file_field_keeps_its_max_length(self, storage: Any, document: Any) -> None:
        document.file.save(f"{'n' * 90}.png", ContentFile(b"content"), save=False)
        assert len(document.file.name) <= 40
        assert document.file.name.endswith(".png")
        assert get(storage, document.file.name) == b"content"

    def test_a_file_field_takes_an_opened_file_of_the_storage(
        self, storage: Any, document: Any
    ) -> None:
        put(storage, "a.bin", noise(300 * KiB))
        with storage.open("a.bin") as source:
            document.file.save("b.bin", source, save=False)
        assert get(storage, document.file.name) == noise(300 * KiB)

    @needs("url")
    def test_a_file_field_has_a_url(self, document: Any) -> None:
        document.file.save("a b.txt", ContentFile(b"content"), save=False)
        assert re.search(r"documents/\d{4}/a_b\.txt", document.file.url)

    @pytest.mark.parametrize("opened", [True, False])
    def test_a_model_instance_can_be_pickled(
        self, storage: Any, document: Any, opened: bool
    ) -> None:
        document.file.save("a.txt", ContentFile(b"content"), save=False)
        if opened:
            document.file.close()
            assert document.file.open().read(3) == b"con"
        again = pickle.loads(pickle.dumps(document))
        assert (again.title, again.file.name) == ("One", document.file.name)
        with again.file.open() as file:
            assert file.read() == b"content"
        document.file.close()

    # -- responses

    @pytest.mark.parametrize("size", [0, 10, 300 * KiB])
    def test_a_response_sends_a_stored_file(self, storage: Any, size: int) -> None:
        put(storage, "d/a photo.png", noise(size))
        response = FileResponse(storage.open("d/a photo.png"), as_attachment=True)
        assert response.headers["Content-Length"] == str(size)
        assert response.headers["Content-Type"] == "image/png"
        assert 'filename="a photo.png"' in response.headers["Content-Disposition"]
        assert b"".join(response) == noise(size)
        end(response)

    def test_a_response_sends_the_rest_of_a_file(self, storage: Any) -> None:
        put(storage, "a.txt", b"0123456789")
        file = storage.open("a.txt")
        file.seek(4)
        response = FileResponse(file)
        assert response.headers["Content-Length"] == "6"
        assert b"".join(response) == b"456789"
        end(response)
        assert file.closed

    # -- static files

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        """A directory of static files, an hour old."""
        folder = tmp_path / "static-source"
        for name, content in {
            "css/site.css": b'body { background: url("../img/a.png") } /* \xe2\x98\x95 */',
            "img/a.png": noise(2000),
            "img/odd name+%.png": noise(100),
            "empty.txt": b"",
        }.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            _age(path)
        return folder

    def test_collects_static_files_and_only_what_changed(self, storage: Any, source: Path) -> None:
        assert collect(storage, source) == (4, 0)
        assert get(storage, "img/odd name+%.png") == noise(100)
        assert collect(storage, source) == (0, 4)
        storage.delete("img/a.png")
        assert collect(storage, source) == (1, 3)
        (source / "empty.txt").write_bytes(b"changed")
        _age(source / "empty.txt", seconds=-3600)
        assert collect(storage, source) == (1, 3)
        assert get(storage, "empty.txt") == b"changed"
        assert sorted(storage.listdir("img")[1]) == ["a.png", "odd name+%.png"]

    def test_clearing_deletes_what_was_collected_before(self, storage: Any, source: Path) -> None:
        assert collect(storage, source, clear=True) == (4, 0)
        for name in ("old.txt", "css/old.css", "gone/deep/old.js"):
            put(storage, name)
        assert collect(storage, source, clear=True) == (4, 0)
        for name in ("old.txt", "css/old.css", "gone/deep/old.js"):
            assert not storage.exists(name)
        assert get(storage, "img/a.png") == noise(2000)

    @needs("location")
    def test_clearing_keeps_to_the_location(self, make_storage: Any, source: Path) -> None:
        storage, around = make_storage(location="static"), make_storage()
        put(around, "media/a.txt")
        put(around, "static2/a.txt")
        put(storage, "old.txt")
        collect(storage, source, clear=True)
        assert not storage.exists("old.txt")
        assert get(around, "media/a.txt") == get(around, "static2/a.txt") == b"content"

    @needs("url")
    def test_manifest_storage(self, make_storage: Any, source: Path) -> None:
        plain = make_storage(**self.static_options)
        manifest = rebuild(plain, type("Manifest", (ManifestFilesMixin, type(plain)), {}))
        assert collect(manifest, source)[0] == 4
        with override_settings(DEBUG=False):
            hashed = manifest.stored_name("css/site.css")
            picture = manifest.stored_name("img/a.png")
            assert re.fullmatch(r"css/site\.[0-9a-f]{12}\.css", hashed)
            assert re.fullmatch(r"img/a\.[0-9a-f]{12}\.png", picture)
            assert f"../{picture}".encode() in get(plain, hashed)
            assert get(plain, picture) == noise(2000)
            assert hashed in manifest.url("css/site.css")
        assert plain.exists("staticfiles.json")
        again = rebuild(plain, type(manifest))
        assert again.stored_name("css/site.css") == hashed
        assert collect(again, source) == (0, 4)
        assert again.stored_name("css/site.css") == hashed

    # -- storages among each other

    def test_files_go_from_storage_to_storage(self, storage: Any, tmp_path: Path) -> None:
        content = noise(600 * KiB)
        others: list[Any] = [FileSystemStorage(tmp_path / "other"), InMemoryStorage()]
        put(storage, "a.bin", content)
        for number, other in enumerate(others):
            with storage.open("a.bin") as source:
                other.save("b.bin", source)
            with other.open("b.bin") as source:
                storage.save(f"c{number}.bin", source)
            assert get(storage, f"c{number}.bin") == content

    def test_a_file_of_django_over_an_opened_file(self, storage: Any) -> None:
        put(storage, "a.bin", noise(200 * KiB))
        with storage.open("a.bin") as source:
            assert storage.save("b.bin", File(source, name="b.bin")) == "b.bin"
        replace(storage, "a.bin", b"new")
        assert get(storage, "b.bin") == noise(200 * KiB)


def _age(path: Path, seconds: float = 3600) -> None:
    """Make a file that much older than it is."""
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))
