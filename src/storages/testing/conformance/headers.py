"""What is served beside the content, and how it comes from one storage to another."""

from __future__ import annotations

import errno
import gzip
from typing import Any
from urllib.parse import quote

import pytest

from storages import bulk
from storages.base import RemoteStorage
from storages.entry import Entry
from storages.headers import FIELDS
from storages.testing.conformance.suite import Suite, get, needs, noise, put, replace
from storages.testing.memory import MemoryStorage

OWN = {
    "cache_control": "public, max-age=86400",
    "disposition": 'attachment; filename="report.bin"',
    "language": "de",
    "metadata": {"owner": "me", "purpose": "conformance"},
}
"""What files are served with by `Suite.header_options`, in the terms of `Entry`."""

THEIRS = Entry(
    "of/another/storage.css",
    content_type="application/x-conformance",
    cache_control="no-cache",
    disposition="inline",
    language="en, fr",
    metadata={"project": "alpha", "mtime": "1700000000.5"},
)
"""A file of another storage."""

FEATURES = {
    "content-type": "content_type",
    "cache-control": "cache_control",
    "disposition": "disposition",
    "language": "language",
    "metadata": "metadata",
}

ODD_METADATA = {
    "a-dash": "by a dash",
    "1st": "a digit first",
    "class": "a keyword",
    "a b": "a space",
    "grüße": "more than ASCII",
    "text": "Grüße, \N{SNOWMAN}",
    "spaces": " around ",
    "word": "=?UTF-8?B?AA==?=",
    "lines": "one\ntwo",
    "under_score": "by an underscore",
    "empty": "",
}

PACKED = gzip.compress(b"content " * 50, mtime=0)


def _store_like(storage: Any, name: str, entry: Entry, content: bytes = b"content") -> Entry:
    """Store bytes as those of a file of another storage, and say what is stored."""
    key = storage._new_key(name)
    writer = storage._writer(key, storage._prepare_like(key, entry), size=len(content))
    try:
        writer.write(content)
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    found: Entry = storage.stat(name)
    return found


def _told(entry: Entry) -> dict[str, Any]:
    return {field: getattr(entry, field) for field in FIELDS}


def _copy_from(
    origin: Any, entry: Entry, storage: Any, name: str, *, exclusive: bool = False
) -> None:
    key = storage._new_key(name)
    params = storage._prepare(key)[0]
    storage._copy(entry, key, params, exclusive=exclusive, origin=origin)


def _listed(storage: Any, name: str) -> Entry:
    """What a listing tells of a file."""
    key = storage._key(name)
    (entry,) = (each for each in storage._scan(storage._root()) if each.key == key)
    assert isinstance(entry, Entry)
    return entry


LOOK = pytest.mark.parametrize(
    "look", [lambda s, name: s._stat(s._key(name)), _listed], ids=["stat", "listing"]
)
"""The two ways to learn of the file that is to be copied."""


class Headers(Suite):
    """Headers and metadata are told, and travel with the bytes that they are about."""

    # -- told

    @needs("own-headers")
    def test_own_parameters_are_told(self, make_storage: Any) -> None:
        storage = make_storage(**(self.header_options or {}))
        put(storage, "a.bin")
        entry = storage.stat("a.bin")
        assert {name: getattr(entry, name) for name in OWN} == OWN

    @needs("own-headers")
    @pytest.mark.parametrize("content", [b"content", b""])
    def test_reading_tells_them_too(self, make_storage: Any, content: bytes) -> None:
        storage = make_storage(**(self.header_options or {}))
        put(storage, "a.css", content)
        entry, data = storage._fetch_first(storage._key("a.css"), 100)
        assert data == content
        if entry.metadata is not None:  # else an answer with content does not tell them all
            assert entry.content_type == "text/css"
            assert {name: getattr(entry, name) for name in OWN} == OWN

    @needs("headers", "metadata")
    def test_to_have_no_metadata_is_told(self, storage: Any) -> None:
        put(storage, "a.bin")
        assert storage.stat("a.bin").metadata == {}

    # -- like a file of another storage

    @needs("headers")
    @pytest.mark.parametrize("feature", FEATURES)
    def test_a_file_is_served_like_another(
        self, parted: Any, size: int, request: Any, feature: str
    ) -> None:
        if feature in self.lacks:
            self.expect_failure(request, f"the service lacks {feature!r}")
        found = _store_like(parted, "a.css", THEIRS, noise(size))
        assert getattr(found, FEATURES[feature]) == getattr(THEIRS, FEATURES[feature])

    @needs("headers", "own-headers")
    def test_what_another_does_not_tell_is_the_own(self, make_storage: Any) -> None:
        storage = make_storage(**(self.header_options or {}))
        entry = _store_like(storage, "a.css", Entry("a.css", cache_control="no-cache"))
        assert {name: getattr(entry, name) for name in OWN} == OWN | {"cache_control": "no-cache"}

    @needs("headers", "content-encoding")
    @pytest.mark.parametrize("name", ["a.css", "a.tar.gz", "a.svgz"])
    @pytest.mark.parametrize("encoding", [None, "gzip"])
    def test_the_encoding_is_just_that_of_the_bytes(
        self, make_storage: Any, name: str, encoding: str | None
    ) -> None:
        options = {"gzip": True} if self.has_feature(make_storage(), "gzip") else {}
        storage = make_storage(**options)
        found = _store_like(storage, name, Entry("a", encoding=encoding), PACKED)
        assert found.encoding == encoding
        assert storage._fetch_first(storage._key(name), 1000)[1] == PACKED

    @needs("headers", "content-encoding", "content-type")
    def test_a_compressed_file_has_a_type_of_its_own(self, storage: Any) -> None:
        found = _store_like(storage, "a.tar.gz", Entry("a.tar.gz"), PACKED)
        assert (found.content_type, found.encoding) == ("application/gzip", None)

    @needs("headers", "disposition")
    @pytest.mark.parametrize("kind", ["Grüße", '"Grüße, \N{SNOWMAN}.pdf"', '"plain.pdf"'])
    def test_a_file_name_means_the_same(self, storage: Any, kind: str) -> None:
        wanted = f"attachment; filename={kind}"
        found = _store_like(storage, "a.pdf", Entry("a", disposition=wanted)).disposition
        extended = "attachment; filename*=UTF-8''" + quote(kind.strip('"'), safe="")
        assert found in (wanted, extended)

    @needs("headers", "metadata")
    @pytest.mark.parametrize("name", ODD_METADATA)
    def test_metadata_is_the_same_or_an_error(self, storage: Any, name: str) -> None:
        wanted = {name: ODD_METADATA[name]}
        try:
            found = _store_like(storage, "odd.bin", Entry("a", metadata=wanted))
        except ValueError as error:
            assert "odd.bin" in str(error)
            assert repr(name) in str(error)
            assert not storage.exists("odd.bin")
        else:
            assert found.metadata == wanted

    @needs("headers")
    @pytest.mark.parametrize("content", [b"content", b""])
    def test_headers_come_with_what_is_read(self, storage: Any, content: bytes) -> None:
        source = _store_like(storage, "a.css", THEIRS, content)
        elsewhere = MemoryStorage()
        bulk.copy(storage, "a.css", elsewhere, "b.txt")
        assert get(elsewhere, "b.txt") == content
        assert _told(elsewhere.stat("b.txt")) == _told(source)

    # -- copied from another storage by the service

    @needs("remote")
    def test_a_stranger_is_not_reached(self, storage: Any) -> None:
        assert not storage._reaches(RemoteStorage())

    @needs("reaches")
    @LOOK
    def test_copies_from_another_storage(self, storage: Any, other_storage: Any, look: Any) -> None:
        source = _store_like(other_storage, "a.css", THEIRS)
        assert storage._reaches(other_storage)
        _copy_from(other_storage, look(other_storage, "a.css"), storage, "d/b.txt")
        assert get(storage, "d/b.txt") == b"content"
        assert get(other_storage, "a.css") == b"content"
        assert _told(storage.stat("d/b.txt")) == _told(source)
        assert [entry.name for entry in storage.scan("d")] == ["d/b.txt"]

    @needs("reaches")
    def test_replaces_by_a_copy_from_another_storage(
        self, storage: Any, other_storage: Any
    ) -> None:
        put(other_storage, "a.txt", b"source")
        put(storage, "b.txt", b"target")
        _copy_from(other_storage, _listed(other_storage, "a.txt"), storage, "b.txt")
        assert get(storage, "b.txt") == b"source"

    @needs("reaches")
    @LOOK
    def test_keeps_a_file_of_that_name(self, storage: Any, other_storage: Any, look: Any) -> None:
        put(other_storage, "a.txt", b"source")
        put(storage, "b.txt", b"target")
        entry = look(other_storage, "a.txt")
        with pytest.raises(FileExistsError, match=r"b\.txt"):
            _copy_from(other_storage, entry, storage, "b.txt", exclusive=True)
        assert get(storage, "b.txt") == b"target"
        _copy_from(other_storage, entry, storage, "c.txt", exclusive=True)
        assert get(storage, "c.txt") == b"source"

    @needs("reaches", "pinned-copies")
    @LOOK
    def test_a_source_that_changed_is_not_copied(
        self, storage: Any, other_storage: Any, look: Any
    ) -> None:
        put(other_storage, "a.txt", b"old")
        entry = look(other_storage, "a.txt")
        replace(other_storage, "a.txt", b"new")
        with pytest.raises(OSError, match=r"a\.txt") as caught:
            _copy_from(other_storage, entry, storage, "b.txt")
        assert caught.value.errno == errno.ESTALE
        assert not storage.exists("b.txt")

    @needs("reaches")
    @pytest.mark.parametrize("exclusive", [False, True])
    def test_a_missing_source_leaves_the_target(
        self, storage: Any, other_storage: Any, exclusive: bool
    ) -> None:
        put(other_storage, "a.txt", b"source")
        put(storage, "a.txt", b"of the same name")
        put(storage, "b.txt", b"target")
        entry = _listed(other_storage, "a.txt")
        other_storage.delete("a.txt")
        target = "c.txt" if exclusive else "b.txt"
        with pytest.raises(FileNotFoundError, match=r"a\.txt"):
            _copy_from(other_storage, entry, storage, target, exclusive=exclusive)
        assert get(storage, "b.txt") == b"target"
        assert not storage.exists("c.txt")

    @needs("reaches")
    def test_moves_from_another_storage(self, storage: Any, other_storage: Any) -> None:
        put(other_storage, "a.txt", b"source")
        put(storage, "b.txt", b"target")
        entry = _listed(other_storage, "a.txt")
        key = storage._new_key("b.txt")
        with pytest.raises(FileExistsError, match=r"b\.txt"):
            storage._move(
                entry, key, storage._prepare(key)[0], exclusive=True, origin=other_storage
            )
        assert get(other_storage, "a.txt") == b"source"
        storage._move(entry, key, storage._prepare(key)[0], origin=other_storage)
        assert get(storage, "b.txt") == b"source"
        assert not other_storage.exists("a.txt")
