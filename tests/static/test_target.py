"""What is believed of files that are stored already, and what is not."""

import dataclasses
import json
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from storages.backends.sftpstorage import SFTPStorage
from storages.staticfiles.remembered import STATE_NAME, UNKNOWN, Known, fingerprint
from storages.staticfiles.target import Target
from storages.testing import MemoryStorage
from tests.static.site import FILES, Manifest, Site, contents

PARAMS = {"CacheControl": "max-age=60"}
HERE = "tests.static.test_target"
MEMORY = "storages.testing.MemoryStorage"


@pytest.fixture
def storage():
    return MemoryStorage()


def put(storage, target, name, content=b"content"):
    target.sending(name)
    storage.write(name, ContentFile(content), overwrite=True)
    target.stored(name, PARAMS, Known("0" * 32, len(content)))


def state_of(storage):
    with storage.open(STATE_NAME) as file:
        return json.loads(file.read())


def test_what_one_run_has_stored_is_remembered(storage):
    target = Target(storage)
    put(storage, target, "a.js")
    target.remember()
    storage.write("media/private.png", ContentFile(b"of somebody else"))
    again = Target(storage)
    assert again.is_current("a.js", PARAMS)
    assert not again.is_current("a.js", {"CacheControl": "no-store"})
    assert not again.is_current("a.js", {})  # the parameter is not wanted any more
    assert again._memory.fingerprint_of(again.entries["media/private.png"]) == UNKNOWN
    put(storage, again, "b.js")
    again.remember()
    assert "private" not in json.dumps(state_of(storage))


def test_of_two_runs_at_once_neither_is_believed(storage):
    """What one remembers, the other may have replaced."""
    one, other = Target(storage), Target(storage)
    put(storage, one, "a.js", b"one")
    put(storage, other, "a.js", b"other")
    other.remember()
    one.remember()
    empty = {"fingerprints": {}, "digests": {}, "processed": None}
    assert state_of(storage) == {"version": 3, **empty}
    assert not Target(storage).is_current("a.js", PARAMS)
    last = Target(storage)
    put(storage, last, "a.js", b"last")
    last.remember()
    assert Target(storage).is_current("a.js", PARAMS)


def test_what_failed_may_be_there_and_is_not_believed(storage):
    target = Target(storage)
    put(storage, target, "a.js")
    put(storage, target, "b.js")
    target.remember()
    target = Target(storage)
    target.sending("a.js")  # and no answer came
    target.remember()
    again = Target(storage)
    assert not again.is_current("a.js", PARAMS)
    assert again.is_current("b.js", PARAMS)
    assert not again._memory.is_left(again.entries["a.js"])


class Silent(MemoryStorage):
    """Lists no digests and no validators, as SFTP and FTP."""

    def _scan(self, prefix):
        for entry in super()._scan(prefix):
            yield dataclasses.replace(entry, digest=None, etag=None)


class Encrypting(MemoryStorage):
    """Lists digests that are not those of the content, as S3 with a key of its KMS."""

    asked: list[str] = []  # noqa: RUF012 - of all that collectstatic makes

    def _scan(self, prefix):
        for entry in super()._scan(prefix):
            yield dataclasses.replace(entry, digest="md5:" + "0" * 32)

    def _stat(self, key):
        self.asked.append(key)
        return super()._stat(key)


@pytest.mark.parametrize("kind", ["Silent", "Encrypting"])
@pytest.mark.parametrize("days", [1, -1])
def test_a_file_of_the_same_size_and_another_time_is_another(site, kind, days):
    storage = site.use(f"{HERE}.{kind}", bucket_name=site.bucket("one"))
    site.collect()
    assert "(0.0 KB sent" in site.collect()  # this listing is the first that shows the files
    before = storage.stat("img/dot.svg")
    storage.write("img/dot.svg", ContentFile(b"<SVG/>"), overwrite=True)
    storage.set_modified_time("img/dot.svg", before.modified + timedelta(days=days))
    assert "1 static file copied" in site.collect()
    storage.assert_exists("img/dot.svg", b"<svg/>")
    assert "0 static files copied" in site.collect()


def test_a_digest_that_differs_is_believed_if_the_file_has_the_same(site):
    """What lists as another content is another one, however old it is."""
    storage = site.use(MEMORY, bucket_name=site.bucket("one"))
    site.collect()
    before = storage.stat("img/dot.svg")
    storage.write("img/dot.svg", ContentFile(b"<SVG/>"), overwrite=True)
    storage.set_modified_time("img/dot.svg", before.modified)
    assert "1 static file copied" in site.collect()


def test_digests_that_are_none_are_asked_about_once(site, monkeypatch):
    monkeypatch.setattr(Encrypting, "asked", asked := [])
    site.use(f"{HERE}.Encrypting", bucket_name=site.bucket("one"))
    site.collect()
    asked.clear()
    site.collect()
    assert sorted(each for each in asked if each != STATE_NAME) == sorted(FILES)
    asked.clear()
    site.collect()
    assert {*asked} == {STATE_NAME}  # which is read


def test_what_others_stored_meanwhile_is_not_cleared(storage):
    for name in ("old.js", "again.js", "Logo.js", "kept.js"):
        storage.save(name, ContentFile(b"old"))
    target = Target(storage, clear=True)
    put(storage, target, "kept.js")
    put(storage, target, "logo.js")  # where names ignore case it has replaced the other
    storage.write("again.js", ContentFile(b"another deployment's"), overwrite=True)
    assert sorted(target.leftover()) == ["again.js", "old.js"]
    assert target.unchanged(target.leftover()) == ["old.js"]


def test_no_key_is_in_what_everybody_can_read():
    secret = {"SSECustomerKey": "secret", "SSECustomerAlgorithm": "AES256"}
    assert fingerprint(secret) == fingerprint(secret | {"SSECustomerKey": "another"})
    assert fingerprint(secret) != fingerprint({"SSECustomerAlgorithm": "AES256"})


def test_a_fingerprint_is_the_same_in_every_process():
    class Slotted:
        __slots__ = ()

    one, other = {"a": {"x", "y", "z"}, "b": Slotted()}, {"a": {"z", "y", "x"}, "b": Slotted()}
    assert fingerprint(one) == fingerprint(other)


def test_a_mode_that_has_changed_is_seen():
    facts = [SFTPStorage(host="h", file_mode=mode)._facts("a.js") for mode in (0o600, 0o644, None)]
    assert len({fingerprint(each) for each in facts}) == 3


def test_a_state_that_is_compressed():
    options = {"gzip": True, "gzip_content_types": ["application/json"]}
    storage = MemoryStorage(**options)
    target = Target(storage)
    put(storage, target, "a.js")
    target.remember()
    assert storage.stat(STATE_NAME).encoding == "gzip"
    assert Target(storage).is_current("a.js", PARAMS)


class Scratch(Manifest):
    """Saves each file by way of one and the same other file."""

    scratch = None

    def _save(self, name, content):
        content.seek(0)
        with open(self.scratch, "wb") as file:
            file.write(content.read())
        with open(self.scratch, "rb") as file:
            return super()._save(name, ContentFile(file.read(), name=str(self.scratch)))


class Noting(MemoryStorage):
    saved: list[str] = []  # noqa: RUF012 - of all that collectstatic makes

    def _save(self, name, content):
        self.saved.append(name)
        return super()._save(name, content)


@pytest.fixture
def site(tmp_path, settings):
    folder = tmp_path / "static"
    folder.mkdir()
    return Site(folder, settings)


def test_a_scratch_file_is_not_taken_for_what_was_in_it(site, tmp_path, monkeypatch):
    monkeypatch.setattr(Scratch, "scratch", tmp_path / "scratch")
    storage = site.use(f"{HERE}.Scratch", bucket_name=site.bucket("one"))
    site.collect("--workers", "1")  # they would share the file
    found = contents(storage)
    for name in ("img/logo.png", "empty.txt"):
        assert found[storage.stored_name(name)] == found[name]


def test_a_dry_run_calls_nothing_of_a_project(site):
    site.use(f"{HERE}.Noting", bucket_name=site.bucket("one"))
    assert "Pretending to copy" in site.collect("--dry-run")
    assert Noting.saved == []
    site.collect()
    assert Noting.saved != []
    Noting.saved.clear()
