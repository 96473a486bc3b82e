"""The command: its options, what breaks while it runs, and what it leaves to Django."""

import dataclasses
import io
import json
import threading

import pytest
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command, get_commands
from django.test import override_settings

from storages import crew, progress
from storages.staticfiles.checks import check_order
from storages.staticfiles.management.commands.collectstatic import Command
from storages.testing import MemoryStorage
from tests.static.site import FILES, Manifest, contents

MEMORY = "storages.testing.MemoryStorage"
HERE = "tests.static.test_collectstatic"
STATE = ".storehouse-static.json"


class Failing(Manifest):
    """Fails as often as told at files whose key contains a text."""

    broken = ""
    times = 0
    error = ConnectionError

    def _put(self, key, source, params, *, exclusive=False):
        cls = type(self).__mro__[-1 - type(self).__mro__[::-1].index(Failing)]
        if cls.broken and cls.broken in key and cls.times:
            cls.times -= 1
            raise cls.error(f"{key!r} was cut")
        super()._put(key, source, params, exclusive=exclusive)


class Encrypting(MemoryStorage):
    """Lists digests that are not those of the content, as S3 with a key of its KMS."""

    def _scan(self, prefix):
        for entry in super()._scan(prefix):
            yield dataclasses.replace(entry, digest="md5:" + "0" * 32)


class Hiding(Encrypting):
    """Lists no names that begin with a dot, as some FTP servers."""

    def _scan(self, prefix):
        yield from (entry for entry in super()._scan(prefix) if not entry.key.startswith("."))


class Unlisted(MemoryStorage):
    def _scan(self, prefix):
        raise PermissionError("no ListBucket")


class Undeletable(MemoryStorage):
    def _delete(self, key):
        raise PermissionError("no DeleteObject")


class Shouting(MemoryStorage):
    """Has a `_save` of its own."""

    def _save(self, name, content):
        return super()._save(name, ContentFile(content.read().upper()))


@pytest.fixture
def failing(site, monkeypatch):
    """Fails for names with this text; nobody waits for further attempts."""
    monkeypatch.setattr(crew, "PAUSES", (0, 0))
    storage = site.use(f"{HERE}.Failing", bucket_name=None)

    def failing(text, times, error=ConnectionError):
        monkeypatch.setattr(Failing, "broken", text)
        monkeypatch.setattr(Failing, "times", times)
        monkeypatch.setattr(Failing, "error", error)
        return storage

    return failing


def test_it_is_the_command_that_runs():
    assert get_commands()["collectstatic"] == "storages.staticfiles"


def test_a_failure_is_tried_again(site, failing):
    storage = failing("img/logo.png", 2)
    assert f"{len(FILES)} static files copied" in site.collect()
    storage.assert_exists("img/logo.png")


def test_what_fails_is_named_and_the_next_run_goes_on(site, failing):
    storage = failing("img/logo", 100)
    with pytest.raises(CommandError, match=r"img/logo\.png: .* was cut") as raised:
        site.collect()
    assert raised.value.returncode == 1
    storage.assert_missing("staticfiles.json")
    sent = {entry.name: entry.etag for entry in storage.scan() if entry.name != STATE}
    assert sent.keys() == FILES.keys() - {"img/logo.png"}
    failing("", 0)
    assert f"1 static file copied, {len(FILES) - 1} unmodified" in site.collect()
    now = {entry.name: entry.etag for entry in storage.scan()}
    assert sent.items() <= now.items()
    assert "staticfiles.json" in now


def test_no_manifest_before_all_that_it_names(site, failing):
    storage = failing("", 0)
    site.collect()
    before = storage.open("staticfiles.json").read()
    site.write("img/logo.png", b"new")
    failing("img/logo.", 100, PermissionError)
    Failing.broken = "img/logo.22af645d1859"  # of b"new"
    with pytest.raises(CommandError, match=r"img/logo\.22af645d1859\.png"):
        site.collect()
    assert storage.open("staticfiles.json").read() == before
    for name in json.loads(before)["paths"].values():
        storage.assert_exists(name)
    failing("", 0)
    site.collect()
    assert b"22af645d1859" in storage.open("staticfiles.json").read()


def test_a_service_that_is_not_there_is_left_alone(site, failing):
    for number in range(200):
        site.write(f"many/{number}.txt", str(number))
    failing("", 0)
    failing("many", 10**6, PermissionError)
    with pytest.raises(CommandError) as raised:
        site.collect()
    assert str(raised.value).count("was cut") == 10


def test_an_interrupt_leaves_whole_files_and_is_remembered(site, failing):
    storage = failing("img/dot.svg", 1, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        site.collect("--workers", "1")
    kept = contents(storage)
    assert "staticfiles.json" not in kept
    assert all(content == _bytes(FILES[name]) for name, content in kept.items())
    assert storage.exists(STATE)
    assert f"{len(kept)} unmodified" in site.collect()


def _bytes(content):
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize("kind", ["Encrypting", "Hiding"])
def test_digests_that_no_listing_shows_are_remembered(site, kind):
    site.use(f"{HERE}.{kind}", bucket_name=None)
    site.collect()
    site.check_out()
    assert f"0 static files copied, {len(FILES)} unmodified" in site.collect()
    site.write("img/dot.svg", "<SVG/>")
    assert "1 static file copied" in site.collect()


def test_what_somebody_else_stored_is_not_trusted(site):
    storage = site.use(f"{HERE}.Encrypting", bucket_name=None)
    site.collect()
    storage.write("img/dot.svg", ContentFile(b"<SVG/>"), overwrite=True)
    assert "1 static file copied" in site.collect()
    storage.assert_exists("img/dot.svg", b"<svg/>")


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[1]", b'{"version": 1, "common": 3}', b"\x1f\x8b?"]
)
def test_a_damaged_state_costs_an_upload_at_most(site, state):
    storage = site.use(MEMORY, bucket_name=None)
    site.collect()
    storage.write(STATE, ContentFile(state), overwrite=True)
    assert f"{len(FILES)} static files copied" in site.collect()
    assert f"{len(FILES)} unmodified" in site.collect()


def test_a_save_of_the_projects_own_is_used(site):
    storage = site.use(f"{HERE}.Shouting", bucket_name=None)
    site.collect()
    storage.assert_exists("js/lib/b.js", FILES["js/lib/b.js"].upper())
    assert f"{len(FILES)} unmodified" in site.collect()


def test_a_file_is_never_absent(site):
    storage = site.use(MEMORY, bucket_name=None)
    site.collect()
    missed = []
    ended = threading.Event()

    def look():
        while not ended.is_set():
            missed.extend(name for name in FILES if not storage.exists(name))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for turn in range(5):
            for name in FILES:
                site.write(name, f"turn {turn}")
            site.collect("--clear")
    finally:
        ended.set()
        watcher.join()
    assert missed == []


def test_large_files_go_in_parts_and_are_compared(site):
    storage = site.use(MEMORY, bucket_name=None, part_size=256 * 1024, gzip=True)
    site.write("large.css", "a { color: red }\n" * 200_000)
    site.write("large.bin", bytes(3 * 1024 * 1024))
    site.collect()
    assert storage.stat("large.css").encoding == "gzip"
    storage.assert_exists("large.bin", bytes(3 * 1024 * 1024))
    site.check_out()
    assert f"{len(FILES) + 2} unmodified" in site.collect()


def test_a_storage_that_cannot_be_listed(site):
    site.use(f"{HERE}.Unlisted", bucket_name=None)
    with pytest.raises(CommandError, match=r"cannot be listed: no ListBucket"):
        site.collect()


def test_what_cannot_be_deleted(site):
    storage = site.use(f"{HERE}.Undeletable", bucket_name=None)
    site.collect()
    site.remove("empty.txt")
    site.write("new.txt", "new")
    with pytest.raises(CommandError, match=r"no DeleteObject.*\n.*again"):
        site.collect("--clear")
    storage.assert_exists("new.txt")
    assert "1 unmodified" in site.collect("--ignore", "[!n]*")


def test_a_state_that_cannot_be_written(site, failing):
    storage = failing(STATE, 1, PermissionError)
    with pytest.raises(CommandError, match=r"storehouse-static\.json"):
        site.collect()
    storage.assert_exists("staticfiles.json")


def test_a_dry_run_of_clear_says_what_would_go(site):
    storage = site.use(MEMORY, bucket_name=None)
    site.collect()
    before = {entry.name: entry.etag for entry in storage.scan()}
    site.remove("empty.txt")
    printed = site.collect("--dry-run", "--clear", verbosity=2)
    assert "Pretending to delete 'empty.txt'" in printed
    assert printed.count("Pretending to delete") == 1
    assert printed.count("Pretending to copy") == len(FILES) - 1
    assert {entry.name: entry.etag for entry in storage.scan()} == before


def test_clear_stays_in_its_location(site):
    bucket = site.bucket("shared")
    media = MemoryStorage(bucket_name=bucket, location="static-not")
    media.save("upload.txt", ContentFile(b"x"))
    site.use(MEMORY, bucket_name=bucket, location="static")
    site.collect()
    site.clear()
    site.write("one.txt", "1")
    site.collect("--clear")
    media.assert_exists("upload.txt", b"x")
    names = {entry.name for entry in MemoryStorage(bucket_name=bucket).scan()}
    assert names == {"static-not/upload.txt", "static/one.txt", f"static/{STATE}"}


def test_nothing_to_collect(site):
    storage = site.use(MEMORY, bucket_name=None)
    site.clear()
    site.folder.mkdir()
    assert "0 static files copied (" in site.collect()
    assert list(storage.scan()) == []


def test_links_need_a_file_system(site):
    site.use(MEMORY, bucket_name=None)
    with pytest.raises(CommandError, match="Can't symlink to a remote destination"):
        site.collect("--link")


def test_workers(site):
    site.use(MEMORY, bucket_name=None)
    with pytest.raises(CommandError, match="at least 1"):
        site.collect("--workers", "0")
    assert f"{len(FILES)} static files copied" in site.collect("--workers", "3")


def test_what_it_says(site):
    site.use(MEMORY, bucket_name=None)
    dry = site.collect("--dry-run")
    assert f"Pretending to copy '{site.folder / 'empty.txt'}'" in dry
    assert "to send, " in dry
    assert f"Copying '{site.folder / 'empty.txt'}'" in site.collect(verbosity=2)
    assert "Skipping 'empty.txt' (not modified)" in site.collect(verbosity=2)
    assert site.collect(verbosity=0) == ""


def test_the_first_of_two_files_of_one_name(site, settings, tmp_path):
    storage = site.use(MEMORY, bucket_name=None)
    for folder in ("other", "third"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "empty.txt").write_text("not this")
    more = [str(tmp_path / "other"), ("pre", str(tmp_path / "third"))]
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, *more]
    assert "another file with the destination path 'empty.txt'" in site.collect(verbosity=2)
    storage.assert_exists("empty.txt", b"")
    storage.assert_exists("pre/empty.txt", b"not this")


def test_file_systems_are_djangos(site, tmp_path):
    folder = tmp_path / "root"
    files = "django.contrib.staticfiles.storage.StaticFilesStorage"
    site.use(files, location=str(folder))
    printed = site.collect()
    assert printed.strip() == f"{len(FILES)} static files copied to '{folder}'."
    assert not (folder / STATE).exists()
    assert f"{len(FILES)} static files symlinked" in site.collect("--link")


def test_storages_of_others_are_djangos(site):
    site.use("django.core.files.storage.InMemoryStorage")
    assert site.collect().strip() == f"{len(FILES)} static files copied."


ORDERS = {
    "W001": ["django.contrib.staticfiles", "storages.staticfiles"],
    "E001": ["storages.staticfiles"],
}


@pytest.mark.parametrize("number", ORDERS)
def test_the_order_of_the_apps(number):
    with override_settings(INSTALLED_APPS=ORDERS[number]):
        found = check_order()
    assert [each.id for each in found] == [f"storages_staticfiles.{number}"]
    assert "INSTALLED_APPS" in found[0].hint


def test_the_right_order():
    assert not [each for each in run_checks() if each.id.startswith("storages_staticfiles")]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(site, monkeypatch):
    monkeypatch.setattr(progress, "BAR_EVERY", 0)
    site.use(MEMORY, bucket_name=None)
    out = Terminal()
    call_command(Command(stdout=out, no_color=True), interactive=False)
    shown = out.getvalue().split("\r")
    assert f"[{'#' * progress.WIDTH}] Files: {len(FILES)} of {len(FILES)}" in shown[-3]
    assert shown[-2].strip() == ""  # it is gone before the summary
    assert shown[-1].strip().startswith(f"{len(FILES)} static files copied (")


def test_lines_elsewhere(site, monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY", 0)
    site.use("tests.static.site.Manifest", bucket_name=None)
    lines = site.collect().splitlines()
    assert lines[len(FILES)].startswith(f"Files with a hash: 1 of {len(FILES)}, ")
    assert lines[0].startswith(f"Files: 1 of {len(FILES)}, ")
    assert lines[len(FILES) - 1].startswith(f"Files: {len(FILES)} of {len(FILES)}, ")
