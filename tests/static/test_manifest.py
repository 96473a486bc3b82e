"""Names with hashes: byte for byte and count for count what Django's own command makes."""

import json
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError

from storages.testing import MemoryStorage
from tests.static.site import FILES, Manifest, age, contents

KINDS = ["Manifest", "Keeping", "Lenient"]


@pytest.fixture(params=KINDS)
def kind(request):
    return f"tests.static.site.{request.param}"


def counts(printed):
    return re.search(r"\d+ static files? copied[^.(]*", printed)[0].strip()


@pytest.fixture
def both(site, kind):
    """Runs Django's command and ours, each on a storage of its own, and compares."""

    def both(*args, **options):
        theirs = site.use(kind, bucket_name=site.bucket("django"), file_overwrite=True)
        expected = counts(site.collect_as_django(*args))
        ours = site.use(kind, bucket_name=site.bucket("ours"), **options)
        found = counts(site.collect(*args))
        assert contents(ours) == contents(theirs)
        age(ours)
        age(theirs)
        site.age()
        assert found == expected
        return ours

    return both


def test_everything_is_as_django_makes_it(both):
    storage = both()
    paths = json.loads(storage.open("staticfiles.json").read())["paths"]
    assert paths.keys() == FILES.keys()


def test_later_runs_are_as_djangos(site, both):
    both()
    both()
    site.write("css/base/deep.css", "i { color: red }\n")
    site.write("img/logo.png", b"another")
    site.write("new.css", "@import 'css/site.css';")
    site.remove("empty.txt")
    both()
    both()


def test_a_storage_that_overwrites_nothing(both):
    both(file_overwrite=False)
    both(file_overwrite=False)


@pytest.mark.parametrize("args", [("--no-post-process",), ("--ignore", "*.js"), ("--dry-run",)])
def test_options(both, args):
    both(*args)


def test_clear(site, both):
    both()
    site.remove("js/lib/b.js")
    site.write("js/lib/a.js", "1;")
    site.write("js/app.js", "2;")
    both("--clear")


def test_what_only_the_target_has_can_be_named(site, both, kind):
    site.write("more.css", "a { background: url(only/there.png) }")
    for bucket in ("django", "ours"):
        storage = site.use(kind, bucket_name=site.bucket(bucket), file_overwrite=True)
        storage.save("only/there.png", ContentFile(b"x"))
    both()
    both()


def test_a_missing_file_is_djangos_error(site, kind):
    site.write("bad.css", "a { background: url(nowhere.png) }")
    storage = site.use(kind, bucket_name=None)
    with pytest.raises((ValueError, CommandError), match=r"nowhere\.png"):  # as Django's version
        site.collect()
    assert not storage.exists("staticfiles.json")


def test_nothing_is_sent_twice(site, kind):
    storage = site.use(kind, bucket_name=None)
    site.collect()
    before = {entry.name: entry.etag for entry in storage.scan()}
    site.check_out()
    printed = site.collect()
    assert {entry.name: entry.etag for entry in storage.scan()} == before
    assert f"0 static files copied, {len(FILES)} unmodified" in printed
    assert "(0.0 KB sent" in printed


def test_another_order_of_the_same_files_sends_nothing(site, kind, settings, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "more.txt").write_text("more")
    settings.STATICFILES_DIRS = [str(tmp_path / "more"), *settings.STATICFILES_DIRS]
    bucket = site.bucket("order")
    site.use(kind, bucket_name=bucket)
    site.collect()
    settings.STATICFILES_DIRS = settings.STATICFILES_DIRS[::-1]
    site.use(kind, bucket_name=bucket)
    assert "(0.0 KB sent" in site.collect()


def test_a_manifest_that_another_process_wrote_is_replaced(site, kind):
    storage = site.use(kind, bucket_name=None)
    site.collect()
    good = read(storage)
    other = good.replace(b"empty.d41d8cd98f00", b"empty.000000000000")
    storage.write("staticfiles.json", ContentFile(other), overwrite=True)
    site.collect()
    assert read(storage) == good


class Reading(Manifest):
    """Looks at what it has saved while it is post-processing."""

    def post_process(self, *args, **kwargs):
        for name, hashed_name, processed in super().post_process(*args, **kwargs):
            with self.open(hashed_name) as file:
                data = file.read()
            assert self.size(hashed_name) == len(data)
            if name.endswith(".css"):
                with self.open(hashed_name, "r") as file:
                    assert file.read() == data.decode()
            yield name, hashed_name, processed


def test_what_waits_can_be_read(site):
    site.use("tests.static.test_manifest.Reading", bucket_name=None)
    assert f"{len(FILES)} post-processed" in site.collect()
    site.collect()


class Noting(Manifest):
    """Remembers what it has done while it was post-processing."""

    def post_process(self, *args, **kwargs):
        self.processed = []
        for result in super().post_process(*args, **kwargs):
            self.processed.append(result[0])
            yield result


def test_what_post_processing_sets_is_the_storages(site):
    storage = site.use("tests.static.test_manifest.Noting", bucket_name=None)
    site.collect()
    assert sorted(storage.processed) == sorted(FILES)
    assert storage.manifest_storage is storage
    assert type(storage) is Noting
    assert "_stage" not in vars(storage)
    assert storage.hashed_files.keys() == FILES.keys()


def test_another_deployments_file_is_not_deleted_with_what_nobody_names(site):
    """Django deletes what an intermediate name has; by the listing it would be an older file."""
    storage = site.use("tests.static.test_manifest.Racing", bucket_name=site.bucket("one"))
    site.collect()
    intermediate = storage.hashed_name("css/site.css", ContentFile(FILES["css/site.css"].encode()))
    storage.write(intermediate, ContentFile(b"old"), overwrite=True)
    site.write("new.txt", "new")
    Racing.victim = intermediate
    try:
        site.collect()
    finally:
        Racing.victim = None
    storage.assert_exists(intermediate, b"of another deployment")
    site.write("new.txt", "newer")
    site.collect()
    storage.assert_missing(intermediate)


class Racing(Manifest):
    """Another deployment stores a file while this one sends its manifest."""

    victim = None

    def _put(self, key, source, params, *, exclusive=False):
        super()._put(key, source, params, exclusive=exclusive)
        if self.victim and key == "staticfiles.json":
            super()._put(self.victim, b"of another deployment", params)


@pytest.mark.parametrize("remote", [True, False])
def test_a_manifest_elsewhere_is_published_last(site, tmp_path, remote):
    elsewhere = MemoryStorage() if remote else FileSystemStorage(location=tmp_path / "elsewhere")
    kind = "tests.static.test_manifest.Refusing"
    storage = site.use(kind, bucket_name=None, manifest_storage=elsewhere)
    site.collect()
    before = read(elsewhere)
    assert json.loads(before)["paths"] == storage.hashed_files
    assert not storage.exists("staticfiles.json")
    site.write("img/dot.svg", "<other/>")
    Refusing.refused = "img/dot."
    try:
        with pytest.raises(CommandError, match=r"img/dot\.svg"):
            site.collect()
    finally:
        Refusing.refused = None
    assert read(elsewhere) == before
    site.collect()
    assert read(elsewhere) != before


def read(storage):
    with storage.open("staticfiles.json") as file:
        return file.read()


class Refusing(Manifest):
    refused = None

    def _put(self, key, source, params, *, exclusive=False):
        if self.refused and self.refused in key:
            raise PermissionError(f"{key!r} is refused")
        super()._put(key, source, params, exclusive=exclusive)
