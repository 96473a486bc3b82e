"""Where an FTP storage is: addresses, and what is wrong with some of them."""

import traceback
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from storages.backends.ftp import FTPStorage
from storages.backends.ftp_location import Location, parse

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ftp://u:p@h:2121/a/b", ("ftp", "h", 2121, "u", "p", "a/b")),
        ("ftp://u:p@h", ("ftp", "h", 21, "u", "p", "")),
        ("ftp://u:p@h/", ("ftp", "h", 21, "u", "p", "")),
        ("FTP://u:p@H.example//a//./b/../c/", ("ftp", "h.example", 21, "u", "p", "a/c")),
        ("aftp://u:p@h/a", ("aftp", "h", 21, "u", "p", "a")),
        ("ftps://u:p@h/a", ("ftps", "h", 21, "u", "p", "a")),
        ("ftpes://u:p@h/a", ("ftpes", "h", 21, "u", "p", "a")),
        ("ftp://h/a", ("ftp", "h", 21, "anonymous", "anonymous@", "a")),
        ("ftp://u@h/a", ("ftp", "h", 21, "u", "", "a")),
        ("ftp://u:@h/a", ("ftp", "h", 21, "u", "", "a")),
        (
            "ftp://u%40x.org:p%40s%2Fw%3Ar%25@h/a%20b",
            ("ftp", "h", 21, "u@x.org", "p@s/w:r%", "a b"),
        ),
        ("ftp://u@x.org:p@h/a", ("ftp", "h", 21, "u@x.org", "p", "a")),
        ("ftp://u:p@[::1]:2121/a", ("ftp", "::1", 2121, "u", "p", "a")),
        ("ftp://u:p@[2001:db8::7]/a", ("ftp", "2001:db8::7", 21, "u", "p", "a")),
        ("ftp://u:p%C3%A9@h/%C3%BC", ("ftp", "h", 21, "u", "pé", "ü")),
        ("ftp://u:p%E9@h/%FC", ("ftp", "h", 21, "u", "p\udce9", "\udcfc")),
        ("ftp://u:p@h/%2Fetc", ("ftp", "h", 21, "u", "p", "etc")),
    ],
)
def test_parts(address: str, expected: tuple[Any, ...]) -> None:
    assert parse(address, implicit=False) == Location(*expected)


def test_implicit_tls_has_its_own_port() -> None:
    assert parse("ftps://h/a", implicit=True).port == 990
    assert parse("ftps://h:21/a", implicit=True).port == 21


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1)
names = st.lists(texts.filter(lambda n: n not in (".", "..") and not set(n) & set("/\\")))


@given(texts, texts, names, st.integers(1, 65535))
def test_whatever_is_quoted_comes_out(user: str, password: str, path: list[str], port: int) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    found = parse(f"ftp://{login}@h:{port}/{quote('/'.join(path))}", implicit=False)
    assert (found.user, found.password, found.port) == (user, password, port)
    assert found.path == "/".join(path)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for address in (text, f"ftp://{text}", f"ftp://{SECRET}:{text}@h", f"ftp://u:{SECRET}@{text}"):
        told = ""
        try:
            parse(address, implicit=False)
        except ValueError as error:
            told = str(error)
        assert SECRET not in told


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "needs 'location'"),
        (f"http://u:{SECRET}@h/", "none of ftp://"),
        (f"u:{SECRET}@h/", "none of ftp://"),
        (f"ftp:u:{SECRET}@h/", "none of ftp://"),
        (f"ftp://u:{SECRET}@/", "names no host"),
        ("ftp://", "names no host"),
        (f"ftp://u:{SECRET}@h:port/", "proper host and port"),
        (f"ftp://u:{SECRET}@h:70000/", "proper host and port"),
        (f"ftp://u:{SECRET}@h:0/", "proper host and port"),
        (f"ftp://u:{SECRET}@[::1/", "proper host and port"),
        (f"ftp://u:{SECRET}/x@h/", "proper host and port"),
        (f"ftp://u:{SECRET}@h\N{FULLWIDTH SOLIDUS}x/", "proper host and port"),
        (f"ftp://u:{SECRET}#x@h/", "proper host and port"),
        (f"ftp://u:{SECRET}?x@h/", "proper host and port"),
        (f"ftp://{SECRET}#x@h/", r"bare \? or #"),
        (f"ftp://u:{SECRET}@h/a?b", r"bare \? or #"),
        (f"ftp://u:{SECRET}@h/a#b", r"bare \? or #"),
        (f"ftp://u:{SECRET}@h/../a", "leaves the directory"),
        (f"ftp://u:{SECRET}@h/a/%2E%2E/../b", "leaves the directory"),
        (f"ftp://u%0D%0ADELE%20x:{SECRET}@h/", "line break"),
        (f"ftp://u:{SECRET}%0ADELE%20x@h/", "line break"),
        (f"ftp://u:{SECRET}@h/a%0D%0ADELE%20x", "line break"),
        (f"ftp://u:{SECRET}@h/a%00", "NUL"),
        (b"ftp://h/", "is a bytes"),
    ],
)
def test_bad_addresses(address: Any, problem: str) -> None:
    """The error names the option and shows no password, nor do the variables on its way."""
    with pytest.raises(ImproperlyConfigured, match=problem) as caught:
        FTPStorage(location=address)._pool()
    assert "location" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [str(each.locals) for each in shown.stack if each.name != "test_bad_addresses"]
    assert SECRET not in "".join(frames)
