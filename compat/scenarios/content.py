"""What goes into a file and comes out of it: types, encodings, modes."""

import gzip

from wire import fill, new

from scenarios.steps import call, file, other, read, save, upload, url
from scenarios.targets import AMAZON

MIB = 1024 * 1024
TEXT = "Grüße,\nzweite Zeile\r\ndritte ✓\n"
ENCODED = TEXT.encode()
ZIPPED = gzip.compress(b"already packed\n" * 30, mtime=0)

VARIANTS = {
    "types": {},
    "types, gzip": {"gzip": True},
    "types, class attribute": {"object_parameters": {"CacheControl": "max-age=1"}},
}
LARGE = {"object_parameters": {"CacheControl": "max-age=5", "Metadata": {"big": "yes"}}}

# name -> content type that a browser sent (None: a ContentFile, whose type follows the name)
TYPES = {
    "site.css": None,
    "app.js": None,
    "app.mjs": None,
    "data.json": None,
    "page.html": None,
    "note.txt": None,
    "picture.svg": None,
    "picture.webp": None,
    "font.woff2": None,
    "archive.tar.gz": None,
    "style.css.gz": None,
    "blob.Z": None,
    "packed.br": None,
    "packed.bz2": None,
    "table.csv": None,
    "film.mp4": None,
    "unknown.xyz123": None,
    "nothing": None,
    "UPPER.TXT": None,
    ".hidden": None,
    "wrong.txt": "image/png",
    "script.txt": "text/css",
    "charset.txt": "text/plain; charset=latin-1",
    "empty-type.txt": "",
    "old.js": "application/x-javascript",
    "typed.gz": "text/css",
}


def scenarios(target=AMAZON, *, variants=VARIANTS, large=LARGE, unread=()):
    written = tuple(_typed(name, kind) for name, kind in TYPES.items())
    reads = tuple(read(name) for name in TYPES if name not in unread)
    for name, options in variants.items():
        yield target.scenario(
            name,
            (*written, *_packed()),
            (*reads, read("packed.css"), *_sizes()),
            options=options,
        )
    yield _texts(target)
    yield _reading(target)
    yield _writing(target)
    if large is not None:
        yield _large(target, large)
    yield _sources(target)


def _typed(name, kind):
    body = f"content of {name}\n".encode() * 40
    return save(name, body) if kind is None else upload(name, body, kind)


def _packed():
    """Content that is gzip already, under names that say so and names that don't."""
    return (save("packed.css", ZIPPED), save("packed.txt.gz", ZIPPED), save("really.gz", ZIPPED))


def _sizes():
    return tuple(call("size", name) for name in ("note.txt", "archive.tar.gz", "packed.txt.gz"))


def _texts(target):
    return target.scenario(
        "text",
        write=(
            file("w.txt", "w", ["write", TEXT], ["write", "more\n"], ["close"]),
            file("b.txt", "wb", ["write", ENCODED], ["close"]),
            save("str.txt", content=new("django.core.files.base.ContentFile", TEXT)),
            save("ascii.txt", content=new("django.core.files.base.ContentFile", "plain\n")),
        ),
        read=(
            *(
                read(name, mode)
                for name in ("w.txt", "b.txt", "str.txt", "ascii.txt")
                for mode in ("rb", "r")
            ),
            file("b.txt", "r", ["readline"], ["readline"], ["readline"], ["readline"]),
            file("b.txt", "rb", ["readline"], ["readline"], ["readlines"]),
        ),
    )


def _reading(target):
    return target.scenario(
        "reading",
        write=(save("a.bin", b"0123456789" * 10), save("dir/b.txt", b"one\ntwo\nthree")),
        read=(
            file("a.bin", "rb", ["read", 3], ["tell"], ["read", 4], ["seek", 0], ["read", 2]),
            file("a.bin", "rb", ["seek", -5, 2], ["read"], ["read"], ["seek", 50], ["read", 5]),
            file("a.bin", "rb", ["size"], ["name"], ["closed"], ["close"], ["closed"]),
            file("dir/b.txt", "rb", ["name"], ["mode"], ["size"], ["readable"], ["seekable"]),
            file("dir/b.txt", "rb", ["readline"], ["readline"], ["readline"], ["readline"]),
            file("a.bin", "rb", ["write", b"x"]),
            file("a.bin", "rb", ["close"], ["open"], ["read", 4]),
            file("a.bin", "rb", ["close"], ["close"]),
            file("missing", "rb", ["read"]),
            file("missing", "r", ["read"]),
            file("", "rb", ["read"]),
        ),
    )


def _writing(target):
    return target.scenario(
        "writing",
        write=(
            file(
                "parts.bin",
                "wb",
                ["write", b"one "],
                ["write", b"two "],
                ["write", b"three"],
                ["close"],
            ),
            file("nothing.bin", "wb", ["close"]),
            save("emptied.bin", b"full"),
            file("emptied.bin", "wb", ["close"]),
            save("replaced.txt", b"a much longer body"),
            file("replaced.txt", "wb", ["write", b"short"], ["close"]),
            file("dir/new.css", "wb", ["write", b"body {}"], ["size"], ["tell"], ["close"]),
            save("kept.txt", b"the old file"),
            other(
                "interrupted",
                "with open('kept.txt', 'wb') and an error",
                name="kept.txt",
                body=b"half",
            ),
            other(
                "interrupted",
                "with open('fresh.txt', 'wb') and an error",
                name="fresh.txt",
                body=b"half",
            ),
            file("read-in-wb.bin", "wb", ["write", b"x"], ["read"], ["close"]),
            file("twice.bin", "wb", ["write", b"x"], ["close"], ["close"]),
            save("appended.txt", b"start,"),
            file("appended.txt", "ab", ["write", b"end"], ["close"]),
            file("appended-new.txt", "ab", ["write", b"only"], ["close"]),
            file("plus.txt", "w+b", ["write", b"x"], ["close"]),
            file("kept.txt", "r+b", ["write", b"THE"], ["close"]),
            file("exclusive.txt", "xb", ["write", b"x"], ["close"]),
        ),
        read=(read("parts.bin"), read("nothing.bin"), read("emptied.bin"), read("kept.txt")),
    )


def _large(target, options):
    """More than one part: the multipart way."""
    return target.scenario(
        "large",
        write=(
            file(
                "written.bin",
                "wb",
                ["write", fill("0123456789abcdef", MIB // 2)],
                ["write", fill("ABCDEFGHIJKLMNOP", MIB // 4)],
                ["close"],
            ),
            save(
                "saved.bin",
                content=new(
                    "django.core.files.base.ContentFile", fill("0123456789abcdef", MIB * 5 // 8)
                ),
            ),
        ),
        read=(
            read("written.bin"),
            read("saved.bin"),
            call("size", "written.bin"),
            file("saved.bin", "rb", ["seek", 9 * MIB], ["read", 20], ["seek", 0], ["read", 5]),
            url("written.bin"),
        ),
        options=options,
    )


def _sources(target):
    """Whatever can be handed to ``save()``."""
    temporary = new("sources.temporary_upload", "t.txt", b"from disk", "text/x-disk")
    return target.scenario(
        "sources",
        write=(
            save("bytesio.txt", content=new("io.BytesIO", b"bytes io")),
            save("stringio.txt", content=new("io.StringIO", "string io ü")),
            save(
                "file.txt",
                content=new(
                    "django.core.files.base.File", new("io.BytesIO", b"wrapped"), "other.css"
                ),
            ),
            save("temporary.txt", content=temporary),
            save("half-read.txt", content=new("sources.half_read", b"0123456789")),
            save("unseekable.txt", content=new("sources.unseekable", b"streamed")),
            save("failing.txt", content=new("sources.failing", b"some")),
            save(None, content=new("django.core.files.base.ContentFile", b"named", "own-name.txt")),
            other("keeps_open", "save() leaves the source open", name="open.txt", body=b"x"),
        ),
        read=(read("bytesio.txt"), read("half-read.txt"), read("unseekable.txt")),
    )


def packed_elsewhere(target, options=None):
    """Files that another tool compressed and labelled."""
    names = ("site.css", "note.txt", "data.gz")
    return target.scenario(
        "packed elsewhere, gzip" if options else "packed elsewhere",
        objects=tuple((name, ZIPPED, "text/css", "gzip") for name in names),
        read=(
            *(read(name) for name in names),
            *(call("size", name) for name in names),
            file("site.css", "rb", ["size"], ["read", 7], ["seek", 20], ["read", 5]),
            read("note.txt", "r"),
        ),
        options=options,
    )
