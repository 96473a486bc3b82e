"""What is served beside the content, as headers hold it; and backends that know of no other one."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from storages.entry import Entry
from storages.headers import by_headers, decoded_text, encoded_text, metadata_by_headers, told_text
from storages.testing import MemoryStorage


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_as_a_header(text: str) -> None:
    value = encoded_text(text)
    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip()
    assert decoded_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?= =?utf-8?b?IQ==?=", "Grüße!"),
        ("=?unknown?b?R3LDvMOfZQ==?=", "=?unknown?b?R3LDvMOfZQ==?="),
        ("=?utf-8?b?!?=", "=?utf-8?b?!?="),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("Grüße".encode().decode("latin-1"), "Grüße"),
        ("Grüße", "Grüße"),
    ],
)
def test_what_servers_send(value: str, text: str) -> None:
    assert decoded_text(value) == text


def test_bytes_that_clients_took_for_latin_1() -> None:
    assert told_text("Grüße ☃".encode().decode("latin-1")) == "Grüße ☃"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('attachment; filename="a b.pdf"', 'attachment; filename="a b.pdf"'),
        (
            'attachment; filename="ü \\"b\\".pdf"',
            "attachment; filename*=UTF-8''%C3%BC%20%22b%22.pdf",
        ),
        ("attachment; filename=ü.pdf; x=y", "attachment; filename*=UTF-8''%C3%BC.pdf; x=y"),
    ],
)
def test_file_names(given: str, sent: str) -> None:
    assert by_headers(Entry("a", disposition=given), "b").disposition == sent


@pytest.mark.parametrize("field", ["content_type", "cache_control", "language", "disposition"])
@pytest.mark.parametrize("value", ["grüße", "two\r\nlines"])
def test_what_no_header_can_have_is_named(field: str, value: str) -> None:
    entry: Any = Entry("a", **{field: value})  # type: ignore[arg-type]  # a text each
    with pytest.raises(ValueError, match=f"'d/b' cannot have the {field.replace('_', ' ')}"):
        by_headers(entry, "d/b")


def test_two_names_that_are_one_are_fine_with_one_text() -> None:
    assert metadata_by_headers("a", {"A": "x", "a": "x"}, "this") == {"a": "x"}


class OldStorage(MemoryStorage):
    """A backend of before: its copies know but their own storage."""

    def _reaches(self, origin: Any) -> bool:
        return False

    def _copy(self, source: Any, target: str, params: Any, *, exclusive: bool = False) -> None:  # type: ignore[override]  # as it was
        super()._copy(source, target, params, exclusive=exclusive)


def test_a_backend_without_other_origins_copies_and_moves() -> None:
    storage = OldStorage()
    storage.save("a.txt", ContentFile(b"a"))
    storage.copy("a.txt", "b.txt")
    storage.move("b.txt", "c.txt")
    assert sorted(entry.name for entry in storage.scan()) == ["a.txt", "c.txt"]
    storage.assert_exists("c.txt", b"a")
