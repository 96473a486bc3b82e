"""When post-processing is left out, since it would make what is there, and when it never is."""

import json
from dataclasses import replace
from datetime import timedelta

import django
import pytest
from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestFilesMixin
from django.core.files.base import ContentFile
from django.utils.functional import cached_property

from storages.backends.sftpstorage import SFTPStorage
from storages.staticfiles import processed, publication
from storages.staticfiles.remembered import STATE_NAME
from storages.testing import MemoryStorage
from tests.static.site import FILES, Manifest, Site, contents

HERE = "tests.static.test_processed"
MANIFEST = "tests.static.site.Manifest"
INTERMEDIATE = "css/site.f5d57b7cf3c6.css"


class Static(Manifest):
    """Has the names of a project's own, and no code."""

    def __init__(self, **options):
        super().__init__(**options)
        self.release = 1

    def get_object_parameters(self, name):
        return {}


class Hashing(Manifest):
    release = "one"

    def file_hash(self, name, content=None):
        return self.release if name else super().file_hash(name, content)


class Signing(MemoryStorage):
    """As a backend whose links are signed: they are rewritten on each run."""

    __module__ = "storages.testing"

    def url(self, name):
        return super().url(name) + "?signature"


Signing.url.__module__ = "storages.testing"


class Signed(ManifestFilesMixin, Signing):
    pass


class Silent(Manifest):
    """Lists no digests, as SFTP and FTP, and counts as one of ours."""

    __module__ = "storages.testing"

    def _scan(self, prefix):
        for entry in super()._scan(prefix):
            yield replace(entry, digest=None, etag=None)


Silent._scan.__module__ = "storages.testing"


class Other(Manifest):
    pass


@pytest.fixture
def site(tmp_path, settings):
    settings.STATIC_URL = "/static/"
    return Site(tmp_path / "static", settings)


@pytest.fixture
def runs(site, monkeypatch):
    """Collects as a new process would: whether Django's post-processing ran, what was printed."""
    folders = []
    make_folder = publication.make_folder

    def counted():
        folders.append("one")
        return make_folder()

    monkeypatch.setattr(publication, "make_folder", counted)

    def runs(kind=MANIFEST, *args, **options):
        folders.clear()
        runs.storage = site.use(kind, bucket_name=site.bucket("one"))
        runs.printed = site.collect(*args, **options)
        return bool(folders)

    return runs


def state_of(storage):
    with storage.open(STATE_NAME) as file:
        return json.loads(file.read())


def test_nothing_has_changed(site, runs):
    assert runs()
    stored, hashed = contents(runs.storage), runs.storage.hashed_files
    digest = runs.storage.manifest_hash
    versions = {entry.name: entry.etag for entry in runs.storage.scan()}
    site.check_out()
    assert not runs()
    assert contents(runs.storage) == stored
    assert {entry.name: entry.etag for entry in runs.storage.scan()} == versions
    assert (runs.storage.hashed_files, runs.storage.manifest_hash) == (hashed, digest)
    assert f"0 static files copied, {len(FILES)} unmodified, 6 post-processed" in runs.printed


@pytest.mark.parametrize("kind", ["Manifest", "Keeping", "Lenient"])
def test_it_tells_what_django_tells(site, runs, kind):
    django_s = site.use(f"tests.static.site.{kind}", bucket_name=site.bucket("django"))
    site.collect_as_django()
    told = site.collect_as_django(verbosity=2)
    assert runs(f"tests.static.site.{kind}")
    assert not runs(f"tests.static.site.{kind}", verbosity=2)
    assert processing(runs.printed) == processing(told)
    assert contents(runs.storage) == contents(django_s)


def processing(printed):
    return [line for line in printed.splitlines() if "ost-process" in line and "copied" not in line]


def test_what_a_project_may_say_without_code(runs):
    assert runs(f"{HERE}.Static")
    assert not runs(f"{HERE}.Static")


@pytest.mark.parametrize(
    ("name", "content"),
    [("img/logo.png", b"\x89PNg" + bytes(range(256))), ("new.txt", "new"), ("empty.txt", None)],
)
def test_a_source_has_changed(site, runs, name, content):
    runs()
    if content is None:
        site.remove(name)
    else:
        site.write(name, content)
    assert runs()
    assert not runs()


@pytest.mark.parametrize("name", ["STATIC_URL", "DEBUG"])
def test_a_setting_has_changed(runs, settings, name):
    runs()
    setattr(settings, name, {"STATIC_URL": "/elsewhere/", "DEBUG": True}[name])
    assert runs()
    assert not runs()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("manifest_strict", False),
        ("manifest_name", "other.json"),
        ("max_post_process_passes", 4),
        ("keep_intermediate_files", True),
        ("support_js_module_import_aggregation", False),
        ("patterns", ()),
        ("location", "below"),
    ],
)
def test_an_attribute_has_changed(runs, monkeypatch, name, value):
    runs()
    monkeypatch.setattr(Manifest, name, value)
    assert runs()
    assert not runs()


def test_another_version(runs, monkeypatch):
    runs()
    monkeypatch.setattr(django, "VERSION", (*processed.KNOWN[0], 99, "final", 0))
    assert runs()
    assert not runs()
    monkeypatch.setattr(django, "VERSION", (99, 0, 0, "final", 0))
    assert runs()
    assert runs()


def test_another_class(runs):
    runs()
    assert runs(f"{HERE}.Other")
    assert not runs(f"{HERE}.Other")


@pytest.mark.parametrize("name", ["img/logo.png", "css/site.css", "staticfiles.json"])
def test_a_listing_without_digests(runs, name):
    runs(f"{HERE}.Silent")
    assert not runs(f"{HERE}.Silent")  # since it is the first that shows what was stored
    before = contents(runs.storage)
    stored = runs.storage.hashed_files.get(name, name)
    time = runs.storage.stat(stored).modified - timedelta(days=1)
    runs.storage.write(stored, ContentFile(before[stored]), overwrite=True)
    runs.storage.set_modified_time(stored, time)
    assert runs(f"{HERE}.Silent")


def test_code_of_a_project_may_do_anything(runs, monkeypatch):
    runs(f"{HERE}.Hashing")
    assert runs(f"{HERE}.Hashing")
    monkeypatch.setattr(Hashing, "release", "two")
    assert runs(f"{HERE}.Hashing")
    assert "css/site.two.css" in contents(runs.storage)


class Lazy(Manifest):
    @cached_property
    def max_post_process_passes(self):
        return 5


class Counting(MemoryStorage):
    """Post-processes without names with hashes."""

    def post_process(self, paths, dry_run=False, **options):
        yield from ((path, path, True) for path in paths)


@pytest.mark.parametrize("kind", ["Lazy", "Counting"])
def test_other_code_of_a_project(runs, kind):
    assert runs(f"{HERE}.{kind}")
    assert f", {len(FILES)} post-processed" in runs.printed
    assert runs(f"{HERE}.{kind}")
    assert state_of(runs.storage)["processed"] is None


def test_code_that_is_put_into_djangos(runs, monkeypatch):
    runs()
    monkeypatch.setattr(HashedFilesMixin, "hash_key", lambda self, name: name)
    assert runs()
    assert runs()


def test_code_that_is_put_into_a_storage(site, runs):
    runs()
    storage = site.use(MANIFEST, bucket_name=site.bucket("one"))
    storage.hash_key = lambda name: name
    with pytest.raises(processed.Doubtful, match="hash_key"):
        processed.conditions(storage)


def test_addresses_that_are_signed(runs):
    runs(f"{HERE}.Signed")
    assert processed.conditions(runs.storage)
    assert runs(f"{HERE}.Signed")
    assert state_of(runs.storage)["processed"] is None


def test_a_manifest_elsewhere():
    class Elsewhere(ManifestFilesMixin, MemoryStorage):
        pass

    with pytest.raises(processed.Doubtful, match="manifest"):
        processed.conditions(Elsewhere(manifest_storage=MemoryStorage()))
    with pytest.raises(processed.Doubtful, match="manifest"):
        processed.conditions(SFTPStorage(host="h"))


@pytest.mark.parametrize("name", ["img/logo.png", "css/site.css", "staticfiles.json"])
@pytest.mark.parametrize("content", [None, b"of somebody else"])
def test_what_was_made_is_not_there_any_more(runs, name, content):
    runs()
    before = contents(runs.storage)
    hashed = runs.storage.hashed_files.get(name, name)
    runs.storage.delete(hashed)
    if content and name == "staticfiles.json":
        content = before[name].replace(b'"hash"', b' "hash"')  # the same to whoever reads it
    if content:
        runs.storage.write(hashed, ContentFile(content))
    assert runs()
    if not (content and name == "img/logo.png"):  # which Django leaves alone since it exists
        assert contents(runs.storage) == before


def test_a_manifest_of_another_deployment(runs):
    runs()
    good = contents(runs.storage)
    other = good["staticfiles.json"].replace(b"empty.d41d8cd98f00", b"empty.000000000000")
    runs.storage.write("staticfiles.json", ContentFile(other), overwrite=True)
    assert runs()
    assert contents(runs.storage) == good
    assert not runs()


def test_what_only_the_target_has_is_looked_at(site, runs):
    site.write("more.css", "a { background: url(only/there.png) }")
    storage = site.use(MANIFEST, bucket_name=site.bucket("one"))
    storage.write("only/there.png", ContentFile(b"one"))
    runs()
    assert not runs()
    assert "only/there.png" in state_of(storage)["processed"]
    storage.write("only/there.png", ContentFile(b"two"), overwrite=True)
    before = runs.storage.hashed_files["more.css"]
    assert runs()
    assert runs.storage.hashed_files["more.css"] != before


def test_what_django_would_delete_is_looked_for(runs):
    runs()
    assert INTERMEDIATE in state_of(runs.storage)["processed"]
    runs.storage.write(INTERMEDIATE, ContentFile(b"of another tool"))
    assert runs()
    runs.storage.assert_missing(INTERMEDIATE)
    assert not runs()


def test_folders_are_asked_for(site, runs):
    site.write("more.css", "a { background: url(img) }")
    runs()
    assert runs()


def test_options(site, runs):
    runs()
    assert not runs(MANIFEST, "--no-post-process")
    assert not runs()
    stored = {entry.name: entry.etag for entry in runs.storage.scan()}
    runs(MANIFEST, "--dry-run")
    assert "post-processed" not in runs.printed
    assert {entry.name: entry.etag for entry in runs.storage.scan()} == stored
    assert runs(MANIFEST, "--ignore", "*.txt")
    assert not runs(MANIFEST, "--ignore", "*.txt")
    assert runs()
    assert runs(MANIFEST, "--clear")
    assert not runs()
    site.write("img/dot.svg", "<other/>")
    runs(MANIFEST, "--no-post-process")
    assert runs()
    assert not runs()


def test_a_run_that_was_interrupted(runs, site, monkeypatch):
    runs()
    site.write("img/dot.svg", "<other/>")
    monkeypatch.setattr(Manifest, "save_manifest", broken := _Broken())
    with pytest.raises(KeyboardInterrupt):
        runs()
    assert broken.called
    monkeypatch.undo()
    runs.storage.assert_exists("img/dot.svg", b"<other/>")
    assert b"other" not in contents(runs.storage)["staticfiles.json"]


class _Broken:
    called = False

    def __get__(self, storage, cls):
        return self

    def __call__(self):
        self.called = True
        raise KeyboardInterrupt


def test_without_post_processing_nothing_is_remembered_of_it(site):
    storage = site.use("storages.testing.MemoryStorage", bucket_name=site.bucket("one"))
    site.collect()
    assert state_of(storage)["processed"] is None


def test_this_django_is_known():
    """If this fails, see whether `Check.results` still tells what that Django yields."""
    assert django.VERSION[:2] in processed.KNOWN
