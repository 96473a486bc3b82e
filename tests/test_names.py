"""The gate: what a name may reach, and the helpers that projects import."""

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from storages.names import clean_name, key_for, safe_join
from storages.utils import (
    ReadBytesWrapper,
    check_location,
    get_available_overwrite_name,
    is_seekable,
    lookup_env,
    setting,
    to_bytes,
)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a/b.txt", "a/b.txt"),
        ("./a", "a"),
        ("a//b", "a/b"),
        ("a/./b/", "a/b/"),
        ("a/../b", "b"),
        ("a\\b", "a/b"),
        ("", ""),
        (".", ""),
        ("..", ".."),
        ("a/../../b", "../b"),
        ("//a", "/a"),
        (".hidden/..data", ".hidden/..data"),
        ("a b/ü+%20?#&'\"", "a b/ü+%20?#&'\""),
    ],
)
def test_clean_name(name, clean):
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    ("base", "paths", "joined"),
    [
        ("", ("a",), "a"),
        ("base", ("a/b",), "base/a/b"),
        ("base/", ("a",), "base/a"),
        ("/base/", ("a",), "base/a"),
        ("base", ("a/",), "base/a/"),
        ("base", ("",), "base/"),
        ("base", (".",), "base"),
        ("base", ("b", "..", "c"), "base/c"),
        ("", ("/a",), "a"),
        ("base", ("/base/a",), "base/a"),
    ],
)
def test_safe_join(base, paths, joined):
    assert safe_join(base, *paths) == joined


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("base", ".."),
        ("base", "../base2/a"),
        ("base", "/a"),
        ("base", "a/../../b"),
        ("base", "..\\b"),
        ("", "../a"),
        ("", "a/../../b"),
        ("base/deep", "../../x"),
    ],
)
def test_what_leaves_the_base_is_refused(base, path):
    with pytest.raises(ValueError, match="outside of"):
        safe_join(base, path)
    with pytest.raises(SuspiciousFileOperation, match="denied"):
        key_for(base, clean_name(path))


def test_nul_is_refused():
    with pytest.raises(SuspiciousFileOperation, match="NUL"):
        key_for("", "a\0b")


@given(
    st.sampled_from(["", "media", "a b/c", "x.y"]),
    st.text(alphabet=st.sampled_from("ab./\\ ü~-")) | st.text(),
)
def test_no_name_gets_out(base, name):
    try:
        key = key_for(base, clean_name(name))
    except SuspiciousFileOperation:
        return
    assert key == base or not base or key.startswith(f"{base}/")
    assert ".." not in key.split("/")
    assert not key.startswith("/")


@given(st.text(alphabet=st.sampled_from("ab./\\ ü~-")) | st.text())
def test_cleaning_twice_changes_nothing(name):
    assert clean_name(clean_name(name)) == clean_name(name)


def test_overwrite_name_keeps_the_extension():
    assert get_available_overwrite_name("d/picture.jpeg", 11) == "d/pict.jpeg"
    assert get_available_overwrite_name("picture.jpeg", None) == "picture.jpeg"
    assert get_available_overwrite_name("picture.jpeg", 12) == "picture.jpeg"


@pytest.mark.parametrize("name", ["picture.jpeg", "d/p.jpeg"])
def test_overwrite_name_that_cannot_fit(name):
    with pytest.raises(SuspiciousFileOperation, match="max_length"):
        get_available_overwrite_name(name, 5)


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "a/.."])
def test_overwrite_name_refuses_traversal(name):
    with pytest.raises(SuspiciousFileOperation):
        get_available_overwrite_name(name, 100)


def test_setting(settings):
    settings.SHELF = 5
    assert setting("SHELF") == 5
    assert setting("NO_SUCH_SETTING", "x") == "x"


def test_lookup_env(monkeypatch):
    monkeypatch.setenv("FIRST", "")
    monkeypatch.setenv("SECOND", "2")
    assert lookup_env(["FIRST", "SECOND"]) == "2"
    assert lookup_env(["NO_SUCH_VARIABLE"]) is None


def test_to_bytes():
    assert to_bytes("ü") == b"\xc3\xbc"
    assert to_bytes(b"\xff") == b"\xff"


def test_is_seekable():
    assert is_seekable(ContentFile(b"x"))
    assert not is_seekable(object())


def test_read_bytes_wrapper():
    assert ReadBytesWrapper(ContentFile("ü")).read() == b"\xc3\xbc"
    assert ReadBytesWrapper(ContentFile("ü"), encoding="latin-1").read() == b"\xfc"
    assert ReadBytesWrapper(ContentFile(b"\xff")).read(1) == b"\xff"


def test_check_location():
    class Storage:
        location = "/x"

    with pytest.raises(ImproperlyConfigured, match="write 'x'"):
        check_location(Storage())


def test_importing_utils_loads_no_sdk():
    program = (
        "import storages.utils, storages.compress, sys; "
        "print([m for m in sys.modules if m.partition('.')[0] in ('boto3', 'botocore', 'urllib3')])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
